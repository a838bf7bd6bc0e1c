//! The HTTP API under `/v1`: it turns requests into calls of the service, and the results into answers.
//!
//! [`router`] makes the API from plain data; listeners, TLS and signals belong to the process that serves it. All routes stand in one table
//! (`api/routes.rs`), each with the role that it needs, the parameters that it takes and the body that it reads. So every request takes the same steps
//! (`api/middleware.rs`): its host and origin are checked, its token is looked up, its rate and role are checked, and its query and body are bounded and
//! read. Users of the machine, such as the commands of `cartage`, need no token ([`Callers::Machine`]). Only then does a handler see the request, with a
//! [`Service`] that acts for the token's merchant and cannot act for another.
//!
//! The [`documents`] are the bodies of requests and answers as types, for clients in Rust. The description at `/v1/openapi.json` is derived from the
//! handlers and from the types that they read and send (`api/openapi.rs`, `api/schema.rs`). Tests compare it with the table of routes, and every request and
//! answer of the tests with it.
//!
//! The API promises that an update is answered with `202` only once it is on disk, and that a malformed request is answered with a problem (RFC 9457)
//! that says what is wrong, never with a 500. Secrets go in and never come out. The API cannot know whether a cart has an update: the delivery tells
//! that. `docs/http-api.md` is the guide for users of the API.

mod access_tokens;
mod all_carts;
mod bans;
mod body;
mod call;
mod caller;
mod carts;
mod credentials;
mod cursor;
mod deliveries;
pub mod documents;
mod errors;
mod idempotency;
mod machine;
mod merchant;
pub mod metrics;
mod accepting;
mod openapi;
mod orders;
mod page;
mod middleware;
mod problem;
mod query;
mod rate;
mod route;
mod routes;
mod schema;
mod seen;
mod sending;
mod token;
mod trace;
mod updates;
mod words;

#[cfg(test)]
mod tests;

pub use caller::Callers;
pub use metrics::Metrics;
pub use rate::{BURST_MAX, PER_SECOND_MAX, TokenRate};

use axum::Router;
use cartage::service::Service;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// An answer under way.
pub type Answering<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// Says whether updates are accepted; the error says why not, in a few words that anybody may read.
pub type ReadyCheck = Arc<dyn Fn() -> Answering<Result<(), String>> + Send + Sync>;
/// Returns the numbers of `/metrics` at this moment.
pub type MetricsSource = Arc<dyn Fn() -> Answering<Metrics> + Send + Sync>;

/// The parts from which [`router`] makes the API.
#[derive(Clone)]
pub struct Api {
    /// The service whose merchants the API serves; each request acts for its caller's merchant.
    pub service: Service,
    /// Who may call.
    pub callers: Callers,
    /// Says whether updates are accepted, for `/readyz`.
    pub ready: ReadyCheck,
    /// Returns the numbers of `/metrics`.
    pub metrics: MetricsSource,
    /// Whether each cart has its own series in `/metrics`.
    pub labels: metrics::SeriesLabels,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("service", &self.service).field("callers", &self.callers).finish_non_exhaustive()
    }
}

/// Makes the router of the API.
///
/// # Errors
///
/// [`getrandom::Error`] if the system gives no random bytes for the seal of the API's cursors.
pub fn router(api: Api) -> Result<Router, getrandom::Error> {
    let shared = Arc::new(call::Shared::new(api)?);
    Ok(routes::router(&shared))
}
