//! Storage of credentials.
//!
//! [`Vault`] keeps them in the store, each sealed with XChaCha20-Poly1305 under a key that lies in a file outside the
//! database. The seal also covers where the value belongs (merchant, cart, slot, field and the origins of all endpoints that the slot
//! serves), so that a row that was moved to another cart, or a cart with a moved endpoint, opens nothing. In memory a secret has a type
//! that clears itself and does not show in `Debug`; no error of this module holds one.
//!
//! The vault cannot know whether a credential works: the next value waits beside the current one until a caller who has tried it calls
//! [`Vault::promote`].

mod key;
mod rotate;
mod seal;
mod sealed;

#[cfg(test)]
mod tests;

pub use key::{Key, KeyId};
pub use sealed::Vault;

pub use crate::credentials::{CredentialRef, Generation};

use crate as store;
use cartage_model::carts::{BoundTo, Origins};
use cartage_model::remedy::Remedy;
use secrecy::SecretString;
use std::path::PathBuf;

/// The longest secret that is stored, in bytes.
pub const SECRET_BYTES_MAX: usize = 16 << 10;

/// A value that replaces another.
pub struct Change {
    /// The cart, slot and field of the value.
    pub place: CredentialRef,
    /// Whether the current or the next value is replaced.
    pub generation: Generation,
    /// The value that must be there now; `None` if there must be none.
    pub from: Option<SecretString>,
    /// The new value.
    pub to: SecretString,
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Change").field("place", &self.place).field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// Why a credential could not be stored or opened. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no key file.
    #[error("there is no key file {}", .file.display())]
    NoKey {
        /// The path where the key file was looked for.
        file: PathBuf,
    },
    /// The file does not hold a key.
    #[error("{} holds no key: {reason}; restore the copy that you keep elsewhere", .file.display())]
    NotAKey {
        /// The path of the file.
        file: PathBuf,
        /// What is wrong with the content.
        reason: &'static str,
    },
    /// The key file could not be read or written.
    #[error("could not {what} the key file {}", .file.display())]
    KeyFile {
        /// The operation that was attempted.
        what: &'static str,
        /// The path of the key file.
        file: PathBuf,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// The credential was sealed with another key.
    #[error(
        "the credential {} of cart {} was sealed with key {sealed_with}, and the key file holds key {key}; restore key {sealed_with}, or set the \
         credential again", dotted(.place), .place.cart
    )]
    WrongKey {
        /// The cart, slot and field of the credential.
        place: Box<CredentialRef>,
        /// The id of the key that opens the credential.
        sealed_with: KeyId,
        /// The id of the key in the key file.
        key: KeyId,
    },
    /// The credential is bound to other origins.
    #[error(
        "the credential {} of cart {} was set for {bound_to} and is not used for {asked_for}",
        dotted(.place), .place.cart
    )]
    OtherOrigins {
        /// The cart, slot and field of the credential.
        place: Box<CredentialRef>,
        /// The origins that the credential is bound to.
        bound_to: BoundTo,
        /// The origins that the caller asked for.
        asked_for: Origins,
    },
    /// The seal does not fit its place: the row was changed or moved.
    #[error("the credential {} of cart {} was tampered with or damaged; set it again", dotted(.place), .place.cart)]
    BrokenSeal {
        /// The cart, slot and field where the value was found.
        place: Box<CredentialRef>,
    },
    /// The secret is longer than [`SECRET_BYTES_MAX`].
    #[error("the value for {} of cart {} has {bytes} bytes, and at most {SECRET_BYTES_MAX} are allowed", dotted(.place), .place.cart)]
    TooLong {
        /// The cart, slot and field that the secret was meant for.
        place: Box<CredentialRef>,
        /// The secret's length, in bytes.
        bytes: usize,
    },
    /// The system returned no random bytes.
    #[error("could not get random bytes from the system")]
    Random {
        /// The error of the system.
        #[source]
        source: getrandom::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// Whether the error is about this machine and not about the credential.
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

    /// What a person can do; `None` where the message says it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Error::NoKey { .. } => Some(Remedy::RestoreKey),
            Error::OtherOrigins { place, .. } => Some(Remedy::ApproveOrigins { cart: place.cart.clone(), slot: place.slot.clone() }),
            Error::Store(error) => error.remedy(),
            Error::NotAKey { .. }
            | Error::KeyFile { .. }
            | Error::WrongKey { .. }
            | Error::BrokenSeal { .. }
            | Error::TooLong { .. }
            | Error::Random { .. } => None,
        }
    }
}

fn dotted(place: &CredentialRef) -> String {
    format!("{}.{}", place.slot, place.field)
}
