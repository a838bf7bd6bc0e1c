use super::*;
use cartage_sdk::contract::http;

fn lines(body: &str) -> Vec<String> {
    let text = flatten(body);
    text.lines().map(|line| line.lines().next().unwrap_or_default().trim_end().to_owned()).collect()
}

fn response(body: &[u8]) -> Response {
    http::Response { status: 200, headers: Vec::new(), body: body.to_vec(), extra: Vec::new() }.into()
}

#[test]
fn markup_ends_a_line_or_is_left_out_and_the_protocols_own_is_kept() {
    for (body, expected) in [
        ("a\r\n\r\n b \n", vec!["a", "b"]),
        ("test<br>SETIResponse=OK;<br />", vec!["test", "SETIResponse=OK;"]),
        ("<!-- cached\n-->SETIResponse=OK;", vec!["SETIResponse=OK;"]),
        ("<!-- not ended SETIResponse=OK;", vec!["<!-- not ended SETIResponse=OK;"]),
        ("<b>Notice</b>: x in <b>/a</b>", vec!["Notice: x in /a"]),
        ("<table><tr><td>a</td></tr></table>b", vec!["a", "b"]),
        ("<table class='xdebug-error'><tr><th>SETIResponse=OK;</th></tr></table>b", vec!["b"]),
        ("<script>SETIResponse=OK;</script>b<style>c</style>", vec!["b"]),
        ("<script>never ended", vec!["never ended"]),
        ("1 < 2 <3 <", vec!["1 < 2 <3 <"]),
        ("<SETIError><Response>x</Response></SETIError>", vec!["<SETIError><Response>x</Response></SETIError>"]),
        ("<html><head><title>t</title></head><body><p>b</p>", vec!["b"]),
        ("\u{feff}\u{feff}\0 a\n\u{feff}b\n\u{ef}\u{bb}\u{bf}c", vec!["a", "b", "c"]),
        ("", vec![]),
    ] {
        assert_eq!(lines(body), expected, "{body:?}");
    }
}

#[test]
fn a_page_is_told_from_a_piece_of_one() {
    for (body, is_page) in [("<!DOCTYPE html><p>", true), ("<HTML>", true), ("x<body>", true), ("<p>x</p>", false), ("html", false)] {
        assert_eq!(flatten(body).is_page, is_page, "{body}");
    }
}

#[test]
fn utf_16_is_read_by_its_mark() {
    let utf_16: Vec<u8> = "\u{feff}SETI".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(Text::of(&response(&utf_16)).lines().next(), Some("SETI"));
    let utf_16: Vec<u8> = "\u{feff}é".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(Text::of(&response(&utf_16)).lines().next(), Some("é"));
    assert_eq!(Text::of(&response(b"\xef\xbb\xbfcaf\xe9")).lines().next(), Some("café"), "a mark before Latin-1");
}

#[test]
fn many_openings_cost_linear_time() {
    for piece in ["<!--", "<script>", "<a", "<![CDATA[", "<table xdebug>", "<"] {
        let text = flatten(&piece.repeat(200_000));
        assert!(text.seen.len() <= piece.len() * 200_000, "{piece}");
    }
}

#[test]
fn notices_are_known_with_and_without_their_prefix() {
    for line in ["Notice: x", "PHP Warning:  x", "Deprecated: x", "Strict Standards: x", "PHP Stack trace:"] {
        assert!(is_notice(line), "{line}");
    }
    for line in ["PHP is fine", "Warnings are off", "SETIResponse=OK;"] {
        assert!(!is_notice(line), "{line}");
    }
}

#[test]
fn elements_are_found_by_their_tags() {
    let xml = "<?xml version='1.0'?>\n<SETIError><Response><ResponseCode> 3 </ResponseCode>\
               <ResponseDescription>a &amp;lt; b</ResponseDescription></Response></SETIError>";
    assert_eq!(element(xml, "ResponseCode").as_deref(), Some("3"));
    assert_eq!(element(xml, "ResponseDescription").as_deref(), Some("a &lt; b"));
    assert_eq!(element(xml, "Response").as_deref().map(|text| text.contains("ResponseCode")), Some(true));
    assert_eq!(element(xml, "Nothing"), None);
    assert_eq!(element("<a><![CDATA[x & y]]></a>", "a").as_deref(), Some("x & y"));
    assert!(has_root(xml, "SETIError"));
    assert!(!has_root(xml, "SETI"));
    assert!(!has_root("<SETIOrders><SETIError/></SETIOrders>", "SETIError"));
}
