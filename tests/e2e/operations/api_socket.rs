//! The API at the socket in the data directory, for users of the machine.

use super::digest;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Sends a request and returns the status and the document of its answer.
fn ask(socket: &Path, request: &str, media_type: &str, body: &[u8]) -> (u16, Value) {
    let mut stream = UnixStream::connect(socket).expect("the daemon listens");
    let head = format!(
        "{request} HTTP/1.1\r\nhost: cartage\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).expect("it is read");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer is text");
    let (head, document) = answer.split_once("\r\n\r\n").expect("it has a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("it has a status");
    (status, serde_json::from_str(document).unwrap_or(Value::Null))
}

#[test]
fn a_user_of_the_machine_does_over_the_socket_what_commands_do() {
    let mut daemon = super::with_a_shop();
    daemon.serve();
    let socket = daemon.path("data/api.sock");
    assert_eq!(std::fs::metadata(&socket).expect("it is there").permissions().mode() & 0o777, 0o600);
    let get = |path: &str| ask(&socket, &format!("GET {path}"), "application/json", b"");
    let post = |path: &str, body: Value| ask(&socket, &format!("POST {path}"), "application/json", body.to_string().as_bytes());
    let (status, carts) = get("/v1/carts");
    assert_eq!((status, &carts["carts"][0]["cart"], &carts["carts"][0]["enabled"]), (200, &json!("shop"), &json!(true)), "{carts}");
    // A plugin's file comes over the socket.
    let before = digest(&daemon, "shop");
    let file = std::fs::read(daemon.path("script.wasm")).expect("it is there");
    let (status, kept) = ask(&socket, "POST /v1/plugins", "application/wasm", &file);
    assert_eq!((status, kept["digest"].as_str()), (200, Some(before.as_str())), "{kept}");
    let (status, refused) = ask(&socket, "POST /v1/plugins", "application/wasm", b"\0asm");
    assert_eq!((status, refused["status"].as_u64()), (422, Some(422)), "{refused}");
    // Its shop is not there: the check says so, and the command says the same.
    let (status, checked) = post("/v1/carts/shop/check", json!({}));
    assert_eq!((status, &checked["works"]), (200, &json!(false)), "{checked}");
    assert_eq!(daemon.run(&["cart", "check", "shop"]).0, 1);
    // The same plugin with a custom section of its own, which is another file.
    let other = [file.as_slice(), &[0, 5, 4], b"test"].concat();
    let (_, kept) = ask(&socket, "POST /v1/plugins", "application/wasm", &other);
    let after = kept["digest"].as_str().expect("it is kept");
    let (status, would) = post("/v1/carts/shop/upgrade", json!({ "digest": after, "dry_run": true }));
    assert_eq!((status, &would["made"], digest(&daemon, "shop")), (200, &json!(false), before.clone()), "{would}");
    let (status, made) = post("/v1/carts/shop/upgrade", json!({ "digest": after, "file": "other.wasm", "replay_last": 1 }));
    assert_eq!((status, &made["made"], digest(&daemon, "shop").as_str()), (200, &json!(true), after), "{made}");
    let (status, back) = post("/v1/carts/shop/rollback", json!({}));
    assert_eq!((status, &back["made"], digest(&daemon, "shop")), (200, &json!(true), before), "{back}");
    let (status, changed) = ask(&socket, "PATCH /v1/carts/shop", "application/json", br#"{"mode":"shadow"}"#);
    assert_eq!((status, changed["changes"].as_array().map(Vec::len)), (200, Some(1)), "{changed}");
    assert!(daemon.done(&["cart", "show", "shop"]).contains("shadow"));
    // What nobody on the network may do, and what the audit calls it: the machine's user does it.
    assert_eq!(post("/v1/clock/confirm", json!({})).0, 200);
    assert_eq!(post("/v1/key/rotate", json!({})).0, 200);
    assert_eq!(get("/v1/status").1["carts"][0]["mode"], "shadow");
    assert_eq!(get("/v1/nowhere").0, 404);
    assert!(daemon.stop());
    assert!(!socket.exists(), "a daemon that ends takes its socket with it");
}

#[test]
fn a_request_under_way_is_answered_when_the_daemon_stops() {
    let mut daemon = super::with_a_shop();
    daemon.serve();
    let socket = daemon.path("data/api.sock");
    // One that sends nothing holds up nobody.
    let idle = UnixStream::connect(&socket).expect("the daemon listens");
    let mut begun = UnixStream::connect(&socket).expect("the daemon listens");
    let body = r#"{"why":"stock-taking"}"#;
    let head =
        format!("POST /v1/pause HTTP/1.1\r\nhost: cartage\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    begun.write_all(head.as_bytes()).expect("it is read");
    let stopping = std::thread::spawn(move || (daemon.stop(), daemon));
    std::thread::sleep(std::time::Duration::from_millis(300));
    begun.write_all(body.as_bytes()).expect("the daemon waits for it");
    let mut answer = String::new();
    begun.read_to_string(&mut answer).expect("the answer is text");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (stopped, daemon) = stopping.join().expect("it ends");
    assert!(stopped);
    drop(idle);
    assert!(daemon.run(&["status"]).1.contains("paused"));
}
