//! Compares two asks: whether they have the same effect at the cart, and where they differ.
//!
//! The division of a body into parts does not matter, because the parts are joined before they are sent. In a query it matters which parts the host
//! encodes.

use crate::cassette::redact;
use cartage_contract::http::{Escape, Header, Method, Part, QueryPair, Request, SecretPart};
use cartage_contract::signing::Algorithm;
use std::collections::BTreeSet;

/// An ask of a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// An HTTP request.
    Request(Request),
    /// A MAC or a digest to compute.
    Signature {
        /// The slot that holds the key of a MAC; `None` for a digest.
        slot: Option<String>,
        /// The hash function to use.
        algorithm: Algorithm,
        /// The message, which names secrets instead of holding them.
        message: Vec<Part>,
    },
}

/// The characters that are shown before and after the place where two texts differ.
const SHOWN_BEFORE: usize = 24;
const SHOWN_AFTER: usize = 56;

/// One aspect in which two asks differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aspect {
    pub(super) what: String,
    pub(super) was: Option<String>,
    pub(super) is: Option<String>,
}

/// The place of parts in a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a query, whose text parts the host encodes.
    Query,
    /// In a header, a body or a message, where all parts are sent as they are.
    Plain,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Bytes(Vec<u8>),
    Raw(Vec<u8>),
    Secret(SecretPart),
}

/// The method, endpoint and path of a request. Requests with the same ones can get the same recorded answer.
pub(in crate::cassette) fn place(request: &Request) -> (&Method, &str, &str) {
    (&request.method, &request.endpoint, &request.path)
}

/// Whether a request has the same effect at the cart as a recorded one.
pub(in crate::cassette) fn same_request(recorded: &Request, given: &Request) -> bool {
    recorded == given || (place(recorded) == place(given) && request(recorded, given).is_empty())
}

/// Whether two messages to sign are the same.
pub(in crate::cassette) fn same_message(recorded: &[Part], given: &[Part]) -> bool {
    recorded == given || body(Some(recorded), Some(given)).is_none()
}

/// Whether two asks have the same effect.
pub(super) fn same(was: &Asked, is: &Asked) -> bool {
    match (was, is) {
        (Asked::Request(was), Asked::Request(is)) => same_request(was, is),
        (
            Asked::Signature { slot, algorithm, message },
            Asked::Signature { slot: slot_now, algorithm: algorithm_now, message: message_now },
        ) => slot == slot_now && algorithm == algorithm_now && same_message(message, message_now),
        _ => false,
    }
}

/// Whether two asks are about the same thing, whatever their contents.
pub(super) fn alike(was: &Asked, is: &Asked) -> bool {
    match (was, is) {
        (Asked::Request(was), Asked::Request(is)) => place(was) == place(is),
        (Asked::Signature { slot, algorithm, .. }, Asked::Signature { slot: slot_now, algorithm: now, .. }) => {
            slot == slot_now && algorithm == now
        }
        _ => false,
    }
}

/// The aspects in which two asks of one kind differ.
pub(super) fn aspects(was: &Asked, is: &Asked) -> Vec<Aspect> {
    match (was, is) {
        (Asked::Request(was), Asked::Request(is)) => request(was, is),
        (
            Asked::Signature { slot, algorithm, message },
            Asked::Signature { slot: slot_now, algorithm: algorithm_now, message: message_now },
        ) => {
            let mut found = Vec::new();
            changed(&mut found, "hash function", &hash(*algorithm), &hash(*algorithm_now));
            let name = |slot: &Option<String>| slot.clone().unwrap_or_else(|| "none".to_owned());
            changed(&mut found, "slot", &name(slot), &name(slot_now));
            found.extend(body(Some(message), Some(message_now)).map(|(was, is)| Aspect { what: "message".to_owned(), was, is }));
            found
        }
        _ => Vec::new(),
    }
}

/// An ask in a few words.
pub(super) fn shown(asked: &Asked) -> String {
    match asked {
        Asked::Request(request) => {
            let query = query_text(&request.query);
            let query = if query.is_empty() { query } else { format!("?{query}") };
            let path = if request.path.is_empty() { "(the base URL)" } else { &request.path };
            format!("{} {} {path}{query}", request.method, request.endpoint)
        }
        Asked::Signature { slot: Some(slot), algorithm, .. } => format!("a {} MAC with {slot}", hash(*algorithm)),
        Asked::Signature { slot: None, algorithm, .. } => format!("a {} digest", hash(*algorithm)),
    }
}

fn hash(algorithm: Algorithm) -> String {
    format!("{algorithm:?}").to_uppercase()
}

fn request(was: &Request, is: &Request) -> Vec<Aspect> {
    let mut found = Vec::new();
    changed(&mut found, "method", was.method.name(), is.method.name());
    changed(&mut found, "endpoint", &was.endpoint, &is.endpoint);
    changed(&mut found, "path", &was.path, &is.path);
    let query = |pairs: &[QueryPair]| -> Vec<(String, Option<Vec<Piece>>)> {
        pairs.iter().map(|pair| (pair.name.clone(), pair.value.as_deref().map(|parts| pieces(parts, Place::Query)))).collect()
    };
    if query(&was.query) != query(&is.query) {
        changed(&mut found, "query", &query_text(&was.query), &query_text(&is.query));
    }
    headers(&mut found, &was.headers, &is.headers);
    let found_body = body(was.body.as_deref(), is.body.as_deref());
    found.extend(found_body.map(|(was, is)| Aspect { what: "body".to_owned(), was, is }));
    changed(&mut found, "credentials", &list(&was.auth), &list(&is.auth));
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    changed(&mut found, "renewal of the token", yes(was.renew), yes(is.renew));
    let effect = |request: &Request| format!("{:?}", request.effect).to_lowercase();
    changed(&mut found, "effect", &effect(was), &effect(is));
    let extra = |request: &Request| request.extra.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ");
    changed(&mut found, "extra", &extra(was), &extra(is));
    found
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn changed(found: &mut Vec<Aspect>, what: &str, was: &str, is: &str) {
    if was != is {
        found.push(Aspect { what: what.to_owned(), was: Some(was.to_owned()), is: Some(is.to_owned()) });
    }
}

fn headers(found: &mut Vec<Aspect>, was: &[Header], is: &[Header]) {
    let all = |headers: &[Header]| -> Vec<(String, Vec<Piece>)> {
        headers.iter().map(|header| (header.name.to_ascii_lowercase(), pieces(&header.value, Place::Plain))).collect()
    };
    let (was, is) = (all(was), all(is));
    if was == is {
        return;
    }
    let before = found.len();
    let mut seen = BTreeSet::new();
    for name in was.iter().chain(&is).map(|(name, _)| name).filter(|name| seen.insert((*name).clone())) {
        let values = |headers: &[(String, Vec<Piece>)]| -> Vec<Vec<Piece>> {
            headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
        };
        let (was, is) = (values(&was), values(&is));
        if was != is {
            let text =
                |values: &[Vec<Piece>]| (!values.is_empty()).then(|| values.iter().map(|value| text(value)).collect::<Vec<_>>().join(", "));
            found.push(Aspect { what: format!("header {name}"), was: text(&was), is: text(&is) });
        }
    }
    if found.len() == before {
        let names = |headers: &[(String, Vec<Piece>)]| headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        changed(found, "order of the headers", &names(&was), &names(&is));
    }
}

/// The parts of two bodies where they differ. `None` if they are the same, or if the recorded body was left out.
fn body(was: Option<&[Part]>, is: Option<&[Part]>) -> Option<(Option<String>, Option<String>)> {
    let joined = |parts: Option<&[Part]>| parts.map(|parts| pieces(parts, Place::Plain));
    let (was, is) = (joined(was), joined(is));
    if was == is {
        return None;
    }
    let (was, is) = (was.map(|pieces| text(&pieces)), is.map(|pieces| text(&pieces)));
    if is.is_some() && was.as_deref().is_some_and(redact::is_left_out) {
        return None;
    }
    Some(match (was, is) {
        (Some(was), Some(is)) => {
            let (was, is) = around(&was, &is);
            (Some(was), Some(is))
        }
        (was, is) => (was.map(|text| cut(&text)), is.map(|text| cut(&text))),
    })
}

/// The excerpts of two texts around the place where they begin to differ.
fn around(was: &str, is: &str) -> (String, String) {
    let (was, is): (Vec<char>, Vec<char>) = (was.chars().collect(), is.chars().collect());
    let differs = was.iter().zip(&is).position(|(was, is)| was != is).unwrap_or(was.len().min(is.len()));
    let from = differs.saturating_sub(SHOWN_BEFORE);
    let part = |text: &[char]| {
        let end = text.len().min(differs + SHOWN_AFTER);
        let shown: String = text[from..end].iter().collect();
        format!("{}{shown}{}", if from > 0 { "…" } else { "" }, if end < text.len() { "…" } else { "" })
    };
    (part(&was), part(&is))
}

/// A text cut to the length that is shown.
pub(super) fn cut(text: &str) -> String {
    let most = SHOWN_BEFORE + SHOWN_AFTER;
    let shown: String = text.chars().take(most).collect();
    if shown.len() < text.len() { format!("{shown}…") } else { shown }
}

/// The parts as they are joined; neighbours of one kind become one piece.
fn pieces(parts: &[Part], place: Place) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for part in parts {
        match (part, joined.last_mut()) {
            (Part::Secret(secret), _) => joined.push(Piece::Secret(secret.clone())),
            (Part::Raw(raw), Some(Piece::Raw(last))) if place == Place::Query && is_encoded(raw) => last.extend(raw.as_bytes()),
            (Part::Raw(raw), _) if place == Place::Query && is_encoded(raw) => joined.push(Piece::Raw(raw.as_bytes().to_vec())),
            (Part::Text(text) | Part::Raw(text), Some(Piece::Bytes(last))) => last.extend(text.as_bytes()),
            (Part::Text(text) | Part::Raw(text), _) => joined.push(Piece::Bytes(text.as_bytes().to_vec())),
            (Part::Bytes(bytes), Some(Piece::Bytes(last))) => last.extend(bytes),
            (Part::Bytes(bytes), _) => joined.push(Piece::Bytes(bytes.clone())),
        }
    }
    joined.retain(|piece| !matches!(piece, Piece::Bytes(bytes) | Piece::Raw(bytes) if bytes.is_empty()));
    joined
}

/// Whether a raw part of a query is sent differently from a text part with the same contents.
fn is_encoded(raw: &str) -> bool {
    !raw.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn text(pieces: &[Piece]) -> String {
    let shown = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    };
    let one = |piece: &Piece| match piece {
        Piece::Bytes(bytes) => shown(bytes),
        Piece::Raw(bytes) => format!("(raw {})", shown(bytes)),
        Piece::Secret(SecretPart { slot, field, escape: Escape::None }) => format!("[{slot}.{field}]"),
        Piece::Secret(SecretPart { slot, field, escape }) => format!("[{slot}.{field} as {escape:?}]"),
    };
    pieces.iter().map(one).collect()
}

fn query_text(pairs: &[QueryPair]) -> String {
    let pair = |pair: &QueryPair| match &pair.value {
        Some(parts) => format!("{}={}", pair.name, text(&pieces(parts, Place::Query))),
        None => pair.name.clone(),
    };
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}
