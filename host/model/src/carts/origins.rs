//! The origins of all endpoints to which the values of a credential slot are sent, and what a stored value is bound to.

use super::{Cart, SecretSource};
use cartage_contract::manifest::{Manifest, Slot, SlotKind};
use std::collections::BTreeSet;
use std::fmt;
use url::{Origin, Url};

/// The origins (scheme, host and port) to which the values of a credential slot may be sent: at least one. Their text lists them in order, separated by
/// spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins(BTreeSet<String>);

impl Origins {
    /// The origins of these endpoints; `None` if there are none. A URL without an origin, such as `data:`, is left out.
    pub fn of(endpoints: impl Iterator<Item = Url>) -> Option<Origins> {
        let origins: BTreeSet<String> =
            endpoints.map(|url| url.origin()).filter(Origin::is_tuple).map(|origin| origin.ascii_serialization()).collect();
        (!origins.is_empty()).then_some(Origins(origins))
    }

    /// The place of an inlet's password, which is compared on this machine and sent nowhere.
    pub fn inlet() -> Origins {
        Origins(BTreeSet::from(["inlet".to_owned()]))
    }

    /// Whether all origins have this host.
    fn have_host(&self, host: &str) -> bool {
        self.0.iter().all(|origin| Url::parse(origin).is_ok_and(|origin| origin.host_str() == Some(host)))
    }
}

impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
    }
}

/// What a stored credential is bound to: the text of the [`Origins`] for which a user on the machine set or approved the credential. Earlier releases bound a
/// credential to a host alone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct BoundTo(String);

impl BoundTo {
    /// Reads the text as it was stored.
    pub fn stored(text: String) -> BoundTo {
        BoundTo(text)
    }

    /// The text, as it is stored and sealed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the credential may be sent to all of these origins. A credential that is bound to a host alone may be, if all of them have this host.
    pub fn covers(&self, origins: &Origins) -> bool {
        self.0 == origins.to_string() || !self.0.contains("://") && origins.have_host(&self.0)
    }
}

impl From<&Origins> for BoundTo {
    fn from(origins: &Origins) -> BoundTo {
        BoundTo(origins.to_string())
    }
}

impl fmt::Display for BoundTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Cart {
    /// The origins to which the values of a slot may be sent: those of the endpoints that the slot serves, of the endpoint that issues its tokens, and of
    /// the one at which it logs in. `None` if the cart binds none of them.
    pub fn origins(&self, manifest: &Manifest, slot: &Slot) -> Option<Origins> {
        // A slot that is for no endpoint signs: what it signs may go to any.
        let all = manifest.endpoints.iter().map(|endpoint| endpoint.name.as_str()).filter(|_| slot.endpoints.is_empty());
        let asks = match &slot.kind {
            SlotKind::Oauth2ClientCredentials(oauth) => Some(oauth.token_endpoint.as_str()),
            SlotKind::Login(login) => Some(login.endpoint.as_str()),
            SlotKind::Basic
            | SlotKind::Bearer
            | SlotKind::Header(_)
            | SlotKind::Query(_)
            | SlotKind::FormField
            | SlotKind::MacKey(_)
            | SlotKind::Oauth1(_)
            | SlotKind::Other(_) => None,
        };
        let names = slot.endpoints.iter().map(String::as_str).chain(all).chain(asks);
        Origins::of(names.filter_map(|name| Url::parse(&self.endpoints.get(name)?.base_url).ok()))
    }

    /// Whether this cart's definition names a variable or a file for a value of a slot.
    pub fn fetches(&self, slot: &str) -> bool {
        let mut sources = self.credentials.get(slot).into_iter().flat_map(|fields| fields.values());
        sources.any(|source| matches!(source, SecretSource::Env(_) | SecretSource::File(_)))
    }

    /// The slots for which this cart's definition names a variable or a file, each with its origins.
    pub fn fetched(&self, manifest: &Manifest) -> Vec<(String, Origins)> {
        let slots = manifest.slots.iter().filter(|slot| self.fetches(&slot.name));
        slots.filter_map(|slot| Some((slot.name.clone(), self.origins(manifest, slot)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_fixtures::manifest;

    #[test]
    fn a_slot_goes_to_the_origins_of_all_its_endpoints() {
        let slot = |endpoints: &[&str], kind| Slot {
            name: "account".into(),
            purpose: String::new(),
            kind,
            required: true,
            endpoints: endpoints.iter().map(|name| (*name).to_owned()).collect(),
            fields: vec![],
            hashed: false,
            alternative: None,
            extra: vec![],
        };
        let cart = |text: &str| Cart::parse("t.toml", &format!("cart = \"t\"\nplugin = \"p.wasm\"\n{text}")).expect("it is a cart");
        let two = "[endpoints.api]\nbase_url = \"https://b.example/v1\"\n[endpoints.media]\nbase_url = \"https://a.example:8443/x\"\n";
        let two = cart(two);
        let basic = || SlotKind::Basic;
        for (endpoints, origins) in [
            (&["api"][..], Some("https://b.example")),
            (&["api", "media"], Some("https://a.example:8443 https://b.example")),
            (&["media", "api", "unbound"], Some("https://a.example:8443 https://b.example")),
            (&["unbound"], None),
        ] {
            assert_eq!(
                two.origins(&manifest(), &slot(endpoints, basic())).map(|origins| origins.to_string()).as_deref(),
                origins,
                "{endpoints:?}"
            );
        }
        // Path and query are no part of an origin; scheme and port are.
        let at = |url: &str| cart(&format!("[endpoints.api]\nbase_url = {url:?}\n")).origins(&manifest(), &slot(&["api"], basic()));
        assert_eq!(at("https://b.example/"), at("https://b.example/other?x=1"));
        assert_ne!(at("https://b.example/"), at("https://b.example:444/"));
        assert_ne!(at("https://b.example/"), at("http://b.example/"));
    }

    #[test]
    fn a_credential_goes_to_what_it_is_bound_to_and_nowhere_else() {
        let origins = |urls: &[&str]| Origins::of(urls.iter().map(|url| Url::parse(url).expect("it is a URL"))).expect("there is one");
        let (two, one) = (origins(&["https://b.example", "https://a.example:8443"]), origins(&["https://b.example/v1"]));
        assert!(BoundTo::from(&two).covers(&two) && !BoundTo::from(&two).covers(&one) && !BoundTo::from(&one).covers(&two));
        let host = BoundTo::stored("b.example".into());
        assert!(host.covers(&one) && host.covers(&origins(&["https://b.example", "http://b.example:81"])) && !host.covers(&two));
        assert!(Origins::of(["data:text/plain,x"].iter().map(|url| Url::parse(url).expect("it is a URL"))).is_none());
    }
}
