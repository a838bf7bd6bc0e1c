//! The ways in: the HTTP API, SETI posts, the status page and metrics. Each passes what it is told on to the service `cartage`.

pub mod api;
pub mod inbound;
pub mod seti;
