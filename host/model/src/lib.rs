//! The words of Cartage as plain data: ids, carts, status events, system parameters, the calls of a plugin and their outcomes, receipts,
//! cassettes, why an update became a dead letter, and what can be done.

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
pub mod remedy;
#[cfg(feature = "rusqlite")]
mod sql;
