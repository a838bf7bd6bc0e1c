//! The documents of the API, as its handlers read and send them: for a client of the same release in Rust, such as the command line.

pub use super::access_tokens::{NewTokenDocument, RemovedToken, TokenBody, TokenState, Tokens};
pub use super::bans::{AllBans, BanBody, BanResult, BanState, UnbanResult};
pub use super::machine::{ClockState, RetainedKind, RetainedKinds, RetentionBody, SealingKey};
pub use super::problem::{Document as Problem, More};
