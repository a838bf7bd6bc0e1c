//! Deliveries: lists and their cursors, retrying, discarding, cassettes.

use super::*;
use cartage_contract::delivery::FailureKind;
use cartage_model::id::SenderOrderNumber;

const REFUSED: Reason = Reason::Refused(FailureKind::OrderNotFound);

async fn ids(desk: &Desk, path: &str, token: &str) -> (Vec<String>, Value) {
    let reply = desk.ask(get(path).by(token)).await.is(StatusCode::OK);
    let deliveries = reply.json["deliveries"].as_array().expect("it is a list");
    (deliveries.iter().map(|one| one["order_number"].as_str().expect("it has one").to_owned()).collect(), reply.json["next"].clone())
}

/// Every page of a list, one after the other.
async fn walk(desk: &Desk, path: &str, token: &str) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let (page, next) = ids(desk, &format!("{path}{cursor}"), token).await;
        pages.push(page);
        let Some(next) = next.as_str() else { return pages };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn an_order_s_list_holds_all_of_it() {
    let desk = Desk::open().await;
    let operator = desk.token("default", Role::Operator).await;
    for label in ["Order Shipped", "Order Packed"] {
        desk.queue("default", "1021", label).await;
    }
    desk.queue("default", "1022", "Order Shipped").await;
    desk.kill("default", "1021", REFUSED, Then::Block).await;
    let states = |reply: Reply| {
        let all = reply.json["deliveries"].as_array().expect("it is a list").clone();
        all.iter().map(|one| format!("{} {}", one["sequence"], one["state"].as_str().unwrap_or_default())).collect::<Vec<_>>()
    };
    let ask = |query: &str| get(&format!("/v1/deliveries?{query}")).by(&operator);
    assert_eq!(states(desk.ask(ask("order=1021")).await.is(StatusCode::OK)), ["1 dead", "2 queued"]);
    assert_eq!(states(desk.ask(ask("order=1021&cart=seed-shop&state=queued")).await.is(StatusCode::OK)), ["2 queued"]);
    assert_eq!(states(desk.ask(ask("order=1021&limit=1")).await.is(StatusCode::OK)), ["1 dead"]);
    assert_eq!(states(desk.ask(ask("state=delivered")).await.is(StatusCode::OK)), Vec::<String>::new());
    desk.ask(ask("state=delivered&reason=too-old")).await.problem(400, "bad-request", "leave it out");
    let garden = desk.token_for("default", Role::Operator, Some(&["garden"])).await;
    assert_eq!(states(desk.ask(get("/v1/deliveries?order=1021").by(&garden)).await.is(StatusCode::OK)), Vec::<String>::new());
}

#[tokio::test]
async fn lists_are_counted_first_and_come_in_pages() {
    let desk = Desk::open().await;
    let operator = desk.token("default", Role::Operator).await;
    for order in ["1", "2", "3", "4", "5"] {
        desk.queue("default", order, "Order Shipped").await;
    }
    assert_eq!(walk(&desk, "/v1/deliveries?state=queued&limit=2", &operator).await, [vec!["1", "2"], vec!["3", "4"], vec!["5"]]);
    desk.kill("default", "1", REFUSED, Then::Block).await;
    desk.kill("default", "2", Reason::TooOld, Then::Go).await;
    desk.clock.advance_ms(1_000);
    desk.kill("default", "3", REFUSED, Then::Go).await;
    assert_eq!(walk(&desk, "/v1/deliveries?limit=2", &operator).await, [vec!["3", "2"], vec!["1"]], "the last to die first");
    assert_eq!(
        walk(&desk, "/v1/deliveries?limit=3", &operator).await,
        [vec!["3", "2", "1"]],
        "a full page is not followed by an empty one"
    );
    assert_eq!(walk(&desk, "/v1/deliveries?state=blocking", &operator).await, [vec!["1"]]);
    assert_eq!(walk(&desk, "/v1/deliveries?reason=order-not-found", &operator).await, [vec!["3", "1"]]);
    assert_eq!(walk(&desk, &format!("/v1/deliveries?since={}", NOW + 1_000), &operator).await, [vec!["3"]]);
    assert_eq!(walk(&desk, &format!("/v1/deliveries?since={}", NOW + 1_001), &operator).await, [Vec::<String>::new()]);
    assert_eq!(walk(&desk, "/v1/deliveries?cart=garden", &operator).await, [Vec::<String>::new()]);
    let counts = desk.ask(get("/v1/deliveries").by(&operator)).await.json["counts"].take();
    assert_eq!(
        counts,
        json!({
            "carts": [{ "cart": "seed-shop", "queued": 2, "dead": 3, "blocked_orders": 1, "oldest_queued_at_unix_ms": NOW }],
            "dead_letters": [
                { "cart": "seed-shop", "reason": "order-not-found", "count": 2 },
                { "cart": "seed-shop", "reason": "too-old", "count": 1 },
            ],
        })
    );
    let both = desk.token_for("default", Role::Sender, Some(&["garden", "seed-shop"])).await;
    assert_eq!(walk(&desk, "/v1/deliveries?limit=2", &both).await, [vec!["3", "2"], vec!["1"]], "several carts are one list");
}

#[tokio::test]
async fn a_cursor_is_refused_wherever_it_was_not_given_out() {
    let desk = Desk::open().await;
    desk.let_pass("other").await;
    for (of, order) in [("default", "1"), ("default", "2"), ("other", "8"), ("other", "9")] {
        desk.queue(of, order, "Order Shipped").await;
        desk.kill(of, order, REFUSED, Then::Go).await;
    }
    let (mine, foreign) = (desk.token("default", Role::Sender).await, desk.token("other", Role::Sender).await);
    let (_, cursor) = ids(&desk, "/v1/deliveries?limit=1", &mine).await;
    let cursor = cursor.as_str().expect("there is a second page");
    assert_eq!(ids(&desk, &format!("/v1/deliveries?limit=1&cursor={cursor}"), &mine).await.0, ["1"]);
    let wrong = |path: String, token: &str| desk.ask(get(&path).by(token));
    wrong(format!("/v1/deliveries?limit=1&cursor={cursor}"), &foreign).await.problem(400, "bad-cursor", "not for this merchant");
    for other in ["state=queued", "state=blocking", "cart=seed-shop", "reason=too-old", "since=0"] {
        wrong(format!("/v1/deliveries?{other}&cursor={cursor}"), &mine).await.problem(400, "bad-cursor", "begin again");
    }
    for forged in ["1", "MQ", &cursor[1..], &"A".repeat(300), "%00"] {
        wrong(format!("/v1/deliveries?cursor={forged}"), &mine).await.problem(400, "bad-cursor", "begin again");
    }
}

#[tokio::test]
async fn a_dead_letter_is_tried_again_in_its_place() {
    let desk = Desk::open().await;
    let operator = desk.token("default", Role::Operator).await;
    let retry = |delivery: &DeliveryId| post(&format!("/v1/deliveries/{delivery}/retry")).by(&operator);
    let waiting = desk.queue("default", "1", "Order Shipped").await;
    desk.ask(retry(&waiting)).await.problem(409, "conflict", "it is no dead letter, and waits");
    let blocking = desk.kill("default", "1", REFUSED, Then::Block).await;
    let shown = desk.ask(get(&format!("/v1/deliveries/{blocking}")).by(&operator)).await.is(StatusCode::OK);
    assert_eq!(
        (&shown.json["state"], &shown.json["reason"], &shown.json["order_waits"]),
        (&json!("dead"), &json!("order-not-found"), &json!(true))
    );
    assert_eq!(desk.ask(retry(&blocking)).await.is(StatusCode::OK).json["placed"], "head");
    let gap = desk.kill("default", "1", REFUSED, Then::Go).await;
    let tail = desk.ask(retry(&gap)).await.is(StatusCode::OK);
    assert_eq!((&tail.json["placed"], &tail.json["sequence"]), (&json!("tail"), &json!(2)));
    for unknown in ["d1", "..%2f..", "a%20b", &"d".repeat(65), "%00"] {
        desk.ask(post(&format!("/v1/deliveries/{unknown}/retry")).by(&operator)).await.problem(404, "not-found", "no delivery");
    }
}

#[tokio::test]
async fn a_delivery_is_ended_with_a_name_and_a_reason() {
    let desk = Desk::open().await;
    let operator = desk.token("default", Role::Operator).await;
    let delivery = desk.queue("default", "1", "Order Shipped").await;
    let discard = |body: Value| post(&format!("/v1/deliveries/{delivery}/discard")).by(&operator).json(&body);
    for (body, words) in [
        (json!({}), "missing field `why`"),
        (json!({ "why": " " }), "1 to 500"),
        (json!({ "why": "x".repeat(501) }), "1 to 500"),
        (json!({ "why": "a\u{1b}[31m" }), "control"),
        (json!({ "why": "x", "who": "me" }), "unknown field `who`"),
    ] {
        desk.ask(discard(body)).await.problem(422, "invalid", words);
    }
    let reply = desk.ask(discard(json!({ "why": "x".repeat(500) }))).await.is(StatusCode::OK);
    assert_eq!(reply.json["was"], "queued");
    let shown = desk.ask(get(&format!("/v1/deliveries/{delivery}")).by(&operator)).await.is(StatusCode::OK);
    assert_eq!(shown.json["state"], "discarded");
    assert!(shown.json["ending"]["who"].as_str().is_some_and(|who| who.starts_with("token operator")), "{}", shown.text);
    desk.ask(discard(json!({ "why": "again" }))).await.problem(409, "conflict", "ended already");
    let audit = desk.audit("default").await;
    assert!(audit[0].what == "delivery discard" && audit[0].who.starts_with("token operator-"), "{audit:?}");
}

#[tokio::test]
async fn what_is_under_way_is_left_alone() {
    let desk = Desk::open().await;
    let operator = desk.token("default", Role::Operator).await;
    let delivery = desk.queue("default", "1", "Order Shipped").await;
    let discard = || post(&format!("/v1/deliveries/{delivery}/discard")).by(&operator).json(&json!({ "why": "cancelled" }));
    let order = OrderRef { cart: cart("seed-shop"), number: SenderOrderNumber::new("1") };
    let held = desk.service.deliveries().hold(&order).expect("nobody holds it");
    let reply = desk.ask(discard()).await;
    assert_eq!(reply.headers.get("retry-after").map(|value| value.as_bytes()), Some(b"1".as_slice()));
    reply.problem(409, "conflict", "under way");
    let shown = desk.ask(get(&format!("/v1/deliveries/{delivery}")).by(&operator)).await.is(StatusCode::OK);
    assert_eq!(shown.json["state"], "queued");
    drop(held);
    assert_eq!(desk.ask(discard()).await.is(StatusCode::OK).json["was"], "queued");
}

#[tokio::test]
async fn every_change_over_the_network_is_its_token_s() {
    let desk = Desk::open().await;
    let (admin, operator) = (desk.token("default", Role::Admin).await, desk.token("default", Role::Operator).await);
    desk.queue("default", "1", "Order Shipped").await;
    let dead = desk.kill("default", "1", REFUSED, Then::Block).await;
    for (ask, role, what) in [
        (post(&format!("/v1/deliveries/{dead}/retry")).by(&operator), "operator", "delivery retry"),
        (post("/v1/carts/seed-shop/pause").by(&operator), "operator", "pause"),
        (post("/v1/carts/seed-shop/disable").by(&operator), "operator", "disable"),
        (put("/v1/parameters/UseStatusUpdates").by(&admin).json(&json!({ "value": "False" })), "admin", "param set"),
        (post("/v1/labels").by(&admin).json(&json!({ "labels": ["Packed"] })), "admin", "event labels"),
    ] {
        desk.ask(ask).await.is(StatusCode::OK);
        let last = desk.audit("default").await.swap_remove(0);
        assert_eq!((last.what.as_str(), last.who.starts_with(&format!("token {role}-"))), (what, true), "{last:?}");
    }
}

#[tokio::test]
async fn a_cassette_is_shown_to_operators() {
    let desk = Desk::open().await;
    let (operator, sender) = (desk.token("default", Role::Operator).await, desk.token("default", Role::Sender).await);
    desk.queue("default", "1", "Order Shipped").await;
    let dead = desk.kill("default", "1", REFUSED, Then::Go).await;
    let tape = store::cassettes::Tape::redacted("{\"tape\":1}");
    let tape = store::cassettes::CassetteRow { delivery: dead.clone(), attempt: 1, at_unix_ms: NOW, failed: true, tape };
    let write = move |tx: &Tx<'_>| store::cassettes::put(tx, &MerchantId::default(), &tape);
    desk.service.store().write::<_, store::Error>(write).await.expect("it can be written");
    let cassette = |attempt: &str, token: &str| desk.ask(get(&format!("/v1/deliveries/{dead}/cassettes/{attempt}")).by(token));
    assert_eq!(cassette("1", &operator).await.is(StatusCode::OK).json, json!({ "tape": 1 }));
    cassette("1", &sender).await.problem(403, "role-needed", "operator");
    for attempt in ["0", "2", "x", "-1", "99999999999"] {
        cassette(attempt, &operator).await.problem(404, "not-found", "no cassette");
    }
    let shown = desk.ask(get(&format!("/v1/deliveries/{dead}")).by(&sender)).await.is(StatusCode::OK);
    assert_eq!(shown.json["cassettes"], json!([1]));
}
