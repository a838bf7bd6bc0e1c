//! The plugin's requests to a shop, the outcomes of the answers, and repeated updates. `shop.rs` is the shop.

mod answers;
mod asks;
mod finding;
mod fulfillments;
mod repeats;
mod shop;
mod signed;
mod tracking;
