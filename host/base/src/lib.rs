//! The lowest crate of the host: the clock, errors of the system, and work on text. Nothing here knows of carts and orders.

pub mod bounded;
pub mod causes;
pub mod clock;
pub mod coding;
pub mod counted;
pub mod failpoint;
pub mod fault;
pub mod heavy;
pub mod histogram;
pub mod json;
pub mod nearest;
pub mod search;
pub mod visible;
