//! The cart's answer to a request.

use crate::json::Value;
use crate::{Context, Failure};
use cartage_contract::http as contract;
use std::borrow::Cow;
use std::time::Duration;

/// The largest JSON body that is parsed. The parsed value takes several times as much memory.
const JSON_BYTES_MAX: usize = 1 << 20;

/// The longest excerpt of a body in a message, in characters.
const EXCERPT_CHARS_MAX: usize = 300;

crate::wraps! {
    /// The cart's answer. The HTTP status alone is seldom enough: read the body as well.
    ///
    /// ```
    /// use cartage_sdk::contract::http;
    /// use cartage_sdk::http::Response;
    ///
    /// let response = Response::from(http::Response { status: 404, headers: vec![], body: b"{\"error\": \"no such order\"}".to_vec(), extra: vec![] });
    /// assert!(response.is_client_error());
    /// let body: serde_json::Value = response.json()?;
    /// assert_eq!(body["error"], "no such order");
    /// # Ok::<(), cartage_sdk::Failure>(())
    /// ```
    Response(contract::Response)
}

impl Response {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        self.class() == 2
    }

    /// Whether the status is 3xx. The host does not follow redirects; most likely the base URL is wrong.
    pub fn is_redirect(&self) -> bool {
        self.class() == 3
    }

    /// Whether the status is 4xx.
    pub fn is_client_error(&self) -> bool {
        self.class() == 4
    }

    /// Whether the status is 5xx.
    pub fn is_server_error(&self) -> bool {
        self.class() == 5
    }

    fn class(&self) -> u16 {
        self.status / 100
    }

    /// The first header with this name, in any case. Only headers that the manifest declares are here, besides `content-type`, `retry-after`
    /// and `date`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
    }

    /// The content type in lower case, without parameters.
    pub fn content_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// The body as text: UTF-8, or otherwise ISO-8859-1, which old carts send without declaring it.
    pub fn text(&self) -> Cow<'_, str> {
        match std::str::from_utf8(&self.body) {
            Ok(text) => Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)),
            Err(_) => Cow::Owned(self.body.iter().map(|&byte| char::from(byte)).collect()),
        }
    }

    /// The start of the body on one line, for a message; see [`excerpt`].
    pub fn excerpt(&self) -> String {
        excerpt(&self.text())
    }

    /// The body parsed from JSON into a type, such as [`serde_json::Value`]: up to 1 MiB and 127 levels deep.
    ///
    /// # Errors
    /// [`BodyError`], which `?` turns into a failure of the kind `protocol`. The error says where the JSON is wrong and does not repeat the text.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, BodyError> {
        if self.body.len() > JSON_BYTES_MAX {
            return Err(BodyError::TooLarge { bytes: self.body.len() });
        }
        serde_json::from_slice(&self.body).map_err(|error| BodyError::NotJson {
            status: self.status,
            line: error.line(),
            column: error.column(),
            shape: error.is_data(),
        })
    }

    /// The body as a [`json::Value`](crate::json::Value), which adds less code to the component: up to 1 MiB.
    ///
    /// # Errors
    /// As [`json`](Response::json).
    pub fn json_value(&self) -> Result<Value, BodyError> {
        if self.body.len() > JSON_BYTES_MAX {
            return Err(BodyError::TooLarge { bytes: self.body.len() });
        }
        Value::parse(&self.body).map_err(|error| {
            let before = &self.body[..error.at];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
            BodyError::NotJson { status: self.status, line, column, shape: false }
        })
    }

    /// How long the cart asks clients to wait: `retry-after` in seconds, or as a date (RFC 9110's preferred form) relative to the attempt's start.
    pub fn retry_after(&self, context: &Context) -> Option<Duration> {
        let value = self.header("retry-after")?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let then = Duration::from_secs(http_date(value)?);
        Some(then.saturating_sub(Duration::from_millis(context.now_unix_ms)))
    }
}

/// The start of a text on one line, for a message: runs of white space and control characters become single spaces, and everything after
/// 300 characters is left out.
///
/// ```
/// assert_eq!(cartage_sdk::http::excerpt(" two\r\n\twords\u{0}"), "two words");
/// ```
pub fn excerpt(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut excerpt = String::new();
    let mut chars = 0;
    for word in words {
        for c in (chars > 0).then_some(' ').into_iter().chain(word.chars()) {
            if chars == EXCERPT_CHARS_MAX {
                return excerpt + "...";
            }
            excerpt.push(c);
            chars += 1;
        }
    }
    excerpt
}

/// Parses a date such as `Sun, 06 Nov 1994 08:49:37 GMT` into seconds since 1970.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let words: Vec<&str> = text.split_once(", ")?.1.split([' ', ':']).collect();
    let [day, month, year, hour, minute, second, "GMT"] = words.as_slice() else { return None };
    let number = |text: &str, max: u64| text.parse().ok().filter(|&number: &u64| number <= max);
    let month = MONTHS.iter().position(|name| name == month)? as u64;
    let (day, year) = (number(day, 31)?, number(year, 9999).filter(|year| *year >= 1970)?);
    let (hour, minute, second) = (number(hour, 23)?, number(minute, 59)?, number(second, 60)?);
    // The days are counted in years that start in March, so that a leap day is the last day of its year.
    let (march_year, march_month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let leap_days = march_year / 4 - march_year / 100 + march_year / 400;
    let days = (march_year * 365 + leap_days + (march_month * 153 + 2) / 5 + day).checked_sub(719_469)?;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// Why a body could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The body is larger than this library reads.
    #[error("failed to read the cart's answer as JSON: it has {bytes} bytes, more than {JSON_BYTES_MAX}")]
    TooLarge {
        /// The body's size.
        bytes: usize,
    },
    /// The body is not JSON, or JSON of another shape.
    #[error(
        "failed to read the cart's answer (HTTP {status}) as JSON: line {line}, column {column} {}",
        if *shape { "is not of the shape that the plugin expects" } else { "is not JSON" }
    )]
    NotJson {
        /// The answer's HTTP status.
        status: u16,
        /// The line of the error, from 1.
        line: usize,
        /// The column of the error, from 1.
        column: usize,
        /// Whether the body is JSON, but not of the expected shape.
        shape: bool,
    },
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Failure {
        Failure::protocol(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_contract::delivery;

    fn response(body: impl Into<Vec<u8>>, headers: &[(&str, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| contract::ResponseHeader { name: (*name).to_owned(), value: (*value).to_owned() });
        contract::Response { status: 200, headers: headers.collect(), body: body.into(), extra: Vec::new() }.into()
    }

    #[test]
    fn text_is_utf_8_or_else_latin_1() {
        for (body, text) in [(b"caf\xc3\xa9".as_slice(), "café"), (b"caf\xe9", "café"), (b"\xef\xbb\xbfok", "ok"), (b"", "")] {
            assert_eq!(response(body, &[]).text(), text);
        }
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(response(" a\r\n\tb\u{0}c  ", &[]).excerpt(), "a b c");
        assert_eq!(response("x".repeat(EXCERPT_CHARS_MAX), &[]).excerpt(), "x".repeat(EXCERPT_CHARS_MAX));
        assert_eq!(response("x".repeat(EXCERPT_CHARS_MAX + 1), &[]).excerpt(), "x".repeat(EXCERPT_CHARS_MAX) + "...");
    }

    #[test]
    fn json_is_bounded_in_size_and_depth() {
        let read = |body: String| response(body, &[]).json::<serde_json::Value>();
        let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
        assert!(read(text(JSON_BYTES_MAX)).is_ok());
        assert_eq!(read(text(JSON_BYTES_MAX + 1)), Err(BodyError::TooLarge { bytes: JSON_BYTES_MAX + 1 }));
        assert!(read("[".repeat(127) + &"]".repeat(127)).is_ok());
        assert!(matches!(read("[".repeat(128) + &"]".repeat(128)), Err(BodyError::NotJson { .. })));
        let value = |body: String| response(body, &[]).json_value();
        assert!(value(text(JSON_BYTES_MAX)).is_ok());
        assert_eq!(value(text(JSON_BYTES_MAX + 1)), Err(BodyError::TooLarge { bytes: JSON_BYTES_MAX + 1 }));
        assert_eq!(value("[1,\n 2 3]".to_owned()), Err(BodyError::NotJson { status: 200, line: 2, column: 4, shape: false }));
    }

    #[test]
    fn an_error_tells_the_place_and_not_the_content() {
        let error = response("{\"n\": \"private\"}", &[]).json::<std::collections::BTreeMap<String, u8>>().expect_err("not a number");
        assert!(matches!(error, BodyError::NotJson { line: 1, shape: true, .. }), "{error:?}");
        assert!(!error.to_string().contains("private"), "{error}");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // 1994-11-06T08:49:00Z.
        let now = delivery::Context { now_unix_ms: 784_111_740_000, ..delivery::Context::default() };
        for (value, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Thu, 29 Feb 1996 08:49:00 GMT", Some(480 * 86_400)),
            ("Wed, 01 Nov 1994 08:49:37 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37", None),
            ("-1", None),
            ("soon", None),
            ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ] {
            let wait = response("", &[("retry-after", value)]).retry_after(&now.clone().into());
            assert_eq!(wait, seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let response = response("", &[("content-type", "Text/HTML; charset=utf-8")]);
        assert_eq!(response.header("Content-Type"), Some("Text/HTML; charset=utf-8"));
        assert_eq!(response.content_type().as_deref(), Some("text/html"));
        assert!(response.is_success() && !response.is_redirect());
    }
}
