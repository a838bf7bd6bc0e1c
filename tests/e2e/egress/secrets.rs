//! Secrets go to the cart and nowhere else, even if the cart gives them back.

use super::{Shop, get, only, post, requests, send};
use cartage::cassette::Recording;
use cartage::exchange::{HostCall, HostReply, Services as _, Stop};
use cartage_contract::http::{ErrorKind, Part, Request};
use cartage_contract::signing::Algorithm;
use cartage_tests::bad_cart::{BadCart, Step};

const CANARY: &str = "canary/7f3a9c21d4+e8";

async fn cart(answer: &str) -> BadCart {
    BadCart::start(Step::answering(answer, 4)).await.expect("loopback has a port")
}

fn with_all_slots(shop: Shop) -> Shop {
    let slots = [("basic", "password"), ("bearer", "token"), ("key", "value"), ("query", "value"), ("form", "password"), ("mac", "key")];
    let shop = shop.credential("basic", "username", "merchant").credential("form", "setiuser", "seti");
    slots.into_iter().fold(shop, |shop, (slot, field)| shop.credential(slot, field, CANARY))
}

/// The canary in the forms in which it could slip through.
fn holds_canary(text: &str) -> bool {
    let base64 = ["Y2FuYXJ5LzdmM2E5YzIxZDQrZT", "OmNhbmFyeS83ZjNhOWMyMWQ0K2U4", "5hcnkvN2YzYTljMjFkNCtl"];
    text.contains("7f3a9c21d4") || base64.iter().any(|encoded| text.contains(encoded))
}

fn assert_clean(what: &str, text: &str) {
    assert!(!holds_canary(text), "{what} holds a secret: {text}");
}

fn json(recording: &Recording) -> String {
    serde_json::to_string(recording).expect("a recording is plain data")
}

#[tokio::test]
async fn a_secret_that_the_cart_repeats_is_replaced_and_ends_the_call() {
    let encoded = CANARY.replace('/', "%2F").replace('+', "%2B");
    for (head, body) in [
        (String::new(), format!("you sent {CANARY}!")),
        (String::new(), format!("you sent {encoded}!")),
        (String::new(), "you sent bWVyY2hhbnQ6Y2FuYXJ5LzdmM2E5YzIxZDQrZTg=!".to_owned()),
        (format!("x-order: {CANARY}\r\n"), String::new()),
    ] {
        let cart = cart(&format!("HTTP/1.1 200 OK\r\n{head}content-length: {}\r\n\r\n{body}", body.len())).await;
        let mut session = with_all_slots(Shop::of(&cart)).session();
        let response = send(&mut session, get("/orders")).await.expect("it is an answer");
        let shown = format!("{} {:?}", String::from_utf8_lossy(&response.body), response.headers);
        assert_clean("the answer", &shown);
        assert!(shown.contains(".password]") || shown.contains(".token]") || shown.contains("[key.value]"), "{shown}");
        // The call may finish: sign and log, but ask for nothing more.
        let digest = HostCall::Digest { algorithm: Algorithm::Sha256, message: vec![Part::Text("x".into())] };
        assert!(matches!(session.answer(digest).await, HostReply::Signed(Ok(_))));
        assert_eq!(session.answer(HostCall::Send(get("/orders"))).await, HostReply::End(Stop::SecretReflected));
        let recording = session.finish();
        assert!(recording.secret_reflected);
        assert_eq!(requests(&recording).len(), 1);
        assert_clean("the recording", &json(&recording));
        assert_eq!(String::from_utf8_lossy(&cart.received().concat()).matches("HTTP/1.1").count(), 1);
    }
}

#[tokio::test]
async fn an_answer_without_secrets_goes_on() {
    let cart = cart("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nmerchant").await;
    let mut session = with_all_slots(Shop::of(&cart)).session();
    for _ in 0..2 {
        assert_eq!(send(&mut session, get("/orders")).await.expect("it is an answer").body, b"merchant");
    }
    assert!(!session.finish().secret_reflected);
}

#[tokio::test]
async fn a_redirect_that_repeats_the_query_shows_no_secret_to_the_operator() {
    let location = format!("https://shop.example/orders?api_key={}", CANARY.replace('/', "%2F").replace('+', "%2B"));
    let cart = cart(&format!("HTTP/1.1 301 Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")).await;
    let mut session = with_all_slots(Shop::of(&cart)).session();
    send(&mut session, Request { auth: vec!["query".into()], ..get("/orders") }).await.expect("it is an answer");
    let entry = only(session.finish());
    let redirect_to = entry.redirect_to.expect("it was a redirect");
    assert!(redirect_to.starts_with("https://shop.example/orders?api_key=["), "{redirect_to}");
    assert_clean("the redirect", &redirect_to);
}

/// Whatever goes wrong, nothing that can be printed or kept holds a secret, while the cart really got it.
#[tokio::test]
async fn nothing_that_is_printed_or_kept_holds_a_secret() {
    for (answer, kind) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", None),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n", Some(ErrorKind::ResponseTooLarge)),
        ("not http at all\r\n\r\n", Some(ErrorKind::ResponseInvalid)),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", Some(ErrorKind::Timeout)),
    ] {
        let cart = BadCart::start(vec![Step::Receive, Step::send(answer), Step::Hold]).await.expect("loopback has a port");
        let shop = Shop::of(&cart);
        let shop = with_all_slots(if kind == Some(ErrorKind::Timeout) { shop.impatient() } else { shop });
        let door = shop.door();
        assert_clean("a door's debug output", &format!("{door:?} {:?}", shop.egress));
        let mut session = door.session(cartage::egress::SendMode::Live, Some(super::DELIVERY));
        let auth = vec!["basic".into(), "key".into(), "query".into(), "form".into()];
        let result = send(&mut session, Request { auth, ..post("/orders", "a=b") }).await;
        assert_eq!(result.as_ref().err().map(|error| error.kind), kind, "{answer}");
        assert_clean("the answer", &format!("{result:?}"));
        let recording = session.finish();
        assert_clean("the recording", &json(&recording));
        assert_clean("the recording's debug output", &format!("{recording:?}"));
        assert!(holds_canary(&String::from_utf8_lossy(&cart.received().concat())), "the cart got no secret, so that nothing was tested");
    }
}

/// The same where nothing is reached.
#[tokio::test]
async fn errors_of_connecting_hold_no_secret() {
    let free = BadCart::start(vec![]).await.expect("loopback has a port").address();
    let shop = with_all_slots(Shop::at(format!("http://{free}"), Some("127.0.0.1")));
    let mut session = shop.session();
    let error =
        send(&mut session, Request { auth: vec!["query".into(), "basic".into()], ..get("/orders") }).await.expect_err("nobody listens");
    assert_clean("the error", &format!("{error:?}"));
    let entry = only(session.finish());
    assert!(entry.cause.is_some());
    assert_clean("the record", &format!("{entry:?}"));
}
