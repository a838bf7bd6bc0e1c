//! Events and updates: the answers, and what is stored.

use super::*;
use crate::api::updates::BATCH_UPDATES_MAX;
use cartage_model::id::SenderOrderNumber;

#[tokio::test]
async fn an_event_is_not_sent_until_somebody_acts_and_then_is_on_disk() {
    let desk = Desk::new().await;
    let sender = desk.token("default", Role::Sender).await;
    let raise = || post("/v1/status-events").by(&sender).json(&event("1021"));
    let no = desk.ask(raise()).await.problem(409, "not-sent", "condition 1");
    assert_eq!(no.json["decision"]["answers"].as_array().map(Vec::len), Some(6));
    desk.let_pass("default").await;
    let reply = desk.ask(raise()).await.is(StatusCode::ACCEPTED);
    assert_eq!((&reply.json["outcome"], &reply.json["sequence"]), (&json!("queued"), &json!(1)));
    let location = reply.headers["location"].to_str().expect("it is ASCII");
    let delivery = desk.ask(get(location).by(&sender)).await.is(StatusCode::OK);
    assert_eq!((&delivery.json["state"], &delivery.json["update"]["label"]), (&json!("queued"), &json!("Order Shipped")));
    let again = desk.ask(raise()).await.is(StatusCode::OK);
    assert_eq!(again.json["outcome"], "nothing-to-do", "the order has the label already");
    let explained = desk.ask(get("/v1/explain?cart=seed-shop&order=1021").by(&sender)).await.is(StatusCode::OK);
    assert_eq!(explained.json["must_act"], false);
}

#[tokio::test]
async fn an_answer_says_where_the_order_stands_and_promises_nothing_behind_a_dead_letter() {
    let desk = Desk::open().await;
    let sender = desk.token("default", Role::Sender).await;
    let send = |label: &str| post("/v1/status-updates").by(&sender).json(&update("1021", label));
    let first = desk.ask(send("Order Shipped")).await.is(StatusCode::ACCEPTED);
    assert_eq!((&first.json["standing"]["stands"], &first.json["standing"]["waits"]["for"]), (&json!("waiting"), &json!("turn")));
    let same = desk.ask(send("Order Shipped")).await.is(StatusCode::OK);
    assert!(!same.text.contains("--again") && same.text.contains("[\"GET /v1/deliveries/"), "it is on its way: {}", same.text);
    let dead = desk.kill("default", "1021", Reason::TooOld, Then::Block).await;
    let second = desk.ask(send("Order Packed")).await.is(StatusCode::ACCEPTED);
    let stands = second.json["stands"].as_str().expect("it is said");
    assert_eq!(stands, format!("Blocked by dead letter {dead}: update 2 of order 1021 waits for a person."));
    assert_eq!(second.json["standing"]["own"]["delivery"], second.json["delivery"]);
    let explained = desk.ask(get("/v1/explain?cart=seed-shop&order=1021").by(&sender)).await.is(StatusCode::OK);
    let headline = explained.json["explanation"]["headline"].as_str().expect("it is said");
    assert!(headline.starts_with(&format!("Blocked by dead letter {dead}")), "{headline}");
    assert_eq!((&explained.json["must_act"], explained.json["deliveries"].as_array().map(Vec::len)), (&json!(true), Some(2)));
    desk.service.carts().set_pause(&cart("seed-shop"), Some("by hand")).await.expect("it is paused");
    let other = desk.ask(post("/v1/status-updates").by(&sender).json(&update("1022", "Order Shipped"))).await.is(StatusCode::ACCEPTED);
    assert!(other.json["stands"].as_str().is_some_and(|stands| stands.contains("which is paused (by hand)")), "{}", other.text);
}

#[tokio::test]
async fn a_label_is_sent_again_on_purpose_only() {
    let desk = Desk::open().await;
    desk.queue("default", "1021", "Order Shipped").await;
    let sender = desk.token("default", Role::Sender).await;
    let mut body = update("1021", "Order Shipped");
    desk.ask(post("/v1/status-updates").by(&sender).json(&body)).await.is(StatusCode::OK);
    body["again"] = true.into();
    let reply = desk.ask(post("/v1/status-updates").by(&sender).json(&body)).await.is(StatusCode::ACCEPTED);
    assert_eq!(reply.json["sequence"], 2);
}

#[tokio::test]
async fn a_key_gives_the_same_answer_and_no_other_request_may_use_it() {
    let desk = Desk::open().await;
    desk.let_pass("other").await;
    let sender = desk.token("default", Role::Sender).await;
    let send = |key: &str, body: &Value| post("/v1/status-updates").by(&sender).header("idempotency-key", key).json(body);
    let first = desk.ask(send("\"k 1\"", &update("1021", "Order Shipped"))).await.is(StatusCode::ACCEPTED);
    let second = desk.ask(send("\"k 1\"", &update("1021", "Order Shipped"))).await.is(StatusCode::ACCEPTED);
    assert_eq!(first.json, second.json);
    desk.ask(send("\"k 1\"", &update("1022", "Order Shipped"))).await.problem(422, "key-reused", "came with another body");
    desk.ask(send("plain", &update("1022", "Order Shipped"))).await.is(StatusCode::ACCEPTED);
    desk.ask(send("\"plain\"", &update("1023", "Order Shipped"))).await.problem(422, "key-reused", "came with another body");
    let elsewhere = post("/v1/status-events").by(&sender).header("idempotency-key", "plain").json(&event("1022"));
    desk.ask(elsewhere).await.problem(422, "key-reused", "came with another body");
    // The same key of another merchant is another key, and the answer reveals nothing of the first merchant's.
    let foreign = desk.token("other", Role::Sender).await;
    let reply =
        desk.ask(post("/v1/status-updates").by(&foreign).header("idempotency-key", "plain").json(&update("7", "Order Shipped"))).await;
    assert_ne!(reply.is(StatusCode::ACCEPTED).json["delivery"], first.json["delivery"]);
    let queued = desk.ask(get("/v1/deliveries?state=queued").by(&sender)).await;
    assert_eq!(queued.json["deliveries"].as_array().map(Vec::len), Some(2), "each was accepted once: {}", queued.text);
}

#[tokio::test]
async fn a_key_has_a_form_and_a_length() {
    let desk = Desk::open().await;
    let sender = desk.token("default", Role::Sender).await;
    let send = |key: &str| post("/v1/status-updates").by(&sender).header("idempotency-key", key).json(&update("1021", "Order Shipped"));
    for key in ["", "\"\"", "\"open", &"k".repeat(201)] {
        desk.ask(send(key)).await.problem(400, "bad-request", "Idempotency-Key");
    }
    desk.ask(send("a").header("idempotency-key", "b")).await.problem(400, "bad-request", "Idempotency-Key");
    desk.ask(send(&"k".repeat(200))).await.is(StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_batch_tells_what_became_of_each() {
    let desk = Desk::open().await;
    let sender = desk.token("default", Role::Sender).await;
    let send = |updates: Value| post("/v1/status-updates").by(&sender).json(&json!({ "updates": updates }));
    let whole = desk.ask(send(json!([update("1", "Order Shipped"), update("1", "Order Packed"), update("2", "Order Packed")]))).await;
    let whole = whole.is(StatusCode::ACCEPTED);
    let numbers: Vec<&Value> = (0..3).map(|at| &whole.json["updates"][at]["answer"]["sequence"]).collect();
    assert_eq!(numbers, [1, 2, 1], "in the order given, each order by itself");
    let mut garden = update("3", "Order Shipped");
    garden["cart"] = "garden".into();
    let mut odd = update("4", "Order Shipped");
    odd["colour"] = "red".into();
    let mixed = desk.ask(send(json!([update("5", "Order Shipped"), garden, odd, update("", "x"), update("2", "Order Packed")]))).await;
    let mixed = mixed.is(StatusCode::MULTI_STATUS);
    let statuses: Vec<&Value> = (0..5).map(|at| &mixed.json["updates"][at]["status"]).collect();
    assert_eq!(statuses, [202, 409, 422, 422, 200], "{}", mixed.text);
    assert!(mixed.json["updates"][2]["problem"]["detail"].as_str().is_some_and(|detail| detail.contains("colour")), "{}", mixed.text);
    assert_eq!(mixed.json["updates"][4]["index"], 4);
}

#[tokio::test]
async fn a_batch_has_a_limit_and_is_not_empty() {
    let desk = Desk::open().await;
    let sender = desk.token("default", Role::Sender).await;
    // None of these updates is valid, so that the largest batch is quick.
    let send = |count: usize| post("/v1/status-updates").by(&sender).json(&json!({ "updates": vec![json!({}); count] }));
    desk.ask(send(0)).await.problem(422, "invalid", "1 to 200");
    desk.ask(send(BATCH_UPDATES_MAX)).await.is(StatusCode::MULTI_STATUS);
    let reply = desk.ask(send(BATCH_UPDATES_MAX + 1)).await.problem(422, "invalid", "has 201");
    assert_eq!(reply.json["updates_max"], 200);
    let both = json!({ "updates": [], "cart": "seed-shop" });
    desk.ask(post("/v1/status-updates").by(&sender).json(&both)).await.problem(422, "invalid", "unknown field `cart`");
}

#[tokio::test]
async fn a_batch_with_a_key_that_comes_again_goes_on_where_it_ended() {
    let desk = Desk::open().await;
    let sender = desk.token("default", Role::Sender).await;
    let send = |body: &Value| post("/v1/status-updates").by(&sender).header("idempotency-key", "batch-1").json(body);
    let body = json!({ "updates": [update("1", "Order Shipped"), {}, update("2", "Order Shipped")] });
    let first = desk.ask(send(&body)).await.is(StatusCode::MULTI_STATUS);
    let second = desk.ask(send(&body)).await.is(StatusCode::MULTI_STATUS);
    assert_eq!(first.json, second.json);
    let other = json!({ "updates": [update("1", "Order Shipped")] });
    desk.ask(send(&other)).await.problem(422, "key-reused", "came with another body");
    desk.ask(send(&update("9", "Order Shipped"))).await.problem(422, "key-reused", "came with another body");
    let queued = desk.ask(get("/v1/deliveries?state=queued").by(&sender)).await;
    assert_eq!(queued.json["deliveries"].as_array().map(Vec::len), Some(2), "{}", queued.text);
}

#[tokio::test]
async fn the_same_request_twice_at_once_is_done_once() {
    let desk = Desk::open().await;
    let sender = desk.token("default", Role::Sender).await;
    let send = || desk.ask(post("/v1/status-updates").by(&sender).header("idempotency-key", "k").json(&update("1021", "Order Shipped")));
    let together = async { tokio::join!(send(), send(), send()) };
    let (first, second, third) = tokio::time::timeout(std::time::Duration::from_secs(30), together).await.expect("each is answered");
    assert_eq!(first.is(StatusCode::ACCEPTED).json, second.is(StatusCode::ACCEPTED).json);
    third.is(StatusCode::ACCEPTED);
    let queued = desk.ask(get("/v1/deliveries?state=queued").by(&sender)).await;
    assert_eq!(queued.json["deliveries"].as_array().map(Vec::len), Some(1), "{}", queued.text);
}

#[tokio::test]
async fn a_removed_cart_takes_nothing_also_of_what_it_was_told() {
    use cartage::service::Queue;
    let desk = Desk::open().await;
    let sender = desk.token("default", Role::Sender).await;
    let known = vec![(SenderOrderNumber::new("1021"), "Order Shipped".to_owned())];
    desk.service.intake().baseline(&cart("seed-shop"), known).await.expect("it is a cart");
    let send = |key: &str| post("/v1/status-updates").by(&sender).header("idempotency-key", key).json(&update("1021", "Order Shipped"));
    assert_eq!(desk.ask(send("first")).await.is(StatusCode::OK).json["outcome"], "nothing-to-do");
    desk.service.removal().remove(&cart("seed-shop"), Queue::Discard).await.expect("nothing waits");
    for key in ["second", "first"] {
        desk.ask(send(key)).await.problem(409, "not-sent", "condition 5");
    }
}
