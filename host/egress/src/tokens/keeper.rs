//! The trait [`Keeper`], which stores the fields that log-ins replace.

use secrecy::SecretString;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Mutex;

/// A keeper's answer, under way. The type is boxed, so that a cart's egress can hold any keeper.
pub type Kept<'a, T> = Pin<Box<dyn Future<Output = Result<T, NotKept>> + Send + 'a>>;

/// Stores the fields of one cart that log-ins replace.
pub trait Keeper: Send + Sync {
    /// The current value of a field. `None` if it is still the value that the cart's egress was opened with.
    fn current<'a>(&'a self, slot: &'a str, field: &'a str) -> Kept<'a, Option<SecretString>>;

    /// Stores new values of a slot's fields, all of them or none, and only if the former values are still in use. The values are stored when this
    /// returns.
    fn replace<'a>(&'a self, slot: &'a str, changes: &'a [Replaced]) -> Kept<'a, ()>;
}

/// A field with its former and its new value.
#[derive(Clone)]
pub struct Replaced {
    /// The field's name.
    pub field: String,
    /// The value that was used to log in. `None` if the field had no value.
    pub from: Option<SecretString>,
    /// The new value that the cart gave.
    pub to: SecretString,
}

impl std::fmt::Debug for Replaced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replaced").field("field", &self.field).finish_non_exhaustive()
    }
}

/// Why new values were not stored.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// Somebody set the field meanwhile, so the value that the cart gave for the former one is of no use.
    #[error("the credential was changed while it was used to log in")]
    Changed,
    /// The value could not be read or written.
    #[error("could not read or store the value that the cart replaces")]
    Fault(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Keeps the fields in memory, as long as this value lives.
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
