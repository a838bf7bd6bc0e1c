//! Tests with a small scripted shop, and the messages of cases that fail.

use super::{Cart, Script, problems};
use crate::http::{Method, Request};
use crate::manifest::{Endpoint, Setting, Slot};
use crate::testing::update;
use crate::{Applied, Context, Delivery, Failure, FailureKind, Manifest, OrderKey, Plugin, Report, Update};
use serde_json::json;
use std::path::Path;

struct Shop;

impl Plugin for Shop {
    fn describe() -> Manifest {
        let api = Endpoint::new("api", "the shop", "https://shop.example").methods([Method::Put]).paths(["/orders"]);
        Manifest::new("shop", "1.0.0")
            .cart("Shop")
            .summary("Sets the status.")
            .vendor("Example Ltd")
            .endpoint(api.request_types(["application/json"]))
            .slot(Slot::bearer("token", "a token").alternative("access").for_endpoints(["api"]))
            .slot(Slot::basic("user", "a user").alternative("access").for_endpoints(["api"]))
            .setting(Setting::text("source", "what the shop calls us").default("cartage"))
    }

    fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        Ok(Report::new())
    }

    fn send_order_status(update: Update, _: Delivery, context: Context) -> Result<Applied, Failure> {
        let slot = if context.has_slot("user") { "user" } else { "token" };
        let body = json!({"status": update.status, "source": context.text("source")?});
        let request = Request::put("api").path_of("/orders/{}", [&update.order_number])?.auth(slot);
        match request.json(body).send()? {
            answer if answer.is_success() => Ok(Applied::done()),
            answer if answer.status == 404 => Err(Failure::order_not_found(answer.excerpt())),
            answer => Err(Failure::protocol(format!("HTTP {}", answer.status))),
        }
    }
}

const SCRIPT: &str = r#"
format = 1
bindings = { api = "https://other.example/shop" }
settings = { source = "warehouse" }
credentials = { user = { username = "u", password = "p" } }

[[order]]
number = "7"

[[rule]]
name = "set"
method = "PUT"
path = "/orders/*"
header = { authorization = "Basic dTpw" }
json = { "/source" = "warehouse" }
read.order = { segment = 2 }
read.status = { json = "/status" }
order = "known"
set = { status = "${status}" }
add = { mail = "${status}" }

[rule.reply]
body = "ok"

[[rule]]
name = "unknown"
header = { authorization = "Basic dTpw" }
reply = { status = 404 }

[[refusal]]
case = "broken"
reply = { status = 500 }
"#;

fn script(cases: &str) -> Script {
    Script::parse(Path::new("script.toml"), &format!("{SCRIPT}\n{cases}")).expect("the script is one")
}

fn case(name: &str, rest: &str) -> String {
    format!("[[case]]\nname = {name:?}\n{rest}\n")
}

#[test]
fn the_shop_has_the_bindings_settings_and_credentials_of_its_script() {
    let mut shop = Cart::<Shop>::living_by(script(""));
    let run = shop.send(&update("7", "Shipped"));
    assert_eq!(run.requests[0].url(), "https://other.example/shop/orders/7");
    assert_eq!(
        run.requests[0].header("authorization"),
        Some("Basic [user.username]:[user.password]"),
        "the slot that the script names, and not the other"
    );
    run.succeeded();
    assert_eq!(shop.state().effects(), ["status of order 7 is Shipped", "mail Shipped of order 7"]);
    shop.again().succeeded();
    assert_eq!(shop.state().done_twice(), ["mail Shipped of order 7"]);
}

#[test]
fn the_shop_refuses_until_it_is_to_accept_again() {
    let mut shop = Cart::<Shop>::living_by(script(""));
    shop.state_mut().refuse("broken");
    assert_eq!(shop.send(&update("7", "Shipped")).failed().kind, FailureKind::Protocol);
    shop.state_mut().accept();
    shop.again().succeeded();
}

#[test]
fn cases_that_hold_have_no_problem() {
    let cases = [
        case("set", "update = { order = \"7\", status = \"Shipped\" }\nexpect = \"applied\"\neffects = [\"status of order 7 is Shipped\"]"),
        case("unknown", "update = { order = \"8\", status = \"Shipped\" }\nexpect = \"order-not-found\""),
        case("broken", "update = { order = \"7\", status = \"Shipped\" }\nrefusal = \"broken\"\nexpect = \"protocol\""),
    ];
    assert_eq!(problems::<Shop>(&script(&cases.concat())), [""; 0]);
}

#[test]
fn a_case_that_does_not_hold_says_what_came() {
    let cases = [
        case("kind", "update = { order = \"8\", status = \"Shipped\" }\nexpect = \"applied\""),
        case(
            "effect",
            "update = { order = \"7\", status = \"Shipped\" }\nexpect = \"applied\"\neffects = [\"status of order 7 is Packed\"]",
        ),
        case("already", "update = { order = \"7\", status = \"Shipped\" }\nexpect = \"already-done\""),
        case("no-host-sends-this", "update = { order = \"7\", note = \"a note\" }\nexpect = \"applied\""),
    ];
    let problems = problems::<Shop>(&script(&cases.concat()));
    let begins = [
        "case \"kind\": expected that it is applied, got: order-not-found",
        "case \"effect\": \"status of order 7 is Packed\" was not done; the cart has: status of order 7 is Shipped",
        "case \"already\": expected that it is done already, got: done",
        "case \"no-host-sends-this\": the plugin panicked, as shown above",
    ];
    assert_eq!(problems.len(), begins.len(), "{problems:#?}");
    for (problem, begin) in problems.iter().zip(begins) {
        assert!(problem.starts_with(begin), "{problem}");
    }
}

#[test]
#[should_panic(expected = "no rule of the cart script fits PUT api/orders/7; add a [[rule]] for it")]
fn a_request_without_a_rule_fails_the_test() {
    let mut script = script("");
    script.rules.clear();
    let _ = Cart::<Shop>::living_by(script).send(&update("7", "Shipped"));
}

#[test]
#[should_panic(expected = "the cart script names the credential slot key, which the manifest does not have")]
fn a_script_of_another_plugin_fails_the_test() {
    let mut script = script("");
    script.credentials.insert("key".to_owned(), [].into());
    let _ = Cart::<Shop>::living_by(script);
}
