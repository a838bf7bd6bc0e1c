//! The page for people.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cartage::deliver::registry::{CartRegistry as _, WorkerNote};
use cartage_policy::schedule::Breaker;

impl Ask {
    fn with_password(self, token: &str) -> Ask {
        self.header(AUTHORIZATION.as_str(), &format!("Basic {}", STANDARD.encode(format!("anybody:{token}"))))
    }
}

#[tokio::test]
async fn a_token_is_the_password() {
    let desk = Desk::new().await;
    let denied = desk.ask(get("/")).await.problem(401, "unauthorized", "no token");
    assert_eq!(denied.headers["www-authenticate"], "Basic realm=\"cartage\", charset=\"UTF-8\"");
    let sender = desk.token("default", Role::Sender).await;
    desk.ask(get("/").with_password(&sender)).await.problem(403, "role-needed", "needs the role operator");
    let operator = desk.token("default", Role::Operator).await;
    for wrong in [format!("{operator}x"), String::new(), operator.to_uppercase()] {
        desk.ask(get("/").with_password(&wrong)).await.problem(401, "unauthorized", "not known");
    }
    for wrong in ["Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Digest x"] {
        desk.ask(get("/").header(AUTHORIZATION.as_str(), wrong)).await.problem(401, "unauthorized", "not known");
    }
    let page = desk.ask(get("/").with_password(&operator)).await.is(StatusCode::OK);
    assert_eq!(page.headers[CONTENT_TYPE], "text/html; charset=utf-8");
    assert!(page.text.contains("<td>seed-shop</td>") && page.text.contains("No open alerts"), "{}", page.text);
    // A password gives access to this page only.
    desk.ask(get("/v1/carts").with_password(&operator)).await.problem(401, "unauthorized", "not known");
    desk.ask(post("/").with_password(&operator)).await.problem(405, "method-not-allowed", "GET");
    desk.ask(get("/").with_password(&operator).without("host").header("host", "evil.example")).await.problem(
        421,
        "host-not-allowed",
        "evil",
    );
}

#[tokio::test]
async fn nothing_loads_and_every_text_is_escaped() {
    let desk = Desk::open().await;
    let operator = desk.token("default", Role::Operator).await;
    desk.queue("default", "<script>alert(1)</script>", "Order Shipped").await;
    desk.kill("default", "<script>alert(1)</script>", Reason::TooOld, Then::Block).await;
    desk.service.carts().set_pause(&cart("garden"), Some("\"><img src=x onerror='y'>&")).await.expect("it is paused");
    let page = desk.ask(get("/?cart=seed-shop&order=%22%3E%3Cb%3E").with_password(&operator)).await.is(StatusCode::OK);
    for tag in ["<script", "<img", "<b>"] {
        assert!(!page.text.contains(tag), "{tag}: {}", page.text);
    }
    assert!(page.text.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{}", page.text);
    assert!(page.text.contains("order=%3Cscript%3Ealert%281%29%3C%2Fscript%3E#order\">"), "{}", page.text);
    assert!(page.text.contains("paused: &quot;&gt;&lt;img src=x onerror=&#39;y&#39;&gt;&amp;"), "{}", page.text);
    assert!(page.text.contains("value=\"&quot;&gt;&lt;b&gt;\""), "what was asked for stands in the form: {}", page.text);
    let policy = page.headers["content-security-policy"].to_str().expect("it is text");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let style = page.text.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).expect("there is a style");
    use sha2::Digest as _;
    assert!(policy.contains(&format!("'sha256-{}'", STANDARD.encode(sha2::Sha256::digest(style)))), "the style may be used");
    assert!(!page.text.contains("style=") && !page.text.contains("http"), "nothing else would be: {}", page.text);
}

#[tokio::test]
async fn it_says_why_an_order_was_not_sent_and_shows_blocked_ones() {
    let desk = Desk::open().await;
    let operator = desk.token("default", Role::Operator).await;
    desk.queue("default", "1021", "Order Shipped").await;
    let delivery = desk.kill("default", "1021", Reason::TooOld, Then::Block).await;
    let page = desk.ask(get("/?cart=garden&order=1021").with_password(&operator)).await.is(StatusCode::OK).text;
    assert!(page.contains("<h2>Open alerts</h2>") && page.contains("<td>blocked</td><td>cart seed-shop</td>"), "{page}");
    assert!(page.contains(&format!("<td>{delivery}</td>")) && page.contains("<td>too-old</td>"), "{page}");
    assert!(page.contains("UseGenericStatusUpdates"), "{page}");
    let page = desk.ask(get("/?cart=seed-shop&order=1021").with_password(&operator)).await.is(StatusCode::OK).text;
    assert!(page.contains(&format!("<pre>Blocked by dead letter {delivery}")), "{page}");
    assert!(page.contains(&format!("cartage delivery retry {delivery}")), "{page}");
    assert!(page.contains("<h3>Deliveries of this order</h3><table class=\"deliveries\">"), "{page}");
    assert!(page.contains(&format!("<td>1</td><td>{delivery}</td><td>dead</td>")), "{page}");
    assert!(page.contains("<td><a href=\"/?cart=seed-shop&amp;order=1021#order\">1021</a></td>"), "{page}");
    let page = desk.ask(get("/?cart=nowhere&order=1021").with_password(&operator)).await.is(StatusCode::OK).text;
    assert!(page.contains("nowhere"), "{page}");
}

#[tokio::test]
async fn an_open_breaker_is_shown_with_its_cart_and_to_whom_it_makes_wait() {
    let desk = Desk::open().await;
    let operator = desk.token("default", Role::Operator).await;
    desk.queue("default", "1021", "Order Shipped").await;
    let (key, until_unix_ms) = ((MerchantId::default(), cart("seed-shop")), NOW + 10_000);
    desk.service.registry().note(&key, &WorkerNote::Breaker(Breaker::Open { until_unix_ms }));
    let until = cartage_policy::validate::utc(until_unix_ms);
    let page = desk.ask(get("/?cart=seed-shop&order=1021").with_password(&operator)).await.is(StatusCode::OK).text;
    assert!(page.contains(&format!("<td>breaker open until {until}</td>")), "{page}");
    assert!(page.contains(&format!("<pre>Waiting: update 1 of order 1021 waits until {until}")), "{page}");
    let shown = desk.ask(get("/v1/carts/seed-shop").by(&operator)).await.is(StatusCode::OK);
    assert_eq!(shown.json["breaker_open_until_unix_ms"], until_unix_ms);
    desk.service.registry().note(&key, &WorkerNote::Breaker(Breaker::Closed));
    let shown = desk.ask(get("/v1/carts/seed-shop").by(&operator)).await.is(StatusCode::OK);
    assert_eq!(shown.json["breaker_open_until_unix_ms"], Value::Null);
}

#[tokio::test]
async fn a_token_for_some_carts_shows_these() {
    let desk = Desk::open().await;
    desk.queue("default", "1021", "Order Shipped").await;
    desk.kill("default", "1021", Reason::TooOld, Then::Block).await;
    let narrow = desk.token_for("default", Role::Operator, Some(&["garden"])).await;
    let page = desk.ask(get("/?cart=seed-shop&order=1021").with_password(&narrow)).await.is(StatusCode::OK).text;
    assert!(page.contains("<td>garden</td>") && !page.contains("<td>seed-shop</td>") && !page.contains("cart seed-shop"), "{page}");
    assert!(page.contains("is limited to other carts than seed-shop"), "{page}");
    let other = desk.token("other", Role::Operator).await;
    let page = desk.ask(get("/").with_password(&other)).await.is(StatusCode::OK).text;
    assert!(!page.contains("garden") && !page.contains("1021"), "{page}");
}
