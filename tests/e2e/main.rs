//! The whole, end to end: real components, real sockets on loopback. One file a theme.

mod admission;
mod calls;
mod chain;
mod clock;
mod containment;
mod contract;
mod crash;
mod daemon;
mod deliveries;
mod delivery;
mod demo;
mod egress;
mod faults;
mod harness;
mod http;
mod key;
mod limits;
mod office;
mod operations;
mod repeats;
mod room;
mod rules;
mod seed_story;
mod seti_posts;
mod seti_replies;
mod unreadable;
