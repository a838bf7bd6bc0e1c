//! Which requests are allowed, and which are refused.

use super::*;
use crate::api::route::{Route, Run};
use crate::api::routes::ROUTES;
use cartage_model::alerts::Subject;
use cartage_model::remedy::Remedy;
use cartage_store::alerts::Said;

/// The characters of a token: `cartage_` and 32 random bytes in base64.
const CHARS: usize = 51;

/// A path of the route, with a value for each parameter.
fn path(route: &Route) -> String {
    let fill = [
        ("{delivery}", "d1"),
        ("{attempt}", "1"),
        ("{cart}", "seed-shop"),
        ("{slot}", "account"),
        ("{field}", "password"),
        ("{name}", "x"),
        ("{digest}", "x"),
    ];
    fill.iter().fold(route.path.to_owned(), |path, (name, value)| path.replace(name, value))
}

#[tokio::test]
async fn every_route_but_the_open_ones_needs_a_token_of_its_role() {
    let desk = Desk::new().await;
    let mut tokens = Vec::new();
    for role in Role::ALL {
        tokens.push((role, desk.token("default", role).await));
    }
    for route in ROUTES {
        let ask = || ask(route.method.clone(), &path(route));
        let needed = match route.run {
            Run::For(needed, _) => needed,
            // tests/machine.rs
            Run::Machine(_) => continue,
            Run::Open(_) | Run::Page(..) => {
                desk.ask(ask()).await.is(StatusCode::OK);
                continue;
            }
        };
        let denied = desk.ask(ask()).await.problem(401, "unauthorized", "no token");
        assert_eq!(denied.headers["www-authenticate"], "Bearer realm=\"cartage\"");
        for (role, token) in &tokens {
            let reply = desk.ask(ask().by(token)).await;
            if *role < needed {
                let reply = reply.problem(403, "role-needed", &format!("needs the role {needed}"));
                assert_eq!(reply.json["role_needed"], needed.as_str());
            } else {
                assert!(!matches!(reply.status.as_u16(), 401 | 403 | 500..), "{} {}: {}", route.method, route.path, reply.text);
            }
        }
    }
}

#[tokio::test]
async fn only_a_token_that_is_known_is_a_token() {
    let desk = Desk::new().await;
    let token = desk.token("default", Role::Sender).await;
    assert_eq!((token.len(), token.starts_with("cartage_")), (CHARS, true));
    let last = if token.ends_with('A') { "B" } else { "A" };
    let near = format!("{}{last}", &token[..CHARS - 1]);
    for value in [
        format!("Bearer {near}"),
        format!("Bearer {token}x"),
        format!("Bearer {}", &token[..CHARS - 1]),
        format!("Bearer {}", token.to_uppercase()),
        format!("Basic {token}"),
        token.clone(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
    ] {
        let reply = desk.ask(get("/v1/labels").header("authorization", &value)).await.problem(401, "unauthorized", "not known");
        assert_eq!(reply.headers["www-authenticate"], "Bearer realm=\"cartage\", error=\"invalid_token\"", "{value}");
        assert!(!reply.text.contains(&token[8..40]), "a token is never repeated");
    }
    desk.ask(get("/v1/labels").by(&token).by(&token)).await.problem(401, "unauthorized", "one header");
    desk.ask(get("/v1/labels").header("authorization", &format!("bearer {token}"))).await.is(StatusCode::OK);
    let name = desk.service.access_tokens().list().await.expect("it can be read").remove(0);
    assert_eq!(name.used_at_unix_ms, Some(NOW), "its use is noted");
    desk.service.access_tokens().remove(&name.name).await.expect("it can be removed");
    desk.ask(get("/v1/labels").by(&token)).await.problem(401, "unauthorized", "removed");
}

#[tokio::test]
async fn a_role_that_this_release_does_not_know_may_do_nothing() {
    let desk = Desk::new().await;
    let secret = format!("cartage_{}", "a".repeat(CHARS - 8));
    let digest = Digest::of(secret.as_bytes());
    let token = store::tokens::TokenRow {
        name: "later".into(),
        digest,
        role: "auditor".into(),
        carts: None,
        made_at_unix_ms: NOW,
        used_at_unix_ms: None,
    };
    let write = move |tx: &Tx<'_>| store::tokens::put(tx, &MerchantId::default(), &token);
    desk.service.store().write::<_, store::Error>(write).await.expect("it can be written");
    desk.ask(get("/v1/labels").by(&secret)).await.problem(403, "role-needed", "does not know");
}

#[tokio::test]
async fn a_merchant_s_things_are_not_there_for_another() {
    let desk = Desk::open().await;
    desk.let_pass("other").await;
    let delivery = desk.queue("default", "1021", "Order Shipped").await;
    let (mine, foreign) = (desk.token("default", Role::Admin).await, desk.token("other", Role::Admin).await);
    let why = json!({ "why": "a test" });
    desk.ask(get(&format!("/v1/deliveries/{delivery}")).by(&mine)).await.is(StatusCode::OK);
    for ask in [
        get(&format!("/v1/deliveries/{delivery}")),
        post(&format!("/v1/deliveries/{delivery}/retry")),
        post(&format!("/v1/deliveries/{delivery}/discard")).json(&why),
        get(&format!("/v1/deliveries/{delivery}/cassettes/1")),
        get("/v1/carts/garden"),
        get("/v1/carts/garden/bindings"),
        get("/v1/carts/garden/credentials"),
        put("/v1/carts/garden/credentials/account/password").json(&json!({ "value": "secret" })),
        post("/v1/carts/garden/pause"),
        put("/v1/parameters/UseGenericStatusUpdates?cart=garden").json(&json!({ "value": "True" })),
    ] {
        desk.ask(ask.by(&foreign)).await.problem(404, "not-found", "there is no");
    }
    let list = desk.ask(get("/v1/deliveries?state=queued").by(&foreign)).await.is(StatusCode::OK);
    assert_eq!((&list.json["deliveries"], &list.json["counts"]["carts"]), (&json!([]), &json!([])));
    let carts = desk.ask(get("/v1/carts").by(&foreign)).await.is(StatusCode::OK);
    assert_eq!(carts.json["carts"].as_array().map(Vec::len), Some(1));
    let explained = desk.ask(get("/v1/explain?cart=seed-shop&order=1021").by(&foreign)).await.is(StatusCode::OK);
    assert_eq!(explained.json["decision"]["label"], Value::Null, "nothing is known of another merchant's order");
    let numbers = desk.ask(get("/metrics").by(&foreign)).await.is(StatusCode::OK);
    assert!(numbers.text.contains("elsewhere") && !numbers.text.contains("garden"), "{}", numbers.text);
    assert_eq!(desk.ask(get(&format!("/v1/deliveries/{delivery}")).by(&mine)).await.json["state"], "queued", "nothing became of it");
}

#[tokio::test]
async fn a_token_for_some_carts_touches_no_other() {
    let desk = Desk::open().await;
    let delivery = desk.queue("default", "1021", "Order Shipped").await;
    let whole = desk.token("default", Role::Admin).await;
    let garden = desk.token_for("default", Role::Admin, Some(&["garden"])).await;
    let value = json!({ "value": "True" });
    for ask in [
        post("/v1/status-updates").json(&update("1", "Order Shipped")),
        post("/v1/status-events").json(&event("1")),
        get("/v1/explain?cart=seed-shop&order=1021"),
        get("/v1/deliveries?cart=seed-shop"),
        get("/v1/carts/seed-shop"),
        get("/v1/carts/not-there"),
        get("/v1/carts/seed-shop/bindings"),
        get("/v1/carts/seed-shop/credentials"),
        put("/v1/carts/seed-shop").body("application/toml", "cart = \"seed-shop\""),
        put("/v1/carts/seed-shop/credentials/account/password").json(&value),
        post("/v1/carts/seed-shop/enable"),
        post("/v1/carts/seed-shop/disable"),
        post("/v1/carts/seed-shop/pause"),
        post("/v1/carts/seed-shop/resume"),
        get("/v1/parameters?cart=seed-shop"),
        put("/v1/parameters/UseGenericStatusUpdates?cart=seed-shop").json(&value),
        put("/v1/parameters/UseStatusUpdates").json(&value),
        ask(Method::DELETE, "/v1/parameters/UseStatusUpdates"),
        put("/v1/events/Order%20Packed").json(&json!({})),
        post("/v1/labels").json(&json!({ "labels": ["Mine"] })),
    ] {
        desk.ask(ask.by(&garden)).await.problem(403, "cart-not-allowed", "limited");
    }
    desk.ask(get(&format!("/v1/deliveries/{delivery}")).by(&garden)).await.problem(404, "not-found", "no delivery");
    desk.ask(post(&format!("/v1/deliveries/{delivery}/retry")).by(&garden)).await.problem(404, "not-found", "no delivery");
    desk.ask(get("/v1/carts/garden").by(&garden)).await.is(StatusCode::OK);
    let names =
        |reply: Reply| reply.json["carts"].as_array().map(|carts| carts.iter().map(|cart| cart["cart"].clone()).collect::<Vec<_>>());
    assert_eq!(names(desk.ask(get("/v1/carts").by(&garden)).await), Some(vec![json!("garden")]));
    assert_eq!(names(desk.ask(get("/v1/carts").by(&whole)).await), Some(vec![json!("garden"), json!("seed-shop")]));
    let list = desk.ask(get("/v1/deliveries?state=queued").by(&garden)).await.is(StatusCode::OK);
    assert_eq!((&list.json["deliveries"], &list.json["counts"]["carts"]), (&json!([]), &json!([])));
    let numbers = desk.ask(get("/metrics").by(&garden)).await.is(StatusCode::OK);
    assert!(numbers.text.contains("cart=\"garden\"") && !numbers.text.contains("seed-shop"), "{}", numbers.text);
}

#[tokio::test]
async fn alerts_are_the_merchant_s_and_of_the_token_s_carts() {
    let desk = Desk::new().await;
    let write = |tx: &Tx<'_>| {
        let said = |detail| Said { detail, remedies: &[Remedy::ShowStatus] };
        let (default, other) = (merchant("default"), merchant("other"));
        for subject in ["cart seed-shop", "cart garden", "cart garden-2", ""].map(Subject::of_text) {
            store::alerts::raise(tx, &default, "cart-paused", &subject, said("refused credentials"), NOW)?;
        }
        store::alerts::raise(tx, &other, "cart-paused", &Subject::of_text("cart garden"), said("elsewhere"), NOW).map(drop)
    };
    desk.service.store().write::<_, store::Error>(write).await.expect("it can be written");
    for (carts, expected) in [(None, 4), (Some(["garden"].as_slice()), 1), (Some(&["seed-shop"]), 1)] {
        let token = desk.token_for("default", Role::Operator, carts).await;
        let reply = desk.ask(get("/v1/alerts").by(&token)).await.is(StatusCode::OK);
        assert_eq!(reply.json["alerts"].as_array().map(Vec::len), Some(expected), "{carts:?}: {}", reply.text);
    }
}

#[tokio::test]
async fn hosts_and_origins_are_those_that_were_named() {
    let desk = Desk::new().await;
    let health = || get("/healthz").without("host");
    for host in ["localhost", "LOCALHOST:1", "[::1]:8080", "[::1]"] {
        desk.ask(health().header("host", host)).await.is(StatusCode::OK);
    }
    for host in ["localhost.evil.example", "evil.example", "127.0.0.1", "", "localhost:8080:8080", "::1"] {
        desk.ask(health().header("host", host)).await.problem(421, "host-not-allowed", "does not answer to the host");
    }
    desk.ask(health()).await.problem(400, "bad-request", "Host header");
    desk.ask(get("/healthz").header("host", "localhost")).await.problem(400, "bad-request", "several Host");
    desk.ask(get("http://evil.example/healthz")).await.problem(421, "host-not-allowed", "evil.example");
    desk.ask(get("/healthz").header("origin", "https://console.example")).await.is(StatusCode::OK);
    for origin in ["https://evil.example", "http://console.example", "https://console.example:8443", "null", ""] {
        desk.ask(get("/healthz").header("origin", origin)).await.problem(403, "origin-not-allowed", "may not call");
    }
    let token = desk.token("default", Role::Admin).await;
    desk.ask(get("/v1/carts").by(&token).header("origin", "null")).await.problem(403, "origin-not-allowed", "null");
}

#[tokio::test]
async fn each_token_has_a_rate_of_its_own() {
    let desk = Desk::with(TokenRate { per_second: 2, burst: 3 }).await;
    let (first, second) = (desk.token("default", Role::Sender).await, desk.token("default", Role::Sender).await);
    let ask = |token: &str| get("/v1/labels").by(token);
    for _ in 0..3 {
        desk.ask(ask(&first)).await.is(StatusCode::OK);
    }
    let reply = desk.ask(ask(&first)).await.problem(429, "too-many-requests", "2 times a second");
    assert_eq!(reply.headers["retry-after"], "1");
    desk.ask(ask(&second)).await.is(StatusCode::OK);
    desk.clock.advance_ms(499);
    desk.ask(ask(&first)).await.problem(429, "too-many-requests", "");
    desk.clock.advance_ms(1);
    desk.ask(ask(&first)).await.is(StatusCode::OK);
}

#[tokio::test]
async fn other_paths_and_methods_are_problems_too() {
    let desk = Desk::new().await;
    for path in ["/v1", "/v1/carts/", "/v2/carts", "/v1/deliveries/a/b", "/%2e%2e/etc/passwd"] {
        desk.ask(get(path)).await.problem(404, "not-found", "openapi.json");
    }
    let reply = desk.ask(post("/v1/carts/seed-shop")).await.problem(405, "method-not-allowed", "GET, PUT, PATCH, DELETE");
    assert_eq!(reply.headers["allow"], "GET, PUT, PATCH, DELETE");
    let head = desk.ask(ask(Method::HEAD, "/healthz")).await.is(StatusCode::OK);
    assert_eq!(head.text, "");
    let token = desk.token("default", Role::Operator).await;
    desk.ask(get("/v1/carts/%ff").by(&token)).await.problem(400, "bad-request", "not UTF-8");
}

#[tokio::test]
async fn readiness_says_why_not() {
    let desk = Desk::new().await;
    desk.ask(get("/readyz")).await.is(StatusCode::OK);
    let api = Api {
        service: desk.service.clone(),
        callers: Callers::Tokens { hosts: vec!["localhost".to_owned()], origins: vec![], rate: TokenRate::default() },
        ready: Arc::new(|| Box::pin(async { Err("it is shutting down".to_owned()) })),
        metrics: Arc::new(|| Box::pin(async { metrics::Metrics::default() })),
        labels: metrics::SeriesLabels::Together,
    };
    let router = router(api).expect("there is randomness");
    let desk = Desk { router, ..desk };
    desk.ask(get("/readyz")).await.problem(503, "unavailable", "shutting down");
    desk.ask(get("/healthz")).await.is(StatusCode::OK);
}
