use super::*;
use cartage_contract::request::WireHeader;

fn entry(method: Method, reach: Reach) -> Entry {
    let request = Request {
        endpoint: "api".into(),
        method,
        path: String::new(),
        query: vec![],
        headers: vec![],
        body: None,
        auth: vec![],
        renew: false,
    };
    Entry::Http(Box::new(HttpEntry { reach, ..asked(request) }))
}

#[test]
fn an_attempt_got_as_far_as_its_furthest_write() {
    use Method::{Delete, Get, Head, Options, Patch, Post, Put};
    use Reach::{Answered, MaybeSent, NothingSent};
    for (requests, expected) in [
        (vec![], NothingSent),
        (vec![(Get, Answered)], Answered),
        (vec![(Get, Answered), (Head, MaybeSent)], Answered),
        (vec![(Options, MaybeSent)], MaybeSent),
        // What was only read does not count where something was to be written.
        (vec![(Get, Answered), (Post, NothingSent)], NothingSent),
        (vec![(Get, Answered), (Put, MaybeSent)], MaybeSent),
        (vec![(Post, MaybeSent), (Patch, Answered)], Answered),
        (vec![(Delete, Answered), (Post, NothingSent)], Answered),
    ] {
        let entries = requests.iter().map(|(method, reach)| entry(*method, *reach)).collect();
        assert_eq!(recording(entries, false).reach, expected, "{requests:?}");
    }
}

#[test]
fn a_record_is_text_that_no_terminal_obeys() {
    for (given, expected) in [
        ("plain", "plain"),
        ("caf\u{e9} \u{2713}", "caf\u{e9} \u{2713}"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("\u{1b}[31mred", "\\u{1b}[31mred"),
        ("nul\0 del\u{7f} csi\u{9b}", "nul\\u{0} del\\u{7f} csi\\u{9b}"),
        ("turned \u{202e}round\u{2066}", "turned \\u{202e}round\\u{2066}"),
        ("line\u{2028}break", "line\\u{2028}break"),
    ] {
        assert_eq!(printable(given), expected);
    }
}

#[test]
fn bodies_are_recorded_as_text_or_by_their_size() {
    let wire = |body: Option<&[u8]>| Wire {
        method: Method::Post,
        url: "https://shop.example/".into(),
        headers: vec![WireHeader { name: "x".into(), value: b"y".to_vec(), sensitive: true }],
        body: body.map(<[u8]>::to_vec),
    };
    assert_eq!(wire_record(wire(None)).body, None);
    assert_eq!(wire_record(wire(Some(b""))).body.as_deref(), Some(""));
    assert_eq!(wire_record(wire(Some("caf\u{e9}\n".as_bytes()))).body.as_deref(), Some("caf\u{e9}\n"));
    assert_eq!(wire_record(wire(Some(&[0xff, 0x00, 0x01]))).body.as_deref(), Some("[3 bytes]"));
    assert_eq!(wire_record(wire(None)).headers, [("x".to_owned(), "y".to_owned())]);
}
