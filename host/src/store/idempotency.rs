//! Idempotency keys of senders: a request that is made again gets the answer that it got, and is not done twice.
//!
//! An answer about an order is the cart's that gave it: once this cart is removed, the request is new.

use super::error::bounded;
use super::orders::OrderRef;
use super::{Error, Tx, View};
use crate::id::{Digest, MerchantId};

/// The longest key that is taken.
pub const KEY_BYTES_MAX: usize = 255;
/// The longest answer that is kept.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing: the request is new.
    New,
    /// It came with this body before.
    Answered {
        /// What was answered.
        answer: String,
    },
    /// It came with another body before: the request must not be done.
    OtherBody,
}

/// What is known of a key with this body.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn get(view: &View<'_>, merchant: &MerchantId, key: &str, body: Digest) -> Result<Known, Error> {
    let sql = "SELECT body_digest, answer FROM idempotency_keys AS known WHERE merchant = ?1 AND key = ?2
        AND (cart IS NULL OR incarnation = coalesce((SELECT incarnation FROM cart_incarnations WHERE merchant = ?1 AND cart = known.cart), 0))";
    let found = view.one("look up an idempotency key", sql, (merchant, key), |row| Ok((row.get::<_, Digest>(0)?, row.get(1)?)))?;
    Ok(match found {
        None => Known::New,
        Some((known, answer)) if known == body => Known::Answered { answer },
        Some(_) => Known::OtherBody,
    })
}

/// Keeps the answer to a request, in the transaction that does what the request asks, and which order the answer is `about`. Where the key is known already nothing is kept, and
/// what is known is given: then the transaction must not be kept either.
///
/// # Errors
///
/// [`Error::TooLarge`], else [`Error`] when it could not be written.
pub fn put(
    tx: &Tx<'_>,
    merchant: &MerchantId,
    key: &str,
    body: Digest,
    about: Option<&OrderRef>,
    answer: &str,
    at_unix_ms: u64,
) -> Result<Known, Error> {
    bounded("keep an idempotency key", key, KEY_BYTES_MAX)?;
    bounded("keep the answer to an idempotency key", answer, ANSWER_BYTES_MAX)?;
    let known = get(tx, merchant, key, body)?;
    if known == Known::New {
        let sql =
            "INSERT OR REPLACE INTO idempotency_keys (merchant, key, body_digest, answer, at, cart, order_number, incarnation)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, coalesce((SELECT incarnation FROM cart_incarnations WHERE merchant = ?1 AND cart = ?6), 0))";
        let (cart, number) = (about.map(|order| &order.cart), about.map(|order| &order.number));
        tx.run("keep an idempotency key", sql, (merchant, key, body, answer, at_unix_ms, cart, number))?;
    }
    Ok(known)
}

/// Forgets the keys of an order.
pub(crate) const FORGET: &str = "DELETE FROM idempotency_keys WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3";

/// Forgets the keys under which something about an order was answered. Gives how many.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn forget(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<usize, Error> {
    tx.run("forget the keys of an order's updates", FORGET, (merchant, &order.cart, &order.number))
}
