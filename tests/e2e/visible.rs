//! Text of carts, senders and files cannot forge a line of ours: on a terminal, in JSON, in the log, and on the page. With JSON asked for, every line
//! of the daemon is JSON.

use crate::daemon::Daemon;
use crate::http::Http;
use cartage::visible::is_hidden;
use cartage_tests::order_checker::{Answer, Asked, OrderChecker};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What a script says to move the cursor, to turn the direction of writing, and to begin a line that looks like one of ours.
const FORGED: &str = "no such thing\u{1b}[2K\r\u{85}\u{2028}error: \u{202e}all is lost\u{200b}\u{9b}31m";
/// What a sender may write in a note, and should not be shown as it is.
const NOTE: &str = "for\u{202e}ged\u{2028}error: lost\u{2066}";

fn assert_visible(what: &[&str], printed: &str) {
    let hidden: Vec<char> = printed.chars().filter(|c| *c != '\n' && is_hidden(*c)).collect();
    assert!(hidden.is_empty(), "{what:?} prints {hidden:?}: {printed:?}");
    assert!(!printed.lines().any(|line| line.starts_with("error: ") && line.contains("lost")), "{what:?}: {printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_and_a_sender_forge_no_line_anywhere() {
    let shop = OrderChecker::start_with(Duration::ZERO, |_: &Asked| Answer::Refused(FORGED)).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", "[delivery]\nretry_waits = [\"1 h\"]");
    let send: [&str; 10] = ["send", "--cart", "shop", "--order", "1", "--label", "Status 1", "--note", NOTE, "--package"];
    let send = [&send[..], &["carrier=UP\u{202e}S,number=1Z\u{200b}1"]].concat();
    for words in [&send[..], &["send", "--cart", "shop", "--order", "2", "--label", "Status 1", "--note", NOTE]] {
        for more in [&[][..], &["--json"]] {
            let words = [words, more].concat();
            assert_visible(&words, &daemon.run(&words).1);
        }
    }
    let listed = daemon.json(&["delivery", "list", "--cart", "shop"]);
    let id = listed["queued"][0]["delivery"].as_str().unwrap_or_else(|| panic!("{listed}")).to_owned();
    let see = |daemon: &Daemon| {
        let shown = ["delivery", "show", &id];
        let commands: [&[&str]; 8] = [
            &["explain", "--cart", "shop", "--order", "2"],
            &["explain", "--cart", "shop", "--order", "2", "--full"],
            &["delivery", "list"],
            &shown,
            &["delivery", "show", &id, "--cassette"],
            &["cart", "show", "shop"],
            &["status"],
            &["apply", "no\u{202e}such\nerror: lost.toml"],
        ];
        for words in commands {
            for more in [&[][..], &["--json"]] {
                let words = [words, more].concat();
                assert_visible(&words, &daemon.run(&words).1);
            }
        }
    };
    see(&daemon);
    daemon.serve_as(&["--log", "json"], &[]);
    see(&daemon);
    let (token, http) = (daemon.token("orders", "operator", &[]), Http::new());
    let body = json!({ "cart": "shop", "order_number": "3", "label": "Status 1", "note": NOTE });
    http.json("POST", &format!("{}/v1/status-updates", daemon.api()), &token, &body).await;
    let begun = Instant::now();
    while !daemon.log().contains("\"attempted\"") {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", daemon.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(daemon.stop());
    let log = daemon.log();
    assert_visible(&["serve"], &log);
    let attempts = log.lines().filter(|line| line.contains("\"attempted\"") && line.contains("\"order\":\"3\"")).count();
    assert_eq!(attempts, 1, "one line an attempt: {log}");
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()), "{line}");
    }
}

#[test]
fn with_json_the_daemon_prints_one_object_a_line_also_where_it_cannot_start() {
    let daemon = Daemon::new();
    for (words, ends_well) in
        [(&["--listen", "127.0.0.1:0", "--seti-listen", "127.0.0.1:0"][..], true), (&["--listen", "192.0.2.77:1"], false)]
    {
        let words = [&["serve", "--json", "--log", "json"], words].concat();
        let output = daemon.ended_after(&words, Duration::from_secs(3));
        let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() == ends_well && !printed.trim().is_empty(), "{printed}");
        for line in printed.lines() {
            assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()), "{line}");
        }
    }
}

/// Which of its conditions a post did not meet is for the operator, not for its sender.
#[tokio::test(flavor = "multi_thread")]
async fn the_reason_of_a_denied_post_is_in_the_log_and_not_in_the_answer() {
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", "https://shop.example/seti.php", "encoding = \"delimited\"", "");
    daemon.serve();
    let client = crate::delivery::client();
    let form = |user: &str, password: &str| {
        format!("setifunction=updatestatus&setiuser={user}&password={password}&code=&omversion=7.5&ordernumber=1&orderstatus=Packed")
    };
    let mut answers = Vec::new();
    for (cart, body) in [("shop", form("om", "wrong")), ("shop", form("who", "wrong")), ("nobody", form("om", "wrong"))] {
        let request = client.post(daemon.inlet(cart)).header("content-type", "application/x-www-form-urlencoded").body(body);
        answers.push(request.send().await.expect("it answers").text().await.expect("it is text"));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "the sender hears the same: {answers:?}");
    let log = daemon.log();
    for reason in ["the password is wrong", "the user name and the password are wrong", "there is no such cart"] {
        assert!(log.to_lowercase().contains(reason), "{reason}: {log}");
    }
}
