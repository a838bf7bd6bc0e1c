//! What the plugin asks a shop, what it makes of the answers, and what a repeat does. `shop.rs` is the shop.

mod answers;
mod asks;
mod finding;
mod fulfillments;
mod repeats;
mod shop;
mod signed;
mod tracking;
