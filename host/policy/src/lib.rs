//! Decisions that depend on nothing but their arguments: whether an update is valid ([`validate`]), whether a cart is told of it ([`gate`]), which
//! order comes next and what follows from an attempt ([`schedule`]).

pub mod gate;
pub mod schedule;
pub mod validate;
