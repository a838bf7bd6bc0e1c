//! The origins of all endpoints to which the values of a credential slot are sent.

use super::{Cart, SecretSource};
use cartage_contract::manifest::{Manifest, Slot, SlotKind};
use std::collections::BTreeSet;

impl Cart {
    /// The origins (scheme, host and port) to which the values of a slot may be sent, in order, separated by spaces: those of the endpoints that the
    /// slot serves, of the endpoint that issues its tokens, and of the one at which it logs in. `None` if the cart binds none of them.
    pub fn origins(&self, manifest: &Manifest, slot: &Slot) -> Option<String> {
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
        let bound = names.filter_map(|name| self.endpoints.get(name));
        let origins: BTreeSet<String> =
            bound.filter_map(|binding| Some(url::Url::parse(&binding.base_url).ok()?.origin().ascii_serialization())).collect();
        (!origins.is_empty()).then(|| origins.into_iter().collect::<Vec<_>>().join(" "))
    }

    /// Whether this cart's definition names a variable or a file for a value of a slot.
    pub fn fetches(&self, slot: &str) -> bool {
        let mut sources = self.credentials.get(slot).into_iter().flat_map(|fields| fields.values());
        sources.any(|source| matches!(source, SecretSource::Env(_) | SecretSource::File(_)))
    }

    /// The slots for which this cart's definition names a variable or a file, each with its origins.
    pub fn fetched(&self, manifest: &Manifest) -> Vec<(String, String)> {
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
            assert_eq!(two.origins(&manifest(), &slot(endpoints, basic())).as_deref(), origins, "{endpoints:?}");
        }
        // Path and query are no part of an origin; scheme and port are.
        let at = |url: &str| cart(&format!("[endpoints.api]\nbase_url = {url:?}\n")).origins(&manifest(), &slot(&["api"], basic()));
        assert_eq!(at("https://b.example/"), at("https://b.example/other?x=1"));
        assert_ne!(at("https://b.example/"), at("https://b.example:444/"));
        assert_ne!(at("https://b.example/"), at("http://b.example/"));
    }
}
