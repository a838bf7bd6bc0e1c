//! The common parts of every HTTP listener: reading the body of a request, and tracking the state of a connection.
//!
//! A stranger can send any request as slowly and as often as they like. So a body is read within limits of size, time and shared memory
//! ([`body`]), and a listener that has no room for another connection can tell the connections that serve a known sender from all others
//! ([`connection`]). What counts as one client is the same everywhere ([`client`]), and so is what a percent escape means (`percent`).

pub mod body;
pub mod client;
pub mod connection;
pub(crate) mod percent;
