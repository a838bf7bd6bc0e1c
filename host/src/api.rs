//! The HTTP API under `/v1`: requests in, the office's answers out.
//!
//! [`router`] makes it from plain data; listeners, TLS and signals are those of whoever serves it. Every route stands in one table
//! (`api/routes.rs`) with the role that it needs, the parameters that it takes and the body that it reads, and the description at
//! `/v1/openapi.json` is compared with that table by a test. So a request passes the same steps whatever it asks (`api/passage.rs`):
//! its host and origin are allowed, its token is known, is not used too often and has the role, its query and body are bounded and read. Only
//! then does a handler see it, with an [`Office`] that acts for the token's merchant and cannot act for another.
//!
//! Promised: an update is answered with `202` only once it is on disk. A request that is not well-formed is answered with a
//! problem (RFC 9457) that says what is wrong with it, and never with a 500. Secrets go in and never come out. What the API cannot know is
//! whether a cart has an update: that is told by the delivery. `docs/http-api.md` is the guide for its users.

mod body;
mod call;
mod carts;
mod credentials;
mod cursor;
mod deliveries;
mod errors;
mod idempotency;
mod merchant;
pub mod metrics;
mod office;
mod openapi;
mod page;
mod passage;
mod problem;
mod query;
mod rate;
mod routes;
mod seen;
mod token;
mod trace;
mod updates;

#[cfg(test)]
mod tests;

pub use metrics::Metrics;
pub use rate::{BURST_MAX, PER_SECOND_MAX, Rate};

use crate::office::Office;
use axum::Router;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// An answer that is being made.
pub type Answer<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// Says whether updates are taken; if not, why not, in a few words that anybody may read.
pub type Ready = Arc<dyn Fn() -> Answer<Result<(), String>> + Send + Sync>;
/// Gives the numbers of this moment.
pub type Numbers = Arc<dyn Fn() -> Answer<Metrics> + Send + Sync>;

/// All that the API is made from.
#[derive(Clone)]
pub struct Api {
    /// The data directory.
    pub office: Office,
    /// The names by which the daemon may be called, without a port: `localhost`, `127.0.0.1`, `[::1]`, `cartage.example`.
    pub hosts: Vec<String>,
    /// The origins whose pages may call it: `https://cartage.example`. Programs send none and need none.
    pub origins: Vec<String>,
    /// How often each token may be used.
    pub rate: Rate,
    /// Whether updates are taken.
    pub ready: Ready,
    /// The numbers of `/metrics`.
    pub metrics: Numbers,
    /// Whether `/metrics` tells carts apart.
    pub labels: metrics::Labels,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("office", &self.office)
            .field("hosts", &self.hosts)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}

/// Makes the API's routes.
///
/// # Errors
///
/// [`getrandom::Error`] where the system gives no random bytes for the seal of its cursors.
pub fn router(api: Api) -> Result<Router, getrandom::Error> {
    let shared = Arc::new(call::Shared::new(api)?);
    Ok(routes::router(&shared))
}
