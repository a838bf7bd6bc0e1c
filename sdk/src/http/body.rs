//! Request bodies: forms and JSON, which may contain secrets.

use super::{Escape, Part, secret, text};
use crate::json;
use cartage_contract::encoding;
use serde_json::Value;

/// An `application/x-www-form-urlencoded` body, in the order of its fields.
///
/// ```
/// use cartage_sdk::http::{Form, text};
///
/// let form = Form::new().field("order", "100 A&B").field("note", "");
/// assert_eq!(form.into_parts(), [text("order=100+A%26B&note=")]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    parts: Parts,
}

impl Form {
    /// A form without fields.
    pub fn new() -> Form {
        Form::default()
    }

    /// Adds a field. The name and the value are encoded here, once.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl AsRef<str>) -> Form {
        self.name(name);
        self.parts.text(&form_text(value.as_ref()));
        self
    }

    /// Adds a field whose value is a field of a credential slot.
    #[must_use]
    pub fn secret(mut self, name: &str, slot: &str, field: &str) -> Form {
        self.name(name);
        self.parts.part(secret(slot, field, Escape::Form));
        self
    }

    /// The parts of the body; neighbouring texts are joined.
    pub fn into_parts(self) -> Vec<Part> {
        self.parts.0
    }

    fn name(&mut self, name: &str) {
        let separator = if self.parts.0.is_empty() { "" } else { "&" };
        self.parts.text(&format!("{separator}{}=", form_text(name)));
    }
}

fn form_text(text: &str) -> String {
    encoding::escape(text, Escape::Form).expect("a form can hold every text")
}

/// A JSON body, which may contain secrets.
///
/// ```
/// use cartage_sdk::http::{Escape, Json, secret, text};
///
/// let log_in = Json::object()
///     .field("remember", true)
///     .field("user", Json::object().field("name", "integration").secret("password", "account", "password"));
/// assert_eq!(log_in.into_parts(), [
///     text(r#"{"remember":true,"user":{"name":"integration","password":""#),
///     secret("account", "password", Escape::JsonString),
///     text(r#""}}"#),
/// ]);
///
/// // A `cartage_sdk::json::Value` takes less code than one of serde_json, which a text becomes by itself.
/// let query = Json::object().field("query", cartage_sdk::json::Value::from("{orders{totalItems}}"));
/// assert_eq!(query.into_parts(), [text(r#"{"query":"{orders{totalItems}}"}"#)]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json {
    parts: Parts,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A complete value.
    Whole,
    /// `{` and any members so far.
    Object { empty: bool },
}

impl Json {
    /// An empty object; add members with [`field`](Json::field) and [`secret`](Json::secret).
    pub fn object() -> Json {
        let mut parts = Parts::default();
        parts.text("{");
        Json { parts, shape: Shape::Object { empty: true } }
    }

    /// Adds a member: anything that converts into [`serde_json::Value`], a [`json::Value`], or an object with secrets of its own. A value that is not an object
    /// stays unchanged.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl Into<Json>) -> Json {
        if self.name(name) {
            for part in value.into().into_parts() {
                self.parts.part(part);
            }
        }
        self
    }

    /// Adds a member whose value is a field of a credential slot, as a JSON string.
    #[must_use]
    pub fn secret(mut self, name: &str, slot: &str, field: &str) -> Json {
        if self.name(name) {
            self.parts.text("\"");
            self.parts.part(secret(slot, field, Escape::JsonString));
            self.parts.text("\"");
        }
        self
    }

    /// The parts of the body; neighbouring texts are joined.
    pub fn into_parts(mut self) -> Vec<Part> {
        if matches!(self.shape, Shape::Object { .. }) {
            self.parts.text("}");
        }
        self.parts.0
    }

    fn whole(value: &impl ToString) -> Json {
        let mut parts = Parts::default();
        parts.text(&value.to_string());
        Json { parts, shape: Shape::Whole }
    }

    fn name(&mut self, name: &str) -> bool {
        let Shape::Object { empty } = &mut self.shape else { return false };
        let separator = if std::mem::replace(empty, false) { "" } else { "," };
        self.parts.text(&format!("{separator}{}:", json::Value::from(name)));
        true
    }
}

impl<V: Into<Value>> From<V> for Json {
    fn from(value: V) -> Json {
        Json::whole(&value.into())
    }
}

/// As the conversion from [`serde_json::Value`], but without the code of `serde_json`.
impl From<json::Value> for Json {
    fn from(value: json::Value) -> Json {
        Json::whole(&value)
    }
}

/// A list of parts in which neighbouring texts are joined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Parts(Vec<Part>);

impl Parts {
    fn text(&mut self, more: &str) {
        if let Some(Part::Text(last)) = self.0.last_mut() {
            last.push_str(more);
        } else {
            self.0.push(text(more));
        }
    }

    fn part(&mut self, part: Part) {
        match part {
            Part::Text(more) => self.text(&more),
            Part::Bytes(_) | Part::Raw(_) | Part::Secret(_) => self.0.push(part),
        }
    }
}
