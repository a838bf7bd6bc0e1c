//! What the command line asks: routes for users of the machine, and answers that tell them more. Each answer reads back as it was sent.

use super::*;
use crate::api::documents::{
    DeliverySummary, ExplainedOrder, ForgottenOrder, RecordedLabels, RetriedDeadLetters, SentUpdate, StatusDocument, WholeDelivery,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A service whose updates pass the gate, as users of the machine reach it.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    Desk { router: desk.on_the_machine(), ..desk }
}

/// Reads an answer as a client does, and checks that nothing of it is lost.
#[track_caller]
fn reads<A: Serialize + DeserializeOwned>(reply: Reply) -> Value {
    let Reply { json, text, .. } = reply.is(StatusCode::OK);
    let document: A = serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(serde_json::to_value(&document).expect("it is plain data"), json);
    json
}

#[tokio::test]
async fn a_status_is_sent_while_its_sender_waits() {
    let desk = desk().await;
    let send = |cart: &str, label: &str, cause: Value| {
        let fields = json!({ "order_number": "1021", "label": label });
        post("/v1/send").json(&json!({ "cart": cart, "cause": cause, "fields": fields, "again": "no" }))
    };
    let by_hand = || json!({ "given": "by-hand" });
    let sent = reads::<SentUpdate>(desk.ask(send("garden", "Order Shipped", by_hand())).await);
    assert_eq!((&sent["done"], &sent["standing"]["stands"]), (&json!("nothing"), &json!("not-accepted")));
    let remedies = &sent["decision"]["answers"][3]["remedies"];
    assert_eq!(remedies[0], json!({ "do": "set-parameter", "name": "UseGenericStatusUpdates", "value": "True", "cart": "garden" }));
    assert!(sent["explanation"]["headline"].is_string() && sent["notes"] == json!([]), "{sent}");
    let nameless = json!({ "event": "Lunch" });
    desk.ask(send("garden", "", nameless)).await.problem(422, "invalid", "Lunch");
    // The stand-in for a plugin cannot be made ready, which is found before anything is accepted.
    assert!(!desk.ask(send("seed-shop", "Order Shipped", by_hand())).await.status.is_success());
    assert_eq!(desk.ask(get("/v1/deliveries?order=1021")).await.is(StatusCode::OK).json["deliveries"], json!([]));
}

#[tokio::test]
async fn explanations_and_alerts_have_their_remedies_as_data() {
    let desk = desk().await;
    let explain = |query: &str| get(&format!("/v1/explain?cart=garden&order=1021{query}"));
    let explained = reads::<ExplainedOrder>(desk.ask(explain("&label=Order%20Shipped")).await);
    assert_eq!(explained["must_act"], true);
    assert_eq!(explained["explanation"]["rows"][3]["remedies"][0]["do"], "set-parameter");
    desk.ask(explain("&label=")).await.problem(422, "invalid", "label");
    let long = "9".repeat(cartage_policy::validate::ORDER_NUMBER_CHARS_MAX + 1);
    desk.ask(get(&format!("/v1/explain?cart=garden&order={long}"))).await.problem(422, "invalid", "order_number");
    desk.ask(post("/v1/carts/garden/pause").json(&json!({ "why": "stocktaking" }))).await.is(StatusCode::OK);
    desk.queue("default", "1021", "Order Shipped").await;
    let status = reads::<StatusDocument>(desk.ask(get("/v1/status")).await);
    let [garden, seed_shop] = status["carts"].as_array().expect("there are carts").as_slice() else { panic!("{status}") };
    assert_eq!((&garden["paused"], &garden["paused_until_unix_ms"]), (&json!("stocktaking"), &Value::Null));
    assert_eq!(seed_shop["oldest_queued_at_unix_ms"], NOW);
    assert!(
        status["alerts"].as_array().is_some_and(|alerts| alerts.iter().all(|alert| alert["remedies"][0]["do"].is_string())),
        "{status}"
    );
}

#[tokio::test]
async fn deliveries_are_summarized() {
    let desk = desk().await;
    let delivery = desk.queue("default", "1021", "Order Shipped").await;
    let behind = desk.queue("default", "1021", "Order Packed").await;
    desk.queue("default", "1022", "Order Shipped").await;
    let summary = |query: &str| get(&format!("/v1/deliveries/summary{query}"));
    let orders = |summary: &Value, kind: &str| {
        summary[kind].as_array().expect("it is a list").iter().map(|one| one["order_number"].clone()).collect::<Vec<_>>()
    };
    desk.kill("default", "1021", Reason::TooOld, Then::Block).await;
    let all = reads::<DeliverySummary>(desk.ask(summary("")).await);
    assert_eq!((orders(&all, "dead"), orders(&all, "queued")), (vec![json!("1021")], vec![json!("1021"), json!("1022")]));
    assert_eq!(all["counts"]["dead_letters"], json!([{ "cart": "seed-shop", "reason": "too-old", "count": 1 }]));
    let one = reads::<DeliverySummary>(desk.ask(summary("?limit=1&state=queued&since=0")).await);
    assert_eq!((orders(&one, "dead"), orders(&one, "queued")), (vec![], vec![json!("1021")]));
    let of_order = reads::<DeliverySummary>(desk.ask(summary("?order=1022&cart=seed-shop")).await);
    assert_eq!((orders(&of_order, "dead"), orders(&of_order, "queued")), (vec![], vec![json!("1022")]));
    desk.ask(summary("?state=gone")).await.problem(400, "bad-request", "write dead, blocking");
    desk.ask(summary("?limit=1001")).await.problem(400, "bad-request", "1 to 1000");
    desk.ask(summary("?cart=nowhere")).await.problem(404, "not-found", "no cart nowhere");
    let shown = reads::<WholeDelivery>(desk.ask(get(&format!("/v1/deliveries/{behind}"))).await);
    assert_eq!((&shown["state"], &shown["before"]), (&json!("queued"), &json!([])));
    desk.ask(post(&format!("/v1/deliveries/{delivery}/retry"))).await.is(StatusCode::OK);
    let shown = reads::<WholeDelivery>(desk.ask(get(&format!("/v1/deliveries/{behind}"))).await);
    assert_eq!(shown["before"], json!([delivery]));
}

#[tokio::test]
async fn deliveries_are_retried_and_exported_by_name_or_selection() {
    let network = Desk::open().await;
    let dead = |order: &'static str| {
        let network = &network;
        async move {
            network.queue("default", order, "Order Shipped").await;
            network.kill("default", order, Reason::TooOld, Then::Block).await
        }
    };
    let (first, second) = (dead("1").await, dead("2").await);
    let operator = network.token("default", Role::Operator).await;
    let retry = |body: Value| post("/v1/deliveries/retry").json(&body);
    for (body, words) in [
        (json!({ "deliveries": [] }), "1 to 1000"),
        (json!({ "deliveries": vec!["d1"; 1_001] }), "1 to 1000"),
        (json!({ "deliveries": ["d1"], "reason": "too-old" }), "do one of the two"),
    ] {
        network.ask(retry(body).by(&operator)).await.problem(422, "invalid", words);
    }
    network.ask(retry(json!({ "deliveries": [first, "d1"] })).by(&operator)).await.problem(404, "not-found", "no delivery \"d1\"");
    let limited = network.token_for("default", Role::Operator, Some(&["garden"])).await;
    network.ask(retry(json!({ "deliveries": [first] })).by(&limited)).await.problem(404, "not-found", "");
    let retried = reads::<RetriedDeadLetters>(network.ask(retry(json!({ "deliveries": [first] })).by(&operator)).await);
    assert_eq!((&retried["retried"], &retried["deliveries"][0]["done"]), (&json!(1), &json!("head")));
    let machine = network.on_the_machine();
    let desk = Desk { router: machine, ..network };
    let retried = reads::<RetriedDeadLetters>(desk.ask(retry(json!({ "deliveries": [first, "d1"] }))).await);
    let done = |at: usize| (retried["deliveries"][at]["done"].clone(), retried["deliveries"][at]["stands"].is_string());
    assert_eq!((done(0), done(1)), ((json!("not-dead"), true), (json!("not-dead"), false)));
    let exported = desk.ask(post("/v1/deliveries/export").json(&json!({ "cart": "seed-shop" }))).await.is(StatusCode::OK);
    assert_eq!(exported.json["deliveries"][0]["delivery"], json!(second));
    assert_eq!(exported.json["deliveries"].as_array().map(Vec::len), Some(1), "{}", exported.text);
    let named = json!({ "deliveries": vec!["d1"; 201] });
    assert_eq!(desk.ask(post("/v1/deliveries/export").json(&named)).await.is(StatusCode::OK).json["left_out"], 1);
    let retried = reads::<RetriedDeadLetters>(desk.ask(retry(json!({ "cart": "nowhere" }))).await);
    assert_eq!(retried["deliveries"], json!([]));
    let retried = reads::<RetriedDeadLetters>(desk.ask(retry(json!({}))).await);
    assert_eq!((&retried["deliveries"][0]["delivery"], &retried["retried"]), (&json!(second), &json!(1)));
}

#[tokio::test]
async fn orders_are_forgotten_and_any_number_of_labels_is_recorded() {
    let desk = desk().await;
    let forget = |discard: bool| post("/v1/orders/forget").json(&json!({ "cart": "seed-shop", "order": "1", "discard_queue": discard }));
    desk.queue("default", "1", "Order Shipped").await;
    assert_eq!(desk.ask(forget(false)).await.problem(409, "conflict", "was left alone").json["deliveries"], 1);
    let order = OrderRef { cart: cart("seed-shop"), number: SenderOrderNumber::new("1") };
    let held = desk.service.deliveries().hold(&order).expect("nobody holds it");
    assert!(desk.ask(forget(true)).await.problem(409, "conflict", "under way").json["deliveries"].is_null());
    drop(held);
    let forgotten = reads::<ForgottenOrder>(desk.ask(forget(true)).await);
    assert!(forgotten["discarded"] == 1 && forgotten["rows"].as_u64() > Some(1), "{forgotten}");
    let record = |orders: Value| post("/v1/baseline/all").json(&json!({ "cart": "seed-shop", "orders": orders }));
    let many: Vec<[String; 2]> = (0..10_001).map(|order| [order.to_string(), "Order Shipped".to_owned()]).collect();
    assert_eq!(reads::<RecordedLabels>(desk.ask(record(json!(many))).await)["orders"], 10_001);
    desk.ask(record(json!([["x1", "Order Shipped"], ["x2", ""]]))).await.problem(422, "invalid", "label");
    desk.ask(forget_order("x1")).await.problem(404, "not-found", "nothing is stored");
    assert_eq!(reads::<RecordedLabels>(desk.ask(record(json!([]))).await)["orders"], 0);
}

fn forget_order(order: &str) -> Ask {
    post("/v1/orders/forget").json(&json!({ "cart": "seed-shop", "order": order }))
}

#[tokio::test]
async fn the_network_is_refused() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    for (method, path) in [(Method::POST, "/v1/send"), (Method::GET, "/v1/deliveries/summary"), (Method::POST, "/v1/baseline/all")] {
        desk.ask(ask(method.clone(), path)).await.problem(401, "unauthorized", "no token");
        desk.ask(ask(method, path).by(&admin)).await.problem(403, "machine-only", "api.sock");
    }
}
