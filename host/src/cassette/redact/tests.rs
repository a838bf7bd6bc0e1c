use super::*;
use crate::id::Digest;
use cartage_contract::delivery::{Applied, AppliedOutcome, Context};
use cartage_contract::http::{Escape, Header, Method, QueryPair, Reach, ResponseHeader, SecretPart};
use cartage_contract::log::Level;
use cartage_contract::orders::{CivilDate, CivilTime};
use proptest::prelude::*;

fn update(note: Option<&str>) -> Update {
    Update {
        order_number: "1021".into(),
        reference_number: None,
        label: "Order Shipped".into(),
        status: Some("Shipped".into()),
        previous_label: None,
        changed_at: CivilTime { date: CivilDate { year: 2026, month: 5, day: 4 }, hour: 3, minute: 2, second: 1, utc_offset_minutes: None },
        note: note.map(str::to_owned),
        comments: None,
        notify_customer: None,
        packages: Vec::new(),
        line_items: Vec::new(),
    }
}

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

fn secret() -> Part {
    Part::Secret(SecretPart { slot: "account".into(), field: "password".into(), escape: Escape::Form })
}

fn cassette(note: Option<&str>, body: Vec<Part>, answer: &[u8], log: &str) -> Cassette {
    let delivery = Delivery { id: "d".into(), sequence: 1, attempt: 1, earlier: vec![], known_reference: None };
    let context = Context { now_unix_ms: 0, entropy: vec![], settings: vec![], endpoints: vec![], bound_slots: vec![] };
    let wire: String = body.iter().map(|part| if let Part::Text(text) = part { text } else { "[account.password]" }).collect();
    let request = Request {
        endpoint: "api".into(),
        method: Method::Post,
        path: "/orders".into(),
        query: vec![QueryPair { name: "email".into(), value: Some(vec![text("jo@shop.example")]) }],
        headers: vec![Header { name: "x-customer-phone".into(), value: vec![text("0123 4567")] }],
        body: Some(body),
        auth: vec![],
        renew: false,
    };
    let wire = WireRecord {
        method: Method::Post,
        url: "https://shop.example/orders?email=jo%40shop.example&page=2".into(),
        headers: vec![("x-customer-phone".into(), "0123 4567".into())],
        body: Some(wire),
    };
    let headers = vec![ResponseHeader { name: "x-order".into(), value: "1021".into() }];
    let http = HttpEntry {
        request,
        wire: Some(wire),
        reach: Reach::Answered,
        answer: Some(Ok(Response { status: 200, headers, body: answer.to_vec() })),
        cause: None,
        redirect_to: None,
        peer: None,
        took_ms: 1,
    };
    let entries = vec![Entry::Http(Box::new(http)), Entry::Log { level: Level::Info, message: log.to_owned() }];
    Cassette {
        format: 1,
        plugin: "test".into(),
        version: "1.0.0".into(),
        digest: Digest::of(b"test"),
        call: Call::SendOrderStatus { update: Box::new(update(note)), delivery, context },
        recording: Recording { entries, reach: Reach::Answered, secret_reflected: false },
        outcome: Outcome::Applied(Applied { outcome: AppliedOutcome::Done, reference: None, message: Some(log.to_owned()), steps: vec![] }),
    }
}

/// What becomes of a text, with `loyalty` as a plugin's own field.
fn redacted(text: &str) -> String {
    Rules::new(&["loyalty".to_owned()]).text(text)
}

#[test]
fn texts_lose_what_is_personal_and_nothing_else() {
    for (given, expected) in [
        (r#"{"email" : "jo@shop.example", "id":7}"#, r#"{"email" : "redacted-email-1", "id":7}"#),
        (
            r#"{"billing":{"name":"Jo","state":"XX","method":"mail"}}"#,
            r#"{"billing":{"name":"redacted-name-1","state":"redacted-address-1","method":"mail"}}"#,
        ),
        (
            r#"{"items":[{"name":"Seeds"}],"phones":[1234567,"x"]}"#,
            r#"{"items":[{"name":"Seeds"}],"phones":["redacted-phone-1","redacted-phone-2"]}"#,
        ),
        (r#"{"customer":{"a":[true,null,"x"],"b":""}}"#, r#"{"customer":{"a":[true,null,"redacted-personal-1"],"b":""}}"#),
        (
            r#"[{"code":"telephone","value":"1"},{"value":"2","code":"telephone"}]"#,
            r#"[{"code":"telephone","value":"redacted-phone-1"},{"value":"redacted-phone-2","code":"telephone"}]"#,
        ),
        (r#"{"note":"a \"quoted\" one","loyalty":"x"}"#, r#"{"note":"redacted-note-1","loyalty":"redacted-personal-1"}"#),
        (r#"{"document":"{\"email\":\"j@x.example\",\"n\":1}"}"#, r#"{"document":"{\"email\":\"redacted-email-1\",\"n\":1}"}"#),
        (r#"{"email":"unterminated"#, r#"{"email":"redacted-email-1"#),
        (
            "<a><City>X</City><b City='Y' z='1'/><email/></a>",
            "<a><City>redacted-address-1</City><b City='redacted-address-2' z='1'/><email/></a>",
        ),
        (
            "<Shipping><Name> Jo &amp; Co </Name><Method>Air</Method></Shipping><Name>Seeds</Name>",
            "<Shipping><Name> redacted-name-1 </Name><Method>Air</Method></Shipping><Name>Seeds</Name>",
        ),
        ("<customer><![CDATA[Jo]]></customer><x>y</x>", "<customer><![CDATA[redacted-personal-1]]></customer><x>y</x>"),
        ("<input name=\"email\" value=\"j\"><p>kept</p>", "<input name=\"email\" value=\"redacted-email-1\"><p>kept</p>"),
        ("<p>mail to j@x.example &lt;soon&gt;</p>", "<p>mail to redacted-email-1 &lt;soon&gt;</p>"),
        ("ordernumber=1021&orderdetail=left+at+the+door&trackcount=0", "ordernumber=1021&orderdetail=redacted-note-1&trackcount=0"),
        (
            "update=%3COrders%3E%3CNotes%3EHi+there%3C%2FNotes%3E%3C%2FOrders%3E&x=%7e",
            "update=%3COrders%3E%3CNotes%3Eredacted-note-1%3C%2FNotes%3E%3C%2FOrders%3E&x=%7e",
        ),
        ("update=email%3Dj%2540x.example%26n%3D1", "update=email%3Dredacted-email-1%26n%3D1"),
        (
            "customer[email]=j&customer[id]=7&items[0][name]=Seeds",
            "customer[email]=redacted-email-1&customer[id]=redacted-personal-1&items[0][name]=Seeds",
        ),
        ("SETISuccess\nEmail: j\nStatus: sent", "SETISuccess\nEmail: redacted-email-1\nStatus: sent"),
        ("answered {\"phone\":\"1\"} twice", "answered {\"phone\":\"redacted-phone-1\"} twice"),
        ("email=Jo Bloggs&x=1", "email=redacted-email-1&x=1"),
        ("nothing here is personal: 1021, Order Shipped", "nothing here is personal: 1021, Order Shipped"),
        ("", ""),
    ] {
        assert_eq!(redacted(given), expected, "{given}");
        assert_eq!(redacted(expected), expected, "twice is once: {expected}");
    }
}

#[test]
fn a_value_is_the_same_word_wherever_it_stands() {
    let body = vec![text("password="), secret(), text("&customer_name=Jo+Bloggs&note=Order+Shipped&status=Shipped")];
    let answer = br#"{"who":"JO BLOGGS","status":"Order Shipped","billing":{"email":"jo@shop.example"}}"#;
    let redacted = Rules::default()
        .cassette(&cassette(Some("Order Shipped"), body, answer, "told jo bloggs (0123 4567, jo@shop.example)"))
        .expect("it holds few values");
    let [Entry::Http(http), Entry::Log { message, .. }] = &redacted.recording.entries[..] else { panic!("{redacted:?}") };
    assert_eq!(message, "told redacted-name-1 (redacted-phone-1, redacted-email-1)");
    let wanted = vec![text("password="), secret(), text("&customer_name=redacted-name-1&note=redacted-note-1&status=Shipped")];
    assert_eq!(http.request.body.as_ref(), Some(&wanted));
    let wire = http.wire.as_ref().expect("it went out");
    assert_eq!(wire.body.as_deref(), Some("password=[account.password]&customer_name=redacted-name-1&note=redacted-note-1&status=Shipped"));
    assert_eq!(wire.url, "https://shop.example/orders?email=redacted-email-1&page=2");
    assert_eq!(wire.headers[0].1, "redacted-phone-1");
    let Some(Ok(answer)) = &http.answer else { panic!("{http:?}") };
    let answer = String::from_utf8(answer.body.clone()).expect("it was text");
    assert_eq!(answer, r#"{"who":"redacted-name-1","status":"Order Shipped","billing":{"email":"redacted-email-1"}}"#);
    let Call::SendOrderStatus { update, .. } = &redacted.call else { panic!("{redacted:?}") };
    assert_eq!((update.note.as_deref(), update.label.as_str()), (Some("redacted-note-1"), "Order Shipped"));
    assert_eq!(Rules::default().cassette(&redacted).as_ref(), Ok(&redacted), "twice is once");
}

#[test]
fn a_field_that_lies_in_several_parts_is_one_field() {
    let body = vec![text(r#"{"email":"j"#), text("o@shop"), secret(), text(r#".example","x":1}"#)];
    let redacted = Rules::default().cassette(&cassette(None, body, b"", "")).expect("it holds few values");
    let Entry::Http(http) = &redacted.recording.entries[0] else { panic!("{redacted:?}") };
    let wanted = vec![text(r#"{"email":"redacted-email-1"#), text(""), secret(), text(r#"","x":1}"#)];
    assert_eq!(http.request.body.as_ref(), Some(&wanted));
}

#[test]
fn what_cannot_be_read_is_left_out() {
    let long = |bytes: usize| vec![b'x'; bytes];
    for (answer, kept) in [
        (long(BODY_BYTES_MAX), true),
        (long(BODY_BYTES_MAX + 1), false),
        (b"a\0b".to_vec(), false),
        (b"a\tb\r\n\xfc".to_vec(), true),
        (b"--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nj\r\n--x--".to_vec(), false),
    ] {
        let redacted = Rules::default().cassette(&cassette(None, vec![], &answer, "")).expect("it holds few values");
        let Entry::Http(http) = &redacted.recording.entries[0] else { panic!("{redacted:?}") };
        let Some(Ok(response)) = &http.answer else { panic!("{http:?}") };
        assert_eq!(response.body, if kept { answer } else { b"redacted-body-1".to_vec() });
    }
}

#[test]
fn a_list_of_customers_is_no_recording() {
    let answer = |customers: usize| {
        let all: Vec<_> = (0..customers).map(|nth| format!(r#"{{"email":"{nth}"}}"#)).collect();
        format!("[{}]", all.join(","))
    };
    // Two stand in the request.
    let redact = |customers: usize| Rules::default().cassette(&cassette(None, vec![], answer(customers).as_bytes(), ""));
    assert!(redact(VALUES_MAX - 2).is_ok());
    assert_eq!(redact(VALUES_MAX - 1), Err(TooMany));
}

/// A value that is nowhere by chance, with what is awkward to write in it.
fn marked() -> impl Strategy<Value = String> {
    "[ a-zA-Z0-9é<&\"'%+=ü]{0,6}".prop_map(|awkward| format!("mark{awkward}ed7"))
}

fn shapes() -> impl Strategy<Value = (usize, &'static str)> {
    (0..8_usize, prop::sample::select(vec!["email", "customer_name", "billing_city", "telephone", "note", "loyalty"]))
}

/// A document with this value in a field of this name; and the same with nothing in it, as its structure.
fn document(shape: usize, name: &str, value: &str) -> String {
    let json = |value: &str| serde_json::json!({ "id": 1021, "order": { name: value, "tracking": ["1Z", 2.5] } }).to_string();
    let escaped = Coding::Xml.encode(value);
    let form = |value: &str| format!("ordernumber=1021&{name}={}&status=Shipped", Coding::Form.encode(value));
    match shape {
        0 => json(value),
        1 => form(value),
        2 => format!("<Orders><Order id=\"1021\"><{name}>{escaped}</{name}><Status>Shipped</Status></Order></Orders>"),
        3 => format!("<Order {name}=\"{escaped}\" id=\"1021\"/>"),
        4 => format!("setifunction=x&update={}", Coding::Form.encode(&document(2, name, value))),
        5 => format!("setifunction=x&update={}", Coding::Form.encode(&form(value))),
        6 => serde_json::json!({ "document": json(value) }).to_string(),
        _ => format!("<soap><![CDATA[{}]]></soap>", json(value)),
    }
}

proptest! {
    #[test]
    fn marked_values_never_survive_and_the_structure_does((shape, name) in shapes(), value in marked(), noise in "[a-z ]{0,12}") {
        let body = document(shape, name, &value);
        let log = format!("{noise}{value} {}", Coding::Form.encode(&value));
        let rules = Rules::new(&["loyalty".to_owned()]);
        let given = cassette(None, vec![text(&body)], body.as_bytes(), &log);
        let redacted = rules.cassette(&given).expect("it holds few values");
        let all = serde_json::to_string(&redacted).expect("it is plain data");
        prop_assert!(!all.contains("mark") && !all.contains("ed7"), "{}", all);
        let Entry::Http(http) = &redacted.recording.entries[0] else { panic!("it is one") };
        let Some(Ok(response)) = &http.answer else { panic!("it has one") };
        let answer = String::from_utf8(response.body.clone()).expect("it was text");
        let kind = rules.names.enter(Within::default(), name.as_bytes()).kind.expect("it is personal");
        // The request has an address and a number of its own, which come first.
        let nth = if matches!(kind, Kind::Email | Kind::Phone) { 2 } else { 1 };
        prop_assert_eq!(&answer, &document(shape, name, &format!("redacted-{}-{nth}", kind.word())));
        prop_assert_eq!(http.request.body.as_ref(), Some(&vec![text(&answer)]));
        prop_assert_eq!(rules.cassette(&redacted), Ok(redacted.clone()), "twice is once");
    }

    #[test]
    fn any_bytes_are_gone_through(bytes in prop::collection::vec(any::<u8>(), 0..200), start in prop::sample::select(vec!["{\"email\":", "<a email=", "x=1&email=", "[[{\"", "email: ", "<!-- "])) {
        let given = [start.as_bytes(), &bytes].concat();
        let redacted = Rules::default().cassette(&cassette(None, vec![Part::Bytes(given.clone())], &given, &walk::lossy(&given)));
        let redacted = redacted.expect("it holds few values");
        prop_assert_eq!(redacted.recording.entries.len(), 2);
    }

    #[test]
    fn what_has_nothing_personal_is_the_same_afterwards(words in "[a-z0-9{}\\[\\]<>&%+;, \n]{0,80}") {
        prop_assert_eq!(Rules::default().text(&words), words);
    }
}
