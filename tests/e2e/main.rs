//! The whole, with real sockets on loopback. One file a theme.

mod egress;
