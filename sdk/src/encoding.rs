//! Text in the forms that carts expect: base64, forms, queries and paths.
//!
//! A [`Request`](crate::http::Request) encodes its own path, query and form; these functions are for text inside another value, or for the input of a
//! signature. Secrets are not encoded here: a secret's [escape](crate::http::Escape) tells the host how to write it.
//!
//! ```
//! use cartage_sdk::encoding::{base64, form, from_base64, query};
//!
//! assert_eq!(base64("id:secret"), "aWQ6c2VjcmV0");
//! assert_eq!(from_base64("aWQ6c2VjcmV0").as_deref(), Some(b"id:secret".as_slice()));
//! assert_eq!(form([("order", "100 A&B"), ("note", "")]), "order=100+A%26B&note=");
//! assert_eq!(query([("since", "2015-06-01T00:00")]), "since=2015-06-01T00%3A00");
//! ```

use cartage_contract::encoding;
use cartage_contract::http::Escape;

pub use cartage_contract::encoding::path_segment;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding (RFC 4648, section 4).
pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    let mut text = String::new();
    for chunk in bytes.as_ref().chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at)) as usize & 63];
            text.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// Decodes base64 in either alphabet, with padding or without; white space is skipped. `None` if the text is not base64.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let digits = text.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let padding = text.len() - digits;
    if digits % 4 == 1 || padding > 0 && (padding > 2 || !text.len().is_multiple_of(4)) {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits * 3 / 4);
    for chunk in text[..digits].chunks(4) {
        let mut bits = 0;
        for at in 0..4 {
            bits = bits << 6 | chunk.get(at).map_or(Some(0), |&digit| value(digit))?;
        }
        let [_, all @ ..] = u32::to_be_bytes(bits);
        let (kept, rest) = all.split_at(chunk.len() - 1);
        // The remaining bits must be zero, or two texts would decode to the same bytes.
        if rest.iter().any(|&byte| byte != 0) {
            return None;
        }
        bytes.extend_from_slice(kept);
    }
    Some(bytes)
}

fn value(digit: u8) -> Option<u32> {
    let digit = match digit {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    };
    DIGITS.iter().position(|&known| known == digit).and_then(|at| u32::try_from(at).ok())
}

/// Pairs as `application/x-www-form-urlencoded` text: a space becomes `+`.
pub fn form<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    joined(pairs, |text| encoding::escape(text, Escape::Form).expect("a form can hold every text"))
}

/// Pairs as the text of a URL's query: every byte except RFC 3986's unreserved ones becomes `%XX`, as in a request's own query pairs.
pub fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    joined(pairs, |text| encoding::query(text))
}

fn joined<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>, encode: impl Fn(&str) -> String) -> String {
    let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

/// Decodes percent-encoding; `None` if the encoding is broken or the result is not UTF-8.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            u8::try_from(high * 16 + low).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_the_answers_of_its_standard() {
        // The examples of RFC 4648, section 10.
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes), text);
            assert_eq!(from_base64(text).as_deref(), Some(bytes.as_bytes()), "{text}");
            assert_eq!(from_base64(text.trim_end_matches('=')).as_deref(), Some(bytes.as_bytes()), "{text} without padding");
        }
        assert_eq!(base64([0xfb, 0xff]), "+/8=");
        assert_eq!(from_base64("-_8"), Some(vec![0xfb, 0xff]), "the alphabet of URLs");
        assert_eq!(from_base64("Zm9v\r\nYmFy").as_deref(), Some(b"foobar".as_slice()));
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for text in ["Z", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm.v", "Zm9vY", "=", "===="] {
            assert_eq!(from_base64(text), None, "{text}");
        }
    }

    #[test]
    fn percent_encoding_is_undone_once() {
        for (text, bare) in [("a%20b%2525", Some("a b%25")), ("%C3%A9", Some("é")), ("%", None), ("%2", None), ("%zz", None), ("%ff", None)]
        {
            assert_eq!(decoded(text).as_deref(), bare, "{text}");
        }
    }
}
