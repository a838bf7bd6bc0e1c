//! What every way in over HTTP shares: how the body of a request is read, and what a listener hears of a connection.
//!
//! A stranger can send any request as slowly and in such numbers as they like. So a body is read within a size, a time and a share of the
//! memory that all bodies have together ([`body`]), and a listener that has no room for another connection can tell the connections on which
//! a known sender is served from all others ([`connection`]). What counts as one client is the same everywhere ([`client`]).

pub mod body;
pub mod client;
pub mod connection;
