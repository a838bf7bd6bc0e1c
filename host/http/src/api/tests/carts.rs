//! Carts, their credentials, and a merchant's settings.

use super::*;

#[tokio::test]
async fn carts_are_listed_shown_and_switched() {
    let desk = Desk::new().await;
    let operator = desk.token("default", Role::Operator).await;
    let shown = desk.ask(get("/v1/carts/seed-shop").by(&operator)).await.is(StatusCode::OK);
    assert_eq!((&shown.json["enabled"], &shown.json["plugin"]["state"]), (&json!(true), &json!("admitted")), "{}", shown.text);
    assert!(shown.json["definition"].as_str().is_some_and(|text| text.contains("cart = \"seed-shop\"")));
    for unknown in ["seed-shop2", "Seed_Shop", "..", "%00", &"x".repeat(64)] {
        desk.ask(get(&format!("/v1/carts/{unknown}")).by(&operator)).await.problem(404, "not-found", "");
    }
    let near = desk.ask(get("/v1/carts/seed-shp").by(&operator)).await.problem(404, "not-found", "did you mean");
    assert_eq!((&near.json["instance"], &near.json["what_to_do"]), (&json!("/v1/carts/seed-shp"), &Value::Null));
    let far = desk.ask(get("/v1/carts/warehouse").by(&operator)).await.problem(404, "not-found", "there is no cart warehouse");
    assert_eq!(far.json["what_to_do"], "GET /v1/carts");
    let switch = |what: &str| post(&format!("/v1/carts/seed-shop/{what}")).by(&operator);
    assert_eq!(desk.ask(switch("disable")).await.is(StatusCode::OK).json["enabled"], false);
    assert_eq!(desk.ask(switch("enable")).await.is(StatusCode::OK).json["enabled"], true);
    let paused = desk.ask(switch("pause")).await.is(StatusCode::OK);
    assert!(paused.json["pause"]["why"].as_str().is_some_and(|why| why.starts_with("paused by token operator")), "{}", paused.text);
    let paused = desk.ask(switch("pause").json(&json!({ "why": "stock-taking" }))).await.is(StatusCode::OK);
    assert_eq!(paused.json["pause"], json!({ "why": "stock-taking", "said": null, "until_unix_ms": null }));
    desk.ask(switch("pause").json(&json!({ "why": "" }))).await.problem(422, "invalid", "1 to 500");
    assert_eq!(desk.ask(switch("resume")).await.is(StatusCode::OK).json["pause"], Value::Null);
    desk.ask(post("/v1/carts/nowhere/pause").by(&operator)).await.problem(404, "not-found", "no cart nowhere");
    let listed = desk.ask(get("/v1/carts").by(&operator)).await.is(StatusCode::OK);
    assert_eq!((&listed.json["carts"][1]["cart"], &listed.json["carts"][1]["definition"]), (&json!("seed-shop"), &Value::Null));
    let whole = desk.ask(get("/v1/carts?whole=true").by(&operator)).await.is(StatusCode::OK);
    let shown = desk.ask(get("/v1/carts/seed-shop").by(&operator)).await.is(StatusCode::OK);
    assert_eq!(whole.json["carts"][1], shown.json);
    let bindings = desk.ask(get("/v1/carts/seed-shop/bindings").by(&operator)).await.is(StatusCode::OK);
    assert!(bindings.json["endpoints"].is_array(), "{}", bindings.text);
}

#[tokio::test]
async fn a_definition_over_the_network_reaches_into_no_machine() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    let define = |text: &str| put("/v1/carts/seed-shop?dry_run=true").by(&admin).body("application/toml", text.to_owned());
    let base = "cart = \"seed-shop\"\nplugin = \"test.wasm\"\n";
    for rest in [
        "[credentials.account]\npassword = { env = \"HOME\" }",
        "[credentials.account]\npassword = { file = \"/etc/passwd\" }",
        "[endpoints.api]\nbase_url = \"https://a.example/\"\nprivate = [{ name = \"x\", allow = \"10.0.0.0/8\" }]",
        "[endpoints.api]\nbase_url = \"http://a.example/\"\nplain_http = \"accepted\"",
        "[endpoints.api]\nbase_url = \"http://a.example/\"\nsecrets_in_clear = \"accepted\"",
    ] {
        desk.ask(define(&format!("{base}{rest}"))).await.problem(403, "machine-only", "over the network");
    }
    for (text, words) in [
        ("cart = ", "TOML parse error"),
        ("cart = \"seed-shop\"\nplugin = \"test.wasm\"\ncolour = 1", "unknown field `colour`"),
        ("cart = \"garden\"\nplugin = \"test.wasm\"", "make them agree"),
        // The stand-in for a plugin in these tests is not a component.
        (base, "was not admitted"),
    ] {
        desk.ask(define(text)).await.problem(422, "invalid", words);
    }
    desk.ask(define("cart = \"seed-shop\"\nplugin = \"../../etc/passwd\"")).await.problem(409, "conflict", "is not in the data directory");
    let missing = desk.ask(define("cart = \"seed-shop\"\nplugin = \"nowhere.wasm\"")).await;
    let missing = missing.problem(409, "conflict", "is not in the data directory");
    assert_eq!(missing.json["what_to_do"], "on the machine: `cartage apply FILE` adds the plugin");
    desk.ask(put("/v1/carts/seed-shop?dry_run=1").by(&admin).body("application/toml", base)).await.problem(
        400,
        "bad-request",
        "true or false",
    );
    desk.ask(define("cart = \"\u{0}\"")).await.problem(422, "invalid", "");
    let bytes = put("/v1/carts/seed-shop").by(&admin).body("application/toml", b"\xff".to_vec());
    desk.ask(bytes).await.problem(400, "bad-request", "not UTF-8");
}

#[test]
fn what_was_allowed_on_the_machine_may_stay_as_it_is_and_not_move() {
    use crate::api::carts::from_outside;
    use cartage_model::carts::Cart;
    let cart = |base_url: &str, source: &str| {
        let text = format!(
            "cart = \"a\"\nplugin = \"p.wasm\"\n[endpoints.api]\nbase_url = \"{base_url}\"\n\
             private = [{{ name = \"x\", allow = \"10.0.0.0/8\" }}]\n[credentials.account]\npassword = {source}\nuser = {{ text = \"me\" }}\n"
        );
        Cart::parse("a.toml", &text).expect("it is a cart")
    };
    let before = cart("https://10.0.0.1/", "{ env = \"PASSWORD\" }");
    let check = |cart: &Cart, before| from_outside(cart, before).map_err(|problem| problem.detail);
    assert_eq!(check(&before, Some(&before)), Ok(()));
    for other in [cart("https://10.0.0.2/", "{ env = \"PASSWORD\" }"), cart("https://10.0.0.1/", "{ env = \"HOME\" }")] {
        assert!(check(&other, Some(&before)).is_err());
    }
    assert!(check(&before, None).is_err(), "a new cart has nothing that was allowed");
}

#[test]
fn a_limit_is_raised_on_the_machine_only() {
    use crate::api::carts::from_outside;
    use cartage_model::carts::Cart;
    let cart =
        |limits: &str| Cart::parse("a.toml", &format!("cart = \"a\"\nplugin = \"p.wasm\"\n[limits]\n{limits}\n")).expect("it is a cart");
    let usual = cart("requests = 20\nresponse_bytes = 2097152");
    let (raised, more) = (cart("requests = 50"), cart("requests = 51"));
    let check = |cart: &Cart, before| from_outside(cart, before).map_err(|problem| problem.detail);
    assert_eq!(check(&usual, None), Ok(()));
    assert_eq!(check(&cart("requests = 1\ncall_ms = 1"), Some(&usual)), Ok(()));
    for before in [None, Some(&usual)] {
        let error = check(&raised, before).expect_err("it is over the default");
        assert!(error.contains("limits.requests is 50") && error.contains("cartage apply FILE"), "{error}");
    }
    assert_eq!(check(&raised, Some(&raised)), Ok(()), "it was allowed on the machine");
    assert!(check(&more, Some(&raised)).is_err());
    assert_eq!(check(&usual, Some(&raised)), Ok(()), "anybody may lower it");
}

#[tokio::test]
async fn credentials_go_in_and_never_come_out() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    let secret = "a value that nobody may see";
    let set = |body: Value| put("/v1/carts/seed-shop/credentials/account/password").by(&admin).json(&body);
    for body in [json!({ "value": secret, "extra": secret }), json!({ "value": [secret] }), json!({ secret: 1 }), json!(secret)] {
        let reply = desk.ask(set(body)).await.problem(422, "invalid", "not repeated here");
        assert!(!reply.text.contains(secret), "{}", reply.text);
    }
    let unknown = desk.ask(set(json!({ "value": secret }))).await.problem(422, "invalid", "no credential slot");
    assert!(!unknown.text.contains(secret), "{}", unknown.text);
    let list = desk.ask(get("/v1/carts/seed-shop/credentials").by(&admin)).await.is(StatusCode::OK);
    assert_eq!((&list.json["fields"], &list.json["set"]), (&json!([]), &json!([])));
    desk.ask(get("/v1/carts/seed-shop/credentials/account/password").by(&admin)).await.problem(405, "method-not-allowed", "PUT");
}

#[tokio::test]
async fn parameters_are_set_read_and_taken_away() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    let on = json!({ "value": "true" });
    let path = "/v1/parameters/UseGenericStatusUpdates?cart=garden";
    let set = desk.ask(put(path).by(&admin).json(&on)).await.is(StatusCode::OK);
    assert_eq!((&set.json["value"], &set.json["from"]), (&json!("True"), &json!("cart")));
    let list = desk.ask(get("/v1/parameters?cart=garden").by(&admin)).await.is(StatusCode::OK);
    let found = list.json["parameters"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "UseGenericStatusUpdates"));
    assert_eq!(found.map(|one| &one["value"]), Some(&json!("True")));
    let gone = desk.ask(ask(Method::DELETE, path).by(&admin)).await.is(StatusCode::OK);
    assert_eq!((&gone.json["value"], &gone.json["from"]), (&json!("False"), &json!("default")));
    for (path, body, status, slug, words) in [
        ("/v1/parameters/UseStatusUpdate", on.clone(), 404, "not-found", "did you mean"),
        ("/v1/parameters/UseStatusUpdates?cart=garden", on.clone(), 422, "invalid", "cannot be set for a cart"),
        ("/v1/parameters/UseStatusUpdates", json!({ "value": "maybe" }), 422, "invalid", "True or False"),
        ("/v1/parameters/UseStatusUpdates", json!({ "value": true }), 422, "invalid", "invalid type"),
        ("/v1/parameters/UseGenericStatusUpdates?cart=nowhere", on.clone(), 404, "not-found", "no cart"),
    ] {
        desk.ask(put(path).by(&admin).json(&body)).await.problem(status, slug, words);
    }
}

#[tokio::test]
async fn events_and_labels_are_set_and_read() {
    let desk = Desk::new().await;
    let admin = desk.token("default", Role::Admin).await;
    let set = put("/v1/events/order%20packed").by(&admin).json(&json!({ "order_label": "Order Packed", "notify_cart": true }));
    assert_eq!(desk.ask(set).await.is(StatusCode::OK).json["name"], "Order Packed");
    let events = desk.ask(get("/v1/events").by(&admin)).await.is(StatusCode::OK);
    let packed = events.json["events"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "Order Packed"));
    assert_eq!(packed.map(|one| (&one["order_label"], &one["notify_cart"])), Some((&json!("Order Packed"), &json!(true))));
    for (body, words) in [
        (json!({ "label": "x" }), "unknown field `label`"),
        (json!({ "order_label": "" }), "cannot be empty"),
        (json!({ "order_label": "x".repeat(101) }), "at most 100 are allowed"),
    ] {
        desk.ask(put("/v1/events/Order%20Packed").by(&admin).json(&body)).await.problem(422, "invalid", words);
    }
    desk.ask(put("/v1/events/Lunch").by(&admin).json(&json!({}))).await.problem(404, "not-found", "no status event");
    let add = |labels: Vec<String>| post("/v1/labels").by(&admin).json(&json!({ "labels": labels }));
    let added = desk.ask(add(vec!["On Hold".into()])).await.is(StatusCode::OK);
    assert_eq!(added.json["labels"].as_array().map(Vec::len), Some(2), "{}", added.text);
    let many = |count: usize| (0..count).map(|at| format!("label {at}")).collect();
    desk.ask(add(many(0))).await.problem(422, "invalid", "1 to 200");
    desk.ask(add(many(200))).await.is(StatusCode::OK);
    desk.ask(add(many(201))).await.problem(422, "invalid", "not 201");
}
