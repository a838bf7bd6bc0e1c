//! A request as a scripted cart sees it: path, query, form fields and JSON, each parsed once.

use crate::script::Source;
use cartage_contract::http::Request;
use cartage_contract::request::Wire;
use serde_json::Value;
use url::form_urlencoded;

/// The most values of one kind that are read from one request.
const VALUES_MAX: usize = 1_000;

/// A request that the host's rules allowed, as it was sent.
#[derive(Debug, Clone)]
pub struct Asked {
    pub(crate) endpoint: String,
    pub(crate) method: String,
    pub(crate) path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: String,
    form: Vec<(String, String)>,
}

impl Asked {
    /// A request of the plugin, with its secrets filled in.
    pub fn new(request: &Request, wire: &Wire) -> Asked {
        let query = wire.url.split_once('?').map_or("", |(_, query)| query);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let body = text(wire.body.as_deref().unwrap_or_default());
        let headers = wire.headers.iter().map(|header| (header.name.clone(), text(&header.value))).collect();
        Asked::received(&request.endpoint, request.method.name(), &request.path, query, headers, body)
    }

    /// A request that arrived over a connection: the endpoint that received it, and its parts. Header names are in lower case.
    pub fn received(endpoint: &str, method: &str, path: &str, query: &str, headers: Vec<(String, String)>, body: String) -> Asked {
        let is_form = headers.iter().any(|(name, value)| name == "content-type" && value.starts_with("application/x-www-form-urlencoded"));
        Asked {
            endpoint: endpoint.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            query: pairs(query),
            headers,
            form: if is_form { pairs(&body) } else { Vec::new() },
            body,
        }
    }

    /// The method, the endpoint and the path, for messages.
    pub fn name(&self) -> String {
        format!("{} {}{}", self.method, self.endpoint, self.path)
    }

    /// Whether the request has this path; a segment `*` of `path` matches any one segment.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        let mut segments = self.path.split('/');
        path.split('/').all(|wanted| segments.next().is_some_and(|segment| wanted == "*" || wanted == segment)) && segments.next().is_none()
    }

    pub(crate) fn has_query(&self, name: &str, value: &str) -> bool {
        holds(&self.query, name, value)
    }

    pub(crate) fn has_form(&self, name: &str, value: &str) -> bool {
        holds(&self.form, name, value)
    }

    pub(crate) fn has_header(&self, name: &str, value: &str) -> bool {
        holds(&self.headers, name, value)
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        self.body.contains(text)
    }

    pub(crate) fn has_json(&self, pointer: &str, value: &str) -> bool {
        json(&self.body, pointer).iter().any(|found| found == value)
    }

    /// The values at a source, in the request's order. Empty if the request has none there.
    pub(crate) fn read(&self, source: &Source) -> Vec<String> {
        let places = match source {
            Source { form: Some(name), .. } => named(&self.form, name),
            Source { query: Some(name), .. } => named(&self.query, name),
            Source { header: Some(name), .. } => named(&self.headers, name),
            Source { segment: Some(place), .. } => self.path.split('/').nth(*place).map(decoded).into_iter().collect(),
            Source { .. } => vec![self.body.clone()],
        };
        let picked = places.iter().flat_map(|text| match source {
            Source { json: Some(pointer), .. } => json(text, pointer),
            Source { between: Some((from, to)), .. } => between(text, from, to),
            Source { .. } => vec![text.clone()],
        });
        picked.take(VALUES_MAX).collect()
    }
}

fn pairs(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

fn holds(pairs: &[(String, String)], name: &str, value: &str) -> bool {
    pairs.iter().any(|(own, other)| own == name && other == value)
}

/// The values of the pairs with this name. A name that ends with `*` selects every name that begins with the text before the `*`.
fn named(pairs: &[(String, String)], name: &str) -> Vec<String> {
    let is_named = |own: &str| name.strip_suffix('*').map_or(own == name, |start| own.starts_with(start));
    pairs.iter().filter(|(own, _)| is_named(own)).map(|(_, value)| value.clone()).collect()
}

/// Decodes the percent-encoding of a path segment. A plus sign stays a plus sign in a path.
fn decoded(segment: &str) -> String {
    let kept = format!("s={}", segment.replace('+', "%2B"));
    pairs(&kept).into_iter().next().map(|(_, value)| value).unwrap_or_default()
}

fn between(text: &str, from: &str, to: &str) -> Vec<String> {
    text.split(from).skip(1).filter_map(|rest| rest.split_once(to)).map(|(inside, _)| inside.to_owned()).take(VALUES_MAX).collect()
}

/// The values at a JSON pointer: texts, numbers and booleans as they are, lists and objects as JSON.
fn json(text: &str, pointer: &str) -> Vec<String> {
    let Ok(document) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let found = pointer.split('/').skip(1).fold(vec![&document], |found, step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        found.into_iter().flat_map(|value| below(value, &step)).take(VALUES_MAX).collect()
    });
    let shown = |value: &&Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
        Value::Null => None,
    };
    found.iter().filter_map(shown).collect()
}

/// The values one step of a pointer below a value; the step `*` selects all of them.
fn below<'v>(value: &'v Value, step: &str) -> Vec<&'v Value> {
    match value {
        Value::Array(elements) if step == "*" => elements.iter().take(VALUES_MAX).collect(),
        Value::Array(elements) => step.parse().ok().and_then(|place: usize| elements.get(place)).into_iter().collect(),
        Value::Object(members) => members.get(step).into_iter().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_contract::http::{Effect, Method};
    use cartage_contract::request::WireHeader;

    fn asked(path: &str, content_type: &str, body: &str) -> Asked {
        let request = Request {
            endpoint: "api".into(),
            method: Method::Post,
            effect: Effect::Writes,
            path: path.into(),
            query: vec![],
            headers: vec![],
            body: None,
            auth: vec![],
            renew: false,
            extra: vec![],
        };
        let header = WireHeader { name: "content-type".into(), value: content_type.into(), sensitive: false };
        let url = format!("https://shop.example{path}?search=10%2021");
        Asked::new(&request, &Wire { method: Method::Post, url, headers: vec![header], body: Some(body.into()) })
    }

    fn read(asked: &Asked, source: &str) -> Vec<String> {
        asked.read(&toml::from_str(source).expect("the source is one"))
    }

    #[test]
    fn each_place_is_read() {
        let form = asked("/orders/a%2Fb/notes", "application/x-www-form-urlencoded; charset=utf-8", "n1=1Z&n2=2Z+3&x=%3Ca%3E5%3C%2Fa%3E");
        assert_eq!(read(&form, "form = \"n*\""), ["1Z", "2Z 3"]);
        assert_eq!(read(&form, "form = \"x\"\nbetween = [\"<a>\", \"</a>\"]"), ["5"]);
        assert_eq!(read(&form, "query = \"search\""), ["10 21"]);
        assert_eq!(read(&form, "segment = 2"), ["a/b"]);
        assert_eq!(read(&form, "form = \"none\""), Vec::<String>::new());
        let json = asked("", "application/json", "{\"data\": {\"packages\": [{\"n\": \"1Z\"}, {\"n\": 7}, {\"n\": null}]}}");
        assert_eq!(read(&json, "json = \"/data/packages/*/n\""), ["1Z", "7"]);
        assert_eq!(read(&json, "json = \"/data/packages/1/n\""), ["7"]);
        assert_eq!(read(&json, "json = \"/data/packages\""), ["[{\"n\":\"1Z\"},{\"n\":7},{\"n\":null}]"]);
        assert_eq!(read(&json, "form = \"data\""), Vec::<String>::new(), "it is no form");
    }

    #[test]
    fn a_path_is_matched_by_whole_segments() {
        let asked = asked("/orders/7/notes", "text/plain", "");
        for (path, is) in [("/orders/7/notes", true), ("/orders/*/notes", true), ("/orders/*", false), ("/orders", false), ("", false)] {
            assert_eq!(asked.is_at(path), is, "{path}");
        }
    }
}
