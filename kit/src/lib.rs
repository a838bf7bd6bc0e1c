//! Cart scripts: how one shopping cart answers, written as data beside the plugin that speaks to it.
//!
//! A [`Script`] is read from TOML: the orders that exist, the rules by which requests are answered, what the cart knows after each, and how each
//! refusal looks in the cart's dialect. A [`Cart`] is one shop that lives by a script: it answers requests and keeps a list of what was done to it,
//! so that a thing done twice is seen. Neither opens a file but the script's, nor a socket. `docs/conformance.md` is the format's reference.
//!
//! The crate knows the contract and no host, so that the command `cartage plugin test` and a plugin's own tests can read the same script.

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
