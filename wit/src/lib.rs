//! The contract between a cart's plugin and the Cartage host, in pure Rust.
//!
//! The WIT files beside this crate are the contract for plugins in any language. This crate expresses the same contract in Rust types
//! and adds the rules that WIT cannot express: what a manifest may declare, what an operator's grants mean, which requests are
//! allowed, and how paths, queries and secrets are encoded. The crate reads no clock, opens no socket and touches no file, and it
//! builds for wasm as well as natively. The host enforces these rules, and the SDK's scripted cart applies them in tests: there
//! is one implementation.
//!
//! Reading order: [`orders`] is the update that a plugin receives, [`delivery`] its further arguments and its results, [`http`], [`signing`]
//! and [`log`] the imports that it may call, [`manifest`] its description of itself. The rules follow: [`manifest::Manifest::check`],
//! [`orders::Update::check`], [`grants`], [`request`] and [`encoding`]. [`growth`] says how the contract grows.

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
