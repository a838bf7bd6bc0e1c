//! The whole, end to end: real components, one theme a file.

mod admission;
mod harness;
mod limits;
