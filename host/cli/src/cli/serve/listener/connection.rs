//! One connection: its TLS handshake, its requests, and their log lines.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use cartage_http::inbound::connection::{Connection, Phase};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// Largest number of headers of a request. A request with more is answered with status 431.
const HEADERS_MAX: usize = 100;

/// What a listener serves on each connection.
pub(super) struct Served {
    pub(super) router: Router,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) head_bytes_max: usize,
}

impl Served {
    /// Serves a connection to its end.
    pub(super) async fn connection(&self, stream: TcpStream, client: SocketAddr, connection: &Connection, stopped: watch::Receiver<bool>) {
        let Some(tls) = &self.tls else {
            return Box::pin(self.http(stream, client, connection, stopped)).await;
        };
        match Box::pin(tls.accept(stream)).await {
            Ok(stream) => {
                connection.enter(Phase::Opened);
                Box::pin(self.http(stream, client, connection, stopped)).await;
            }
            Err(error) => tracing::debug!(%client, error = &error as &dyn std::error::Error, "a handshake failed"),
        }
    }

    async fn http(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        client: SocketAddr,
        connection: &Connection,
        stopped: watch::Receiver<bool>,
    ) {
        let service = service_fn(|mut request: Request<Incoming>| {
            connection.enter(if request.body().is_end_stream() { Phase::Whole } else { Phase::Body });
            request.extensions_mut().insert(ConnectInfo(client));
            request.extensions_mut().insert(connection.clone());
            let answer = TowerToHyperService::new(self.router.clone()).call(request.map(Body::new));
            async move {
                let answer = answer.await;
                connection.enter(Phase::Answered);
                answer
            }
        });
        let mut builder = http1::Builder::new();
        builder.max_buf_size(self.head_bytes_max).max_headers(HEADERS_MAX);
        let io = TokioIo::new(Noted { stream, connection: connection.clone() });
        let mut served = pin!(builder.serve_connection(io, service));
        let ended = tokio::select! {
            ended = served.as_mut() => ended,
            () = super::super::until(stopped) => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%client, error = &error as &dyn std::error::Error, "a connection ended before its request or response was complete");
        }
    }
}

/// A stream that records when the first byte of each request arrives.
struct Noted<S> {
    stream: S,
    connection: Connection,
}

impl<S: AsyncRead + Unpin> AsyncRead for Noted<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before && matches!(self.connection.phase().0, Phase::Opened | Phase::Answered) {
            self.connection.enter(Phase::Head);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noted<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
