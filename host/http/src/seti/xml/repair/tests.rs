use super::*;
use proptest::prelude::*;

fn repaired(text: &str) -> String {
    repair(text).expect("it is within the limits")
}

#[test]
fn what_senders_err_in_is_mended() {
    for (text, expected) in [
        ("<a>x &amp; y</a>", "<a>x &amp; y</a>"),
        ("<a>x & y&z</a>", "<a>x &amp; y&amp;z</a>"),
        ("<a>&eacute;&nbsp;</a>", "<a>&amp;eacute;&amp;nbsp;</a>"),
        ("<a>&lt;&gt;&quot;&apos;</a>", "<a>&lt;&gt;\"'</a>"),
        ("<a>&#233;&#xE9;&#1114111;</a>", "<a>éé\u{10ffff}</a>"),
        ("<a>&#146;&#x80;&#129;</a>", "<a>’€&amp;#129;</a>"),
        (
            "<a>&#0;&#x1f;&#xD800;&#xFFFF;&#1114112;&#;&#x;&#+1;&#XE9;</a>",
            "<a>&amp;#0;&amp;#x1f;&amp;#xD800;&amp;#xFFFF;&amp;#1114112;&amp;#;&amp;#x;&amp;#+1;&amp;#XE9;</a>",
        ),
        ("<a>&amp</a>", "<a>&amp;amp</a>"),
        ("<a>&#00000233;</a>", "<a>&amp;#00000233;</a>"),
        ("<a>1 < 2 > 0 <3 </a>", "<a>1 &lt; 2 &gt; 0 &lt;3 </a>"),
        ("<a><![CDATA[x & <b> ]] > &amp;]]></a>", "<a>x &amp; &lt;b&gt; ]] &gt; &amp;amp;</a>"),
        ("<a><!-- & <b> --><?php 1 ?>x</a>", "<a>x</a>"),
        (" \n<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<a/>", "<a/>"),
        ("<a xmlns=\"urn:x>y\" b='<c>'>t</a >", "<a>t</a>"),
        ("<a b=1 />", "<a/>"),
        ("<a>me<me@shop.example> <b:c/></a>", "<a>me&lt;me@shop.example&gt; &lt;b:c/&gt;</a>"),
        ("<a>\u{0}\u{b}\u{fffe}\r\n</a>", "<a>\u{fffd}\u{fffd}\u{fffd}&#13;\n</a>"),
        ("<a><![CDATA[never closed</a>", "<a>&lt;![CDATA[never closed</a>"),
        ("<a>never <!-- closed</a>", "<a>never "),
        ("<a>never <b 'closed</a>", "<a>never &lt;b 'closed</a>"),
    ] {
        assert_eq!(repaired(text), expected, "{text}");
    }
}

#[test]
fn notes_and_comments_are_text_to_their_end_tag() {
    for (text, expected) in [
        ("<Notes>ring <twice> & wait</Notes><b/>", "<Notes>ring &lt;twice&gt; &amp; wait</Notes><b/>"),
        ("<Notes><b>bold</b> <br/></Notes>", "<Notes>&lt;b&gt;bold&lt;/b&gt; &lt;br/&gt;</Notes>"),
        ("<Comments><![CDATA[see </Comments> there]]></Comments>", "<Comments>see &lt;/Comments&gt; there</Comments>"),
        ("<Notes>a <!-- b --> c</Notes>", "<Notes>a &lt;!-- b --&gt; c</Notes>"),
        ("<Notes/><b>&</b>", "<Notes/><b>&amp;</b>"),
        ("<Notes></Notes>", "<Notes></Notes>"),
        ("<Notes x=\"1\">a<b</Notes >", "<Notes>a&lt;b</Notes>"),
        ("<Notes>a</Note></Notes>", "<Notes>a&lt;/Note&gt;</Notes>"),
        ("<Notes>no end <b>", "<Notes>no end <b>"),
        ("<Notes>one <Comments>x</Notes>", "<Notes>one &lt;Comments&gt;x</Notes>"),
        ("<notes>a<b></notes>", "<notes>a<b></notes>"),
    ] {
        assert_eq!(repaired(text), expected, "{text}");
    }
}

#[test]
fn document_types_are_refused_in_any_case() {
    for text in ["<!DOCTYPE a>", "<?xml version='1.0'?>\n<!doctype a [<!ENTITY b 'c'>]><a>&b;</a>", "<a><!DOCTYPE b></a>"] {
        assert_eq!(repair(text), Err(Error::DocumentType), "{text}");
    }
    assert_eq!(repaired("<!ENTITY a 'b'>"), "&lt;!ENTITY a 'b'&gt;");
}

#[test]
fn limits_hold_at_their_edges() {
    let deep = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
    assert!(repair(&deep(DEPTH_MAX)).is_ok());
    assert_eq!(repair(&deep(DEPTH_MAX + 1)), Err(Error::TooDeep));
    assert_eq!(repair(&"<a>".repeat(DEPTH_MAX + 1)), Err(Error::TooDeep));
    let wide = |count: usize| format!("<r>{}</r>", "<a/>".repeat(count - 1));
    assert!(repair(&wide(ELEMENTS_MAX)).is_ok());
    assert_eq!(repair(&wide(ELEMENTS_MAX + 1)), Err(Error::TooManyElements));
    let tag = |len: usize| format!("<a {}>", "x".repeat(len - 4));
    assert_eq!(repaired(&tag(TAG_BYTES_MAX)), "<a>");
    assert!(repaired(&tag(TAG_BYTES_MAX + 1)).starts_with("&lt;a x"));
    let nested = "<a ".repeat(TAG_BYTES_MAX) + &"é".repeat(TAG_BYTES_MAX);
    assert!(repaired(&nested).starts_with("&lt;a &lt;a "));
}

#[test]
fn what_looks_for_an_end_in_vain_looks_once() {
    // A search in quadratic time would take hours here.
    for piece in ["<Notes>", "<Notes><![CDATA[", "<![CDATA[", "<a '", "<a \"'", "<!", "&#", "</", "<Notes></Notes", "<Comments><Notes>"] {
        let text = piece.repeat((256 << 10) / piece.len());
        match repair(&text) {
            Ok(repaired) => assert!(repaired.len() >= text.len() / 2, "{piece}"),
            Err(error) => assert!(matches!(error, Error::TooDeep | Error::TooManyElements), "{piece}: {error}"),
        }
    }
    let text = "<Notes><![CDATA[x]]></Notes>".repeat(10_000);
    assert!(repair(&text).is_ok());
}

proptest! {
    /// A well-formed document of relevant elements keeps its meaning, and repairing it again changes nothing.
    #[test]
    fn a_well_formed_document_means_the_same(texts in proptest::collection::vec("[a-zé&<>\"'\\]! \n]{0,20}", 1..5)) {
        let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let body: String = texts.iter().map(|text| format!("<a>{}</a>", escaped(text))).collect();
        for round in [repaired(&format!("<r>{body}</r>")), repaired(&repaired(&format!("<r>{body}</r>")))] {
            let document = roxmltree::Document::parse(&round).map_err(|error| TestCaseError::fail(format!("{error}: {round}")))?;
            let read: Vec<&str> = document.root_element().children().map(|node| node.text().unwrap_or_default()).collect();
            prop_assert_eq!(&read, &texts);
        }
    }

    #[test]
    fn nothing_panics(text in "(<|>|&|/|!|\\[CDATA\\[|\\]\\]>|Notes|Comments|a|#|x|;|'|\"|-|\\?|1| |é|\u{0}){0,60}") {
        if let Ok(repaired) = repair(&text) {
            prop_assert!(!repaired.contains(char::from(0)));
        }
    }
}
