use super::super::credential::Credentials;
use super::super::testing::{manifest, values};
use super::*;
use proptest::prelude::*;

/// Holds what encodings treat differently.
const SECRET: &str = r#"s3/cr+t "é" <&'\>~ 42"#;

fn scrubber(secret: &str) -> Scrubber {
    let credentials = Credentials::new(&manifest(), values(&[("account", "password", secret)])).expect("the values fit the manifest");
    Scrubber::new(&credentials.needles(&manifest()))
}

fn scrubbed(secret: &str, answer: &str) -> Option<String> {
    let scrubber = scrubber(secret);
    let (mut bytes, mut text) = (answer.as_bytes().to_vec(), answer.to_owned());
    let found = scrubber.bytes(&mut bytes);
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
        ("by encodeURIComponent", "s3%2Fcr%2Bt%20%22%C3%A9%22%20%3C%26'%5C%3E~%2042".to_owned()),
        ("by encodeURI", "s3/cr+t%20%22%C3%A9%22%20%3C&'%5C%3E~%2042".to_owned()),
        ("each byte", SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect()),
        ("in hexadecimal", SECRET.bytes().map(|byte| format!("{byte:02x}")).collect()),
        ("in HEXADECIMAL", SECRET.bytes().map(|byte| format!("{byte:02X}")).collect()),
        ("in JSON", r#"s3/cr+t \"é\" <&'\\>~ 42"#.to_owned()),
        ("in PHP's JSON", r#"s3\/cr+t \"\u00e9\" <&'\\>~ 42"#.to_owned()),
        ("in ASCII JSON", r#"s3/cr+t \"\u00E9\" <&'\\>~ 42"#.to_owned()),
        ("in JSON safe for HTML", r"s3/cr\u002Bt \u0022é\u0022 \u003C\u0026\u0027\\\u003E~ 42".to_owned()),
        ("in XML text", r#"s3/cr+t "é" &lt;&amp;'\&gt;~ 42"#.to_owned()),
        ("in an XML attribute", r"s3/cr+t &quot;é&quot; &lt;&amp;&apos;\&gt;~ 42".to_owned()),
        ("in HTML", r"s3/cr+t &quot;é&quot; &lt;&amp;&#39;\&gt;~ 42".to_owned()),
        ("in PHP's HTML", r"s3/cr+t &quot;é&quot; &lt;&amp;&#039;\&gt;~ 42".to_owned()),
        ("in ASCII XML", r"s3/cr+t &#34;&#233;&#34; &#60;&#38;&#39;\&#62;~ 42".to_owned()),
        ("in ASCII XML, hexadecimal", r"s3/cr+t &#x22;&#xE9;&#x22; &#x3C;&#x26;&#x27;\&#x3E;~ 42".to_owned()),
    ] {
        assert_eq!(
            scrubbed(SECRET, &format!("before {repeated} after")),
            Some("before [account.password] after".to_owned()),
            "{how}: {repeated}"
        );
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
    let credentials = Credentials::new(&manifest(), values).expect("the values fit the manifest");
    let scrubber = Scrubber::new(&credentials.needles(&manifest()));
    let mut text = format!("Authorization: Basic {}; nothing else", base64::engine::general_purpose::STANDARD.encode("merchant:pass"));
    assert_eq!(scrubber.text(&mut text), Found::Secret);
    assert!(text.starts_with("Authorization: Basic [basic.password]"), "{text}");
    // The user name alone identifies, and the password alone is too short to look for.
    assert_eq!(scrubber.text(&mut "merchant and pass".to_owned()), Found::Nothing);
}

#[test]
fn a_key_is_found_as_it_is_written_and_as_the_bytes_that_it_stands_for() {
    let key = "000102030405060708090a0b0c0d0e0f";
    let credentials = Credentials::new(&manifest(), values(&[("hex-key", "key", key)])).expect("the values fit the manifest");
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
        assert_eq!(secret.len() >= super::super::credential::SCRUBBED_BYTES_MIN, found);
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_encoding_survives(secret in "[ -~é]{12,40}", before in "[0-9]{0,8}", after in "[0-9]{0,8}") {
        prop_assume!(secret.trim() == secret);
        let scrubber = scrubber(&secret);
        for pattern in encodings(secret.as_bytes()) {
            let mut bytes = [before.as_bytes(), &pattern, after.as_bytes()].concat();
            prop_assert_eq!(scrubber.bytes(&mut bytes), Found::Secret);
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
