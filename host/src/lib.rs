//! Cartage carries an order's status from an Order Manager to any shopping cart.
//!
//! To be told: the path of an update.

pub mod validate;
pub mod deliver;
pub mod plugin;
pub mod egress;
pub mod exchange;
pub mod carts;
pub mod parameters;
pub mod events;
pub mod origin;
pub mod nearest;
pub mod receipt;
pub mod cassette;
pub mod id;
pub mod clock;
#[cfg(feature = "command")]
pub mod demo_cart;
