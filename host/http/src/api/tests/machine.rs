//! Users of the machine, who need no token, and what only they may do.

use super::*;
use crate::api::body::{BODIES_BYTES_MAX, DEFINITIONS_BYTES_MAX};

impl Desk {
    /// The same service, as users of the machine reach it.
    pub(super) fn on_the_machine(&self) -> Router {
        let api = Api {
            service: self.service.clone(),
            callers: Callers::Machine,
            ready: Arc::new(|| Box::pin(async { Ok(()) })),
            metrics: Arc::new(|| Box::pin(async { numbers() })),
            labels: metrics::SeriesLabels::Together,
        };
        router(api).expect("there is randomness")
    }
}

/// A service as users of the machine reach it.
async fn desk() -> Desk {
    let desk = Desk::new().await;
    Desk { router: desk.on_the_machine(), ..desk }
}

#[tokio::test]
async fn a_user_of_the_machine_needs_no_token_and_acts_for_one_merchant() {
    let desk = desk().await;
    let listed = desk.ask(get("/v1/carts").without("host")).await.is(StatusCode::OK);
    assert_eq!(listed.json["carts"].as_array().map(Vec::len), Some(2), "{}", listed.text);
    desk.ask(post("/v1/carts/garden/pause")).await.is(StatusCode::OK);
    desk.ask(put("/v1/parameters/UseStatusUpdates").json(&json!({ "value": "True" }))).await.is(StatusCode::OK);
    let line = desk.audit("default").await.remove(0);
    assert!(!line.who.starts_with("token"), "{line:?}");
    // A token that is sent is not looked at.
    desk.ask(get("/v1/tokens").by("cartage_unknown")).await.is(StatusCode::OK);
    desk.ask(get("/metrics")).await.is(StatusCode::OK);
    desk.ask(get("/")).await.is(StatusCode::OK);
    desk.ask(get("/v1/nowhere")).await.problem(404, "not-found", "openapi.json");
}

#[tokio::test]
async fn what_reaches_into_the_machine_is_for_its_users() {
    let desk = desk().await;
    let text = "cart = \"seed-shop\"\nplugin = \"test.wasm\"\n[credentials.account]\npassword = { env = \"HOME\" }";
    let define = || put("/v1/carts/seed-shop?dry_run=true").body("application/toml", text);
    // The stand-in for a plugin in these tests is not a component, which is looked at after that.
    desk.ask(define()).await.problem(422, "invalid", "was not admitted");
    let token = desk.token("default", Role::Admin).await;
    let network = Desk::new().await;
    let admin = network.token("default", Role::Admin).await;
    network.ask(define().by(&admin)).await.problem(403, "machine-only", "over the network");
    for (method, path) in [
        (Method::POST, "/v1/plugins"),
        (Method::POST, "/v1/carts"),
        (Method::POST, "/v1/carts/seed-shop/credentials/approve"),
        (Method::POST, "/v1/key"),
        (Method::POST, "/v1/key/rotate"),
        (Method::GET, "/v1/clock"),
        (Method::POST, "/v1/clock/confirm"),
        (Method::POST, "/v1/retention"),
    ] {
        network.ask(ask(method.clone(), path)).await.problem(401, "unauthorized", "no token");
        network.ask(ask(method, path).by(&admin)).await.problem(403, "machine-only", "api.sock");
    }
    drop(token);
}

#[tokio::test]
async fn the_clock_the_key_and_expired_data_are_the_machine_s() {
    let desk = desk().await;
    let clock = desk.ask(get("/v1/clock")).await.is(StatusCode::OK);
    assert_eq!(clock.json, json!({ "now_unix_ms": NOW, "believed": true, "ahead_ms": null, "behind_ms": null }));
    assert_eq!(desk.ask(post("/v1/clock/confirm")).await.is(StatusCode::OK).json["believed"], true);
    let counted = desk.ask(post("/v1/retention").json(&json!({ "dry_run": true }))).await.is(StatusCode::OK);
    let kinds = counted.json["kinds"].as_array().expect("it is a list");
    assert!(
        counted.json["dry_run"] == true && kinds.iter().any(|kind| kind["kind"] == "receipts" && kind["older"] == 0),
        "{}",
        counted.text
    );
    assert_eq!(desk.ask(post("/v1/retention")).await.is(StatusCode::OK).json["dry_run"], false);
    let before = std::fs::read(desk.service.data_dir().key_file()).expect("there is a key");
    // There is a key, which no other replaces.
    let refused = desk.ask(post("/v1/key")).await.is(StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.json["detail"].as_str().is_some_and(|detail| detail.contains("could not write")), "{}", refused.text);
    assert_eq!(refused.json["causes"].as_array().map(Vec::len), Some(1), "users of the machine are told why: {}", refused.text);
    assert!(desk.ask(post("/v1/key/rotate")).await.is(StatusCode::OK).json["id"].is_string());
    assert_ne!(std::fs::read(desk.service.data_dir().key_file()).expect("there is a key"), before);
    std::fs::remove_file(desk.service.data_dir().key_file()).expect("it is there");
    assert!(desk.ask(post("/v1/key")).await.is(StatusCode::CREATED).json["id"].is_string());
}

#[tokio::test]
async fn a_file_that_is_no_plugin_is_not_kept() {
    let desk = desk().await;
    let keep = |media_type: &str, bytes: &[u8]| post("/v1/plugins").body(media_type, bytes.to_vec());
    desk.ask(keep("application/wasm", b"not a component")).await.problem(422, "invalid", "was not admitted");
    desk.ask(keep("application/octet-stream", b"\0asm")).await.problem(415, "unsupported-media-type", "application/wasm");
    let kept = std::fs::read_dir(desk.service.data_dir().plugins()).expect("it is there").count();
    assert_eq!(kept, 1, "the one that the tests put there");
    let approve = |body: Value| post("/v1/carts/seed-shop/credentials/approve").json(&body);
    assert_eq!(desk.ask(approve(json!({}))).await.is(StatusCode::OK).json["approved"], json!([]));
    desk.ask(approve(json!({ "slot": "nowhere" }))).await.problem(404, "not-found", "no credential slot nowhere");
}

#[tokio::test]
async fn several_carts_are_defined_together_with_their_plugins() {
    let desk = desk().await;
    let text = |cart: &str| format!("cart = \"{cart}\"\nplugin = \"test.wasm\"\n");
    let define = |body: Value| post("/v1/carts").json(&body);
    let nothing = desk.ask(define(json!({ "definitions": [] }))).await.is(StatusCode::OK);
    assert_eq!(nothing.json, json!({ "changes": [], "needs_approval": false, "made": true }));
    let definitions = json!([{ "definition": text("a"), "plugin": 0 }, { "definition": text("b"), "plugin": 0 }]);
    // The stand-in for a plugin in these tests is not a component.
    let file =
        desk.ask(define(json!({ "definitions": definitions, "plugins": ["AAAA"] }))).await.problem(422, "invalid", "was not admitted");
    assert!(file.json["causes"].as_array().is_some_and(|causes| !causes.is_empty()), "{}", file.text);
    for (body, status, slug, words) in [
        (json!({ "definitions": definitions, "plugins": [] }), 422, "invalid", "names the plugin 0, and `plugins` has 0"),
        (json!({ "definitions": definitions, "plugins": ["?"] }), 422, "invalid", "Invalid symbol"),
        (json!({ "definitions": [{ "definition": text("a") }] }), 409, "conflict", "plugin"),
        (json!({ "definitions": [{ "definition": "cart = 1" }] }), 422, "invalid", "could not read the cart in the request"),
        (json!({ "definitions": [{ "definition": text("a"), "file": "x" }] }), 422, "invalid", "unknown field"),
    ] {
        desk.ask(define(body)).await.problem(status, slug, words);
    }
    assert_eq!(desk.ask(get("/v1/carts")).await.is(StatusCode::OK).json["carts"].as_array().map(Vec::len), Some(2), "none was made");
    let upgrade = |body: Value| post("/v1/carts/seed-shop/upgrade").json(&body);
    desk.ask(upgrade(json!({ "plugin": "AAAA" }))).await.problem(422, "invalid", "was not admitted");
}

#[tokio::test]
async fn a_request_holds_the_files_of_several_plugins_and_has_a_limit() {
    let desk = desk().await;
    // More than the share of a token's requests.
    let body = format!("{{\"definitions\":[],\"plugins\":[\"{}\"]}}", "A".repeat(BODIES_BYTES_MAX / 2 + 4));
    let request = post("/v1/carts").body("application/json", body);
    let answer = desk.router.clone().oneshot(request.0).await.expect("the router always answers");
    assert_eq!(answer.status(), StatusCode::OK);
    let announced =
        |bytes: usize| post("/v1/carts").body("application/json", "{\"definitions\":[]}").header("content-length", &bytes.to_string());
    let refused = desk.ask(announced(DEFINITIONS_BYTES_MAX + 1)).await.problem(413, "too-large", "send less at once");
    assert_eq!(refused.json["bytes_max"], DEFINITIONS_BYTES_MAX);
}

#[tokio::test]
async fn whoever_removes_a_parameter_s_value_hears_whether_there_was_one() {
    let desk = desk().await;
    let (path, value) = ("/v1/parameters/UseStatusUpdates", json!({ "value": "True" }));
    let unset = || desk.ask(ask(Method::DELETE, path));
    assert_eq!(unset().await.is(StatusCode::OK).json["was_set"], false);
    desk.ask(put(path).json(&value)).await.is(StatusCode::OK);
    let removed = unset().await.is(StatusCode::OK);
    assert_eq!(
        (&removed.json["was_set"], &removed.json["value"], &removed.json["from"]),
        (&json!(true), &json!("False"), &json!("default"))
    );
}

#[tokio::test]
async fn a_command_of_another_release_is_refused_and_other_programs_are_not() {
    let desk = desk().await;
    let by = |agent: &str| get("/v1/tokens").header("user-agent", agent);
    let own = format!("cartage/{}", env!("CARGO_PKG_VERSION"));
    for agent in [own.as_str(), "curl/8.0", "cartage"] {
        desk.ask(by(agent)).await.is(StatusCode::OK);
    }
    desk.ask(by("cartage/99.0.0")).await.problem(
        409,
        "other-release",
        "this command is Cartage 99.0.0, so it was not run; restart the daemon",
    );
}

#[tokio::test]
async fn an_error_is_told_whole_on_the_machine_with_its_remedy_as_data() {
    let desk = desk().await;
    std::fs::remove_file(desk.service.data_dir().key_file()).expect("there is one");
    let told = desk.ask(post("/v1/key/rotate")).await.is(StatusCode::SERVICE_UNAVAILABLE);
    assert!(told.json["detail"].as_str().is_some_and(|detail| detail.contains("key file")), "{}", told.text);
    assert_eq!(told.json["what_to_do"], json!({ "do": "restore-key" }), "{}", told.text);
    let unknown = desk.ask(get("/v1/carts/nowhere")).await.is(StatusCode::NOT_FOUND);
    assert_eq!(unknown.json["what_to_do"], json!({ "do": "list-carts" }), "{}", unknown.text);
    let network = Desk::new().await;
    let admin = network.token("default", Role::Admin).await;
    assert_eq!(network.ask(get("/v1/carts/nowhere").by(&admin)).await.json["what_to_do"], "GET /v1/carts");
}
