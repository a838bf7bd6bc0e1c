//! The header `Idempotency-Key`, as draft-ietf-httpapi-idempotency-key-header describes it: a quoted string. A key without quotes is accepted as
//! well, and means the same.
//!
//! A key belongs to its merchant and to one request: method, path and body. Only the decision is stored under the key: a request that failed on this
//! machine is new when it is repeated. The first decision of a batch also stores the batch's own key, and each update of the batch has a key derived
//! from that. So a repeated batch continues where it was cut off.

use super::call::Call;
use super::problem::{Kind, Problem};
use cartage::service::IdempotencyKey;
use cartage_model::id::Digest;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// The most characters of a key.
pub(super) const KEY_CHARS_MAX: usize = 200;

/// The header, for the description.
pub(super) enum Header {}

impl IntoParams for Header {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let words = format!("A quoted string of 1 to {KEY_CHARS_MAX} characters. The same request under the same key is done once.");
        let header = ParameterBuilder::new().name("Idempotency-Key").parameter_in(ParameterIn::Header).required(Required::False);
        let text = ObjectBuilder::new().schema_type(Type::String);
        vec![header.description(Some(words)).schema(Some(text)).build()]
    }
}

/// The request's key; `None` if it has none.
pub(super) fn key(call: &Call) -> Result<Option<IdempotencyKey>, Problem> {
    let mut given = call.headers.get_all("idempotency-key").iter();
    let Some(first) = given.next() else { return Ok(None) };
    let text = if given.next().is_some() { None } else { read(first.as_bytes()) };
    let key = text.ok_or_else(|| {
        Problem::new(
            Kind::BadRequest,
            format!(
                "the header Idempotency-Key is not a single string of 1 to {KEY_CHARS_MAX} printable ASCII characters; write the key in quotes, \
                 such as \"8e03978e-40d5-43dd-bc93-6894a57f9324\""
            ),
        )
    })?;
    let asked = [call.method.as_str().as_bytes(), b" ", call.path.as_bytes(), b"\n", &call.body].concat();
    Ok(Some(IdempotencyKey { key, body: Digest::of(&asked), batch: None }))
}

/// The key of one update of a batch. Keys from senders never hold a line break.
pub(super) fn within(batch: &IdempotencyKey, index: usize) -> IdempotencyKey {
    IdempotencyKey { key: format!("{}\n{index}", batch.key), body: batch.body, batch: Some(batch.key.clone()) }
}

fn read(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let key = match text.strip_prefix('"') {
        Some(rest) => unquoted(rest)?,
        None => text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b',')).then(|| text.to_owned())?,
    };
    (1..=KEY_CHARS_MAX).contains(&key.len()).then_some(key)
}

/// The rest of a quoted string (RFC 9651, 3.3.3) after its first quote; `None` if it is malformed.
fn unquoted(rest: &str) -> Option<String> {
    let mut key = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => break,
            '\\' => key.push(chars.next().filter(|c| matches!(c, '"' | '\\'))?),
            c if c == ' ' || c.is_ascii_graphic() => key.push(c),
            _ => return None,
        }
    }
    chars.next().is_none().then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_string_quoted_or_not() {
        let longest = "k".repeat(KEY_CHARS_MAX);
        let long = "k".repeat(KEY_CHARS_MAX + 1);
        for (text, expected) in [
            ("\"abc\"", Some("abc")),
            ("abc", Some("abc")),
            (" abc ", Some("abc")),
            ("\"a b\\\"\\\\\"", Some("a b\"\\")),
            (longest.as_str(), Some(longest.as_str())),
            (long.as_str(), None),
            ("", None),
            ("\"\"", None),
            ("\"abc", None),
            ("\"abc\";a=1", None),
            ("\"a\\bc\"", None),
            ("a b", None),
            ("a,b", None),
            ("\"é\"", None),
            ("\"a\u{7f}\"", None),
        ] {
            assert_eq!(read(text.as_bytes()).as_deref(), expected, "{text}");
        }
        assert_eq!(read(b"\"\xff\""), None);
    }
}
