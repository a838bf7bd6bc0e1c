//! A request as the shop would see it.

use crate::contract::http::Method;
use crate::contract::request::{Wire, WireHeader};
use cartage_cart_script::Asked;
use std::fmt;
use std::path::Path;

/// A request that passed the host's rules, as it would be sent.
///
/// Its text shows `[slot.field]` in the place of each field of a credential slot, whatever the escape: `METHOD URL`, a line for each header,
/// an empty line and the body.
#[derive(Clone, PartialEq, Eq)]
pub struct Seen {
    endpoint: String,
    path: String,
    record: Wire,
    wire: Wire,
    headers: Vec<(String, String)>,
}

impl Seen {
    /// `endpoint` and `path` come from the plugin's request; the base URL is not yet joined to the path.
    pub(super) fn new(endpoint: String, path: String, record: Wire, wire: Wire) -> Seen {
        Seen { endpoint, path, headers: record.headers.iter().map(text).collect(), record, wire }
    }

    /// The request as a cart script sees it, with the secrets filled in.
    pub(super) fn asked(&self) -> Asked {
        let query = self.wire.url.split_once('?').map_or("", |(_, query)| query);
        let body = String::from_utf8_lossy(self.wire.body.as_deref().unwrap_or_default()).into_owned();
        let headers = self.wire.headers.iter().map(text).collect();
        Asked::received(&self.endpoint, self.method().name(), &self.path, query, headers, body)
    }

    /// The endpoint that the request names.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The path below the endpoint's base URL.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The request's method.
    pub fn method(&self) -> &Method {
        &self.record.method
    }

    /// The whole URL, including the query.
    pub fn url(&self) -> &str {
        &self.record.url
    }

    /// A header's value, by its name in any case; `None` if the request does not have it.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text, in which bytes that are not UTF-8 are replaced. Empty if the request has no body.
    pub fn body(&self) -> String {
        String::from_utf8_lossy(self.record.body.as_deref().unwrap_or_default()).into_owned()
    }

    /// The body as JSON; `None` if it is not JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(self.record.body.as_deref()?).ok()
    }

    /// The fields of a form body, decoded and in order. Placeholders of secrets are shown as `[slot.field]`.
    pub fn form(&self) -> Vec<(String, String)> {
        let body = self.body();
        let decode = |text: &str| decode_form(text);
        let pairs = body.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (decode(name), decode(value))).collect()
    }

    /// The request with the secrets filled in, byte for byte, to test how they are escaped.
    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Compares the request with a file in the crate's folder; `BLESS=1` writes the file instead.
    ///
    /// # Panics
    /// If they differ; the message shows the first line that differs.
    pub fn assert_golden(&self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, self.to_string()).unwrap_or_else(|error| panic!("failed to write {}: {error}", path.display()));
        }
        self.compare_with(path);
    }

    pub(super) fn compare_with(&self, path: &Path) {
        let sent = self.to_string();
        let golden = std::fs::read(path).unwrap_or_else(|error| panic!("failed to read {}: {error}; BLESS=1 writes it", path.display()));
        if golden != sent.as_bytes() {
            let difference = difference(&String::from_utf8_lossy(&golden), &sent).unwrap_or_else(|| "bytes that are not UTF-8".to_owned());
            panic!("the request differs from {}: {difference}\nBLESS=1 writes the file anew\n\nsent:\n{sent}", path.display());
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method(), self.url())?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        write!(f, "\n{}", self.body())
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn text(header: &WireHeader) -> (String, String) {
    (header.name.clone(), String::from_utf8_lossy(&header.value).into_owned())
}

/// The requests as text, for the message of a failed test.
pub(super) fn list(requests: &[Seen]) -> String {
    if requests.is_empty() {
        return "no request was sent".to_owned();
    }
    let shown: Vec<_> = requests.iter().map(Seen::to_string).collect();
    format!("requests sent:\n{}", shown.join("\n\n"))
}

/// The first line in which two texts differ; `None` if they are equal.
pub(super) fn difference(expected: &str, got: &str) -> Option<String> {
    if expected == got {
        return None;
    }
    let line = expected.split('\n').zip(got.split('\n')).position(|(one, other)| one != other);
    let line = line.unwrap_or_else(|| expected.split('\n').count().min(got.split('\n').count()));
    let shown = |text: &str| text.split('\n').nth(line).map_or_else(|| "nothing".to_owned(), |text| format!("{text:?}"));
    Some(format!("line {}: expected {}, got {}", line + 1, shown(expected), shown(got)))
}

fn decode_form(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits: String = bytes.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&digits, 16).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        for (expected, got, named) in [
            ("a\nb", "a\nb", None),
            ("a\nb", "a\nc", Some("line 2: expected \"b\", got \"c\"")),
            ("a", "a\n", Some("line 2: expected nothing, got \"\"")),
            ("a\nb", "a", Some("line 2: expected \"b\", got nothing")),
        ] {
            assert_eq!(difference(expected, got).as_deref(), named);
        }
    }

    #[test]
    fn a_form_is_decoded_once() {
        assert_eq!(decode_form("a+b%26c%2525%C3%A9"), "a b&c%25é");
    }
}
