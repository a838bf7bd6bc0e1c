//! Whatever a plugin may ask goes out as it asked it, and as one request.

use super::{Shop, post, send};
use cartage_contract::encoding;
use cartage_contract::http::{Header, Part, QueryPair, Request};
use cartage_tests::bad_cart::{BadCart, Step};
use proptest::prelude::*;

/// A request's head and body as a server reads them.
fn read(sent: &[u8]) -> (Vec<String>, Vec<u8>) {
    let end = sent.windows(4).position(|window| window == b"\r\n\r\n").expect("a request has a head");
    let head = std::str::from_utf8(&sent[..end]).expect("a head is ASCII");
    assert!(head.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t')), "{head:?}");
    (head.split("\r\n").map(str::to_owned).collect(), sent[end + 4..].to_vec())
}

async fn send_and_read(request: Request) -> Option<(Vec<String>, Vec<u8>)> {
    let cart = BadCart::start(Step::answering("HTTP/1.1 204 No Content\r\n\r\n", 1)).await.expect("loopback has a port");
    match send(&mut Shop::of(&cart).session(), request).await {
        Ok(_) => Some(read(&cart.received().concat())),
        Err(error) => {
            // Some values are refused by the rules; then nothing at all went out.
            assert_eq!((error.reach, cart.connections()), (cartage_contract::http::Reach::NothingSent, 0), "{error}");
            None
        }
    }
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let part = prop_oneof![any::<String>().prop_map(Part::Text), any::<Vec<u8>>().prop_map(Part::Bytes)];
    proptest::collection::vec(part, 0..4)
}

fn joined(parts: &[Part]) -> Vec<u8> {
    let bytes = |part: &Part| match part {
        Part::Text(text) | Part::Raw(text) => text.clone().into_bytes(),
        Part::Bytes(bytes) => bytes.clone(),
        Part::Secret(_) => Vec::new(),
    };
    parts.iter().flat_map(bytes).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_goes_out_byte_for_byte(
        segment in ".{1,12}", pairs in proptest::collection::vec((".{1,8}", ".{0,12}"), 0..4), note in "[ -~\\r\\n\u{e9}]{0,12}", body in parts(),
    ) {
        let path = format!("/orders/{}", encoding::path_segment(&segment).unwrap_or_else(|_| "7".to_owned()));
        let query = pairs.iter().map(|(name, value)| QueryPair { name: name.clone(), value: Some(vec![Part::Text(value.clone())]) }).collect();
        let mut request = Request { query, body: Some(body.clone()), ..post(&path, "") };
        request.headers.push(Header { name: "x-note".into(), value: vec![Part::Text(note.clone())] });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        let Some((head, sent_body)) = runtime.block_on(send_and_read(request)) else { return Ok(()) };

        let encoded: Vec<String> = pairs.iter().map(|(name, value)| format!("{}={}", encoding::query(name), encoding::query(value))).collect();
        let mark = if encoded.is_empty() { "" } else { "?" };
        prop_assert_eq!(&head[0], &format!("POST {path}{mark}{} HTTP/1.1", encoded.join("&")));
        prop_assert_eq!(&sent_body, &joined(&body));
        let mut names: Vec<&str> = head[1..].iter().map(|line| line.split_once(": ").map_or("", |(name, _)| name)).collect();
        names.sort_unstable();
        prop_assert_eq!(names, ["accept", "accept-encoding", "content-length", "content-type", "host", "user-agent", "x-note"]);
        let expected = [format!("content-length: {}", sent_body.len()), format!("x-note: {note}")];
        for line in expected {
            prop_assert!(head.contains(&line), "{} in {:?}", line, head);
        }
    }
}
