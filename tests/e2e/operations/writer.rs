//! A store whose writer does not write: readiness says so, somebody is told, and the service manager is not told what is not so.

use super::{keeper, lines, wait_for, with_a_shop};
use crate::http::Http;
use serde_json::Value;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_program_holds_is_not_ready_and_an_alert() {
    let mut daemon = with_a_shop();
    let token = daemon.token("operator", "operator", &[]);
    let (command, manager) = (keeper(&daemon), daemon.path("notify"));
    let manager = (std::os::unix::net::UnixDatagram::bind(&manager).expect("the folder can be written"), manager);
    let name = manager.1.display().to_string();
    daemon.serve_with(&[("CARTAGE_ALERTS_COMMAND", &command), ("NOTIFY_SOCKET", &name), ("WATCHDOG_USEC", "1000000")]);
    let (http, ready) = (Http::new(), format!("{}/readyz", daemon.api()));
    http.ask("GET", &ready, "", None).await.is(200);
    let held = rusqlite::Connection::open(daemon.path("data/cartage.sqlite")).expect("it is there");
    held.execute_batch("BEGIN IMMEDIATE").expect("nobody writes now");
    tokio::time::sleep(Duration::from_millis(600)).await;
    let begun = Instant::now();
    http.ask("GET", &ready, "", None).await.problem(503, "unavailable", "another program is writing to the file");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let told = wait_for("the alert", || lines(&daemon.path("told")).into_iter().next());
    assert_eq!(
        (&told["news"], &told["kind"], &told["more"]),
        (&"raised".into(), &"store-stuck".into(), &"docs/alerts.md#store-stuck".into())
    );
    let open = http.ask("GET", &format!("{}/v1/alerts", daemon.api()), &token, None).await.is(200);
    assert_eq!(open.json["alerts"][0]["kind"], "store-stuck", "{}", open.text);
    let (code, status) = daemon.run(&["status"]);
    assert!(code == 1 && status.contains("nothing can be written"), "{status}");
    // The writer lives: to start the daemon anew would mend nothing.
    let mut said = [0; 64];
    manager.0.set_nonblocking(true).expect("it is a socket");
    while manager.0.recv(&mut said).is_ok() {}
    manager.0.set_nonblocking(false).expect("it is a socket");
    manager.0.set_read_timeout(Some(Duration::from_secs(20))).expect("it is a socket");
    let length = manager.0.recv(&mut said).expect("it is told in time");
    assert!(said[..length].starts_with(b"WATCHDOG=1"), "{:?}", &said[..length]);

    held.execute_batch("ROLLBACK").expect("it was begun");
    wait_for("readiness", || {
        let answer: Value = serde_json::from_str(&curl(&daemon.addresses()[0])).ok()?;
        (answer["status"] == "ready").then_some(())
    });
    let over = wait_for("its end", || lines(&daemon.path("told")).into_iter().nth(1));
    assert_eq!((&over["news"], &over["kind"]), (&"cleared".into(), &"store-stuck".into()));
    assert_eq!(daemon.run(&["status"]).0, 0);
    assert!(daemon.stop());
}

/// The body that `/readyz` is answered with.
fn curl(address: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).expect("it listens");
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("it is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is text");
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
}
