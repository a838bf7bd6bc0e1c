//! The error that a plugin's file is not the one that a cart is pinned to.

use crate::id::{CartId, Digest};

/// A plugin's file does not have the digest that a cart is pinned to. Each user of this error adds what its own users can do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plugin {plugin} of cart {cart} has the digest {found}, but the cart is pinned to {pinned}")]
pub struct WrongDigest {
    /// The cart with the pin.
    pub cart: CartId,
    /// The plugin's file, as the cart's definition names it.
    pub plugin: String,
    /// The digest of the file that was found.
    pub found: Digest,
    /// The digest that the cart is pinned to.
    pub pinned: Digest,
}

impl WrongDigest {
    /// Checks a file's digest against a cart's pin. A cart without a pin takes any file.
    ///
    /// # Errors
    ///
    /// [`WrongDigest`].
    pub fn check(cart: &CartId, plugin: &str, found: Digest, pinned: Option<Digest>) -> Result<(), WrongDigest> {
        match pinned {
            Some(pinned) if pinned != found => Err(WrongDigest { cart: cart.clone(), plugin: plugin.to_owned(), found, pinned }),
            Some(_) | None => Ok(()),
        }
    }
}
