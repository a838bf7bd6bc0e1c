//! Where credentials are kept: behind a small trait, so that an embedder can bring a vault of its own.
//!
//! The built-in [`SealedVault`] keeps them in the store, each sealed with XChaCha20-Poly1305 under a key that lies in a file outside the
//! database. The seal also covers where the value belongs (merchant, cart, slot, field and the origins of all endpoints that the slot serves), so
//! that a row that was moved to another cart, or a cart of which one of these endpoints was moved, opens nothing. A secret is in memory in a type that clears itself and
//! does not show in `Debug`; no error of this module holds one.
//!
//! The vault cannot know whether a credential works: the next value waits beside the current one until somebody who tried it says
//! [`Vault::promote`].

mod key;
mod rotate;
mod seal;
mod sealed;

#[cfg(test)]
mod tests;

pub use key::{Key, KeyId};
pub use sealed::SealedVault;

pub use crate::store::credentials::{Place, Turn};

use crate::id::{CartId, MerchantId};
use crate::store::{self, audit};
use secrecy::SecretString;
use std::path::PathBuf;
use std::pin::Pin;

/// The longest secret that is kept.
pub const SECRET_BYTES_MAX: usize = 16 << 10;

/// What a vault answers, later. Boxed, so that the engine can hold any vault as `dyn Vault`.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Keeps credentials, each by merchant and [`Place`], for the origins that its slot may be sent to: `bound_to` is their text. Each change has its line
/// of the audit, which is kept with it in one transaction, where the vault's values lie in the store.
pub trait Vault: Send + Sync {
    /// The value of this turn, if there is one. It opens for the origins that it was bound to and for no other.
    fn get<'a>(&'a self, merchant: &'a MerchantId, place: &'a Place, turn: Turn, bound_to: &'a str) -> Answer<'a, Option<SecretString>>;

    /// Sets the value of this turn, in the place of the one before.
    fn set<'a>(
        &'a self,
        merchant: &'a MerchantId,
        place: &'a Place,
        turn: Turn,
        bound_to: &'a str,
        secret: SecretString,
        line: audit::Line,
    ) -> Answer<'a, ()>;

    /// Sets values in the place of those that are there, all of them or none, where each is still what it was. Tells whether they were; if not, nothing is
    /// changed and no line is kept.
    fn replace<'a>(&'a self, merchant: &'a MerchantId, bound_to: &'a str, changes: Vec<Change>, line: audit::Line) -> Answer<'a, bool>;

    /// Binds every value of a slot to these origins, also those that the cart's definition fetches from elsewhere.
    fn bind<'a>(
        &'a self,
        merchant: &'a MerchantId,
        cart: &'a CartId,
        slot: &'a str,
        bound_to: &'a str,
        line: audit::Line,
    ) -> Answer<'a, ()>;

    /// The next values of a slot worked: they become the current ones, all its fields at once. Tells whether there were any; if not, no line is
    /// kept.
    fn promote<'a>(&'a self, merchant: &'a MerchantId, cart: &'a CartId, slot: &'a str, line: audit::Line) -> Answer<'a, bool>;

    /// Forgets the next value of a field and, unless only that is meant, the one in use. Tells whether there were any; if not, no line is kept.
    fn forget<'a>(&'a self, merchant: &'a MerchantId, place: &'a Place, only: Option<Turn>, line: audit::Line) -> Answer<'a, bool>;
}

/// A value that takes another's place.
pub struct Change {
    /// Where it belongs.
    pub place: Place,
    /// Which of the two values.
    pub turn: Turn,
    /// What must be there. `None`: nothing.
    pub from: Option<SecretString>,
    /// What is there afterwards.
    pub to: SecretString,
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Change").field("place", &self.place).field("turn", &self.turn).finish_non_exhaustive()
    }
}

/// Why a credential could not be kept or opened. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no key file.
    #[error(
        "there is no key file {}; put it back from where it is kept apart, or make a new one with `cartage key new`: then every credential \
         must be set again", .file.display()
    )]
    NoKey {
        /// Where it was looked for.
        file: PathBuf,
    },
    /// The file holds no key.
    #[error("{} holds no key: {reason}; put the right file back from where it is kept apart", .file.display())]
    NotAKey {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The key file could not be read or written.
    #[error("could not {what} the key file {}", .file.display())]
    KeyFile {
        /// What was attempted.
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The credential was sealed with another key.
    #[error(
        "the credential {} of cart {} was sealed with key {sealed_with}, and the key file holds key {key}; put key {sealed_with} back, or set \
         the credential again", dotted(.place), .place.cart
    )]
    WrongKey {
        /// Where it belongs.
        place: Box<Place>,
        /// The key that opens it.
        sealed_with: KeyId,
        /// The key that is there.
        key: KeyId,
    },
    /// The credential is for other origins.
    #[error(
        "the credential {} of cart {} was set for {bound_to} and is not used for {asked_for}; if {asked_for} is to have it, approve that on the \
         machine with `cartage credential approve {} {}`",
        dotted(.place), .place.cart, .place.cart, .place.slot
    )]
    OtherOrigins {
        /// Where it belongs.
        place: Box<Place>,
        /// The origins that it was set for.
        bound_to: String,
        /// Those that it was asked for.
        asked_for: String,
    },
    /// The seal does not fit its place: the row was changed or moved.
    #[error("the credential {} of cart {} was tampered with or damaged; set it again", dotted(.place), .place.cart)]
    BrokenSeal {
        /// Where it was found.
        place: Box<Place>,
    },
    /// The secret is longer than the vault keeps.
    #[error("the value for {} of cart {} has {bytes} bytes and at most {SECRET_BYTES_MAX} are kept", dotted(.place), .place.cart)]
    TooLong {
        /// Where it was to be kept.
        place: Box<Place>,
        /// Its length.
        bytes: usize,
    },
    /// The system gave no random bytes.
    #[error("could not get random bytes from the system")]
    Random {
        /// Why not.
        #[source]
        source: getrandom::Error,
    },
    /// The store did not do its part.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// Whether it says something about this machine, and nothing about the credential.
    pub fn is_fault(&self) -> bool {
        match self {
            // A key file that is gone is put back, or the whole directory is.
            Error::NoKey { .. } | Error::KeyFile { .. } | Error::Random { .. } | Error::Store(_) => true,
            Error::NotAKey { .. }
            | Error::WrongKey { .. }
            | Error::OtherOrigins { .. }
            | Error::BrokenSeal { .. }
            | Error::TooLong { .. } => false,
        }
    }
}

fn dotted(place: &Place) -> String {
    format!("{}.{}", place.slot, place.field)
}
