//! The form: names and values of a request's query and body, bounded before they are decoded.
//!
//! Scripts read both places, and where a name stands twice the last one counts, the body after the query. Names are taken in any case. What an
//! inlet leaves out is passed over here, before anything of it is judged.

use super::{Request, text};
use crate::carts::Inlet;
use crate::carts::inlet::{Encoding, LeaveOut};
use std::collections::BTreeMap;

/// Bytes of a body, at most.
pub const BODY_BYTES_MAX: usize = 8 << 20;
/// Bytes of a query, at most.
pub const QUERY_BYTES_MAX: usize = 64 << 10;
/// Fields of a form, at most. A hundred packages need three hundred.
pub const FIELDS_MAX: usize = 1_000;
/// Bytes of one field's value, at most; `update`, which holds the XML, has only the body's limit.
pub const FIELD_BYTES_MAX: usize = 64 << 10;

/// The one field that may be long.
const XML_FIELD: &str = "update";
const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// Why a request is no form of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Neither GET nor POST.
    #[error("the method is {method}: use POST, or GET")]
    Method {
        /// As it came, cut.
        method: String,
    },
    /// The body is of another type.
    #[error("the body is {content_type:?}: use {FORM_TYPE}")]
    ContentType {
        /// As it came, cut.
        content_type: String,
    },
    /// The query or the body is too long.
    #[error("the {place} has more than {max} bytes")]
    TooLong {
        /// Which of the two.
        place: &'static str,
        /// The limit.
        max: usize,
    },
    /// There are too many fields.
    #[error("the form has more than {FIELDS_MAX} fields")]
    TooManyFields,
    /// A value is too long.
    #[error("the field {name} has {bytes} bytes, but {FIELD_BYTES_MAX} are the most")]
    FieldTooLong {
        /// Its name, cut.
        name: String,
        /// How many it has.
        bytes: usize,
    },
    /// A value is no text.
    #[error("the field {name} is no text")]
    NoText {
        /// Its name.
        name: String,
        /// Why not.
        source: text::Error,
    },
}

/// The fields of a request. The values are bytes still.
#[derive(Debug)]
pub(super) struct Form {
    fields: BTreeMap<String, Value>,
    encoding: Encoding,
}

/// A field's value. One that is too long is refused only where it is asked for.
#[derive(Debug)]
enum Value {
    Bytes(Vec<u8>),
    TooLong { bytes: usize },
}

impl Form {
    /// Reads the fields of the query and, for a POST, of the body.
    pub(super) fn read(request: &Request<'_>, inlet: &Inlet) -> Result<Form, Error> {
        let body = match request.method {
            "GET" => &[],
            // A line end after the last field is the sender's, and not the field's.
            "POST" => &request.body[..request.body.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n' | 0)).map_or(0, |last| last + 1)],
            other => return Err(Error::Method { method: text::cut(other) }),
        };
        let query = request.query.unwrap_or_default().as_bytes();
        for (place, bytes, max) in [("query", query, QUERY_BYTES_MAX), ("body", body, BODY_BYTES_MAX)] {
            if bytes.len() > max {
                return Err(Error::TooLong { place, max });
            }
        }
        let is_form = |given: &str| given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM_TYPE);
        if let Some(content_type) = request.content_type.filter(|given| !body.is_empty() && !is_form(given)) {
            return Err(Error::ContentType { content_type: text::cut(content_type) });
        }
        let mut fields = BTreeMap::new();
        let pairs = [query, body].into_iter().flat_map(|source| source.split(|byte| *byte == b'&')).filter(|pair| !pair.is_empty());
        let mut count = 0;
        for pair in pairs {
            let at = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = at.map_or((pair, &[][..]), |at| (&pair[..at], &pair[at + 1..]));
            let name = String::from_utf8_lossy(&decoded(name)).trim().to_ascii_lowercase();
            if is_left_out(&name, inlet) {
                continue;
            }
            count += 1;
            if count > FIELDS_MAX {
                return Err(Error::TooManyFields);
            }
            let value = match decoded(value) {
                value if value.len() > FIELD_BYTES_MAX && name != XML_FIELD => Value::TooLong { bytes: value.len() },
                value => Value::Bytes(value),
            };
            fields.insert(name, value);
        }
        Ok(Form { fields, encoding: inlet.encoding() })
    }

    /// A field's text. None: there is no such field.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.fields.get(name) {
            None => Ok(None),
            Some(Value::TooLong { bytes }) => Err(Error::FieldTooLong { name: text::cut(name), bytes: *bytes }),
            Some(Value::Bytes(bytes)) => {
                text::decode(bytes, self.encoding).map(Some).map_err(|source| Error::NoText { name: text::cut(name), source })
            }
        }
    }

    /// Takes a field out, so that it is nowhere else.
    pub(super) fn take(&mut self, name: &str) -> Result<String, Error> {
        let text = self.text(name)?.unwrap_or_default();
        self.fields.remove(name);
        Ok(text)
    }

    /// The XML, if there is any.
    pub(super) fn xml(&self) -> Result<Option<String>, Error> {
        Ok(self.text(XML_FIELD)?.filter(|xml| !xml.chars().all(text::is_blank)))
    }
}

/// Whether a field of this name holds only what an inlet leaves out.
fn is_left_out(name: &str, inlet: &Inlet) -> bool {
    let of_package = ["tracknum", "trackcarrier", "trackpickupdate"].iter().filter_map(|field| name.strip_prefix(field));
    let mut of_package = of_package.filter(|nth| nth.bytes().all(|byte| byte.is_ascii_digit()));
    (name == "orderdetail" && inlet.leaves_out(LeaveOut::Notes))
        || ((name == "trackcount" || of_package.next().is_some()) && inlet.leaves_out(LeaveOut::Packages))
}

/// Percent-decoded, a plus a space. What is no escape stays as it is.
fn decoded(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escape = bytes.get(at + 1..at + 3).filter(|_| byte == b'%').and_then(hex);
        at += if escape.is_some() { 3 } else { 1 };
        decoded.push(escape.unwrap_or(if byte == b'+' { b' ' } else { byte }));
    }
    decoded
}

fn hex(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(pair[0])? << 4 | digit(pair[1])?)
}

#[cfg(test)]
mod tests;
