//! Cartage carries an order's status from an Order Manager to any shopping cart.
//!
//! To be told: the path of an update.

pub mod carts;
pub mod cassette;
pub mod clock;
pub mod data_dir;
pub mod deliver;
#[cfg(feature = "command")]
pub mod demo_cart;
pub mod egress;
pub mod exchange;
pub mod id;
pub mod plugin;
pub mod receipt;
pub mod store;
pub mod validate;
pub mod vault;
