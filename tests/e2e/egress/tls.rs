//! TLS: whom egress believes.

use super::names::Played;
use super::{Shop, get, send};
use cartage::egress::Egress;
use cartage::egress::resolve::Resolver;
use cartage_contract::http::{ErrorKind, Reach};
use cartage_tests::bad_cart::{BadCart, Step};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

const AUTHORITY: &[u8] = include_bytes!("tls/authority.der");
/// For shop.example, by the authority, until 2120.
const SHOP: &[u8] = include_bytes!("tls/shop.der");
/// The same, until 2021.
const EXPIRED: &[u8] = include_bytes!("tls/expired.der");
const KEY: &[u8] = include_bytes!("tls/shop.key.der");

/// How a server ends a connection.
#[derive(Clone, Copy)]
enum End {
    Notify,
    Cut,
}

/// Serves one connection over TLS; what it received comes back. An error is a client that went away.
fn serve(certificate: &'static [u8], answer: &'static str, end: End) -> (SocketAddr, JoinHandle<std::io::Result<String>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a port");
    let address = listener.local_addr().expect("it is bound");
    let serving = std::thread::spawn(move || {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(KEY));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider speaks them")
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate)], key)
            .expect("the key fits the certificate");
        let (stream, _) = listener.accept()?;
        let connection = ServerConnection::new(Arc::new(config)).expect("the configuration is whole");
        let mut tls = StreamOwned::new(connection, stream);
        let mut received = Vec::new();
        while !received.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            tls.read_exact(&mut byte)?;
            received.extend(byte);
        }
        tls.write_all(answer.as_bytes())?;
        if matches!(end, End::Notify) {
            tls.conn.send_close_notify();
        }
        tls.flush()?;
        Ok(String::from_utf8_lossy(&received).into_owned())
    });
    (address, serving)
}

/// A shop by this name, whose name leads to the address.
fn shop(name: &str, address: SocketAddr, trusting: bool) -> Shop {
    let mut shop = Shop::at(format!("https://{name}:{}", address.port()), Some(name));
    let egress =
        Egress::new(Arc::new(cartage::clock::SystemClock)).with_resolver(Played::answering(&[&["127.0.0.1"]]) as Arc<dyn Resolver>);
    shop.egress = if trusting { egress.trusting(AUTHORITY).expect("it is a certificate") } else { egress };
    shop
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_is_believed() {
    let (address, serving) = serve(SHOP, OK, End::Notify);
    let (answer, entry) = shop("shop.example", address, true).get().await;
    assert_eq!(answer.expect("it is trusted").body, b"ok");
    assert_eq!(entry.peer, Some(address));
    let received = serving.join().expect("the server does not panic").expect("it was asked");
    assert_eq!(
        received,
        format!(
            "GET /orders HTTP/1.1\r\nuser-agent: cartage/0.1.0\r\naccept-encoding: identity\r\naccept: */*\r\nhost: shop.example:{}\r\n\r\n",
            address.port()
        )
    );
}

#[tokio::test]
async fn others_are_not_and_nothing_is_sent() {
    for (name, certificate, trusting) in [("shop.example", SHOP, false), ("other.example", SHOP, true), ("shop.example", EXPIRED, true)] {
        let (address, serving) = serve(certificate, OK, End::Notify);
        let (answer, entry) = shop(name, address, trusting).get().await;
        let error = answer.expect_err("it is not to be trusted");
        assert_eq!((error.kind, error.reach, entry.reach), (ErrorKind::Tls, Reach::NothingSent, Reach::NothingSent), "{error}");
        assert!(serving.join().expect("the server does not panic").is_err(), "the server was asked");
    }
}

#[tokio::test]
async fn what_is_not_tls_is_sent_nothing() {
    for script in [
        vec![Step::send("HTTP/1.1 400 Plain HTTP here\r\n\r\n"), Step::Hold],
        vec![Step::send([0x15, 3, 3, 0, 2, 2, 40]), Step::Hold],
        vec![Step::wait_ms(20), Step::Close],
    ] {
        let cart = BadCart::start(script).await.expect("loopback has a port");
        let (answer, _) = shop("shop.example", cart.address(), true).get().await;
        let error = answer.expect_err("it is no TLS");
        assert_eq!((error.kind, error.reach), (ErrorKind::Tls, Reach::NothingSent), "{error}");
        assert!(!String::from_utf8_lossy(&cart.received().concat()).contains("orders"));
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_is_nothing_sent() {
    let cart = BadCart::start(vec![Step::Hold]).await.expect("loopback has a port");
    let (answer, entry) = shop("shop.example", cart.address(), true).impatient().get().await;
    let error = answer.expect_err("it stalls");
    assert_eq!((error.kind, error.reach, entry.reach), (ErrorKind::Timeout, Reach::NothingSent, Reach::NothingSent), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_not_taken_for_whole() {
    for (end, whole) in [(End::Notify, true), (End::Cut, false)] {
        let (address, _serving) = serve(SHOP, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nuntil the end", end);
        let result = send(&mut shop("shop.example", address, true).session(), get("/orders")).await;
        match result {
            Ok(response) => assert!(whole && response.body == b"until the end"),
            Err(error) => assert_eq!((error.kind, error.reach, whole), (ErrorKind::Interrupted, Reach::MaybeSent, false), "{error}"),
        }
    }
}

#[test]
fn what_is_no_certificate_is_not_trusted() {
    assert!(Egress::new(Arc::new(cartage::clock::SystemClock)).trusting(b"not a certificate").is_err());
}
