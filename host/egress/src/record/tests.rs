use super::*;
use cartage_contract::http::Method;
use cartage_contract::request::WireHeader;

fn entry(effect: Effect, reach: Reach) -> Entry {
    let request = Request {
        endpoint: "api".into(),
        method: Method::Post,
        effect,
        path: String::new(),
        query: vec![],
        headers: vec![],
        body: None,
        auth: vec![],
        renew: false,
        extra: vec![],
    };
    Entry::Http(Box::new(HttpEntry { reach, ..asked(request) }))
}

/// Tries every order of up to three writes, mixed with reads of any reach: one write without a whole answer makes the reach doubtful, an answered
/// write without a doubtful one makes it answered, and reads do not change it.
#[test]
fn an_attempt_is_in_doubt_by_any_write_without_a_whole_answer() {
    use Reach::{Answered, MaybeSent, NothingSent};
    const ALL: [Reach; 3] = [NothingSent, MaybeSent, Answered];
    let mut orders: Vec<Vec<Reach>> = vec![vec![]];
    for length in 0..3 {
        let longer: Vec<_> = orders.iter().filter(|order| order.len() == length).cloned().collect();
        orders.extend(longer.iter().flat_map(|order| ALL.map(|reach| [order.as_slice(), &[reach]].concat())));
    }
    assert_eq!(orders.len(), 1 + 3 + 9 + 27);
    for writes in orders {
        let expected = match () {
            () if writes.contains(&MaybeSent) => MaybeSent,
            () if writes.contains(&Answered) => Answered,
            () => NothingSent,
        };
        for read in ALL {
            let read = || entry(Effect::Reads, read);
            let among = writes.iter().flat_map(|reach| [read(), entry(Effect::Writes, *reach)]).chain([read()]).collect();
            assert_eq!(recording(among, false).reach, expected, "{writes:?}");
        }
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
