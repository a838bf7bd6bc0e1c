//! Bad input: each leads to a clear problem. Nothing is half written, and no answer is a 500.

use super::*;
use crate::api::body::{CART_BYTES_MAX, EVENT_BYTES_MAX, SMALL_BYTES_MAX, UPDATES_BYTES_MAX};
use axum::body::Bytes;
use cartage_model::id::SenderOrderNumber;

/// 1 if the order 1021 is stored, else 0.
async fn kept(desk: &Desk) -> usize {
    let look = |view: &store::View<'_>| {
        let order = |number: &str| OrderRef { cart: cart("seed-shop"), number: SenderOrderNumber::new(number) };
        let known = store::orders::get(view, &MerchantId::default(), &order("1021"))?;
        Ok(usize::from(known.is_some()))
    };
    desk.service.store().read::<_, store::Error>(look).await.expect("it can be read")
}

#[tokio::test]
async fn what_is_no_json_is_said_so() {
    let desk = Desk::open().await;
    let sender = desk.token("default", Role::Sender).await;
    let send = |body: &[u8]| post("/v1/status-updates").by(&sender).body("application/json", Bytes::copy_from_slice(body));
    let deep = "[".repeat(200);
    for (body, words) in [
        (b"".as_slice(), "EOF"),
        (b"{", "EOF"),
        (b"{\"cart\":}", "line 1 column"),
        (b"{\"cart\":\"seed-shop\",}", "line 1 column"),
        (b"{\"label\":\"\xff\"}", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "line 1 column 1"),
        (b"{} {}", "trailing characters"),
        (deep.as_bytes(), "line 1 column"),
    ] {
        let reply = desk.ask(send(body)).await;
        let said = reply.text.clone();
        assert!(reply.status == 400 || (body == deep.as_bytes() && reply.status == 422), "{said}");
        assert!(said.contains(words) || body == deep.as_bytes(), "{words}: {said}");
    }
    desk.ask(post("/v1/status-events").by(&sender).body("application/json", "{\"event\": tru")).await.problem(400, "bad-request", "JSON");
    assert_eq!(kept(&desk).await, 0);
}

#[tokio::test]
async fn keys_and_values_that_mean_nothing_are_named() {
    let desk = Desk::open().await;
    let sender = desk.token("default", Role::Sender).await;
    let with = |key: &str, value: Value| {
        let mut body = update("1021", "Order Shipped");
        body[key] = value;
        body
    };
    for (body, words) in [
        (with("colour", json!("red")), "unknown field `colour`"),
        (with("event", json!("Order Packed")), "unknown field `event`"),
        (with("cart", json!("Seed Shop")), "Cart ID"),
        (with("cart", json!(7)), "invalid type"),
        (with("again", json!("yes")), "invalid type"),
        (with("packages", json!([{ "weight": 1 }])), "unknown field `weight`"),
        (json!({ "cart": "seed-shop", "order_number": "1021" }), "missing field `label`"),
        (json!([]), "invalid type"),
        (with("changed_at", json!("-0001-01-01T00:00:00")), "is not a time"),
        (with("changed_at", json!("1969-12-31T23:59:59")), "is not a time"),
        (with("changed_at", json!("2026-13-01T00:00:00")), "is not a time"),
        (with("changed_at", json!("99999-01-01T00:00:00")), "is not a time"),
        (with("changed_at", json!("2026-11-23T14:05:00+99:00")), "is not a time"),
        (with("packages", json!([{ "id": "p", "picked_up": "2026-02-30" }])), "is not a date"),
        (with("order_number", json!("x".repeat(65))), "at most 64 are allowed"),
        (with("order_number", json!("")), "is empty"),
        (with("label", json!("a\u{0}b")), "control character"),
        (with("note", json!("n".repeat((16 << 10) + 1))), "at most 16384 are allowed"),
        (with("packages", json!(vec![json!({ "tracking_number": "1" }); 101])), "packages has more than 100 entries"),
        (with("line_items", json!(vec![json!({}); 20_000])), "line_items has more than 1000 entries"),
        (
            with("line_items", json!([{ "packages": vec![json!({ "package_id": "p", "quantity": "1" }); 1001] }])),
            "has more than 1000 entries",
        ),
    ] {
        desk.ask(post("/v1/status-updates").by(&sender).json(&body)).await.problem(422, "invalid", words);
    }
    let mut labelled = event("1021");
    labelled["label"] = "Order Shipped".into();
    desk.ask(post("/v1/status-events").by(&sender).json(&labelled)).await.problem(422, "invalid", "unknown field `label`");
    let mut odd = event("1021");
    odd["event"] = "Tracking Number Import".into();
    desk.ask(post("/v1/status-events").by(&sender).json(&odd)).await.problem(422, "invalid", "did you mean");
    assert_eq!(kept(&desk).await, 0);
    let edge = with("note", json!("n".repeat(16 << 10)));
    desk.ask(post("/v1/status-updates").by(&sender).json(&edge)).await.problem(409, "not-sent", "notes");
}

#[tokio::test]
async fn bodies_are_of_their_type() {
    let desk = Desk::open().await;
    let sender = desk.token("default", Role::Sender).await;
    let body = update("1021", "Order Shipped").to_string();
    let send = |media_type: &str| post("/v1/status-updates").by(&sender).body(media_type, body.clone());
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "application/json; charset=latin1", ""] {
        desk.ask(send(media_type)).await.problem(415, "unsupported-media-type", "application/json");
    }
    desk.ask(send("application/json").without("content-type")).await.problem(415, "unsupported-media-type", "content-type");
    desk.ask(send("application/json").header("content-type", "text/plain")).await.problem(
        415,
        "unsupported-media-type",
        "exactly one content-type",
    );
    desk.ask(send("application/json").header("content-encoding", "gzip")).await.problem(415, "unsupported-media-type", "gzip");
    desk.ask(send("Application/JSON; Charset=\"UTF-8\"").header("content-encoding", "identity")).await.is(StatusCode::ACCEPTED);
    let admin = desk.token("default", Role::Admin).await;
    desk.ask(put("/v1/carts/seed-shop").by(&admin).json(&json!({}))).await.problem(415, "unsupported-media-type", "application/toml");
}

#[tokio::test]
async fn bodies_have_a_size() {
    let desk = Desk::open().await;
    let admin = desk.token("default", Role::Admin).await;
    for (ask, most) in [
        (|| post("/v1/status-events"), EVENT_BYTES_MAX),
        (|| post("/v1/status-updates"), UPDATES_BYTES_MAX),
        (|| post("/v1/labels"), SMALL_BYTES_MAX),
    ] as [(fn() -> Ask, usize); 3]
    {
        let body = |bytes: usize| Bytes::from(vec![b' '; bytes]);
        desk.ask(ask().by(&admin).body("application/json", body(most))).await.problem(400, "bad-request", "EOF");
        let reply = desk.ask(ask().by(&admin).body("application/json", body(most + 1))).await.problem(413, "too-large", "the maximum");
        assert_eq!(reply.json["bytes_max"], most);
    }
    let toml = |bytes: usize| put("/v1/carts/seed-shop").by(&admin).body("application/toml", vec![b'\n'; bytes]);
    desk.ask(toml(CART_BYTES_MAX)).await.problem(422, "invalid", "missing field");
    desk.ask(toml(CART_BYTES_MAX + 1)).await.problem(413, "too-large", "");
    // The announced length is checked before the first byte is read.
    let announced = post("/v1/status-events").by(&admin).body("application/json", "{}").header("content-length", "104857600");
    desk.ask(announced).await.problem(413, "too-large", "");
}

#[tokio::test]
async fn queries_are_checked() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    for (path, words) in [
        ("/v1/labels?x=1", "this path takes none"),
        ("/healthz?x=1", "takes none"),
        ("/v1/explain?cart=seed-shop", "order is missing"),
        ("/v1/explain?order=1", "cart is missing"),
        ("/v1/explain?cart=A&order=1", "Cart ID"),
        ("/v1/deliveries?state=lost", "dead, blocking, queued or delivered"),
        ("/v1/deliveries?reason=bored", "is not a reason"),
        ("/v1/deliveries?since=-1", "from 1970"),
        ("/v1/deliveries?since=292277026596-12-04T15:30:08Z", "from 1970"),
        ("/v1/deliveries?limit=0", "from 1 to 200"),
        ("/v1/deliveries?limit=201", "from 1 to 200"),
        ("/v1/deliveries?state=queued&reason=poison", "about dead letters"),
        ("/v1/deliveries?state=queued&since=0", "about dead letters"),
        ("/v1/deliveries?cart=seed-shop&cart=garden", "given twice"),
        ("/v1/deliveries?cart=%C3%28", "not UTF-8"),
    ] {
        desk.ask(get(path).by(&admin)).await.problem(400, "bad-request", words);
    }
    let long = format!("/v1/explain?cart=seed-shop&order={}", "1".repeat(65));
    desk.ask(get(&long).by(&admin)).await.problem(422, "invalid", "64 characters");
    desk.ask(get(&long[..long.len() - 1]).by(&admin)).await.is(StatusCode::OK);
    desk.ask(get("/v1/deliveries?limit=200").by(&admin)).await.is(StatusCode::OK);
}
