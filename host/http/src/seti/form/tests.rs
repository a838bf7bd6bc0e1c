use super::*;

fn post(body: &[u8]) -> SetiRequest<'_> {
    SetiRequest { method: "POST", query: None, content_type: Some(FORM_TYPE), body }
}

fn inlet(keys: &str) -> Inlet {
    toml::from_str(&format!("user = \"om\"\n{keys}")).expect("it is an inlet")
}

fn read(request: &SetiRequest<'_>) -> Result<Form, Error> {
    Form::read(request, &inlet(""))
}

fn text(request: &SetiRequest<'_>, name: &str) -> Option<String> {
    read(request).expect("it is a form").text(name).expect("it is text")
}

#[test]
fn fields_are_decoded_as_senders_write_them() {
    for (body, expected) in [
        (&b"a=1+2%20%2B%26%3D%c3%A9"[..], "1 2 +&=é"),
        (b"a=caf%E9", "café"),
        (b"a=caf\xE9", "café"),
        (b"a=100%&b=%4", "100%"),
        (b"a=%zz%4x%", "%zz%4x%"),
        (b"a=x=y", "x=y"),
        (b"A=upper", "upper"),
        (b" a =spaced", "spaced"),
        (b"a=1&&a=2&", "2"),
        (b"a", ""),
        (b"%61=escaped", "escaped"),
    ] {
        assert_eq!(text(&post(body), "a").as_deref(), Some(expected), "{body:?}");
    }
    assert_eq!(text(&post(b""), "a"), None);
}

#[test]
fn the_body_counts_after_the_query_and_not_at_all_for_get() {
    let both = SetiRequest { query: Some("a=query&b=query"), ..post(b"a=body") };
    assert_eq!((text(&both, "a").as_deref(), text(&both, "b").as_deref()), (Some("body"), Some("query")));
    assert_eq!(text(&SetiRequest { method: "GET", ..both }, "a").as_deref(), Some("query"));
}

#[test]
fn only_forms_are_read() {
    for good in [None, Some(FORM_TYPE), Some("Application/X-WWW-Form-Urlencoded; charset=ISO-8859-1")] {
        assert!(read(&SetiRequest { content_type: good, ..post(b"a=1") }).is_ok(), "{good:?}");
    }
    for bad in ["application/json", "multipart/form-data; boundary=x", "text/xml", ""] {
        let error = read(&SetiRequest { content_type: Some(bad), ..post(b"a=1") }).expect_err(bad);
        assert_eq!(error, Error::ContentType { content_type: bad.to_owned() });
        assert!(
            read(&SetiRequest { content_type: Some(bad), query: Some("a=1"), ..post(b"") }).is_ok(),
            "there is no body to be of {bad:?}"
        );
    }
    for bad in ["PUT", "HEAD", "post", ""] {
        assert_eq!(read(&SetiRequest { method: bad, ..post(b"a=1") }).expect_err(bad), Error::Method { method: bad.to_owned() });
    }
}

#[test]
fn limits_hold_at_their_edges() {
    let long = |name: &str, total: usize| [name.as_bytes(), b"=", &vec![b'x'; total - name.len() - 1]].concat();
    assert!(read(&post(&long("update", BODY_BYTES_MAX))).is_ok());
    let error = read(&post(&long("update", BODY_BYTES_MAX + 1))).expect_err("one byte over");
    assert_eq!(error, Error::TooLong { place: "body", max: BODY_BYTES_MAX });
    let query = |total: usize| String::from_utf8(long("update", total)).expect("it is ASCII");
    assert!(read(&SetiRequest { query: Some(&query(QUERY_BYTES_MAX)), ..post(b"") }).is_ok());
    let error = read(&SetiRequest { query: Some(&query(QUERY_BYTES_MAX + 1)), ..post(b"") }).expect_err("one byte over");
    assert_eq!(error, Error::TooLong { place: "query", max: QUERY_BYTES_MAX });
    assert!(read(&post(&long("a", FIELD_BYTES_MAX + 2))).is_ok());
    let form = read(&post(&long("a", FIELD_BYTES_MAX + 3))).expect("it is judged where it is asked for");
    let error = form.text("a").expect_err("one byte over");
    assert_eq!(error, Error::FieldTooLong { name: "a".to_owned(), bytes: FIELD_BYTES_MAX + 1 });
    let many = |count: usize| "a=1&".repeat(count);
    assert!(read(&SetiRequest { query: Some("b=1"), ..post(many(FIELDS_MAX - 1).as_bytes()) }).is_ok());
    let error = read(&SetiRequest { query: Some("b=1"), ..post(many(FIELDS_MAX).as_bytes()) }).expect_err("one over");
    assert_eq!(error, Error::TooManyFields);
}

#[test]
fn bytes_that_are_no_text_are_named_with_their_field() {
    let form = read(&post(b"a=%81&b=1")).expect("it is a form");
    let error = form.text("a").expect_err("no character");
    assert_eq!(error, Error::NoText { name: "a".to_owned(), source: text::Error::NoCharacter { at: 0, byte: 0x81 } });
    assert_eq!(form.text("b"), Ok(Some("1".to_owned())));
}

#[test]
fn what_is_left_out_is_not_judged() {
    let form = |keys: &str, body: &str| Form::read(&post(body.as_bytes()), &inlet(keys));
    let packages =
        (1..=FIELDS_MAX).fold(String::new(), |body, nth| format!("{body}tracknum{nth}=%81&TrackCarrier{nth}=UPS&")) + "trackcount=x&a=1";
    assert_eq!(form("", &packages).expect_err("there are too many"), Error::TooManyFields);
    let left = form("leave_out = [\"packages\"]", &packages).expect("none of them is looked at");
    assert_eq!((left.text("a"), left.text("trackcount"), left.text("tracknum1")), (Ok(Some("1".to_owned())), Ok(None), Ok(None)));
    let note = format!("orderdetail=%81{}&a=1", "x".repeat(70 << 10));
    assert_eq!(form("leave_out = [\"notes\"]", &note).expect("it is a form").text("orderdetail"), Ok(None));
    assert!(form("", &note).expect("it is a form").text("orderdetail").is_err());
    let other = form("leave_out = [\"packages\", \"notes\"]", "tracknumber=1&trackcounter=2").expect("it is a form");
    assert_eq!(other.text("tracknumber"), Ok(Some("1".to_owned())));
}

#[test]
fn line_ends_after_the_last_field_are_not_of_it() {
    for body in [&b"b=1&a=right\r\n"[..], b"a=right\0", b"a=right\n\n"] {
        assert_eq!(text(&post(body), "a").as_deref(), Some("right"), "{body:?}");
    }
    assert_eq!(text(&post(b"a=right%0D%0A"), "a").as_deref(), Some("right\r\n"), "an escaped one is");
}
