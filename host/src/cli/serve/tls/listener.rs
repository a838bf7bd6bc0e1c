//! Connections that have shaken hands.
//!
//! Each handshake runs beside the others and has a deadline, so that a client that says nothing delays nobody, and what is not TLS is closed
//! without an answer. Only so many run at once; who comes then waits in the system's queue, for the deadline at most. Handshakes end with the
//! listener.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a client may take over its handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// Handshakes under way at once.
const HANDSHAKES_MAX: usize = 512;

/// Takes connections at a socket, and gives them on once TLS stands.
pub(in super::super) struct Listener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
    handshake_max: Duration,
}

impl Listener {
    /// Over this socket.
    pub(in super::super) fn new(tcp: TcpListener, config: rustls::ServerConfig) -> Listener {
        Listener { tcp, acceptor: Arc::new(config).into(), handshakes: JoinSet::new(), handshake_max: HANDSHAKE_MAX }
    }

    #[cfg(test)]
    pub(super) fn impatient(self, handshake_max: Duration) -> Listener {
        Listener { handshake_max, ..self }
    }

    fn begin(&mut self, stream: TcpStream, client: SocketAddr) {
        let (acceptor, deadline) = (self.acceptor.clone(), self.handshake_max);
        self.handshakes.spawn(async move {
            match tokio::time::timeout(deadline, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => Some((stream, client)),
                Ok(Err(error)) => {
                    tracing::debug!(%client, error = &error as &dyn std::error::Error, "a handshake failed");
                    None
                }
                Err(_) => {
                    tracing::debug!(%client, "a handshake took too long");
                    None
                }
            }
        });
    }
}

impl axum::serve::Listener for Listener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                // Those that are done come first: they make room.
                biased;
                Some(done) = self.handshakes.join_next() => {
                    if let Ok(Some(done)) = done {
                        return done;
                    }
                }
                (stream, client) = axum::serve::Listener::accept(&mut self.tcp), if self.handshakes.len() < HANDSHAKES_MAX => {
                    self.begin(stream, client);
                }
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}
