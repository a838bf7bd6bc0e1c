use super::super::credential::CredentialValues;
use super::super::testing::{manifest, values};
use super::*;
use base64::engine::general_purpose::STANDARD;
use cartage_fixtures::nasty;
use proptest::prelude::*;

/// A secret with characters that encodings treat differently.
const SECRET: &str = r#"s3/cr+t "é" <&'\>~ 42"#;

fn scrubber(secret: &str) -> Scrubber {
    let credentials = CredentialValues::new(&manifest(), values(&[("account", "password", secret)])).expect("the values fit the manifest");
    Scrubber::new(&credentials.needles(&manifest()))
}

fn scrubbed(secret: &str, answer: &str) -> Option<String> {
    let scrubber = scrubber(secret);
    let (mut bytes, mut text) = (answer.as_bytes().to_vec(), answer.to_owned());
    let found = scrubber.look(&bytes);
    assert_eq!(scrubber.bytes(&mut bytes), found);
    assert_eq!(scrubber.text(&mut text), found);
    assert_eq!(text.as_bytes(), bytes);
    (found == Found::Secret).then_some(text)
}

#[test]
fn a_secret_is_found_as_servers_repeat_it() {
    for (how, repeated) in [
        ("as it is", SECRET.to_owned()),
        ("in capitals", SECRET.to_ascii_uppercase()),
        ("in small letters", SECRET.to_ascii_lowercase()),
        (
            "in swapped case",
            SECRET.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect(),
        ),
        ("as a query, RFC 3986", "s3%2Fcr%2Bt%20%22%C3%A9%22%20%3C%26%27%5C%3E~%2042".to_owned()),
        ("as a query, lower case", "s3%2fcr%2bt%20%22%c3%a9%22%20%3c%26%27%5c%3e~%2042".to_owned()),
        ("as a form", "s3%2Fcr%2Bt+%22%C3%A9%22+%3C%26%27%5C%3E%7E+42".to_owned()),
        ("as a form in Latin-1", "s3%2Fcr%2Bt+%22%E9%22+%3C%26%27%5C%3E%7E+42".to_owned()),
        ("by encodeURIComponent", "s3%2Fcr%2Bt%20%22%C3%A9%22%20%3C%26'%5C%3E~%2042".to_owned()),
        ("by encodeURI", "s3/cr+t%20%22%C3%A9%22%20%3C&'%5C%3E~%2042".to_owned()),
        ("by escape", "s3/cr+t%20%22%E9%22%20%3C%26%27%5C%3E%7E%2042".to_owned()),
        ("in JSON", r#"s3/cr+t \"é\" <&'\\>~ 42"#.to_owned()),
        ("in PHP's JSON", r#"s3\/cr+t \"\u00e9\" <&'\\>~ 42"#.to_owned()),
        ("in ASCII JSON", r#"s3/cr+t \"\u00E9\" <&'\\>~ 42"#.to_owned()),
        ("in JSON safe for HTML", r"s3/cr\u002Bt \u0022é\u0022 \u003C\u0026\u0027\\\u003E~ 42".to_owned()),
        ("in XML text", r#"s3/cr+t "é" &lt;&amp;'\&gt;~ 42"#.to_owned()),
        ("in an XML attribute", r"s3/cr+t &quot;é&quot; &lt;&amp;&apos;\&gt;~ 42".to_owned()),
        ("in HTML", r"s3/cr+t &quot;é&quot; &lt;&amp;&#39;\&gt;~ 42".to_owned()),
        ("in PHP's HTML", r"s3/cr+t &quot;&eacute;&quot; &lt;&amp;&#039;\&gt;~ 42".to_owned()),
        ("in ASCII XML", r"s3/cr+t &#34;&#233;&#34; &#60;&#38;&#39;\&#62;~ 42".to_owned()),
        ("in ASCII XML, hexadecimal", r"s3/cr+t &#x22;&#xE9;&#x22; &#x3C;&#x26;&#x27;\&#x3E;~ 42".to_owned()),
        ("in HTML by names", r"s3&sol;cr&plus;t &quot;&eacute;&quot; &lt;&amp;&apos;&bsol;&gt;~ 42".to_owned()),
    ] {
        assert_eq!(
            scrubbed(SECRET, &format!("before {repeated} after")),
            Some("before [account.password] after".to_owned()),
            "{how}: {repeated}"
        );
    }
}

type Encoder = fn(&[u8]) -> Vec<u8>;

/// The encodings by which servers write a value. Each accepts any bytes, so that they can be nested.
const ENCODERS: [(&str, Encoder); 17] = [
    ("as it is", |bytes| bytes.to_vec()),
    ("percent, what must be", |bytes| percent(bytes, b"-._~").into_bytes()),
    ("percent, as encodeURI", |bytes| percent(bytes, b"-._~!*'();/?:@&=+$,#").into_bytes()),
    ("percent, all", |bytes| percent(bytes, b"").into_bytes()),
    ("a form", |bytes| percent(bytes, b"*-._").replace("%20", "+").into_bytes()),
    ("JSON", |bytes| json(bytes, |_| false)),
    ("JSON of PHP", |bytes| json(bytes, |c| c == '/' || !c.is_ascii())),
    ("JSON safe for HTML", |bytes| json(bytes, |c| "<>&'+\"".contains(c))),
    ("JSON, all as code points", |bytes| json(bytes, |_| true)),
    ("XML text", |bytes| xml(bytes, |c| "<>&".contains(c))),
    ("XML, all as numbers", |bytes| xml(bytes, |_| true)),
    ("HTML", |bytes| htmlize::escape_all_quotes(lossless(bytes)).into_owned().into_bytes()),
    ("base64", |bytes| STANDARD.encode(bytes).into_bytes()),
    ("base64url", |bytes| URL_SAFE_NO_PAD.encode(bytes).into_bytes()),
    ("base64 in lines", |bytes| STANDARD.encode(bytes).as_bytes().chunks(16).collect::<Vec<_>>().join(&b"\r\n"[..])),
    ("base64 of a pair", |bytes| STANDARD.encode([b"om:", bytes].concat()).into_bytes()),
    ("hexadecimal", |bytes| hex(bytes)),
];

fn lossless(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("every encoder makes text of text")
}

fn percent(bytes: &[u8], kept: &[u8]) -> String {
    let byte = |byte: &u8| match byte {
        b if kept.contains(b) || (!kept.is_empty() && b.is_ascii_alphanumeric()) => char::from(*b).to_string(),
        b => format!("%{b:02X}"),
    };
    bytes.iter().map(byte).collect()
}

fn json(bytes: &[u8], escaped: fn(char) -> bool) -> Vec<u8> {
    let units = |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
    let write = |c: char| match c {
        c if escaped(c) => units(c),
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => units(c),
        c => c.to_string(),
    };
    lossless(bytes).chars().map(write).collect::<String>().into_bytes()
}

fn xml(bytes: &[u8], numbered: fn(char) -> bool) -> Vec<u8> {
    let write = |c: char| if numbered(c) { format!("&#{};", u32::from(c)) } else { c.to_string() };
    lossless(bytes).chars().map(write).collect::<String>().into_bytes()
}

/// Every way, and every way in which what was written in another is written again; only lines of base64 are not read within base64.
fn written(secret: &str) -> impl Iterator<Item = (String, Vec<u8>)> {
    let inner = ENCODERS.into_iter().filter(|(how, _)| *how != "base64 in lines");
    let twice = inner.flat_map(|inner| ENCODERS.into_iter().map(move |outer| (inner, outer)));
    twice.map(|((inner, encode), (outer, again))| (format!("{inner}, then {outer}"), again(&encode(secret.as_bytes()))))
}

#[test]
fn a_secret_is_found_in_every_encoding_of_every_encoding() {
    for secret in [SECRET, "a plain one, 42", "sk_live_51Hh0x/7+Q==", r"it\nlooks%41like&amp;escapes", r"C:\users\new%2fname"] {
        let scrubber = scrubber(secret);
        for (how, bytes) in written(secret) {
            for (before, after) in [("", ""), ("{\"debug\":\"", "\"}"), ("/12", "34/")] {
                let mut answer = [before.as_bytes(), &bytes, after.as_bytes()].concat();
                let told = format!("{secret:?} in {how}: {}", String::from_utf8_lossy(&answer));
                assert_eq!(scrubber.bytes(&mut answer), Found::Secret, "{told}");
                let left = String::from_utf8_lossy(&answer).into_owned();
                assert!(left.contains("[account.password]"), "{told}: {left}");
                assert_eq!(scrubber.bytes(&mut answer), Found::Nothing, "{told}: {left}");
            }
        }
    }
}

#[test]
fn base64_is_found_at_every_alignment() {
    for before in ["", "a", "ab", "abc", "user:"] {
        for after in ["", "z", "zy"] {
            let whole = format!("{before}{SECRET}{after}");
            for repeated in [STANDARD_NO_PAD.encode(&whole), URL_SAFE_NO_PAD.encode(&whole)] {
                let left = scrubbed(SECRET, &repeated).unwrap_or_else(|| panic!("{before:?} {after:?}: {repeated}"));
                assert!(left.contains("[account.password]"), "{left}");
                // At most two characters on each side belong partly to the secret.
                assert!(left.len() - "[account.password]".len() <= (before.len() + after.len()) * 4 / 3 + 4, "{left}");
            }
        }
    }
}

#[test]
fn the_pair_of_basic_is_found_even_where_the_password_is_short() {
    let values = values(&[("basic", "username", "merchant"), ("basic", "password", "pass")]);
    let credentials = CredentialValues::new(&manifest(), values).expect("the values fit the manifest");
    let scrubber = Scrubber::new(&credentials.needles(&manifest()));
    let mut text = format!("Authorization: Basic {}; nothing else", STANDARD.encode("merchant:pass"));
    assert_eq!(scrubber.text(&mut text), Found::Secret);
    assert!(text.starts_with("Authorization: Basic [basic.password]"), "{text}");
    // The user name alone identifies, and the password alone is too short to look for.
    assert_eq!(scrubber.text(&mut "merchant and pass".to_owned()), Found::Nothing);
}

#[test]
fn a_key_is_found_as_it_is_written_and_as_the_bytes_that_it_stands_for() {
    let key = "000102030405060708090a0b0c0d0e0f";
    let credentials = CredentialValues::new(&manifest(), values(&[("hex-key", "key", key)])).expect("the values fit the manifest");
    let scrubber = Scrubber::new(&credentials.needles(&manifest()));
    let mut bytes = [b"<".as_slice(), &(0..16).collect::<Vec<u8>>(), b">"].concat();
    assert_eq!(scrubber.bytes(&mut bytes), Found::Secret);
    assert_eq!(bytes, b"<[hex-key.key]>");
    assert_eq!(scrubber.text(&mut key.to_owned()), Found::Secret);
    assert_eq!(scrubber.text(&mut "AAECAwQFBgcICQoLDA0ODw".to_owned()), Found::Secret);
}

#[test]
fn secrets_shorter_than_the_least_are_left_alone() {
    for (secret, found) in [("elevenbytes", false), ("twelve bytes", true)] {
        assert_eq!(secret.len() >= SCRUBBED_BYTES_MIN, found);
        assert_eq!(scrubbed(secret, &format!("<{secret}>")).is_some(), found, "{secret}");
    }
}

#[test]
fn nothing_to_look_for_finds_nothing() {
    let scrubber = Scrubber::new(&[]);
    assert_eq!(scrubber.bytes(&mut b"anything".to_vec()), Found::Nothing);
    assert_eq!(scrubber.text(&mut String::new()), Found::Nothing);
}

#[test]
fn every_occurrence_is_replaced() {
    let answer = format!("{SECRET}{SECRET} {}", SECRET.to_uppercase());
    let left = scrubbed(SECRET, &answer).expect("it occurs");
    // é in capitals is another letter, so the third is not the secret; the two before it are.
    assert!(left.starts_with("[account.password][account.password] "), "{left}");
}

/// No pass makes an answer longer than it is, whatever it holds, so that memory and time are bounded by their number.
#[test]
fn no_pass_grows_with_what_a_cart_answers() {
    for text in nasty::texts(1 << 12) {
        let bytes = text.text.as_bytes();
        // A Latin-1 character or a reference may become a few bytes, of more that it was written with.
        let mut peeled = Cow::Borrowed(bytes);
        for _ in 0..PEELS_MAX {
            let inner = Coding::Any.read(&peeled, |_, _| ()).into_owned();
            assert!(inner.len() <= peeled.len(), "{}", text.kind);
            peeled = inner.into();
        }
        for reading in READINGS {
            assert!(reading.read(bytes).bytes.len() <= bytes.len(), "{}", text.kind);
        }
        assert_eq!(scrubbed(SECRET, &text.text), None, "{}", text.kind);
        // A secret that repeats itself is found and taken out as well.
        let secret: String = text.text.chars().filter(|c| !c.is_control()).take(1 << 10).collect();
        if secret.trim().len() >= SCRUBBED_BYTES_MIN {
            assert!(scrubbed(&secret, &format!("<<{secret}>>")).is_some(), "{}", text.kind);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_encoding_survives(secret in "[ -~é]{12,40}", before in "[0-9]{0,8}", after in "[0-9]{0,8}") {
        prop_assume!(secret.trim() == secret);
        let scrubber = scrubber(&secret);
        for (how, encode) in ENCODERS {
            let mut bytes = [before.as_bytes(), &encode(secret.as_bytes()), after.as_bytes()].concat();
            prop_assert_eq!(scrubber.bytes(&mut bytes), Found::Secret, "{}", how);
            prop_assert_eq!(scrubber.bytes(&mut bytes), Found::Nothing, "something is left: {:?}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn answers_without_the_secret_stay_as_they_are(answer in any::<Vec<u8>>()) {
        let mut bytes = answer.clone();
        prop_assert_eq!(scrubber(SECRET).bytes(&mut bytes), Found::Nothing);
        prop_assert_eq!(bytes, answer);
    }
}
