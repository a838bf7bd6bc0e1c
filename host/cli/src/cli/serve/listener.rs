//! Accepts connections from the network, limits them, and serves them.
//!
//! A client that may not connect is turned away before anything is read. Each connection needs one of a limited number of [`slots`]. If all are taken, a
//! connection that serves no known sender is closed to make room, after a moment in which new connections wait. So clients that open connections and send
//! nothing, or send slowly, replace only each other. Every phase of a connection has a timeout ([`slots::Patience`]). The TLS handshake is part of the
//! connection and has the same limits.
//!
//! When told to stop, the listener accepts nothing more, answers the requests in progress, and ends with the last of them.

mod connection;
pub(super) mod slots;

#[cfg(test)]
mod tests;

use axum::Router;
use cartage_http::inbound::connection::Phase;
use connection::Served;
use ipnet::IpNet;
use slots::{Limits, Patience, Slots};
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_rustls::TlsAcceptor;

/// Pause after the system could not accept a connection, for lack of files or memory.
const ACCEPT_REST: Duration = Duration::from_millis(100);
/// Interval at which the log repeats that connections cannot be accepted.
const SAY_AGAIN: Duration = Duration::from_secs(10);
/// How long a connection without a request is kept when the listener stops, because a request may be on its way.
const UNUSED_GRACE: Duration = Duration::from_millis(500);

/// The limits for a listener's clients.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// The networks whose addresses may connect. If empty, every address may.
    pub(super) allowed: Vec<IpNet>,
    /// The limits on the number of connections.
    pub(super) limits: Limits,
    /// The timeouts of a connection.
    pub(super) patience: Patience,
    /// Largest size of a request's head, in bytes.
    pub(super) head_bytes_max: usize,
}

/// A socket, and what is served at it.
pub(super) struct Listener {
    tcp: TcpListener,
    allowed: Vec<IpNet>,
    slots: Arc<Slots>,
    served: Arc<Served>,
    sweep_every: Duration,
    tasks: JoinSet<()>,
    said: Option<Instant>,
}

impl Listener {
    /// Serves this router at a socket, over TLS if there is an acceptor.
    pub(super) fn new(tcp: TcpListener, tls: Option<TlsAcceptor>, router: Router, rules: Rules) -> Listener {
        let Rules { allowed, limits, patience, head_bytes_max } = rules;
        let sweep_every = patience.sweep_every();
        let slots = Arc::new(Slots::new(limits, patience));
        let served = Arc::new(Served { router, tls, head_bytes_max });
        Listener { tcp, allowed, slots, served, sweep_every, tasks: JoinSet::new(), said: None }
    }

    /// Accepts connections and serves them until `stopped` is true and every request in progress is answered.
    pub(super) async fn serve(mut self, stopped: watch::Receiver<bool>) {
        let mut sweeps = interval(self.sweep_every);
        sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = std::pin::pin!(super::until(stopped.clone()));
        loop {
            // Clients that arrive while no slot is free wait in the system's queue.
            let wait = self.slots.wait(Instant::now());
            tokio::select! {
                () = &mut stop => break,
                () = sleep(wait.unwrap_or_default()), if wait.is_some() => {}
                accepted = self.tcp.accept(), if wait.is_none() => match accepted {
                    Ok((stream, client)) => self.take_in(stream, client, &stopped),
                    Err(error) => self.not_accepted(&error).await,
                },
                Some(ended) = self.tasks.join_next() => note(ended),
                _ = sweeps.tick() => self.slots.sweep(Instant::now()),
            }
        }
        self.end(sweeps).await;
    }

    /// Serves a connection if its client may connect and a slot is free.
    fn take_in(&mut self, stream: TcpStream, client: SocketAddr, stopped: &watch::Receiver<bool>) {
        let ip = client.ip().to_canonical();
        if !self.allowed.is_empty() && !self.allowed.iter().any(|network| network.contains(&ip)) {
            return tracing::debug!(%client, "a client that is not allowed to connect was rejected");
        }
        let Some(slot) = self.slots.take(ip) else {
            if self.may_say() {
                tracing::warn!(%client, "a connection was rejected: its address already has all its connections, for requests of known senders");
            }
            return;
        };
        // Responses are small, so they are sent at once.
        let _ = stream.set_nodelay(true);
        let (served, stopped) = (self.served.clone(), stopped.clone());
        self.tasks.spawn(async move {
            tokio::select! {
                () = slot.closed() => tracing::debug!(%client, "a connection was closed to make room, or because it took too long"),
                () = served.connection(stream, client, &slot.connection, stopped) => {}
            }
        });
    }

    /// Handles an error of `accept`. A connection that broke early is ignored; after any other error the listener pauses, so that it never retries in a busy
    /// loop.
    async fn not_accepted(&mut self, error: &Error) {
        let broken = [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset, ErrorKind::ConnectionRefused, ErrorKind::Interrupted];
        if broken.contains(&error.kind()) {
            return;
        }
        if self.may_say() {
            tracing::error!(error = error as &dyn std::error::Error, "no connection can be accepted now; the daemon keeps trying");
        }
        self.slots.make_room();
        sleep(ACCEPT_REST).await;
    }

    /// Ends when every request in progress has been answered.
    async fn end(self, mut sweeps: tokio::time::Interval) {
        let Listener { tcp, slots, mut tasks, .. } = self;
        drop(tcp);
        let mut grace = std::pin::pin!(sleep(UNUSED_GRACE));
        let mut in_grace = true;
        loop {
            tokio::select! {
                ended = tasks.join_next() => match ended {
                    Some(ended) => note(ended),
                    None => return,
                },
                () = &mut grace, if in_grace => {
                    in_grace = false;
                    slots.close_all(|phase| matches!(phase, Phase::Opened | Phase::Head));
                }
                _ = sweeps.tick() => slots.sweep(Instant::now()),
            }
        }
    }

    fn may_say(&mut self) -> bool {
        let may = self.said.is_none_or(|at| at.elapsed() >= SAY_AGAIN);
        if may {
            self.said = Some(Instant::now());
        }
        may
    }
}

/// A panic in a request handler ends its connection only.
fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(error = &error as &dyn std::error::Error, "a connection failed");
    }
}
