//! Clients that complete the handshake, stall, or do not speak TLS.

use super::super::super::listener::slots::{Limits, Patience};
use super::super::super::listener::{Listener, Rules};
use super::super::{Keeper, Look};
use super::{FIRST, FIRST_KEY, SECOND, SECOND_KEY, open, write};
use axum::extract::ConnectInfo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The longest wait for an event that must happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Serves a router that answers with the client's address.
async fn serve(keeper: &Arc<Keeper>, handshake_max: Duration) -> SocketAddr {
    let tcp = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
    let address = tcp.local_addr().expect("it is bound");
    let limits = Limits { in_all: 64, of_address: None };
    let patience = Patience { opened: handshake_max, ..Patience::USUAL };
    let rules = Rules { allowed: Vec::new(), limits, patience, head_bytes_max: 8 << 10 };
    let config = Arc::new(keeper.config().expect("it is whole"));
    let router = axum::Router::new()
        .route("/", axum::routing::get(|ConnectInfo(client): ConnectInfo<SocketAddr>| async move { client.to_string() }));
    let listener = Listener::new(tcp, Some(config.into()), router, rules);
    tokio::spawn(async move {
        let (_stop, stopped) = watch::channel(false);
        listener.serve(stopped).await;
    });
    address
}

fn trusting(certificates: &[&str], versions: &[&'static rustls::SupportedProtocolVersion]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("it is PEM");
        roots.add(certificate).expect("it can be an authority");
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = builder.with_protocol_versions(versions).expect("the provider speaks them").with_root_certificates(roots);
    Arc::new(config.with_no_client_auth()).into()
}

const BOTH: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

async fn shake(address: SocketAddr, connector: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    connector.connect(ServerName::try_from("localhost").expect("it is a name"), stream).await
}

/// Sends a request on an open connection and returns the answer's body.
async fn ask(stream: &mut TlsStream<TcpStream>) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("it is sent");
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("\r\n\r\n127.0.0.1:") {
        let mut some = [0; 1024];
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut some)).await.expect("it answers in time").expect("it is not cut off");
        assert!(read > 0, "it is answered: {}", String::from_utf8_lossy(&answer));
        answer.extend(&some[..read]);
    }
    String::from_utf8(answer).expect("it is text")
}

fn keeper() -> (tempfile::TempDir, Arc<Keeper>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), FIRST, FIRST_KEY);
    let keeper = open(folder.path()).expect("they are whole");
    (folder, keeper)
}

#[tokio::test]
async fn both_versions_are_served_and_know_the_client_s_address() {
    let (_folder, keeper) = keeper();
    let address = serve(&keeper, PATIENCE).await;
    for version in [&[&rustls::version::TLS13][..], &[&rustls::version::TLS12]] {
        let mut stream = shake(address, &trusting(&[FIRST], version)).await.expect("it is trusted");
        let own = stream.get_ref().0.local_addr().expect("it is connected");
        let answer = ask(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with(&own.to_string()), "{answer}");
    }
}

#[tokio::test]
async fn a_replaced_certificate_is_used_by_the_next_connection_and_the_open_ones_go_on() {
    let (folder, keeper) = keeper();
    let address = serve(&keeper, PATIENCE).await;
    let (first, second) = (trusting(&[FIRST], BOTH), trusting(&[SECOND], BOTH));
    let mut early = shake(address, &first).await.expect("it is trusted");
    assert!(shake(address, &second).await.is_err(), "the second is not served yet");
    write(folder.path(), SECOND, SECOND_KEY);
    assert_eq!(keeper.look(), Look::Taken);
    ask(&mut shake(address, &second).await.expect("it is served now")).await;
    assert!(shake(address, &first).await.is_err(), "the first is served no more");
    ask(&mut early).await;
}

/// Everything received until the server closes the connection.
async fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    // The connection may end by a reset as well.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut received)).await.expect("it is closed in time");
    received
}

#[tokio::test]
async fn plain_http_is_refused() {
    let (_folder, keeper) = keeper();
    let address = serve(&keeper, PATIENCE).await;
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("it is sent");
    let received = until_closed(&mut stream).await;
    assert!(!String::from_utf8_lossy(&received).contains("HTTP"), "{received:?}");
}

#[tokio::test]
async fn what_is_older_than_tls_1_2_is_refused() {
    // A hello of TLS 1.1 with one cipher suite, as an old client sends it: record, handshake, version, random, no session, suite, no compression, and the one
    // signature scheme that the certificate has.
    let mut hello = vec![0x16, 3, 1, 0, 55, 1, 0, 0, 51, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xC0, 0x13, 1, 0]);
    hello.extend([0, 8, 0, 13, 0, 4, 0, 2, 4, 3]);
    let (_folder, keeper) = keeper();
    let mut stream = TcpStream::connect(serve(&keeper, PATIENCE).await).await.expect("it listens");
    stream.write_all(&hello).await.expect("it is sent");
    // A fatal alert: protocol version.
    let received = until_closed(&mut stream).await;
    assert!(received.ends_with(&[2, 70]), "{received:?}");
}

#[tokio::test]
async fn a_stalled_handshake_is_dropped_at_its_deadline_and_delays_nobody() {
    let (_folder, keeper) = keeper();
    let deadline = Duration::from_millis(300);
    let address = serve(&keeper, deadline).await;
    let begun = tokio::time::Instant::now();
    let mut silent = TcpStream::connect(address).await.expect("it listens");
    let mut halfway = TcpStream::connect(address).await.expect("it listens");
    halfway.write_all(&[0x16, 3, 1]).await.expect("it is sent");
    for stalled in [&mut silent, &mut halfway] {
        assert!(until_closed(stalled).await.is_empty());
        assert!(begun.elapsed() >= deadline - Duration::from_millis(50), "{:?}", begun.elapsed());
    }

    let patient = serve(&keeper, PATIENCE * 10).await;
    let _stalled = TcpStream::connect(patient).await.expect("it listens");
    let answered =
        tokio::time::timeout(PATIENCE, async { ask(&mut shake(patient, &trusting(&[FIRST], BOTH)).await.expect("it is trusted")).await });
    answered.await.expect("it does not wait for the one that stalls");
}
