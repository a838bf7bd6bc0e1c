//! Changes of a part of a cart's definition.

use super::{CartDifference, Definitions, InvalidCarts, definition};
use crate::service::{Error, StoredCart};
use cartage_model::carts::Cart;
use cartage_model::id::CartId;
use cartage_store::{self as store, Tx, audit};

/// How often a change is applied anew, because another one came between its look and its write.
const TRIES: usize = 16;

/// A cart with a changed definition.
#[derive(Debug)]
pub struct Redefined {
    /// The cart as it was before.
    pub before: StoredCart,
    /// The definition from now on.
    pub cart: Cart,
    /// What changed; empty if the definition was like this already.
    pub difference: CartDifference,
}

impl Definitions {
    /// Changes a part of a cart's definition, with the same plugin. The plugin is not called. If somebody else changes the cart meanwhile, `change` is applied to
    /// what they made of it, so that no change is lost.
    ///
    /// # Errors
    ///
    /// [`InvalidCarts::Settings`] if the result is no valid definition; [`Error::NoCart`], also if the cart is removed meanwhile; [`Error::DefinitionChanged`] if others
    /// changed the cart again and again; [`Error::Store`].
    pub async fn redefine(&self, id: &CartId, change: impl Fn(&mut Cart)) -> Result<Redefined, InvalidCarts> {
        for _ in 0..TRIES {
            let before = self.carts.get(id).await?;
            let mut cart = before.cart.clone();
            change(&mut cart);
            // What is stored must be read again, and a change is made in ways that a file could not spell.
            Cart::parse("the change", &cart.to_toml())?;
            let difference = CartDifference::between(Some(&before.cart), &cart);
            if difference.is_empty() || self.replace(&before, &cart, &difference).await? {
                return Ok(Redefined { before, cart, difference });
            }
        }
        Err(Error::DefinitionChanged { cart: id.clone() }.into())
    }

    /// Replaces a definition if it is still the one that was looked at. Returns whether it was.
    async fn replace(&self, before: &StoredCart, cart: &Cart, difference: &CartDifference) -> Result<bool, Error> {
        let (new, at, merchant) = (definition(cart), self.tenant.now_unix_ms(), self.tenant.merchant.clone());
        let looked_at = before.row.definition.clone();
        let line = self.tenant.line("change", &format!("cart {}", cart.id), difference.to_string());
        let write = move |tx: &Tx<'_>| {
            let is_same = store::carts::put_over(tx, &merchant, Some(&looked_at), &new, at)?;
            if is_same { audit::add(tx, &merchant, &line).map(|()| true) } else { Ok(false) }
        };
        let replaced = self.tenant.store.write::<_, store::Error>(write).await?;
        if replaced {
            self.changes.cart(&cart.id);
        }
        Ok(replaced)
    }
}
