//! The surroundings of a plugin under test: endpoints, credentials, settings and limits, from its manifest and the script.

use cartage_cart_script::Script;
use cartage_contract::delivery::{self, BoundEndpoint, Context, Setting, SettingValue};
use cartage_contract::grants::{self, BaseUrl, Grants, RequestLimits, SecretsInClear};
use cartage_contract::manifest::{Base, Endpoint, KeyEncoding, Manifest, Plain, Slot, SlotKind};
use cartage_contract::request::Secrets;
use cartage_model::carts::{Limits, SetLimits};
use std::collections::BTreeMap;

/// The time of every first attempt: 2026-01-05T09:30:00Z.
pub(super) const NOW_UNIX_MS: u64 = 1_767_605_400_000;

/// Why nothing can be tested.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings are not valid, or one needs a value that cannot be made up.
    #[error("the plugin's settings are not complete or do not fit")]
    Settings(#[source] cartage_contract::manifest::SettingErrors),
    /// A value in the script does not fit its setting.
    #[error("the cart script's settings do not fit the plugin")]
    Setting(#[source] cartage_contract::manifest::SettingError),
    /// The script names something that the plugin does not declare.
    #[error("the cart script names the {what} {name:?}, which the plugin's manifest does not have")]
    NotDeclared {
        /// The kind of thing, such as a setting.
        what: &'static str,
        /// The name in the script.
        name: String,
    },
    /// An endpoint cannot be bound to this URL.
    #[error("endpoint {endpoint} cannot be bound to {url}: {reason}")]
    Binding {
        /// The endpoint's name.
        endpoint: String,
        /// The base URL in the script.
        url: String,
        /// Why the URL cannot be used.
        reason: String,
    },
    /// The requested case does not exist.
    #[error("there is no case {name:?}; the cases are {}", names.join(", "))]
    NoSuchCase {
        /// The name of the requested case.
        name: String,
        /// The names of the cases that exist.
        names: Vec<String>,
    },
    /// The script bypasses a case that does not exist.
    #[error("the cart script bypasses the case {name:?}, which does not exist; the cases are {}", names.join(", "))]
    NoSuchBypass {
        /// The name in the script.
        name: String,
        /// The names of the cases that exist.
        names: Vec<String>,
    },
}

/// The surroundings of a plugin under test.
pub(super) struct World {
    pub(super) manifest: Manifest,
    pub(super) grants: Grants,
    pub(super) secrets: Values,
    pub(super) settings: Vec<Setting>,
    pub(super) limits: Limits,
}

/// The values of credentials, by slot and field.
pub(super) struct Values(BTreeMap<(String, String), String>);

impl Secrets for Values {
    fn field(&self, slot: &str, field: &str) -> Option<&str> {
        self.0.get(&(slot.to_owned(), field.to_owned())).map(String::as_str)
    }
}

impl World {
    /// Builds the world from the script, with stand-ins for what the script leaves out.
    pub(super) fn new(manifest: &Manifest, script: Option<&Script>) -> Result<World, Error> {
        let limits = SetLimits::default().with(&manifest.pace);
        if let Some(script) = script {
            check_names(manifest, script)?;
        }
        let endpoints = manifest.endpoints.iter().map(|endpoint| bound(endpoint, script)).collect::<Result<_, _>>()?;
        let mut values = BTreeMap::new();
        let mut slots = BTreeMap::new();
        for slot in manifest.slots.iter().filter(|slot| is_bound(slot, manifest, script)) {
            let given = script.and_then(|script| script.credentials.get(&slot.name));
            let of_slot = fields(slot, given);
            slots.insert(
                slot.name.clone(),
                slot.fields.iter().map(|field| field.name.clone()).filter(|name| of_slot.contains_key(name)).collect(),
            );
            values.extend(of_slot.into_iter().map(|(field, value)| ((slot.name.clone(), field), value)));
        }
        let request_bytes = usize::try_from(limits.request_bytes).unwrap_or(usize::MAX);
        let request_limits = RequestLimits { requests: limits.requests, request_bytes };
        let settings = settings(manifest, script, &BTreeMap::new())?;
        let grants = Grants { endpoints, slots, limits: request_limits };
        Ok(World { manifest: manifest.clone(), grants, secrets: Values(values), settings, limits })
    }

    /// The part of the world that a call receives.
    pub(super) fn context(&self, now_unix_ms: u64, entropy: Vec<u8>) -> Context {
        let base_url = |(name, bound): (&String, &grants::BoundEndpoint)| BoundEndpoint {
            name: name.clone(),
            base_url: bound.base.as_str().to_owned(),
        };
        let limits = &self.limits;
        let names = self.manifest.slots.iter().map(|slot| slot.name.clone());
        Context {
            now_unix_ms,
            entropy,
            settings: self.settings.clone(),
            endpoints: self.grants.endpoints.iter().map(base_url).collect(),
            bound_slots: names.filter(|name| self.grants.slots.contains_key(name)).collect(),
            limits: delivery::Limits {
                requests: limits.requests,
                request_bytes: limits.request_bytes,
                response_bytes: limits.response_bytes,
                request_ms: limits.request_ms.into(),
                call_ms: limits.call_ms.into(),
            },
            extra: Vec::new(),
        }
    }
}

fn check_names(manifest: &Manifest, script: &Script) -> Result<(), Error> {
    let missing = |what, name: &str| Err(Error::NotDeclared { what, name: name.to_owned() });
    let of_rules = script.rules.iter().filter_map(|rule| rule.endpoint.as_ref());
    if let Some(name) = script.bindings.keys().chain(of_rules).find(|name| manifest.endpoint(name).is_none()) {
        return missing("endpoint", name);
    }
    for (name, fields) in &script.credentials {
        let Some(slot) = manifest.slot(name) else { return missing("credential slot", name) };
        if let Some(field) = fields.keys().find(|field| slot.field(field).is_none()) {
            return missing("credential field", &format!("{name}.{field}"));
        }
    }
    Ok(())
}

fn bound(endpoint: &Endpoint, script: Option<&Script>) -> Result<(String, grants::BoundEndpoint), Error> {
    let usual = match &endpoint.base {
        Base::Any | Base::Pattern(_) => &endpoint.example,
        Base::Fixed(url) => url,
        Base::OneOf(urls) => urls.first().unwrap_or(&endpoint.example),
    };
    let url = script.and_then(|script| script.bindings.get(&endpoint.name)).unwrap_or(usual);
    let failed = |reason: String| Error::Binding { endpoint: endpoint.name.clone(), url: url.clone(), reason };
    let base = BaseUrl::parse(url).map_err(|error| failed(error.to_string()))?;
    if !base.fits(&endpoint.base) {
        return Err(failed("the manifest allows other URLs only".to_owned()));
    }
    Ok((endpoint.name.clone(), grants::BoundEndpoint { base, signed: None, secrets: SecretsInClear::Accepted }))
}

/// Whether a slot is used. With a script, a slot is used if the script [binds](Script::binds) it. Without one, every slot is used, but only the first
/// of
/// alternative slots.
fn is_bound(slot: &Slot, manifest: &Manifest, script: Option<&Script>) -> bool {
    let is_first = |group: &String| manifest.alternatives(group).next().is_some_and(|first| first.name == slot.name);
    script.map_or_else(|| slot.alternative.as_ref().is_none_or(is_first), |script| script.binds(slot, manifest))
}

/// The values of a slot: the given ones, stand-ins for other required ones, and those that the host itself would make (a token, a signature).
fn fields(slot: &Slot, given: Option<&BTreeMap<String, String>>) -> BTreeMap<String, String> {
    let key = match slot.kind {
        SlotKind::MacKey(KeyEncoding::Base64) => Some("c3RhbmQtaW4ta2V5"),
        SlotKind::MacKey(KeyEncoding::Hex) => Some("7374616e642d696e"),
        SlotKind::MacKey(KeyEncoding::Whsec) => Some("whsec_c3RhbmQtaW4ta2V5"),
        _ => None,
    };
    let mut values = BTreeMap::new();
    for field in &slot.fields {
        let stand_in =
            || key.filter(|_| field.name == "key").map_or_else(|| format!("stand-in-{}-{}", slot.name, field.name), str::to_owned);
        let value = match given {
            Some(given) => given.get(&field.name).cloned().or_else(|| field.required.then(stand_in)),
            None => Some(stand_in()),
        };
        values.extend(value.map(|value| (field.name.clone(), value)));
    }
    let made = match &slot.kind {
        SlotKind::Oauth1(_) => vec!["signature".to_owned()],
        SlotKind::Oauth2ClientCredentials(_) => vec!["token".to_owned()],
        SlotKind::Login(login) => login.tokens.iter().map(|token| token.name.clone()).collect(),
        _ => Vec::new(),
    };
    values.extend(made.into_iter().map(|name| (name, format!("stand-in-{}", slot.name))));
    values
}

/// The script's values, replaced by those of the case, and made-up ones for settings that need a value and have none.
pub(super) fn settings(manifest: &Manifest, script: Option<&Script>, of_case: &BTreeMap<String, Plain>) -> Result<Vec<Setting>, Error> {
    let mut given: Vec<Setting> = Vec::new();
    let of_script = script.map(|script| &script.settings).into_iter().flatten();
    for (name, plain) in of_script.filter(|(name, _)| !of_case.contains_key(*name)).chain(of_case) {
        let Some(setting) = manifest.setting(name) else { return Err(Error::NotDeclared { what: "setting", name: name.clone() }) };
        let value = setting.read(Plain::clone(plain)).map_err(Error::Setting)?;
        given.push(Setting { name: name.clone(), value });
    }
    let is_open = |setting: &&cartage_contract::manifest::Setting| setting.required && setting.default.is_none();
    for setting in manifest.settings.iter().filter(is_open) {
        if given.iter().all(|given| given.name != setting.name)
            && let Some(value) = super::settings::some_value(setting)
        {
            given.push(Setting { name: setting.name.clone(), value });
        }
    }
    manifest.settings_from(given).map_err(Error::Settings)
}

/// The same settings with one value replaced.
pub(super) fn with(settings: &[Setting], name: &str, value: SettingValue) -> Vec<Setting> {
    let mut others: Vec<Setting> = settings.iter().filter(|setting| setting.name != name).cloned().collect();
    others.push(Setting { name: name.to_owned(), value });
    others
}
