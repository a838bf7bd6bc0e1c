//! Cart scripts: the answers of one shopping cart, written as data beside the plugin that talks to this cart.
//!
//! A [`Script`] is read from TOML. It holds the orders that exist, the rules by which requests are answered, what the cart knows after each request, and how
//! each refusal looks in the cart's dialect. A [`Cart`] is one shop that behaves as a script says: it answers requests and records what was done to it,
//! so that a repeated effect is noticed. This crate opens no sockets, and no file but the script. `docs/conformance.md` is the reference of the format.
//!
//! The crate depends on the contract and not on the host, so that the command `cartage plugin test` and a plugin's own tests can read the same script.

mod asked;
mod cart;
mod check;
mod file;
mod script;
mod template;

pub use asked::Asked;
pub use cart::{Cart, Effect, NoRule};
pub use file::{Error, FILE, SCRIPT_BYTES_MAX};
pub use script::{
    Bypass, Case, CasePackage, CaseUpdate, Expected, FORMAT, KnownOrder, KnownStatus, Order, Refusal, Reply, Rule, Script, Source,
};
