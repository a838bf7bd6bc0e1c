//! The whole, end to end: real components, one theme a file.

mod harness;
mod limits;
