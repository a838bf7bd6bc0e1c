//! The client of the API: who answers it, and what it makes of answers that are none.

use super::*;
use cartage::clock::ManualClock;
use cartage_http::api::documents::{ClockState, TokenList};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use tempfile::TempDir;

/// A folder with a data directory `data` in it.
fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
    let data = folder.path().join("data");
    drop(Service::init(&data, Arc::new(ManualClock::at(1_795_442_706_789))).expect("it is made"));
    (folder, data)
}

/// A daemon that takes one connection, reads the head of a request, and says this.
fn daemon(said: &'static [u8]) -> (TempDir, Client) {
    let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).expect("the path is short");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the client connects");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte).expect("the client sends a head") == 0 {
                break;
            }
            head.push(byte[0]);
        }
        stream.write_all(said).expect("the client listens");
    });
    (folder, Client { server: Server::Daemon(socket) })
}

fn ask<A: DeserializeOwned>(client: &Client, path: &[&str]) -> Result<A, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there are threads");
    runtime.block_on(client.get(to(path)))
}

#[test]
fn a_path_keeps_the_names_in_it() {
    assert_eq!(to(&["carts", "seed-shop", "pause"]).text(), "/v1/carts/seed-shop/pause");
    assert_eq!(to(&["events", "Order Shipped/é+%"]).text(), "/v1/events/Order%20Shipped%2F%C3%A9%2B%25");
    assert_eq!(to(&["tokens", ".."]).text(), "/v1/tokens/..");
    let queried = to(&["carts"]).with("a", "1 2&").maybe("b", None).maybe("c", Some("x")).flag("d", true).flag("e", false);
    assert_eq!(queried.text(), "/v1/carts?a=1+2%26&c=x&d=true");
}

#[test]
fn a_path_that_no_request_can_have_is_an_error() {
    let (_folder, data) = folder();
    let here = Client::open(&data).expect("nobody works in it");
    // The path is `/v1/tokens/` and the name.
    let ask = |bytes: usize| ask::<TokenList>(&here, &["tokens", &"x".repeat(bytes - 11)]).expect_err("there is no such token");
    assert!(matches!(ask(TARGET_BYTES_MAX), Error::Refused(..)));
    assert!(matches!(ask(TARGET_BYTES_MAX + 1), Error::TooLong { bytes } if bytes == TARGET_BYTES_MAX + 1));
    let failure = Failure::from(ask(100_000));
    assert!(failure.text().starts_with("the arguments of this command are too long: "), "{}", failure.text());
    assert!(failure.remedy().is_some_and(|remedy| remedy.starts_with("check them")));
}

#[test]
fn a_command_works_where_the_lock_and_the_socket_say() {
    let (folder, data) = folder();
    let here = Client::open(&data).expect("nobody works in it");
    assert!(ask::<TokenList>(&here, &["tokens"]).is_ok_and(|answer| answer.tokens.is_empty()));
    let failure = Client::open(&data).expect_err("another command works in it");
    assert!(failure.text().contains(&format!("the Cartage with process id {}", std::process::id())), "{}", failure.text());
    assert!(failure.remedy().is_some_and(|remedy| remedy.contains("in a moment")));
    // A socket that nobody answers at is that of a daemon that died.
    let socket = DataDir::api_socket(&data);
    drop(UnixListener::bind(&socket).expect("the path is short"));
    assert!(Client::open(&data).is_err());
    std::fs::remove_file(&socket).expect("it is there");
    let daemon = UnixListener::bind(&socket).expect("the path is short");
    assert!(matches!(Client::open(&data), Ok(Client { server: Server::Daemon(found) }) if found == socket));
    drop((here, daemon));
    assert!(matches!(Client::open(&data), Ok(Client { server: Server::Here(_) })), "the lock alone counts");
    drop(folder);
    let failure = Client::open(&data).expect_err("it is gone");
    assert!(failure.text().contains("is not a data directory"), "{}", failure.text());
}

#[test]
fn a_refusal_is_told_with_its_causes_and_in_the_words_of_the_command_line() {
    let problem = r#"{"type": "docs/http-api.md#conflict", "title": "t", "status": 409, "detail": "could not do it", "causes": ["the first", "the second"],
        "what_to_do": {"do": "list-carts"}, "instance": "/v1/carts", "state": "queued"}"#;
    let error = Error::refused(serde_json::from_str(problem).expect("it is a problem"));
    assert!(error.is("conflict") && !error.is("not-found"));
    assert_eq!(error.problem().and_then(|problem| problem.more.as_ref()?.state.clone()).as_deref(), Some("queued"));
    let failure = Failure::from(error);
    assert_eq!(failure.text(), "could not do it: the first: the second");
    assert_eq!(failure.remedy(), Some("`cartage cart list` lists the carts"));
    // Requests about what is not there, of a real directory.
    let (_folder, data) = folder();
    let here = Client::open(&data).expect("nobody works in it");
    let error = ask::<TokenList>(&here, &["nowhere"]).expect_err("there is no such path");
    assert!(error.is("not-found") && error.problem().is_some_and(|problem| problem.what_to_do.is_none()), "{error}");
}

#[test]
fn a_daemon_that_is_lost_or_lies_is_an_error_of_the_command() {
    let said = |said: &'static [u8]| {
        let (_folder, client) = daemon(said);
        Failure::from(ask::<ClockState>(&client, &["clock"]).expect_err("it is no answer"))
    };
    for half in [&b""[..], b"HTTP/1.1 200", b"no http\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let failure = said(half);
        assert!(failure.text().starts_with("lost the connection to the daemon"), "{half:?}: {}", failure.text());
        assert!(failure.remedy().is_some_and(|remedy| remedy.contains("repeat")), "{}", failure.text());
    }
    for other in [&b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"[..], b"HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\n[]"] {
        let failure = said(other);
        assert!(failure.text().starts_with("could not read the answer of the API to GET /v1/clock: "), "{other:?}");
        assert!(failure.remedy().is_some_and(|remedy| remedy.contains("restart it")), "{other:?}");
    }
    let nowhere = Client { server: Server::Daemon("/nowhere/api.sock".into()) };
    let failure = Failure::from(ask::<ClockState>(&nowhere, &["clock"]).expect_err("nobody listens there"));
    assert!(failure.text().contains("was not asked of it: No such file"), "{}", failure.text());
    assert!(failure.remedy().is_some_and(|remedy| remedy.starts_with("repeat this command")));
}
