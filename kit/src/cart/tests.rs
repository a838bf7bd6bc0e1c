use super::*;
use cartage_contract::http::{Effect as Does, Method, Request};
use cartage_contract::request::{Wire, WireHeader};
use std::path::Path;

/// A cart that behaves like WooCommerce: a plugin looks an order up, sets its status, adds notes and lists notes.
const SHOP: &str = r#"
format = 1
statuses = ["completed", "processing"]

[[order]]
number = "1021"
reference = "12"
set = { status = "processing" }

[[order]]
number = "1030"
reference = "30"

[[order]]
number = "1030"
reference = "31"

[[rule]]
name = "search"
method = "GET"
path = "/orders"
read.order = { query = "search" }
order = "known"
reply = { body = '[{"id": ${order.reference}, "number": "${order.number}"}]' }

[[rule]]
name = "search-several"
method = "GET"
path = "/orders"
read.order = { query = "search" }
order = "several"
reply = { body = '[{"id": 30, "number": "1030"}, {"id": 31, "number": "1030"}]' }

[[rule]]
name = "bad-status"
method = "PUT"
path = "/orders/*"
read.order = { segment = 2 }
read.status = { json = "/status" }
status = "unknown"
reply = { status = 400, body = '{"code": "rest_invalid_param"}' }

[[rule]]
name = "status"
method = "PUT"
path = "/orders/*"
read.order = { segment = 2 }
read.status = { json = "/status" }
order = "known"
set = { status = "${status}" }
reply = { body = '{"status": "${order.status}"}' }

[[rule]]
name = "notes"
method = "GET"
path = "/orders/*/notes"
read.order = { segment = 2 }
reply = { body = "[${items.note}]", items = { note = '{"id": ${index}, "of": ${order.reference}, "note": "${value|json}"}' } }

[[rule]]
name = "add-note"
method = "POST"
path = "/orders/*/notes"
read.order = { segment = 2 }
read.note = { json = "/note" }
read.key = { header = "x-key" }
once = "${key}"
add = { note = "${note}" }
reply = { status = 201, body = "{}" }
"#;

fn ask(method: Method, target: &str, key: &str, body: &str) -> Asked {
    let path = target.split('?').next().unwrap_or_default();
    let request = Request {
        endpoint: "api".into(),
        method: method.clone(),
        effect: Does::Writes,
        path: path.into(),
        query: vec![],
        headers: vec![],
        body: None,
        auth: vec![],
        renew: false,
        extra: vec![],
    };
    let header = WireHeader { name: "x-key".into(), value: key.into(), sensitive: false };
    Asked::new(&request, &Wire { method, url: format!("https://shop.example{target}"), headers: vec![header], body: Some(body.into()) })
}

fn body(cart: &mut Cart<'_>, asked: &Asked) -> (u16, String) {
    let response = cart.answer(asked).expect("a rule fits");
    (response.status, String::from_utf8(response.body).expect("it is text"))
}

#[test]
fn a_shop_of_several_steps_can_be_described() {
    let script = Script::parse(Path::new("script.toml"), SHOP).expect("the script is right");
    let mut cart = Cart::new(&script);
    let search = |number: &str| ask(Method::Get, &format!("/orders?search={number}"), "", "");
    assert_eq!(body(&mut cart, &search("1021")), (200, r#"[{"id": 12, "number": "1021"}]"#.into()));
    assert!(body(&mut cart, &search("1030")).1.contains("31"));
    assert_eq!(cart.answer(&search("9")), Err(NoRule { asked: "GET api/orders".into() }));
    let put = |status: &str| ask(Method::Put, "/orders/12", "", &format!("{{\"status\": \"{status}\"}}"));
    assert_eq!(body(&mut cart, &put("nope")).0, 400);
    assert_eq!(body(&mut cart, &put("completed")), (200, r#"{"status": "completed"}"#.into()));
    let note = |key: &str| ask(Method::Post, "/orders/12/notes", key, r#"{"note": "a \"b\""}"#);
    assert_eq!(body(&mut cart, &note("1")).0, 201);
    assert_eq!(body(&mut cart, &note("1")).0, 201);
    assert_eq!(cart.twice(), Vec::<&Effect>::new(), "the cart knows the key");
    assert_eq!(body(&mut cart, &note("2")).0, 201);
    let twice: Vec<String> = cart.twice().into_iter().map(ToString::to_string).collect();
    assert_eq!(twice, ["note a \"b\" of order 1021"]);
    let listed = body(&mut cart, &ask(Method::Get, "/orders/12/notes", "", "")).1;
    assert_eq!(listed, r#"[{"id": 1, "of": 12, "note": "a \"b\""},{"id": 2, "of": 12, "note": "a \"b\""}]"#);
    let effects: Vec<String> = cart.effects().iter().map(ToString::to_string).collect();
    assert_eq!(effects[0], "status of order 1021 is completed");
}

#[test]
fn a_refusal_does_nothing() {
    let script = Script::parse(Path::new("script.toml"), SHOP).expect("the script is right");
    let cart = Cart::new(&script);
    let asked = ask(Method::Put, "/orders/12", "", r#"{"status": "completed"}"#);
    let reply: Reply = toml::from_str("status = 503\nbody = \"no ${order.number}\"").expect("it is a reply");
    let response = cart.refuse(&reply, &asked);
    assert_eq!((response.status, response.body.as_slice(), cart.effects().len()), (503, &b"no 1021"[..], 0));
    assert_eq!(cart.rule_name(&asked), Some("status"));
}
