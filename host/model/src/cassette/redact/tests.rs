use super::*;
use crate::id::Digest;
use cartage_contract::delivery::{Applied, AppliedOutcome, Context};
use cartage_contract::http::{Effect, Escape, Header, Method, QueryPair, Reach, ResponseHeader, SecretPart};
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
        changed_at_unix_ms: None,
        packages_complete: None,
        extra: vec![],
    }
}

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

fn secret() -> Part {
    Part::Secret(SecretPart { slot: "account".into(), field: "password".into(), escape: Escape::Form })
}

fn cassette(note: Option<&str>, body: Vec<Part>, answer: &[u8], log: &str) -> Cassette {
    let delivery = Delivery { id: "d".into(), sequence: 1, attempt: 1, earlier: vec![], known_reference: None, extra: vec![] };
    let context = Context::default();
    let wire: String = body.iter().map(|part| if let Part::Text(text) = part { text } else { "[account.password]" }).collect();
    let request = Request {
        endpoint: "api".into(),
        method: Method::Post,
        effect: Effect::Writes,
        path: "/orders".into(),
        query: vec![QueryPair { name: "email".into(), value: Some(vec![text("jo@shop.example")]) }],
        headers: vec![Header { name: "x-customer-phone".into(), value: vec![text("0123 4567")] }],
        body: Some(body),
        auth: vec![],
        renew: false,
        extra: vec![],
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
        answer: Some(Ok(Response { status: 200, headers, body: answer.to_vec(), extra: vec![] })),
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
        recording: Recording { entries, reach: Reach::Answered, secret_reflected: false, local_fault: false },
        outcome: Outcome::Applied(Applied {
            outcome: AppliedOutcome::Done,
            reference: None,
            message: Some(log.to_owned()),
            steps: vec![],
            packages: vec![],
            rest_ms: None,
            extra: vec![],
        }),
    }
}

/// A text after redaction, with `loyalty` as a plugin's own field.
fn redacted(text: &str) -> String {
    Rules::new(&["loyalty".to_owned()]).text(text).expect("it holds few values")
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

/// Personal values as scripts and pages print them. In each the value is `Jo Bloggs`, or what stands in its place.
#[test]
fn values_are_found_in_dumps_tables_and_beside_the_words_that_name_them() {
    for given in [
        // PHP's print_r, in lines, in one, of an object, deeper, and over several lines.
        "Array\n(\n    [order] => 1021\n    [fullname] => {}\n    [status] => Shipped\n)\n",
        "Array ( [order] => 1021 [fullname] => {} [status] => Shipped )",
        "stdClass Object\n(\n    [fullname:protected] => {}\n    [status] => Shipped\n)\n",
        "Array\n(\n    [shipping] => Array\n        (\n            [name] => {}\n        )\n\n    [name] => Seeds\n)\n",
        "Array\n(\n    [note] => {}\n    [status] => Shipped\n)\n",
        "debug: Array\n(\n    [fullname] => {}\n)\nSETISuccess",
        // var_dump, var_export, Ruby, Perl.
        "array(2) {\n  [\"order\"]=>\n  int(1021)\n  [\"fullname\"]=>\n  string(9) \"{}\"\n}",
        "object(Order)#1 (2) {\n  [\"billing\":protected]=>\n  array(1) {\n    [\"name\"]=>\n    string(9) \"{}\"\n  }\n  [\"name\"]=>\n  string(5) \"Seeds\"\n}",
        "array (\n  'order' => 1021,\n  'fullname' => '{}',\n  'status' => 'Shipped',\n)",
        "array (\n  'customer' => \n  array (\n    'name' => '{}',\n  ),\n)",
        "{:order => 1021, :fullname => \"{}\", :status => \"Shipped\"}",
        "$VAR1 = { 'fullname' => '{}', 'status' => 'Shipped' };",
        "<pre>Array\n(\n    [fullname] =&gt; {}\n)\n</pre><p>done</p>",
        "{\"debug\":\"[fullname] => {}\"}",
        "dump: [fullname] => {}\n<Orders><Status>Shipped</Status></Orders>",
        // serialize.
        "a:2:{s:5:\"order\";i:1021;s:8:\"fullname\";s:9:\"{}\";}",
        "O:5:\"Order\":1:{s:7:\"billing\";a:1:{s:4:\"name\";s:9:\"{}\";}}",
        // Tables and lists of HTML.
        "<table><tr><th>Full name</th><td>{}</td></tr><tr><th>Status</th><td>Shipped</td></tr></table>",
        "<table><tr><td>Full name:</td><td><b>{}</b></td></tr></table>",
        "<TABLE><TR><TH>Order</TH><TH>Full Name</TH><TH>Status</TH></TR><TR><TD>1021</TD><TD>{}</TD><TD>Shipped</TD></TR></TABLE>",
        "<table><tr><th>Email</th><th>Status</th></tr><tr><td></td><td>Shipped</td></tr><tr><td>{}</td><td>Packed</td></tr></table>",
        "<dl><dt>Full name</dt><dd>{}</dd><dt>Status</dt><dd>Shipped</dd></dl>",
        "<p><strong>Full name</strong> {} <br> shipped</p>",
        "<span>Full name:</span><span>{}</span>",
        "<label>Full name</label><input value=\"{}\">",
        // Names and values as elements of XML.
        "<row><key>fullname</key><value>{}</value></row><row><key>status</key><value>Shipped</value></row>",
        "<dict><key>fullname</key><string>{}</string><key>status</key><string>Shipped</string></dict>",
        "<field><name>fullname</name><value><![CDATA[{}]]></value></field>",
        "<attribute code=\"fullname\">{}</attribute>",
        // Lines.
        "order=1021, fullname={}, status=Shipped",
        "Error 500: fullname: {}",
        "1021 | fullname: {} | status: Shipped",
        "vorname: {}\nstatus: Shipped",
        "Nom de famille: {}",
        "customer_first={}&x=1",
    ] {
        for value in ["Jo Bloggs", "Jo (at home)"] {
            let before = given.replace("{}", value).replace("string(9)", &format!("string({})", value.len()));
            let after = redacted(&before);
            assert!(!after.contains("Jo"), "{before}\nbecame\n{after}");
            let (head, tail) = given.split_once("{}").expect("it has a value");
            let (head, tail) = (head.replace("string(9)", &format!("string({})", value.len())), tail);
            assert!(after.starts_with(&head) && after.ends_with(tail), "{before}\nbecame\n{after}");
            assert_eq!(redacted(&after), after, "twice is once");
        }
    }
    let address = redacted("GET https://shop.example/orders?page=2&email=jo%40shop&x=1 failed");
    assert_eq!(address, "GET https://shop.example/orders?page=2&email=redacted-email-1&x=1 failed");
}

/// Texts that a rule could take for a personal value, and that are none.
#[test]
fn what_only_looks_like_a_name_and_its_value_stays() {
    for given in [
        "1 => 2, x => y",
        "Array\n(\n    [status] => Shipped\n    [0] => 1021\n)\n",
        "<table><tr><th>Email</th><th>Status</th></tr></table><p>Order Shipped</p>",
        "<tr><td>Order</td><td>1021</td></tr>",
        "<ul><li>Contact</li><li>Cart</li></ul>",
        "<key>status</key><value>Shipped</value>",
        "SETIResponse: update=Failed;Notes=customer has no login",
        "12:30:05 shipped, at https://shop.example/a?status=sent",
        "a:1:{s:6:\"status\";s:7:\"Shipped\";}",
        "a:b",
    ] {
        assert_eq!(redacted(given), given);
    }
}

#[test]
fn a_note_of_several_lines_is_taken_out_of_a_dump_whole() {
    let dump = "Array\n(\n    [note] => call Jo,\nthen leave it\n\nat the door\n    [status] => Shipped\n)\n";
    assert_eq!(redacted(dump), "Array\n(\n    [note] => redacted-note-1\n    [status] => Shipped\n)\n");
}

/// Texts as long as a body may be, each of one thing again and again: a reader that looked back or ahead from each would not come to an end.
#[test]
fn the_longest_texts_of_one_kind_are_gone_through() {
    for (head, again) in [
        ("[email] => ", ")"),
        ("[email] => x", "),"),
        ("", "[email] => "),
        ("", "[a] => x\n"),
        ("", "'email' => "),
        ("", "=> "),
        ("", "?email="),
        ("", "&email=x?"),
        ("", "a:1:{s:5:\"email\";"),
        ("a:1:{", "s:9:"),
        ("", "<th>Email"),
        ("", "<td>Email:</td>"),
        ("", "email=x, "),
        ("", "email: "),
    ] {
        let text = head.to_owned() + &again.repeat((BODY_BYTES_MAX - head.len()) / again.len());
        let redacted = Rules::default().text(&text);
        assert!(redacted.is_err() || redacted.is_ok_and(|text| !text.is_empty()), "{head}{again}");
    }
}

#[test]
fn texts_about_an_attempt_lose_what_is_personal_in_its_cassette() {
    let cassette = cassette(Some("leave it with the neighbour"), vec![], br#"{"billing":{"name":"Jo Bloggs"}}"#, "");
    let mut texts =
        ["told JO BLOGGS (jo@shop.example): leave it with the neighbour; 1021 is Order Shipped", "jo bloggs", "F-1"].map(str::to_owned);
    let redacted = Rules::default().with_texts(&cassette, texts.iter_mut()).expect("it holds few values");
    assert_eq!(texts, ["told redacted-name-1 (redacted-email-1): redacted-note-1; 1021 is Order Shipped", "redacted-name-1", "F-1"]);
    assert_eq!(Ok(redacted), Rules::default().cassette(&cassette), "the same words stand in both");
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

/// Redacting what somebody wrote on purpose to make it slow. That the search itself is linear is tested where it is ([`cartage_base::search`]); here
/// what is looked for stays as small as what was written, and every value is replaced wherever it stands.
#[test]
fn what_is_looked_for_is_no_larger_than_what_was_written() {
    for nasty in cartage_fixtures::nasty::texts(1 << 10) {
        let note = nasty.text.replace(char::is_control, " ");
        let given = cassette(Some(&note), vec![text(&format!("note={}", Coding::Form.encode(&note)))], note.as_bytes(), "");
        let mut known = Known::default();
        Rules::default().pass(&mut known, &mut given.clone());
        let places = known.count();
        assert!(places <= note.len() + 4, "{}: {places} values", nasty.kind);
        let redacted = Rules::default().cassette(&given).expect("it holds few values");
        let Call::SendOrderStatus { update, .. } = &redacted.call else { panic!("{redacted:?}") };
        let kept = update.note.as_deref().unwrap_or_default();
        // What looks like a document keeps its form.
        if !note.trim().is_empty() && !note.starts_with(['{', '[', '<']) {
            assert!(kept.contains("redacted-"), "{}", nasty.kind);
        }
    }
}

#[test]
fn more_bytes_than_one_order_has_are_no_recording() {
    let note = |bytes: usize| Rules::default().cassette(&cassette(Some(&"x".repeat(bytes)), vec![], b"", ""));
    // The request's own address and number count as well.
    assert!(note(VALUES_BYTES_MAX - 64).is_ok());
    assert_eq!(note(VALUES_BYTES_MAX + 1), Err(TooMany));
}

#[test]
fn many_parts_and_many_edits_are_gone_through_together() {
    let mails: Vec<Part> = (0..500).flat_map(|nth| [text(&format!("m{nth}@x.")), text("example"), text(" and "), secret()]).collect();
    let redacted = Rules::default().cassette(&cassette(None, mails, b"", "")).expect("it holds few values");
    let Entry::Http(http) = &redacted.recording.entries[0] else { panic!("{redacted:?}") };
    let wanted = (0..500).flat_map(|nth| [text(&format!("redacted-email-{}", nth + 2)), text(""), text(" and "), secret()]);
    assert_eq!(http.request.body, Some(wanted.collect()));
}

/// A value that occurs nowhere by chance, with characters that are awkward to write in it.
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

/// Every text and number in a JSON document, under names that say nothing.
fn leaves() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        "[ -~é\n\t😀]{0,12}".prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
        let object = prop::collection::btree_map("k[0-9]", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect()));
        prop_oneof![list, object]
    })
}

/// Whether the second document is the first with every text and number in it replaced. Texts that look like documents keep their form.
fn is_emptied(before: &serde_json::Value, after: &serde_json::Value) -> bool {
    use serde_json::Value;
    match (before, after) {
        (Value::String(text), Value::String(_)) if text.contains(['{', '[', '<']) => true,
        (Value::String(text), after) if text.trim().is_empty() => before == after,
        (Value::String(_) | Value::Number(_), Value::String(place)) => place.starts_with("redacted-"),
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len() && before.iter().zip(after).all(|(before, after)| is_emptied(before, after))
        }
        (Value::Object(before), Value::Object(after)) => {
            before.keys().eq(after.keys()) && before.values().zip(after.values()).all(|(before, after)| is_emptied(before, after))
        }
        (before, after) => before == after,
    }
}

proptest! {
    #[test]
    fn well_formed_json_is_read_as_serde_json_reads_it(value in leaves(), pretty in any::<bool>()) {
        let before = serde_json::json!({ "customer": [value] });
        let text = if pretty { serde_json::to_string_pretty(&before) } else { serde_json::to_string(&before) }.expect("it is plain data");
        let redacted = Rules::default().text(&text).expect("it holds few values");
        let after: serde_json::Value = serde_json::from_str(&redacted).expect("it is still JSON");
        prop_assert!(is_emptied(&before, &after), "{} became {}", text, redacted);
    }

    #[test]
    fn well_formed_xml_is_read_as_roxmltree_reads_it(texts in prop::collection::vec("[ -~é]{0,12}", 1..6), quoted in "[ -~é]{0,12}") {
        let elements: String = texts.iter().map(|text| format!("<a><b>{}</b><c/></a>", Coding::Xml.encode(text))).collect();
        let text = format!("<customer q=\"{}\">{elements}</customer>", Coding::Xml.encode(&quoted));
        let redacted = Rules::default().text(&text).expect("it holds few values");
        let (before, after) = (roxmltree::Document::parse(&text), roxmltree::Document::parse(&redacted));
        let (before, after) = (before.expect("it is XML"), after.expect("it is still XML"));
        prop_assert_eq!(before.descendants().count(), after.descendants().count());
        for (before, after) in before.descendants().zip(after.descendants()) {
            prop_assert_eq!(before.tag_name(), after.tag_name());
            let personal = before.text().into_iter().chain(before.attribute("q")).zip(after.text().into_iter().chain(after.attribute("q")));
            for (text, redacted) in personal.filter(|(text, _)| !text.trim().is_empty() && !text.contains(['{', '[', '<'])) {
                prop_assert!(redacted.trim().starts_with("redacted-"), "{} became {}", text, redacted);
            }
        }
    }

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
        prop_assert_eq!(Rules::default().text(&words), Ok(words));
    }
}
