//! Code that the end-to-end tests and the benchmarks share.

pub mod answering;
pub mod bad_cart;
pub mod command;
pub mod figure;
pub mod order_checker;
pub mod outfit;
pub mod shop;
