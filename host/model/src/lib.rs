//! The words of Cartage as plain data: ids, carts, status events, system parameters, the calls of a plugin and their outcomes, receipts,
//! cassettes, and why an update became a dead letter.

pub mod alerts;
pub mod carts;
pub mod cassette;
pub mod dead_letter;
pub mod events;
pub mod exchange;
pub mod id;
pub mod origin;
pub mod package_name;
pub mod parameters;
pub mod receipt;
#[cfg(feature = "rusqlite")]
mod sql;
