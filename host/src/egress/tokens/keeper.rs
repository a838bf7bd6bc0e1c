//! Who keeps the fields that log-ins replace.

use secrecy::SecretString;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Mutex;

/// What a keeper answers, later. Boxed, so that a door can hold any keeper.
pub type Kept<'a, T> = Pin<Box<dyn Future<Output = Result<T, NotKept>> + Send + 'a>>;

/// Keeps the fields of one cart that log-ins replace.
pub trait Keeper: Send + Sync {
    /// The value of a field that counts now. `None`: the one that the door was opened with.
    fn current<'a>(&'a self, slot: &'a str, field: &'a str) -> Kept<'a, Option<SecretString>>;

    /// Keeps new values of a slot's fields, all of them or none, if those before them are still the ones in use. They are kept when it returns.
    fn replace<'a>(&'a self, slot: &'a str, changes: &'a [Replaced]) -> Kept<'a, ()>;
}

/// A field and its new value.
#[derive(Clone)]
pub struct Replaced {
    /// The field's name.
    pub field: String,
    /// The value that was logged in with. `None`: it had none.
    pub from: Option<SecretString>,
    /// The one that the cart gave.
    pub to: SecretString,
}

impl std::fmt::Debug for Replaced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replaced").field("field", &self.field).finish_non_exhaustive()
    }
}

/// Why new values were not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// Somebody set the field meanwhile: what the cart gave for the former value is of no use.
    #[error("the credential was set anew while it was used to log in")]
    Changed,
    /// It could not be read or written.
    #[error("the value that the cart replaces could not be read or kept")]
    Fault(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Keeps them for as long as it lives.
#[derive(Default)]
pub struct InMemory(Mutex<BTreeMap<(String, String), SecretString>>);

impl std::fmt::Debug for InMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InMemory").finish_non_exhaustive()
    }
}

impl Keeper for InMemory {
    fn current<'a>(&'a self, slot: &'a str, field: &'a str) -> Kept<'a, Option<SecretString>> {
        let kept = self.0.lock().expect("nobody panics while holding it");
        let value = kept.get(&(slot.to_owned(), field.to_owned())).cloned();
        Box::pin(std::future::ready(Ok(value)))
    }

    fn replace<'a>(&'a self, slot: &'a str, changes: &'a [Replaced]) -> Kept<'a, ()> {
        let mut kept = self.0.lock().expect("nobody panics while holding it");
        kept.extend(changes.iter().map(|change| ((slot.to_owned(), change.field.clone()), change.to.clone())));
        Box::pin(std::future::ready(Ok(())))
    }
}
