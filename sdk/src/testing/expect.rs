//! A request that a test expects.

use super::Seen;
use super::seen::difference;
use crate::contract::http::Method;
use std::fmt;

/// A request that a test expects. Parts that the test does not name may have any value.
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Body>,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    Text(String),
    Json(serde_json::Value),
    Form(Vec<(String, String)>),
}

impl Expect {
    /// A GET of a whole URL, including the query as it is sent.
    pub fn get(url: &str) -> Expect {
        Expect::new(Method::Get, url)
    }

    /// A POST; see [`get`](Expect::get).
    pub fn post(url: &str) -> Expect {
        Expect::new(Method::Post, url)
    }

    /// A PUT; see [`get`](Expect::get).
    pub fn put(url: &str) -> Expect {
        Expect::new(Method::Put, url)
    }

    /// A request by any method.
    pub fn new(method: Method, url: &str) -> Expect {
        Expect { method, url: url.to_owned(), headers: Vec::new(), body: None }
    }

    /// Requires this header, with secrets written as `[slot.field]`.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Expect {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Requires this body, byte for byte, with secrets written as `[slot.field]`.
    #[must_use]
    pub fn body(mut self, body: &str) -> Expect {
        self.body = Some(Body::Text(body.to_owned()));
        self
    }

    /// Requires a body that is this JSON, in any formatting.
    #[must_use]
    pub fn json(mut self, value: impl Into<serde_json::Value>) -> Expect {
        self.body = Some(Body::Json(value.into()));
        self
    }

    /// Requires a body that is this form, field for field, with secrets written as `[slot.field]`.
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Expect {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.body = Some(Body::Form(fields.iter().map(owned).collect()));
        self
    }

    /// A description of the first difference between the expected and the sent request; `None` if they agree.
    pub(super) fn difference(&self, seen: &Seen) -> Option<String> {
        if (&self.method, self.url.as_str()) != (seen.method(), seen.url()) {
            return Some(format!("{} {}, not {} {}", seen.method(), seen.url(), self.method, self.url));
        }
        if let Some((name, value)) = self.headers.iter().find(|(name, value)| seen.header(name) != Some(value)) {
            let sent = seen.header(name).map_or_else(|| "missing".to_owned(), |sent| format!("{sent:?}"));
            return Some(format!("header {name} is {sent}, not {value:?}"));
        }
        match self.body.as_ref()? {
            Body::Text(expected) => difference(expected, &seen.body()).map(|line| format!("the body's {line}")),
            Body::Json(expected) if seen.json().as_ref() == Some(expected) => None,
            Body::Json(_) => Some("the body is different JSON, or is not JSON".to_owned()),
            Body::Form(expected) => {
                let sent = seen.form();
                let at = (0..expected.len().max(sent.len())).find(|&at| expected.get(at) != sent.get(at))?;
                let field = |fields: &[(String, String)]| {
                    fields.get(at).map_or_else(|| "nothing".to_owned(), |(name, value)| format!("{name}={value}"))
                };
                Some(format!("the form's field {}: expected {}, got {}", at + 1, field(expected), field(&sent)))
            }
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method, self.url)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        match &self.body {
            None => write!(f, "(any body)"),
            Some(Body::Text(text)) => write!(f, "\n{text}"),
            Some(Body::Json(value)) => write!(f, "\n{value:#}"),
            Some(Body::Form(fields)) => fields.iter().try_for_each(|(name, value)| write!(f, "\n{name}={value}")),
        }
    }
}
