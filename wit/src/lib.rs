//! The contract between a cart's plugin and the Cartage host, in pure Rust.
//!
//! The WIT files beside this crate are the contract for plugins in any language; this crate says the same in Rust's own types
//! and adds the rules that WIT cannot express: what a manifest may say, what an operator's grants mean, which requests are
//! allowed, and how paths, queries and secrets are encoded. It reads no clock, opens no socket and touches no file, and it
//! builds for wasm as well as natively. The host enforces these rules and the SDK's scripted cart tests plugins by them: there
//! is one implementation.
//!
//! Reading order: [`orders`] is what a plugin is told, [`delivery`] what else it may know and what it answers, [`http`], [`signing`]
//! and [`log`] what it may ask for, [`manifest`] what it says of itself; then the rules: [`manifest::Manifest::check`],
//! [`orders::Update::check`], [`grants`], [`request`] and [`encoding`]. [`growth`] is how all of it grows.

mod bytes;
pub mod delivery;
pub mod encoding;
pub mod grants;
pub mod growth;
pub mod http;
pub mod log;
pub mod manifest;
pub mod orders;
mod parts;
pub mod request;
#[cfg(test)]
mod sample;
pub mod signing;
mod spelled;
