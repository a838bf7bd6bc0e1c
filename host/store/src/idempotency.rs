//! Idempotency keys of senders: a repeated request gets its first answer again, and is not carried out twice.
//!
//! An answer about an order belongs to the cart that gave it: once the cart is removed, the request counts as new.

use super::error::bounded;
use super::orders::OrderRef;
use super::{Error, Tx, View};
use cartage_model::id::{Digest, MerchantId};

/// The longest key that is accepted, in bytes.
pub const KEY_BYTES_MAX: usize = 255;
/// The largest answer that is stored, in bytes.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// Nothing: the request is new.
    New,
    /// The key came with the same body before.
    Answered {
        /// The stored answer to the first request.
        answer: String,
    },
    /// The key came with another body before: the request must not be carried out.
    OtherBody,
}

/// Looks up a key that came with this body.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn get(view: &View<'_>, merchant: &MerchantId, key: &str, body: Digest) -> Result<KeyState, Error> {
    let sql = "SELECT body_digest, answer FROM idempotency_keys AS known WHERE merchant = ?1 AND key = ?2
        AND (cart IS NULL OR incarnation = coalesce((SELECT incarnation FROM cart_incarnations WHERE merchant = ?1 AND cart = known.cart), 0))";
    let found = view.one("look up an idempotency key", sql, (merchant, key), |row| Ok((row.get::<_, Digest>(0)?, row.get(1)?)))?;
    Ok(match found {
        None => KeyState::New,
        Some((known, answer)) if known == body => KeyState::Answered { answer },
        Some(_) => KeyState::OtherBody,
    })
}

/// Stores the answer to a request, and the order that the answer is `about`, in the transaction that carries out the request. If the key is
/// known already, nothing is stored and what is known is returned: the transaction must then be rolled back.
///
/// # Errors
///
/// [`Error::TooLarge`], or another [`Error`] if the write fails.
pub fn put(
    tx: &Tx<'_>,
    merchant: &MerchantId,
    key: &str,
    body: Digest,
    about: Option<&OrderRef>,
    answer: &str,
    at_unix_ms: u64,
) -> Result<KeyState, Error> {
    bounded("keep an idempotency key", key, KEY_BYTES_MAX)?;
    bounded("keep the answer to an idempotency key", answer, ANSWER_BYTES_MAX)?;
    let known = get(tx, merchant, key, body)?;
    if known == KeyState::New {
        let sql =
            "INSERT OR REPLACE INTO idempotency_keys (merchant, key, body_digest, answer, at, cart, order_number, incarnation)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, coalesce((SELECT incarnation FROM cart_incarnations WHERE merchant = ?1 AND cart = ?6), 0))";
        let (cart, number) = (about.map(|order| &order.cart), about.map(|order| &order.number));
        tx.run("keep an idempotency key", sql, (merchant, key, body, answer, at_unix_ms, cart, number))?;
    }
    Ok(known)
}

/// The statement that deletes the keys of an order.
pub const FORGET: &str = "DELETE FROM idempotency_keys WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3";

/// Deletes the keys under which an answer about an order was stored, and returns their number.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn forget(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<usize, Error> {
    tx.run("forget the keys of an order's updates", FORGET, (merchant, &order.cart, &order.number))
}
