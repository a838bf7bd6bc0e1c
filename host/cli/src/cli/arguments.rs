//! Arguments that several commands take.

use cartage::id::{self, CartId, SenderOrderNumber};

/// Reads an argument as a Cart ID.
pub(super) fn cart_id(text: &str) -> Result<CartId, id::Error> {
    CartId::new(text)
}

/// Reads an argument as an order's number, as the sender of its updates calls the order.
pub(super) fn order_number(text: &str) -> Result<SenderOrderNumber, &'static str> {
    if text.is_empty() { Err("an order's number is not empty") } else { Ok(SenderOrderNumber::new(text)) }
}
