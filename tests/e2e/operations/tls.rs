//! TLS of the daemon's own, as its clients meet it.

use super::{PATIENCE, wait_for, with_a_shop};
use crate::daemon::Daemon;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

/// Two certificates for localhost until 2126, made for tests.
pub(super) const FIRST: [&str; 2] = [
    include_str!("../../../host/cli/src/cli/serve/tls/tests/first.pem"),
    include_str!("../../../host/cli/src/cli/serve/tls/tests/first.key.pem"),
];
const SECOND: [&str; 2] = [
    include_str!("../../../host/cli/src/cli/serve/tls/tests/second.pem"),
    include_str!("../../../host/cli/src/cli/serve/tls/tests/second.key.pem"),
];

/// Both listeners with the same files.
pub(super) const OPTIONS: [&str; 8] =
    ["--tls-cert", "cert.pem", "--tls-key", "key.pem", "--seti-tls-cert", "cert.pem", "--seti-tls-key", "key.pem"];

pub(super) fn put(daemon: &Daemon, [certificate, key]: [&str; 2]) {
    std::fs::write(daemon.path("cert.pem"), certificate).expect("the folder can be written");
    std::fs::write(daemon.path("key.pem"), key).expect("the folder can be written");
    std::fs::set_permissions(daemon.path("key.pem"), std::fs::Permissions::from_mode(0o600)).expect("it is ours");
}

/// Asks over TLS, trusting this certificate only; the whole answer.
pub(super) fn ask(address: &str, trusted: &str, request: &str) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).expect("it is PEM")).expect("it can be an authority");
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider speaks them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("it is a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("the configuration is whole");
    let tcp = TcpStream::connect(address)?;
    tcp.set_read_timeout(Some(PATIENCE))?;
    let mut tls = StreamOwned::new(connection, tcp);
    tls.write_all(request.as_bytes())?;
    let mut answer = String::new();
    match tls.read_to_string(&mut answer) {
        // The server need not say goodbye once its answer is whole.
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(answer),
    }
}

pub(super) const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// What a script is asked first. Without a log-in it is denied, and so was read.
pub(super) const VERSION: &str = "POST /seti/shop HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                       Content-Length: 24\r\n\r\nsetifunction=sendversion";

#[test]
fn both_ways_in_speak_tls_and_nothing_else() {
    let mut daemon = with_a_shop();
    put(&daemon, FIRST);
    daemon.serve_as(&OPTIONS, &[]);
    let [api, seti] = daemon.addresses();
    let answer = ask(&api, FIRST[0], HEALTH).expect("it is trusted");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"up\""), "{answer}");
    let answer = ask(&seti, FIRST[0], VERSION).expect("it is trusted");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("SETI"), "{answer}");
    for (address, request) in [(&api, HEALTH), (&seti, VERSION)] {
        let mut plain = TcpStream::connect(address).expect("it listens");
        plain.set_read_timeout(Some(PATIENCE)).expect("it is a socket");
        plain.write_all(request.as_bytes()).expect("it is sent");
        let mut answer = Vec::new();
        // A reset is an end as well.
        let _ = plain.read_to_end(&mut answer);
        assert!(!String::from_utf8_lossy(&answer).contains("HTTP"), "{answer:?}");
    }
    assert!(daemon.stop());
}

#[test]
fn a_renewed_certificate_is_served_at_a_hang_up_and_a_broken_one_is_not() {
    let mut daemon = with_a_shop();
    put(&daemon, FIRST);
    daemon.serve_as(&OPTIONS, &[]);
    let addresses = daemon.addresses();
    put(&daemon, [SECOND[0], FIRST[1]]);
    daemon.signal("HUP");
    let log = || std::fs::read_to_string(daemon.path("log")).expect("it is there");
    wait_for("the word that the files do not fit", || log().contains("is not that of the first certificate").then_some(()));
    for address in &addresses {
        ask(address, FIRST[0], HEALTH).expect("the one from before is served on");
    }
    put(&daemon, SECOND);
    daemon.signal("HUP");
    for address in &addresses {
        wait_for("the new certificate", || ask(address, SECOND[0], HEALTH).ok());
        ask(address, FIRST[0], HEALTH).expect_err("the old one is served no more");
    }
    assert!(daemon.stop());
}

#[test]
fn beyond_this_machine_tls_is_needed_or_a_proxy() {
    let daemon = with_a_shop();
    put(&daemon, FIRST);
    for (option, carries) in [("--listen", "requests carry tokens"), ("--seti-listen", "posts carry passwords")] {
        let (code, said) = daemon.run(&["serve", option, "0.0.0.0:0"]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(carries) && said.contains("--behind-proxy"), "{said}");
    }
    // A certificate of one way in does not help the other.
    let (code, said) = daemon.run(&["serve", "--listen", "0.0.0.0:0", "--seti-tls-cert", "cert.pem", "--seti-tls-key", "key.pem"]);
    assert_eq!(code, 2, "{said}");
    let (code, said) = daemon.run(&["serve", "--tls-cert", "cert.pem"]);
    assert!(code == 2 && said.contains("--tls-key"), "{said}");
}

#[test]
fn files_that_cannot_be_served_end_the_start() {
    let daemon = with_a_shop();
    put(&daemon, [FIRST[0], SECOND[1]]);
    let (code, said) = daemon.run(&["serve", "--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    assert!(code == 1 && said.contains("is not that of the first certificate in cert.pem"), "{said}");
    put(&daemon, FIRST);
    std::fs::set_permissions(daemon.path("key.pem"), std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    let (code, said) = daemon.run(&["serve", "--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    assert!(code == 1 && said.contains("chmod 600 key.pem"), "{said}");
    let (code, said) = daemon.run(&["serve", "--tls-cert", "missing.pem", "--tls-key", "key.pem"]);
    assert!(code == 1 && said.contains("could not read missing.pem"), "{said}");
}
