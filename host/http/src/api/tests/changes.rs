//! Changes that the command line makes too: tokens, bans, parts of a cart's definition, its removal, and what is stored of orders.

use super::*;

fn delete(path: &str) -> Ask {
    ask(Method::DELETE, path)
}

fn patch(path: &str) -> Ask {
    ask(Method::PATCH, path)
}

#[tokio::test]
async fn a_token_is_made_shown_once_and_removed() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    let made = desk.ask(post("/v1/tokens").by(&admin).json(&json!({ "name": "shop", "role": "operator", "carts": ["garden"] }))).await;
    let made = made.is(StatusCode::CREATED);
    let text = made.json["text"].as_str().expect("it is shown").to_owned();
    desk.ask(get("/v1/carts/garden").by(&text)).await.is(StatusCode::OK);
    desk.ask(get("/v1/carts/seed-shop").by(&text)).await.problem(403, "cart-not-allowed", "limited");
    let listed = desk.ask(get("/v1/tokens").by(&admin)).await.is(StatusCode::OK);
    let shop = listed.json["tokens"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "shop")).expect("it is listed");
    assert_eq!((&shop["role"], &shop["carts"], &shop["used_at_unix_ms"]), (&json!("operator"), &json!(["garden"]), &json!(NOW)));
    assert!(!listed.text.contains(&text), "a token is shown once");
    for (body, status, slug, words) in [
        (json!({ "name": "shop", "role": "sender" }), 409, "conflict", "exists already"),
        (json!({ "name": "A", "role": "sender" }), 422, "invalid", "not valid"),
        (json!({ "name": "b", "role": "owner" }), 422, "invalid", "owner"),
        (json!({ "name": "b", "role": "sender", "carts": ["nowhere"] }), 404, "not-found", "no cart nowhere"),
        (json!({ "name": "b" }), 422, "invalid", "role"),
    ] {
        desk.ask(post("/v1/tokens").by(&admin).json(&body)).await.problem(status, slug, words);
    }
    // A token of some carts makes, sees and removes none: a new one could touch others.
    let limited = desk.token_for("default", Role::Admin, Some(&["garden"])).await;
    desk.ask(get("/v1/tokens").by(&limited)).await.problem(403, "cart-not-allowed", "every cart");
    desk.ask(post("/v1/tokens").by(&limited).json(&json!({ "name": "c", "role": "admin" }))).await.problem(403, "cart-not-allowed", "");
    desk.ask(delete("/v1/tokens/shop").by(&limited)).await.problem(403, "cart-not-allowed", "");
    // Nor does another merchant's.
    let other = desk.token("other", Role::Admin).await;
    desk.ask(delete("/v1/tokens/shop").by(&other)).await.problem(404, "not-found", "no token \"shop\"");
    desk.ask(delete("/v1/tokens/shop").by(&admin)).await.is(StatusCode::OK);
    desk.ask(get("/v1/carts/garden").by(&text)).await.problem(401, "unauthorized", "removed");
    desk.ask(delete("/v1/tokens/shop").by(&admin)).await.problem(404, "not-found", "");
}

#[tokio::test]
async fn a_banned_plugin_pauses_its_carts_until_the_ban_is_lifted() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    let path = format!("/v1/plugins/bans/{}", Digest::of(PLUGIN));
    desk.ask(put(&path).by(&admin).json(&json!({ "why": " " }))).await.problem(422, "invalid", "1 to 500");
    let banned = desk.ask(put(&path).by(&admin).json(&json!({ "why": "it leaks" }))).await.is(StatusCode::OK);
    assert_eq!((&banned.json["new"], &banned.json["carts"]), (&json!(true), &json!(["garden", "seed-shop"])));
    let again = desk.ask(put(&path).by(&admin).json(&json!({ "why": "it leaks" }))).await.is(StatusCode::OK);
    assert_eq!(again.json["new"], false);
    let listed = desk.ask(get("/v1/plugins/bans").by(&admin)).await.is(StatusCode::OK);
    assert_eq!((listed.json["bans"].as_array().map(Vec::len), &listed.json["bans"][0]["why"]), (Some(1), &json!("it leaks")));
    assert!(desk.ask(get("/v1/carts/garden").by(&admin)).await.is(StatusCode::OK).json["pause"]["why"].is_string());
    let lifted = desk.ask(delete(&path).by(&admin)).await.is(StatusCode::OK);
    assert_eq!(lifted.json["carts"], json!(["garden", "seed-shop"]));
    desk.ask(delete(&path).by(&admin)).await.problem(404, "not-found", "is not banned");
    desk.ask(delete("/v1/plugins/bans/sha256:xyz").by(&admin)).await.problem(404, "not-found", "");
    let limited = desk.token_for("default", Role::Admin, Some(&["garden"])).await;
    desk.ask(put(&path).by(&limited).json(&json!({ "why": "x" }))).await.problem(403, "cart-not-allowed", "every cart");
}

#[tokio::test]
async fn a_part_of_a_definition_changes_and_the_rest_stays() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    let change = |body: Value| patch("/v1/carts/seed-shop").by(&admin).json(&body);
    let changed = desk.ask(change(json!({ "labels": { "Order Shipped": "Shipped", "Order Lost": "ignore" } }))).await.is(StatusCode::OK);
    assert_eq!(changed.json["changes"].as_array().map(Vec::len), Some(2), "{}", changed.text);
    desk.ask(change(json!({ "mode": { "only-orders": ["1021"] }, "labels": { "Order Lost": null } }))).await.is(StatusCode::OK);
    let shown = desk.ask(get("/v1/carts/seed-shop").by(&admin)).await.is(StatusCode::OK);
    let definition = shown.json["definition"].as_str().unwrap_or_default();
    assert_eq!(shown.json["mode"], json!({ "only-orders": ["1021"] }));
    assert!(definition.contains("\"Order Shipped\" = \"Shipped\"") && !definition.contains("Order Lost"), "{definition}");
    let nothing = desk.ask(change(json!({ "mode": { "only-orders": ["1021"] } }))).await.is(StatusCode::OK);
    assert_eq!(nothing.json["changes"], json!([]));
    let many = |count: usize| json!({ "labels": (0..count).map(|n| (format!("L{n}"), Value::Null)).collect::<serde_json::Map<_, _>>() });
    desk.ask(change(many(200))).await.is(StatusCode::OK);
    desk.ask(change(many(201))).await.problem(422, "invalid", "at most 200");
    for wrong in [json!({ "mode": "loud" }), json!({ "labels": { "a": 1 } }), json!({ "plugin": "other.wasm" })] {
        desk.ask(change(wrong)).await.problem(422, "invalid", "");
    }
    desk.ask(patch("/v1/carts/nowhere").by(&admin).json(&json!({}))).await.problem(404, "not-found", "");
}

#[tokio::test]
async fn no_change_makes_a_definition_that_cannot_be_read_again() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    let change = |body: Value| patch("/v1/carts/seed-shop").by(&admin).json(&body);
    let orders = |count: usize| json!({ "mode": { "only-orders": (0..count).map(|n| n.to_string()).collect::<Vec<_>>() } });
    desk.ask(change(orders(0))).await.problem(422, "invalid", "");
    desk.ask(change(orders(1001))).await.problem(422, "invalid", "");
    desk.ask(change(orders(1000))).await.is(StatusCode::OK);
    // However many labels there may be, those that are taken can be read.
    for batch in 0..8 {
        let labels: serde_json::Map<_, _> = (0..200).map(|n| (format!("L{batch}-{n}"), json!("x"))).collect();
        let reply = desk.ask(change(json!({ "labels": labels }))).await;
        assert!(matches!(reply.status.as_u16(), 200 | 422), "{}", reply.text);
        desk.ask(get("/v1/carts").by(&admin)).await.is(StatusCode::OK);
    }
}

#[tokio::test]
async fn a_cart_that_cannot_be_read_hides_no_other_and_is_mended() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    let write = |tx: &Tx<'_>| {
        let definition = DefinitionRow { cart: cart("garden"), text: "mode = ".to_owned(), plugin: None, mode: "live".to_owned() };
        store::carts::put(tx, &merchant("default"), &definition, NOW)
    };
    desk.service.store().write::<_, store::Error>(write).await.expect("it can be written");
    let listed = desk.ask(get("/v1/carts").by(&admin)).await.is(StatusCode::OK);
    assert_eq!((listed.json["carts"].as_array().map(Vec::len), &listed.json["unreadable"][0]["cart"]), (Some(1), &json!("garden")));
    let shown = desk.ask(get("/v1/carts/garden").by(&admin)).await.problem(409, "conflict", "could not read cart garden");
    assert!(shown.json["what_to_do"].as_str().is_some_and(|what| what.starts_with("PUT /v1/carts/garden")), "{}", shown.text);
    assert_eq!(listed.json["unreadable"][0]["remedy"], shown.json["what_to_do"]);
    for switch in ["disable", "enable", "pause", "resume"] {
        let switched = desk.ask(post(&format!("/v1/carts/garden/{switch}")).by(&admin)).await.is(StatusCode::OK);
        assert_eq!(switched.json, listed.json["unreadable"][0], "{switch}");
    }
    desk.ask(get("/v1/parameters?cart=garden").by(&admin)).await.is(StatusCode::OK);
    // The stand-in for a plugin in these tests is not a component, which is looked at after that.
    let mend = put("/v1/carts/garden").by(&admin).body("application/toml", "cart = \"garden\"\nplugin = \"test.wasm\"");
    let refused = desk.ask(mend).await.problem(409, "conflict", "is not in the data directory");
    assert_eq!(refused.json["correct"], "plugin-file");
    let limited = desk.token_for("default", Role::Admin, Some(&["seed-shop"])).await;
    let listed = desk.ask(get("/v1/carts").by(&limited)).await.is(StatusCode::OK);
    assert_eq!(listed.json["unreadable"], json!([]));
}

#[tokio::test]
async fn changes_of_one_cart_at_once_are_all_made_and_bring_no_removed_cart_back() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    let label = |n: usize| desk.ask(patch("/v1/carts/seed-shop").by(&admin).json(&json!({ "labels": { (format!("R{n}")): "x" } })));
    let (a, b, c, d) = tokio::join!(label(1), label(2), label(3), label(4));
    [a, b, c, d].into_iter().for_each(|reply| drop(reply.is(StatusCode::OK)));
    let shown = desk.ask(get("/v1/carts/seed-shop").by(&admin)).await.is(StatusCode::OK);
    let definition = shown.json["definition"].as_str().unwrap_or_default();
    assert!((1..=4).all(|n| definition.contains(&format!("R{n} = \"x\""))), "{definition}");
    let (removed, changed) = tokio::join!(desk.ask(delete("/v1/carts/seed-shop").by(&admin)), label(5));
    removed.is(StatusCode::OK);
    assert!(matches!(changed.status.as_u16(), 200 | 404), "{}", changed.text);
    desk.ask(get("/v1/carts/seed-shop").by(&admin)).await.problem(404, "not-found", "");
}

#[tokio::test]
async fn an_array_is_no_object() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    for (ask, body) in [
        (post("/v1/deliveries/retry"), json!([])),
        (post("/v1/orders/forget"), json!(["seed-shop", "1", true])),
        (post("/v1/tokens"), json!(["a", "admin", []])),
        (patch("/v1/carts/seed-shop"), json!([])),
        (post("/v1/pause"), json!(["stock"])),
        (put("/v1/parameters/UseStatusUpdates"), json!(["True"])),
    ] {
        desk.ask(ask.by(&admin).json(&body)).await.problem(422, "invalid", "array");
    }
    let since = |ms: u64| post("/v1/deliveries/retry").by(&admin).json(&json!({ "since_unix_ms": ms }));
    desk.ask(since(253_402_300_799_999)).await.is(StatusCode::OK);
    desk.ask(since(253_402_300_800_000)).await.problem(422, "invalid", "9999");
    let recording = put("/v1/carts/seed-shop/recording").by(&admin).json(&json!({ "why": "x" }));
    desk.ask(recording).await.problem(422, "invalid", "raw_for_ms");
    for file in ["../x.wasm", "", "a\u{0}b", &"x".repeat(256)] {
        let body = json!({ "digest": Digest::of(PLUGIN), "file": file });
        desk.ask(post("/v1/carts/seed-shop/upgrade").by(&admin).json(&body)).await.problem(422, "invalid", "does not name a plugin file");
    }
    let upgrade = |body: Value| post("/v1/carts/seed-shop/upgrade").by(&admin).json(&body);
    desk.ask(upgrade(json!({ "plugin": "AAAA" }))).await.problem(403, "machine-only", "no token");
    desk.ask(upgrade(json!({ "plugin": "AAAA", "digest": Digest::of(PLUGIN) }))).await.problem(422, "invalid", "one of them");
    desk.ask(upgrade(json!({}))).await.problem(422, "invalid", "one of them");
}

#[tokio::test]
async fn recordings_are_raw_for_a_day_at_most() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    let set = |ms: Value| put("/v1/carts/seed-shop/recording").by(&admin).json(&json!({ "raw_for_ms": ms, "why": "a support case" }));
    let day = 24 * 60 * 60 * 1000;
    assert_eq!(desk.ask(set(json!(day))).await.is(StatusCode::OK).json["raw_until_unix_ms"], json!(NOW + day));
    assert_eq!(desk.ask(set(Value::Null)).await.is(StatusCode::OK).json["raw_until_unix_ms"], Value::Null);
    desk.ask(set(json!(day + 1))).await.problem(422, "invalid", "24 hours");
    desk.ask(set(json!(0))).await.problem(422, "invalid", "24 hours");
    let line = desk.audit("default").await.into_iter().find(|line| line.what == "recording raw").expect("it is on record");
    assert!(line.who.starts_with("token admin-") && line.detail.as_deref().is_some_and(|detail| detail.contains("a support case")));
}

#[tokio::test]
async fn all_carts_are_paused_and_resumed_together() {
    let desk = Desk::new().await;
    let operator = desk.token("default", Role::Operator).await;
    desk.ask(post("/v1/carts/garden/pause").by(&operator)).await.is(StatusCode::OK);
    let paused = desk.ask(post("/v1/pause").by(&operator).json(&json!({ "why": "stock-taking" }))).await.is(StatusCode::OK);
    assert_eq!(paused.json["paused"], 2);
    let shown = desk.ask(get("/v1/carts/seed-shop").by(&operator)).await.is(StatusCode::OK);
    assert!(shown.json["pause"]["why"].is_string(), "{}", shown.text);
    let resumed = desk.ask(post("/v1/resume").by(&operator)).await.is(StatusCode::OK);
    assert_eq!((&resumed.json["resumed"], &resumed.json["still_paused"]), (&json!(2), &json!(["garden"])));
    assert_eq!(resumed.json["pauses"][0]["cart"], "garden");
    let other = desk.token("other", Role::Operator).await;
    assert_eq!(desk.ask(get("/v1/carts/seed-shop").by(&other)).await.is(StatusCode::OK).json["pause"], Value::Null);
    let limited = desk.token_for("default", Role::Operator, Some(&["garden"])).await;
    desk.ask(post("/v1/pause").by(&operator).json(&json!({ "why": "stock-taking" }))).await.is(StatusCode::OK);
    desk.ask(post("/v1/carts/garden/resume").by(&limited)).await.problem(403, "cart-not-allowed", "the pause of all carts");
    desk.ask(post("/v1/resume").by(&operator)).await.is(StatusCode::OK);
    desk.ask(post("/v1/carts/garden/resume").by(&limited)).await.is(StatusCode::OK);
    for path in ["/v1/pause", "/v1/resume"] {
        desk.ask(post(path).by(&limited).json(&json!({ "why": "x" }))).await.problem(403, "cart-not-allowed", "all carts");
    }
}

#[tokio::test]
async fn a_cart_is_removed_with_its_queue_if_that_is_said() {
    let desk = Desk::open().await;
    let admin = desk.token("default", Role::Admin).await;
    desk.queue("default", "1021", "Order Shipped").await;
    desk.ask(delete("/v1/carts/seed-shop").by(&admin)).await.problem(409, "conflict", "was not removed");
    let removed = desk.ask(delete("/v1/carts/seed-shop?discard_queue=true").by(&admin)).await.is(StatusCode::OK);
    assert_eq!(removed.json, json!({ "removed": "seed-shop", "discarded": 1 }));
    desk.ask(delete("/v1/carts/seed-shop").by(&admin)).await.problem(404, "not-found", "");
    let other = desk.token("other", Role::Admin).await;
    desk.ask(get("/v1/carts/seed-shop").by(&other)).await.is(StatusCode::OK);
    desk.ask(delete("/v1/carts/garden").by(&admin)).await.is(StatusCode::OK);
}

#[tokio::test]
async fn an_order_is_forgotten_and_labels_from_before_are_recorded() {
    let desk = Desk::open().await;
    let admin = desk.token("default", Role::Admin).await;
    let forget = |discard: bool| {
        post("/v1/orders/forget").by(&admin).json(&json!({ "cart": "seed-shop", "order": "1021", "discard_queue": discard }))
    };
    desk.ask(forget(false)).await.problem(404, "not-found", "nothing is stored of order 1021");
    desk.queue("default", "1021", "Order Shipped").await;
    desk.ask(forget(false)).await.problem(409, "conflict", "was left alone");
    assert_eq!(desk.ask(forget(true)).await.is(StatusCode::OK).json["discarded"], 1);
    desk.ask(forget(true)).await.problem(404, "not-found", "");
    let record = |orders: Value| post("/v1/baseline").by(&admin).json(&json!({ "cart": "seed-shop", "orders": orders }));
    let orders = json!([{ "order": "1", "label": "Order Shipped" }, { "order": "2", "label": "Order Packed" }]);
    assert_eq!(desk.ask(record(orders)).await.is(StatusCode::OK).json["orders"], 2);
    // What is recorded counts as sent.
    let reply = desk.ask(post("/v1/status-updates").by(&admin).json(&update("1", "Order Shipped"))).await.is(StatusCode::OK);
    assert_eq!(reply.json["outcome"], "nothing-to-do");
    desk.ask(record(json!([]))).await.problem(422, "invalid", "send 1 to 10000");
    desk.ask(record(json!([{ "order": "3", "label": "Order Shipped" }, { "order": "4", "label": "" }]))).await.problem(422, "invalid", "");
    desk.ask(post("/v1/status-updates").by(&admin).json(&update("3", "Order Shipped"))).await.is(StatusCode::ACCEPTED);
    let limited = desk.token_for("default", Role::Admin, Some(&["garden"])).await;
    for path in ["/v1/orders/forget", "/v1/baseline"] {
        let body = json!({ "cart": "seed-shop", "order": "1" });
        let body = if path.ends_with("forget") { body } else { json!({ "cart": "seed-shop", "orders": [{ "order": "1", "label": "x" }] }) };
        desk.ask(post(path).by(&limited).json(&body)).await.problem(403, "cart-not-allowed", "limited");
    }
}

#[tokio::test]
async fn a_credential_is_forgotten() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    let path = "/v1/carts/seed-shop/credentials/account/password";
    let nothing = desk.ask(delete(path).by(&admin)).await.is(StatusCode::OK);
    assert_eq!(nothing.json["forgot"], false);
    desk.ask(delete(&path.replace("seed-shop", "nowhere")).by(&admin)).await.problem(404, "not-found", "no cart nowhere");
    desk.ask(delete(&format!("{path}?next=perhaps")).by(&admin)).await.problem(400, "bad-request", "true or false");
}

#[tokio::test]
async fn a_cart_goes_back_to_a_plugin_that_ran_for_it() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    let listed = desk.ask(get("/v1/carts/seed-shop/plugins").by(&admin)).await.is(StatusCode::OK);
    assert_eq!(listed.json, json!({ "cart": "seed-shop", "pinned": Digest::of(PLUGIN), "plugins": [] }));
    desk.ask(post("/v1/carts/seed-shop/rollback").by(&admin)).await.problem(409, "conflict", "no other plugin than the present one");
    let body = json!({ "digest": Digest::of(b"another") });
    desk.ask(post("/v1/carts/seed-shop/rollback").by(&admin).json(&body)).await.problem(409, "conflict", "no other plugin sha256:");
}

#[tokio::test]
async fn dead_letters_are_retried_together() {
    let desk = Desk::open().await;
    let operator = desk.token("default", Role::Operator).await;
    for (order, reason) in [("1", Reason::TooOld), ("2", not_found()), ("3", not_found())] {
        desk.queue("default", order, "Order Shipped").await;
        desk.kill("default", order, reason, Then::Block).await;
    }
    let retry = |body: Value| post("/v1/deliveries/retry").by(&operator).json(&body);
    let done = desk.ask(retry(json!({ "cart": "seed-shop", "reason": "order-not-found" }))).await.is(StatusCode::OK);
    assert_eq!(done.json, json!({ "retried": 2, "unreadable": [] }));
    assert_eq!(desk.ask(retry(json!({ "cart": "garden" }))).await.is(StatusCode::OK).json["retried"], 0);
    desk.ask(retry(json!({ "cart": "nowhere" }))).await.problem(404, "not-found", "no cart nowhere");
    desk.ask(retry(json!({ "reason": "boredom" }))).await.problem(422, "invalid", "");
    let limited = desk.token_for("default", Role::Operator, Some(&["garden"])).await;
    let others = desk.ask(post("/v1/deliveries/retry").by(&limited).json(&json!({}))).await.is(StatusCode::OK);
    assert_eq!(others.json["retried"], 0, "what it may not touch stays");
    desk.ask(post("/v1/deliveries/retry").by(&limited).json(&json!({ "cart": "seed-shop" }))).await.problem(403, "cart-not-allowed", "");
    let other = desk.token("other", Role::Operator).await;
    assert_eq!(desk.ask(post("/v1/deliveries/retry").by(&other).json(&json!({}))).await.is(StatusCode::OK).json["retried"], 0);
    assert_eq!(desk.ask(retry(json!({}))).await.is(StatusCode::OK).json["retried"], 1);
}

#[tokio::test]
async fn deliveries_are_exported_for_support() {
    let desk = Desk::open().await;
    let operator = desk.token("default", Role::Operator).await;
    let delivery = desk.queue("default", "1021", "Order Shipped").await;
    let export = |deliveries: Value| post("/v1/deliveries/export").by(&operator).json(&json!({ "deliveries": deliveries }));
    let document = desk.ask(export(json!([delivery]))).await.is(StatusCode::OK);
    assert_eq!(document.json["deliveries"].as_array().map(Vec::len), Some(1), "{}", document.text);
    desk.ask(export(json!([]))).await.problem(422, "invalid", "1 to 200");
    desk.ask(export(json!(vec![delivery.as_str(); 201]))).await.problem(422, "invalid", "1 to 200");
    desk.ask(export(json!([delivery, "d1"]))).await.problem(404, "not-found", "no delivery \"d1\"");
    let limited = desk.token_for("default", Role::Operator, Some(&["garden"])).await;
    let hidden = post("/v1/deliveries/export").by(&limited).json(&json!({ "deliveries": [delivery] }));
    desk.ask(hidden).await.problem(404, "not-found", "");
    // What does not wait is not tried.
    let dead = desk.kill("default", "1021", Reason::TooOld, Then::Block).await;
    desk.ask(post(&format!("/v1/deliveries/{dead}/try")).by(&operator)).await.problem(409, "conflict", "does not wait");
    desk.ask(post("/v1/deliveries/d1/try").by(&operator)).await.problem(404, "not-found", "");
}

#[tokio::test]
async fn the_state_of_everything_is_that_of_the_carts_one_may_touch() {
    let desk = Desk::open().await;
    let operator = desk.token("default", Role::Operator).await;
    desk.queue("default", "1021", "Order Shipped").await;
    let status = desk.ask(get("/v1/status").by(&operator)).await.is(StatusCode::OK);
    let carts = status.json["carts"].as_array().expect("there are carts");
    assert_eq!(carts.iter().map(|cart| &cart["cart"]).collect::<Vec<_>>(), ["garden", "seed-shop"]);
    assert_eq!((&carts[1]["queued"], &carts[1]["mode"], &carts[1]["oldest_seconds"]), (&json!(1), &json!("live"), &json!(0)));
    let limited = desk.token_for("default", Role::Operator, Some(&["garden"])).await;
    let status = desk.ask(get("/v1/status").by(&limited)).await.is(StatusCode::OK);
    assert_eq!(status.json["carts"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_cart_is_upgraded_to_a_file_that_the_data_directory_keeps() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    let upgrade = |body: Value| post("/v1/carts/seed-shop/upgrade").by(&admin).json(&body);
    desk.ask(upgrade(json!({ "digest": Digest::of(b"elsewhere") }))).await.problem(409, "conflict", "is not in the data directory");
    // The stand-in for a plugin in these tests is not a component.
    desk.ask(upgrade(json!({ "digest": Digest::of(PLUGIN) }))).await.problem(422, "invalid", "was not admitted");
    desk.ask(upgrade(json!({ "digest": "sha256:xyz" }))).await.problem(422, "invalid", "");
    desk.ask(upgrade(json!({ "digest": Digest::of(PLUGIN), "replay_last": 0 }))).await.problem(422, "invalid", "1 to 1000");
    desk.ask(upgrade(json!({ "digest": Digest::of(PLUGIN), "replay_last": 1001 }))).await.problem(422, "invalid", "1 to 1000");
}

fn not_found() -> Reason {
    Reason::try_from("order-not-found".to_owned()).expect("it is a reason")
}
