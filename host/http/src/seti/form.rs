//! The form: names and values from a request's query and body, bounded before they are decoded.
//!
//! Scripts read both places, and if a name stands twice, the last one counts, the body after the query. Names match in any case. Fields
//! that an inlet leaves out are dropped here, before their values are checked.

use super::{SetiRequest, text};
use crate::inbound::percent::decoded;
use cartage_model::carts::Inlet;
use cartage_model::carts::inlet::{Encoding, LeaveOut};
use std::collections::BTreeMap;

/// The largest body, in bytes.
pub const BODY_BYTES_MAX: usize = 8 << 20;
/// The longest query, in bytes.
pub const QUERY_BYTES_MAX: usize = 64 << 10;
/// The most fields of a form. A hundred packages need three hundred.
pub const FIELDS_MAX: usize = 1_000;
/// The longest value of one field, in bytes; only the body's limit applies to `update`, which holds the XML.
pub const FIELD_BYTES_MAX: usize = 64 << 10;

/// The one field whose value may be long.
const XML_FIELD: &str = "update";
const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// Why a request has no valid form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The method is neither GET nor POST.
    #[error("the method is {method}: use POST, or GET")]
    Method {
        /// The method as received, cut to a readable length.
        method: String,
    },
    /// The body has another content type than a form.
    #[error("the body is {content_type:?}: use {FORM_TYPE}")]
    ContentType {
        /// The content type as received, cut to a readable length.
        content_type: String,
    },
    /// The query or the body is too long.
    #[error("the {place} has more than {max} bytes")]
    TooLong {
        /// The part that is too long: the query or the body.
        place: &'static str,
        /// The limit, in bytes.
        max: usize,
    },
    /// There are too many fields.
    #[error("the form has more than {FIELDS_MAX} fields")]
    TooManyFields,
    /// The value of a field is too long.
    #[error("the field {name} has {bytes} bytes, but at most {FIELD_BYTES_MAX} are allowed")]
    FieldTooLong {
        /// The field's name, cut to a readable length.
        name: String,
        /// The length of the value, in bytes.
        bytes: usize,
    },
    /// The value of a field is not valid text.
    #[error("the field {name} is not text")]
    NoText {
        /// The field's name.
        name: String,
        /// Why the bytes are not text.
        source: text::Error,
    },
}

/// The fields of a request. The values are still bytes.
#[derive(Debug)]
pub(super) struct Form {
    fields: BTreeMap<String, Value>,
    encoding: Encoding,
}

/// A field's value. A value that is too long is refused only when it is read.
#[derive(Debug)]
enum Value {
    Bytes(Vec<u8>),
    TooLong { bytes: usize },
}

impl Form {
    /// Reads the fields of the query and, for a POST, of the body.
    pub(super) fn read(request: &SetiRequest<'_>, inlet: &Inlet) -> Result<Form, Error> {
        let body = match request.method {
            "GET" => &[],
            // A line end after the last field is not part of the field's value.
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

    /// A field's text; `None` if there is no such field.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.fields.get(name) {
            None => Ok(None),
            Some(Value::TooLong { bytes }) => Err(Error::FieldTooLong { name: text::cut(name), bytes: *bytes }),
            Some(Value::Bytes(bytes)) => {
                text::decode(bytes, self.encoding).map(Some).map_err(|source| Error::NoText { name: text::cut(name), source })
            }
        }
    }

    /// Removes a field and returns its text, so that no copy is left in the form.
    pub(super) fn take(&mut self, name: &str) -> Result<String, Error> {
        let text = self.text(name)?.unwrap_or_default();
        self.fields.remove(name);
        Ok(text)
    }

    /// The XML; `None` if there is none.
    pub(super) fn xml(&self) -> Result<Option<String>, Error> {
        Ok(self.text(XML_FIELD)?.filter(|xml| !xml.chars().all(text::is_blank)))
    }
}

/// Whether a field with this name holds only what an inlet leaves out.
fn is_left_out(name: &str, inlet: &Inlet) -> bool {
    let of_package = ["tracknum", "trackcarrier", "trackpickupdate"].iter().filter_map(|field| name.strip_prefix(field));
    let mut of_package = of_package.filter(|nth| nth.bytes().all(|byte| byte.is_ascii_digit()));
    (name == "orderdetail" && inlet.leaves_out(LeaveOut::Notes))
        || ((name == "trackcount" || of_package.next().is_some()) && inlet.leaves_out(LeaveOut::Packages))
}

#[cfg(test)]
mod tests;
