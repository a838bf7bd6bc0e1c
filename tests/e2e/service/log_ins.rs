//! A refresh token that the cart replaces with each log-in outlives whatever happens to the process.

use super::Desk;
use crate::harness::guest;
use cartage_tests::answering::{Answering, Asked, Reply};
use cartage_tests::command::cartage;
use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};

/// How often the process dies: somebody who has the time asks for more.
fn kills() -> usize {
    std::env::var("CARTAGE_LOG_IN_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(10)
}

/// A cart's account: a log-in is good for the last refresh token that it gave and, as real servers do, for the one before.
#[derive(Default)]
struct Account {
    given: u64,
    before: String,
    last: String,
    log_ins: usize,
    refused: Vec<String>,
}

#[derive(Clone)]
struct Accounts(Arc<Mutex<Account>>);

impl Accounts {
    fn get(&self) -> MutexGuard<'_, Account> {
        self.0.lock().expect("nobody panics while holding it")
    }

    fn answer(&self, asked: &Asked) -> Reply {
        let mut account = self.get();
        if asked.line == "POST /login" {
            account.log_ins += 1;
            let refresh = asked.body.trim_start_matches("refresh=").to_owned();
            if refresh == account.last {
                account.before = refresh;
            } else if refresh != account.before {
                account.refused.push(refresh);
                return Reply::status(403);
            }
            account.given += 1;
            account.last = format!("refresh-token-{}", account.given);
            let body = format!("{{\"forgery\":\"against-forgery-{0}\",\"refresh\":\"refresh-token-{0}\",\"expires\":600}}", account.given);
            let json = Reply::json(body);
            return Reply { headers: format!("{}set-cookie: sid=session-of-{}; Path=/\r\n", json.headers, account.given), ..json };
        }
        let is_known = asked.headers.contains(&format!("cookie: sid=session-of-{}\n", account.given));
        let is_own = asked.line.starts_with("GET") || asked.body == format!("forgery=against-forgery-{}", account.given);
        Reply::status(if is_known && is_own { 200 } else { 401 })
    }
}

/// A desk with a live cart that logs in at this URL, and its account there.
async fn desk() -> (Desk, Answering, Accounts) {
    let first = "refresh-token-0".to_owned();
    let accounts = Accounts(Arc::new(Mutex::new(Account { before: first.clone(), last: first.clone(), ..Account::default() })));
    let at_work = accounts.clone();
    let cart = Answering::start(move |asked| at_work.answer(asked)).await.expect("loopback has a port");
    let desk = Desk::new();
    // Read once, so that a guest that was not built says so.
    guest("logs_in");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guests/logs_in.wasm");
    fs::copy(file, desk.path("guest.wasm")).expect("it was built");
    desk.write("shop.toml", &definition(&cart.base_url()));
    desk.done(&["apply", "shop.toml"]);
    desk.switch_on("shop");
    let (code, result, talk) = desk.type_in(&["credential", "set", "shop", "account", "refresh"], &first);
    assert_eq!(code, 0, "{result}{talk}");
    (desk, cart, accounts)
}

fn definition(url: &str) -> String {
    format!(
        "cart = \"shop\"\nplugin = \"guest.wasm\"\nmode = \"live\"\n[endpoints.api]\nbase_url = {url:?}\n\
         private = [{{ name = \"this test's shop\", allow = \"127.0.0.1/32\" }}]\n"
    )
}

/// Checks the cart in a process that dies at this place.
fn check_and_die(desk: &Desk, place: &str) -> Output {
    let mut command = cartage();
    command.args(["cart", "check", "shop"]).env("CARTAGE_DATA", desk.path("data")).env("CARTAGE_FAILPOINT", place);
    command.current_dir(desk.path(".")).stdin(Stdio::null()).output().expect("the command starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_outlives_deaths_between_the_answer_and_the_disk() {
    let (desk, _cart, accounts) = desk().await;
    for number in 0..kills() {
        // Most of them die before the disk, many times in a row, and some when the value was kept and before a token was used.
        let place = if number % 5 == 4 { "log-in-kept" } else { "log-in-answered" };
        let output = check_and_die(&desk, place);
        assert_eq!(output.status.code(), None, "it dies at {place}: {}", String::from_utf8_lossy(&output.stderr));
        let account = accounts.get();
        assert_eq!((account.log_ins, account.refused.as_slice()), (number + 1, [].as_slice()), "after {place}");
    }
    let checked = desk.done(&["cart", "check", "shop"]);
    assert!(checked.contains("the shop takes the account"), "{checked}");
    let account = accounts.get();
    assert_eq!((account.log_ins, account.refused.as_slice()), (kills() + 1, [].as_slice()));
    drop(account);
    let (_, rows) = desk.everything();
    let audit = rows.last().expect("the audit is the last");
    assert!(audit.contains("credential replaced") && !audit.contains("refresh-token-"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_goes_with_the_tokens_of_a_log_in_and_no_record_holds_one() {
    let (desk, _cart, accounts) = desk().await;
    let send = |order: &str| desk.run(&["send", "--cart", "shop", "--order", order, "--label", "Shipped", "--cassette", "attempt.json"]);
    let (code, printed) = send("1021");
    assert_eq!(code, 0, "{printed}");
    let cassette = fs::read_to_string(desk.path("attempt.json")).expect("it was written");
    for secret in ["refresh-token-", "session-of-", "against-forgery-"] {
        assert!(!printed.contains(secret) && !cassette.contains(secret), "{secret}: {printed}\n{cassette}");
    }
    assert!(cassette.contains("sid=[account.sid]") && cassette.contains("forgery=[account.forgery]"), "{cassette}");
    desk.done(&["plugin", "replay", "guest.wasm", "attempt.json"]);
    // The server takes neither value any more.
    accounts.get().last = "refresh-token-of-somebody-else".to_owned();
    accounts.get().before = "refresh-token-of-somebody-else".to_owned();
    let (code, printed) = send("1022");
    assert!(code != 0 && printed.contains("it was answered with status 403; check the credential"), "{printed}");
    assert_eq!(desk.json(&["cart", "show", "shop"])["paused"], "credentials", "a log-in that is refused is a refused credential");
}

#[test]
fn a_field_that_the_cart_replaces_is_named_and_lies_in_the_vault() {
    let desk = Desk::new();
    guest("logs_in");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guests/logs_in.wasm");
    fs::copy(file, desk.path("guest.wasm")).expect("it was built");
    let inspected = desk.done(&["plugin", "inspect", "guest.wasm"]);
    assert!(inspected.contains("the log-in's answer replaces the stored value of refresh for good"), "{inspected}");
    desk.write("shop.toml", &format!("{}[credentials.account]\nrefresh = {{ env = \"PATH\" }}\n", definition("http://127.0.0.1:9")));
    let refused = desk.refused(&["apply", "shop.toml"], "replace the field refresh of the credential slot account");
    assert!(refused.contains("cartage credential set shop account refresh"), "{refused}");
    let words =
        ["plugin", "run", "guest.wasm", "--bind", "api=http://127.0.0.1:9", "--loopback", "--credential", "account.refresh=env:PATH"];
    let (_, printed) = desk.run(&[&words[..], &["--order", "1", "--label", "Shipped", "--dry-run"]].concat());
    assert!(printed.contains("keeps the new value only in memory"), "{printed}");
}
