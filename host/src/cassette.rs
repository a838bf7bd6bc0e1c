//! The record of one attempt: what went in, every request and its answer, what came out. Plain data, secrets left out.
//!
//! A cassette never held a secret in the first place: the guest's requests name slots, and what went over the wire is recorded with
//! placeholders where egress put the values. Personal data it holds until [`redact`] has taken them out, which is before it is kept.
//!
//! [`file`](mod@file) writes and reads it as a file. [`replay`] answers a plugin with what is recorded, and [`difference`] says what it did otherwise.

pub mod difference;
pub mod file;
pub mod redact;
pub mod replay;

#[cfg(test)]
mod sample;

use crate::exchange::{Call, Outcome};
use crate::id::Digest;
use cartage_contract::http::{self, Method, Part, Reach, Request, Response};
use cartage_contract::log::Level;
use cartage_contract::orders::{LineItem, Package, Update};
use cartage_contract::signing::{self, Algorithm};
use serde::{Deserialize, Serialize};

/// The version of the form in which attempts are kept. A file has one of its own: [`file::FORMAT`].
pub const FORMAT: u32 = 1;

/// How the note ends that stands in the place of a body for which a recording had no room.
const FULL: &str = ": this call's recording is full]";

/// The record of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cassette {
    /// The version of this form: [`FORMAT`].
    pub format: u32,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
    /// The digest of its file.
    pub digest: Digest,
    /// What went in.
    pub call: Call,
    /// What the guest asked and was answered, in order.
    pub recording: Recording,
    /// What came out.
    pub outcome: Outcome,
}

impl Cassette {
    /// About how many bytes of text it holds: how long it takes to go through it.
    pub fn bytes(&self) -> usize {
        let said = match &self.call {
            Call::SendOrderStatus { update, .. } => update_bytes(update),
            Call::Check { .. } | Call::ListChoices { .. } => 0,
        };
        said + self.recording.entries.iter().map(Entry::bytes).sum::<usize>()
    }
}

impl Entry {
    /// About how many bytes of text it holds.
    pub(crate) fn bytes(&self) -> usize {
        let parts = |parts: &[Part]| -> usize { parts.iter().map(|part| size_of::<Part>() + part_bytes(part)).sum() };
        match self {
            Entry::Http(http) => {
                let sent = http.wire.as_ref().map_or(0, |wire| wire.url.len() + wire.body.as_ref().map_or(0, String::len));
                let answered = http.answer.as_ref().and_then(|answer| answer.as_ref().ok()).map_or(0, |answer| answer.body.len());
                http.request.body.as_deref().map_or(0, parts) + sent + answered
            }
            Entry::Signature { message, .. } => parts(message),
            Entry::Log { message, .. } => message.len(),
        }
    }

    /// Takes the bodies out, and says in the place of each how large it was.
    pub(crate) fn leave_out_bodies(&mut self) {
        let note = |bytes: usize| format!("[{bytes} bytes, left out{FULL}");
        let parts = |parts: &mut Vec<Part>| *parts = vec![Part::Text(note(parts.iter().map(part_bytes).sum()))];
        match self {
            Entry::Http(http) => {
                http.request.body.iter_mut().for_each(parts);
                if let Some(body) = http.wire.as_mut().and_then(|wire| wire.body.as_mut()) {
                    *body = note(body.len());
                }
                if let Some(Ok(answer)) = &mut http.answer {
                    answer.body = note(answer.body.len()).into_bytes();
                }
            }
            Entry::Signature { message, .. } => parts(message),
            Entry::Log { .. } => {}
        }
    }
}

fn update_bytes(update: &Update) -> usize {
    let Update { note, comments, line_items, packages, .. } = update;
    let notes = [note, comments].into_iter().chain(line_items.iter().map(|line| &line.note));
    let lists = line_items.len() * size_of::<LineItem>() + packages.len() * size_of::<Package>();
    lists + notes.flatten().map(String::len).sum::<usize>()
}

fn part_bytes(part: &Part) -> usize {
    match part {
        Part::Text(text) | Part::Raw(text) => text.len(),
        Part::Bytes(bytes) => bytes.len(),
        Part::Secret(_) => 0,
    }
}

/// What egress saw of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// In the order asked.
    pub entries: Vec<Entry>,
    /// How far the attempt got: the furthest of its requests that were not mere reads; with no such request, of all.
    pub reach: Reach,
    /// Whether an answer held a secret of the cart.
    pub secret_reflected: bool,
    /// Whether the last request failed because of the machine that sent it: no file, port or route. That says nothing about the cart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local_fault: bool,
}

impl Recording {
    /// Whether a request may still be under way at the cart: one that was sent and had no answer.
    pub fn lingers(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry, Entry::Http(http) if http.reach == Reach::MaybeSent))
    }
}

/// One ask and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// A request.
    Http(Box<HttpEntry>),
    /// A MAC or a digest.
    Signature {
        /// The slot, for a MAC.
        slot: Option<String>,
        /// The hash function.
        algorithm: Algorithm,
        /// The message, in which secrets are named, not written.
        message: Vec<Part>,
        /// The answer: the signature itself, which is no secret.
        answer: Result<Vec<u8>, signing::Error>,
    },
    /// A log line, control characters escaped.
    Log {
        /// How much it matters.
        level: Level,
        /// The line.
        message: String,
    },
}

/// A request as the guest made it, as it went out, and what came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpEntry {
    /// As the guest made it.
    pub request: Request,
    /// As it went out, with `[slot.field]` where a secret stood. None: it was denied before it was put together.
    pub wire: Option<WireRecord>,
    /// How far it got. A request whose call ended while it was under way may have been sent.
    pub reach: Reach,
    /// What the guest was answered. None: the call ended before there was an answer (a deadline, a dry run).
    pub answer: Option<Result<Response, http::Error>>,
    /// Why there was no response: the whole chain of causes, of which the guest sees only the class. Only the operator sees it.
    pub cause: Option<String>,
    /// Where a redirect would have led. Only the operator sees it.
    pub redirect_to: Option<String>,
    /// The address that was contacted.
    pub peer: Option<std::net::SocketAddr>,
    /// Milliseconds from the start of the request to its end.
    pub took_ms: u64,
}

/// A request as it went out, with placeholders for secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireRecord {
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body: text, or a note of its size where it is not UTF-8.
    pub body: Option<String>,
}
