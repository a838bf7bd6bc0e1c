//! The API for users of the machine, on a socket in the data directory. They need no token ([`Callers::Machine`](cartage_http::api::Callers)), so they wait for
//! nobody on the network, and nothing here limits them but the number of connections.

use crate::cli::socket::{ACCEPT_REST, Error, SAY_AGAIN, Socket};
use axum::Router;
use cartage::data_dir::DataDir;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// Largest number of open connections. Further ones wait in the system's queue.
pub(super) const CONNECTIONS_MAX: usize = 64;
/// How long a connection without a request is kept when the daemon stops, because a request may be on its way.
const UNUSED_GRACE: Duration = Duration::from_millis(500);
/// How long a client may take to send the head of a request, so that clients that hang do not take all connections.
const HEAD_WAIT: Duration = Duration::from_secs(10);

/// The socket, and what is served at it.
pub(super) struct Machine {
    socket: Socket,
    router: Router,
}

impl Machine {
    /// Listens in a data directory.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] if the socket cannot be made, or if another process accepts connections at it.
    pub(super) async fn bind(data: &Path, router: Router) -> Result<Machine, Error> {
        Ok(Machine { socket: Socket::bind(DataDir::api_socket(data)).await?, router })
    }

    /// Serves connections until `stopped` is true and every request in progress is answered.
    pub(super) async fn serve(self, stopped: watch::Receiver<bool>) {
        let Machine { socket, router } = self;
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let (mut connections, mut said) = (JoinSet::new(), None);
        let mut stop = pin!(super::until(stopped.clone()));
        loop {
            let next = async {
                let place = room.clone().acquire_owned().await.expect("nobody closes it");
                (place, socket.listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                () = &mut stop => break,
                next = next => next,
                Some(ended) = connections.join_next() => {
                    note(ended);
                    continue;
                }
            };
            match accepted {
                Ok((stream, _)) => {
                    let (router, stopped) = (router.clone(), stopped.clone());
                    connections.spawn(async move {
                        connection(stream, router, stopped).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    if said.is_none_or(|at: Instant| at.elapsed() >= SAY_AGAIN) {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "requests on the machine's socket cannot be accepted now; the daemon keeps trying"
                        );
                        said = Some(Instant::now());
                    }
                    tokio::select! {
                        () = &mut stop => break,
                        () = sleep(ACCEPT_REST) => {}
                    }
                }
            }
        }
        socket.close();
        while let Some(ended) = connections.join_next().await {
            note(ended);
        }
    }
}

/// Serves one connection to its end.
async fn connection(stream: UnixStream, router: Router, stopped: watch::Receiver<bool>) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT).max_buf_size(super::API_HEAD_BYTES_MAX);
    let mut served = pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = super::until(stopped) => match timeout(UNUSED_GRACE, served.as_mut()).await {
            Ok(ended) => ended,
            Err(_) => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        },
    };
    if let Err(error) = ended {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "a connection of the machine ended before its request or response was complete"
        );
    }
}

/// A panic in a connection is a fault, but no reason to stop the daemon.
fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(error = &error as &dyn std::error::Error, "a connection of the machine ended with a panic");
    }
}
