//! The HTTP listeners: the API, SETI posts, the status page and metrics. Each passes its requests on to the service `cartage`.

pub mod api;
pub mod inbound;
pub mod seti;
