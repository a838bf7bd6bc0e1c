//! Connections from the network: taken in, kept within limits, and served.
//!
//! Whoever may not connect is turned away before anything is read. Each connection has one of a limited number of [`slots`]; where there is
//! none left, a connection on which no known sender is served makes room, after a moment in which new ones wait. So strangers who open
//! connections and say nothing, or say it slowly, take the place of each other. Every phase of a connection has its time ([`slots::Patience`]). The TLS handshake is a part of the
//! connection, so it is bounded in the same way.
//!
//! When told to stop, nothing more is taken in, requests that are under way are answered, and the listener ends with the last of them.

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

/// How long nothing is taken in after the system could not give a connection, for want of files or memory.
const ACCEPT_REST: Duration = Duration::from_millis(100);
/// How often it is said in the log that connections cannot be taken in.
const SAY_AGAIN: Duration = Duration::from_secs(10);
/// How long a connection without a request is kept when the listener stops: a request may have been sent at that moment.
const UNUSED_GRACE: Duration = Duration::from_millis(500);

/// How a listener treats those who connect.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// The networks whose addresses may connect. Empty: every address.
    pub(super) allowed: Vec<IpNet>,
    /// How many connections there may be.
    pub(super) limits: Limits,
    /// How long they may take.
    pub(super) patience: Patience,
    /// Bytes of the head of a request, at most.
    pub(super) head_bytes_max: usize,
}

/// A socket at which something is served.
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
    /// Serves this router at a socket, over TLS where there is an acceptor.
    pub(super) fn new(tcp: TcpListener, tls: Option<TlsAcceptor>, router: Router, rules: Rules) -> Listener {
        let Rules { allowed, limits, patience, head_bytes_max } = rules;
        let sweep_every = patience.sweep_every();
        let slots = Arc::new(Slots::new(limits, patience));
        let served = Arc::new(Served { router, tls, head_bytes_max });
        Listener { tcp, allowed, slots, served, sweep_every, tasks: JoinSet::new(), said: None }
    }

    /// Takes connections in and serves them until `stopped` says true and every request under way is answered.
    pub(super) async fn serve(mut self, stopped: watch::Receiver<bool>) {
        let mut sweeps = interval(self.sweep_every);
        sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = std::pin::pin!(super::until(stopped.clone()));
        loop {
            // Who comes while there is no place waits in the system's queue.
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

    /// Serves a connection, if its client may connect and there is room.
    fn take_in(&mut self, stream: TcpStream, client: SocketAddr, stopped: &watch::Receiver<bool>) {
        let ip = client.ip().to_canonical();
        if !self.allowed.is_empty() && !self.allowed.iter().any(|network| network.contains(&ip)) {
            return tracing::debug!(%client, "a client that may not connect was turned away");
        }
        let Some(slot) = self.slots.take(ip) else {
            if self.may_say() {
                tracing::warn!(%client, "a connection was turned away: all that its address may have are in use, for requests of known senders");
            }
            return;
        };
        // Answers are small: they go out at once.
        let _ = stream.set_nodelay(true);
        let (served, stopped) = (self.served.clone(), stopped.clone());
        self.tasks.spawn(async move {
            tokio::select! {
                () = slot.closed() => tracing::debug!(%client, "a connection was closed to make room, or because it took too long"),
                () = served.connection(stream, client, &slot.connection, stopped) => {}
            }
        });
    }

    /// The system gave no connection. Those that break before they are taken in are nothing; else it rests, and never asks in a busy loop.
    async fn not_accepted(&mut self, error: &Error) {
        let broken = [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset, ErrorKind::ConnectionRefused, ErrorKind::Interrupted];
        if broken.contains(&error.kind()) {
            return;
        }
        if self.may_say() {
            tracing::error!(error = error as &dyn std::error::Error, "no connection can be taken in now; it is tried again and again");
        }
        self.slots.make_room();
        sleep(ACCEPT_REST).await;
    }

    /// Ends when every request that is under way has been answered.
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

/// A handler that panicked ends its connection, and nothing else.
fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(error = &error as &dyn std::error::Error, "a connection broke off");
    }
}
