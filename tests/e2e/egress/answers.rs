//! What a cart may do to an answer, and what comes of it.

use super::{Shop, get, only, post, requests, send};
use cartage_contract::http::{Error, ErrorKind, Method, Reach, Request, Response};
use cartage_tests::bad_cart::{BadCart, Step};
use std::time::Instant;

/// What one GET comes to where the cart plays this script after the request, within so many milliseconds.
async fn play_within(request_ms: u32, answer: Vec<Step>) -> Result<Response, Error> {
    let mut script = vec![Step::Receive];
    script.extend(answer);
    let cart = BadCart::start(script).await.expect("loopback has a port");
    let mut shop = Shop::of(&cart);
    shop.limits.request_ms = request_ms;
    let started = Instant::now();
    let (answer, entry) = shop.get().await;
    assert!(started.elapsed().as_millis() < 15_000, "the deadline of {request_ms} ms did not hold");
    assert_eq!(cart.connections(), 1);
    assert_eq!(entry.reach, answer.as_ref().map_or_else(|error| error.reach, |_| Reach::Answered));
    assert_eq!(entry.cause.is_some(), answer.is_err());
    assert_eq!(entry.answer, Some(answer.clone()));
    answer
}

async fn play(answer: Vec<Step>) -> Result<Response, Error> {
    play_within(10_000, answer).await
}

async fn fails(answer: Vec<Step>, kind: ErrorKind) {
    let shown = format!("{answer:?}").chars().take(160).collect::<String>();
    // Only where the deadline is what is tested is it a short one.
    let request_ms = if kind == ErrorKind::Timeout { 300 } else { 10_000 };
    let error = play_within(request_ms, answer).await.expect_err(&shown);
    assert_eq!((error.kind, error.reach), (kind, Reach::MaybeSent), "{shown}: {error}");
}

async fn answers(answer: Vec<Step>, status: u16, body: &[u8]) {
    let shown = format!("{answer:?}");
    let response = play(answer).await.unwrap_or_else(|error| panic!("{shown}: {error}"));
    assert_eq!((response.status, response.body.as_slice()), (status, body), "{shown}");
}

#[tokio::test]
async fn silence_and_dripping_end_at_the_deadline() {
    let endless_head = "HTTP/1.1 200 OK\r\nx-order: ".to_owned() + &"1".repeat(1_000);
    tokio::join!(
        fails(vec![Step::Hold], ErrorKind::Timeout),
        fails(vec![Step::drip(&endless_head, 20)], ErrorKind::Timeout),
        fails(vec![Step::send("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n"), Step::drip("x".repeat(500), 20)], ErrorKind::Timeout),
        fails(vec![Step::send("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nhalf"), Step::Hold], ErrorKind::Timeout),
        fails(
            vec![Step::send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), Step::forever("0000001\r\nx\r\n", 5)],
            ErrorKind::Timeout
        ),
        fails(vec![Step::forever("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n", 1)], ErrorKind::Timeout),
        fails(vec![Step::forever("HTTP/1.1 100 Continue\r\n\r\n", 1)], ErrorKind::Timeout),
    );
}

#[tokio::test]
async fn what_is_not_http_is_invalid() {
    let many_headers = |count: usize| format!("HTTP/1.1 200 OK\r\n{}content-length: 2\r\n\r\nok", "x-h: y\r\n".repeat(count - 1));
    for bytes in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "<html>HTTP/0.9</html>\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\ncontent-length: +3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551616\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnot hexadecimal\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nokay\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        "HTTP/1.1 600 Beyond\r\ncontent-length: 0\r\n\r\n",
        &many_headers(65),
    ] {
        fails(vec![Step::send(bytes)], ErrorKind::ResponseInvalid).await;
    }
    answers(vec![Step::send(many_headers(64))], 200, b"ok").await;
}

#[tokio::test]
async fn a_header_without_end_is_refused_before_memory_runs_out() {
    let flood = vec![Step::send("HTTP/1.1 200 OK\r\nx-order: "), Step::forever("x".repeat(65_536), 0)];
    fails(flood, ErrorKind::ResponseInvalid).await;
}

#[tokio::test]
async fn floods_around_a_body_are_refused() {
    let chunked = || Step::send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    let extension = vec![chunked(), Step::send("1;"), Step::forever("x".repeat(65_536), 0)];
    fails(extension, ErrorKind::ResponseInvalid).await;
    let trailers = vec![chunked(), Step::send("1\r\nx\r\n0\r\n"), Step::forever("trailer: x\r\n".repeat(100), 0)];
    fails(trailers, ErrorKind::ResponseInvalid).await;
}

#[tokio::test]
async fn a_connection_that_breaks_is_interrupted() {
    for answer in [
        vec![Step::Close],
        vec![Step::Reset],
        vec![Step::send("HTTP/1.1 200 OK\r\ncontent-le"), Step::Close],
        vec![Step::send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort"), Step::Close],
        vec![Step::send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort"), Step::wait_ms(30), Step::Reset],
        vec![Step::send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n"), Step::Close],
    ] {
        fails(answer, ErrorKind::Interrupted).await;
    }
}

#[tokio::test]
async fn bodies_end_by_length_by_chunks_or_by_closing() {
    for bytes in [
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nbo\r\n2;ext=1\r\ndy\r\n0\r\ntrailer: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nbody",
        "HTTP/1.0 200 OK\r\n\r\nbody",
        "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody",
    ] {
        answers(vec![Step::send(bytes)], 200, b"body").await;
    }
    answers(vec![Step::send("HTTP/1.1 204 No Content\r\n\r\n")], 204, b"").await;
    answers(vec![Step::send("HTTP/1.1 500 Broken\r\ncontent-length: 2\r\n\r\nno")], 500, b"no").await;
    answers(vec![Step::send("HTTP/1.1 401 No\r\nwww-authenticate: Basic realm=x\r\ncontent-length: 0\r\n\r\n")], 401, b"").await;
}

#[tokio::test]
async fn a_body_may_have_so_many_bytes_and_not_one_more() {
    // The limit in these tests is 1,000.
    let (fits, over) = ("x".repeat(1_000), "x".repeat(1_001));
    for head in ["content-length: 1000\r\n\r\n", "transfer-encoding: chunked\r\n\r\n3e8\r\n", "\r\n"] {
        let end = if head.contains("chunked") { "\r\n0\r\n\r\n" } else { "" };
        answers(vec![Step::send(format!("HTTP/1.1 200 OK\r\n{head}{fits}{end}"))], 200, fits.as_bytes()).await;
    }
    for head in ["content-length: 1001\r\n\r\n", "transfer-encoding: chunked\r\n\r\n3e9\r\n", "\r\n"] {
        let end = if head.contains("chunked") { "\r\n0\r\n\r\n" } else { "" };
        fails(vec![Step::send(format!("HTTP/1.1 200 OK\r\n{head}{over}{end}"))], ErrorKind::ResponseTooLarge).await;
    }
    // An endless one ends there as well, and a stated length is believed before the first byte.
    let endless = vec![Step::send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), Step::forever("a\r\n0123456789\r\n", 0)];
    fails(endless, ErrorKind::ResponseTooLarge).await;
    fails(vec![Step::send("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n"), Step::Hold], ErrorKind::ResponseTooLarge).await;
}

#[tokio::test]
async fn compressed_bodies_stay_as_they_are() {
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xcb, 0xc8, 4, 0, 0xac, 0x2a, 0x93, 0xd8, 2, 0, 0, 0];
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", gzip.len());
    answers(vec![Step::send(head), Step::send(gzip)], 200, &gzip).await;
}

#[tokio::test]
async fn only_declared_headers_are_shown() {
    let head = "HTTP/1.1 200 OK\r\nX-Order: 7\r\nset-cookie: a=b\r\nContent-Type: text/plain\r\nx-secret-debug: y\r\nretry-after: 99999999999\r\n\
                date: today\r\nx-order: \u{e9}\r\ncontent-length: 0\r\n\r\n";
    let response = play(vec![Step::send(head)]).await.expect("it is an answer");
    let headers: Vec<(&str, &str)> = response.headers.iter().map(|header| (header.name.as_str(), header.value.as_str())).collect();
    assert_eq!(headers.len(), 5, "{headers:?}");
    for expected in
        [("x-order", "7"), ("x-order", "\u{e9}"), ("content-type", "text/plain"), ("retry-after", "99999999999"), ("date", "today")]
    {
        assert!(headers.contains(&expected), "{expected:?} in {headers:?}");
    }
}

#[tokio::test]
async fn an_answer_of_another_type_is_not_shown() {
    let answer = |content_type: &str| format!("HTTP/1.1 200 OK\r\n{content_type}content-length: 2\r\n\r\n{{}}");
    for (head, shown) in [
        (answer("content-type: application/json\r\n"), true),
        (answer("content-type: Application/JSON; charset=utf-8\r\n"), true),
        (answer("content-type: application/jsonx\r\n"), false),
        (answer("content-type: text/html\r\n"), false),
        (answer(""), false),
        ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), true),
    ] {
        let cart = BadCart::start(vec![Step::Receive, Step::send(&head)]).await.expect("loopback has a port");
        let mut shop = Shop::of(&cart);
        shop.manifest.endpoints[0].response_types = vec!["application/json".into()];
        let (result, entry) = shop.get().await;
        assert_eq!(entry.reach, Reach::Answered, "{head}");
        match result {
            Ok(_) => assert!(shown, "{head}"),
            Err(error) => assert_eq!((error.kind, error.reach, shown), (ErrorKind::ResponseType, Reach::Answered, false), "{head}"),
        }
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_that_only_the_operator_can_follow() {
    let elsewhere = BadCart::start(vec![Step::Receive, Step::send("HTTP/1.1 200 OK\r\n\r\n")]).await.expect("loopback has a port");
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/stolen?x=1", elsewhere.base_url());
        let head = format!("HTTP/1.1 {status} Moved\r\nlocation: {location}\r\nrefresh: 0; url={location}\r\ncontent-length: 0\r\n\r\n");
        let cart = BadCart::start(vec![Step::Receive, Step::send(head)]).await.expect("loopback has a port");
        let mut session = Shop::of(&cart).credential("key", "value", "a key that must stay").session();
        let request = Request { auth: vec!["key".into()], ..post("/orders", "a=b") };
        let response = send(&mut session, request).await.expect("a redirect is an answer");
        assert_eq!((response.status, response.headers.len()), (status, 0));
        assert_eq!(only(session.finish()).redirect_to, Some(location));
        assert_eq!(cart.connections(), 1);
    }
    assert_eq!(elsewhere.connections(), 0, "not even a connection was made to where the redirect led");
}

#[tokio::test]
async fn what_follows_an_answer_is_not_taken_for_the_next() {
    let forged = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged";
    for (first, body) in [("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody", "body"), ("HTTP/1.1 204 No Content\r\n\r\n", "")] {
        let mut scripts = Step::answering(format!("{first}{forged}"), 1);
        scripts.push(Step::Hold);
        let honest = Step::answering("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhonest", 1);
        let cart = BadCart::start_each(vec![scripts, honest]).await.expect("loopback has a port");
        let mut session = Shop::of(&cart).session();
        assert_eq!(send(&mut session, get("/orders")).await.expect("it is an answer").body, body.as_bytes());
        assert_eq!(send(&mut session, get("/orders")).await.expect("it is an answer").body, b"honest");
        assert_eq!(cart.connections(), 2);
    }
}

#[tokio::test]
async fn a_connection_that_the_cart_closed_meanwhile_is_not_used() {
    let cart = BadCart::start(Step::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 1)).await.expect("loopback has a port");
    let mut session = Shop::of(&cart).session();
    for connections in 1..=3 {
        let response = send(&mut session, post("/orders", "a=b")).await.expect("a fresh connection answers");
        assert_eq!((response.body.as_slice(), cart.connections()), (b"ok".as_slice(), connections));
        // Long enough for the end of the connection to be noticed.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn head_and_no_content_have_no_body_whatever_is_sent() {
    let ignored = "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n";
    let cart = BadCart::start(vec![Step::Receive, Step::send(ignored), Step::Hold]).await.expect("loopback has a port");
    let mut session = Shop::of(&cart).session();
    let response = send(&mut session, Request { method: Method::Head, ..get("/orders") }).await.expect("it is an answer");
    assert_eq!((response.status, response.body), (200, vec![]));
}

#[tokio::test]
async fn connections_are_kept_and_cookies_are_not() {
    let answer = "HTTP/1.1 200 OK\r\nset-cookie: session=1\r\ncontent-length: 2\r\n\r\nok";
    let cart = BadCart::start(Step::answering(answer, 2)).await.expect("loopback has a port");
    let shop = Shop::of(&cart);
    let (first, second) = (shop.door(), shop.door());
    for _ in 0..2 {
        let mut session = first.session(cartage::egress::SendMode::Live, None);
        send(&mut session, get("/orders")).await.expect("it is an answer");
        assert_eq!(requests(&session.finish()).len(), 1);
    }
    assert_eq!(cart.connections(), 1, "the second call of a cart uses the connection of the first");
    send(&mut second.session(cartage::egress::SendMode::Live, None), get("/orders")).await.expect("it is an answer");
    assert_eq!(cart.connections(), 2, "another cart's call does not");
    for bytes in cart.received() {
        assert!(!String::from_utf8_lossy(&bytes).to_ascii_lowercase().contains("cookie"));
    }
}
