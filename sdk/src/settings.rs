//! What a plugin may know besides the update: [`Context`], with the settings by name and type.
//!
//! The host has checked every setting against the manifest, and one with a default always has a value. So a setting that is
//! missing, or read as another type than it was declared, is a mistake in the plugin, and the accessors say so with a
//! [`Failure`] that `?` passes on; the `maybe_` accessors are for settings that the operator may leave out.

use crate::Failure;
use cartage_contract::delivery::{self as contract, SettingValue};

crate::wraps! {
    /// What a plugin may know of the world. All of it is data: the same context gives the same call.
    ///
    /// ```
    /// # use cartage_sdk::{Context, Failure};
    /// fn prefix(context: &Context) -> Result<String, Failure> {
    ///     let shop = context.text("shop")?;
    ///     let staging = context.boolean("staging")?;
    ///     Ok(if staging { format!("staging-{shop}") } else { shop.to_owned() })
    /// }
    /// ```
    Context(contract::Context)
}

impl Context {
    /// The value of a text, choice or URL path setting.
    ///
    /// # Errors
    /// [`HostDenied`](crate::FailureKind::HostDenied) if the setting has no value or is of another kind.
    pub fn text(&self, name: &str) -> Result<&str, Failure> {
        self.maybe_text(name).ok_or_else(|| self.unreadable(name, "text, a choice or a URL path"))
    }

    /// The same where the operator may leave it out; of another kind counts as left out.
    pub fn maybe_text(&self, name: &str) -> Option<&str> {
        match self.setting(name)? {
            SettingValue::Text(text) | SettingValue::Choice(text) | SettingValue::UrlPath(text) => Some(text),
            SettingValue::Integer(_) | SettingValue::Boolean(_) | SettingValue::Several(_) | SettingValue::TextMap(_) => None,
        }
    }

    /// The value of an integer setting.
    ///
    /// # Errors
    /// [`HostDenied`](crate::FailureKind::HostDenied) if the setting has no value or is of another kind.
    pub fn integer(&self, name: &str) -> Result<i64, Failure> {
        self.maybe_integer(name).ok_or_else(|| self.unreadable(name, "an integer"))
    }

    /// The same where the operator may leave it out; of another kind counts as left out.
    pub fn maybe_integer(&self, name: &str) -> Option<i64> {
        if let SettingValue::Integer(value) = self.setting(name)? { Some(*value) } else { None }
    }

    /// The value of a boolean setting.
    ///
    /// # Errors
    /// [`HostDenied`](crate::FailureKind::HostDenied) if the setting has no value or is of another kind.
    pub fn boolean(&self, name: &str) -> Result<bool, Failure> {
        self.maybe_boolean(name).ok_or_else(|| self.unreadable(name, "a boolean"))
    }

    /// The same where the operator may leave it out; of another kind counts as left out.
    pub fn maybe_boolean(&self, name: &str) -> Option<bool> {
        if let SettingValue::Boolean(value) = self.setting(name)? { Some(*value) } else { None }
    }

    /// What a setting that takes several choices has; nothing where it is left out or of another kind.
    pub fn several(&self, name: &str) -> &[String] {
        if let Some(SettingValue::Several(values)) = self.setting(name) { values } else { &[] }
    }

    /// What a map setting gives for a key, compared as exact text. None where the map is left out or has no such key.
    pub fn mapped(&self, name: &str, key: &str) -> Option<&str> {
        let SettingValue::TextMap(pairs) = self.setting(name)? else { return None };
        pairs.iter().find(|(from, _)| from == key).map(|(_, to)| to.as_str())
    }

    /// A setting of any kind.
    pub fn setting(&self, name: &str) -> Option<&SettingValue> {
        self.settings.iter().find(|setting| setting.name == name).map(|setting| &setting.value)
    }

    /// An endpoint's base URL, for protocols that sign it. Information, not authority: a request names the endpoint.
    pub fn base_url(&self, endpoint: &str) -> Option<&str> {
        self.endpoints.iter().find(|bound| bound.name == endpoint).map(|bound| bound.base_url.as_str())
    }

    /// Whether the host holds a value for a credential slot.
    pub fn has_slot(&self, slot: &str) -> bool {
        self.bound_slots.iter().any(|bound| bound == slot)
    }

    fn unreadable(&self, name: &str, wanted: &str) -> Failure {
        Failure::host_denied(match self.setting(name) {
            Some(_) => format!("failed to read setting {name} as {wanted}: the manifest declares another kind"),
            None => format!("failed to read setting {name}: it has no value; set it for this cart"),
        })
    }
}
