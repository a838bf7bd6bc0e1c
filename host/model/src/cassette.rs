//! The record of one attempt: the call, every request with its answer, and the outcome. It is plain data without secrets.
//!
//! A cassette never holds a secret: the guest's requests name slots, and the record of what was sent has placeholders where egress put the values. A
//! cassette holds personal data until [`redact`] has removed it, which happens before the cassette is stored.
//!
//! [`file`](mod@file) writes and reads a cassette as a file. [`replay`] answers a plugin from a cassette, and [`difference`] says how two calls
//! differ.

mod asks;
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

/// The version of the form in which attempts are stored. Files have a version of their own: [`file::FORMAT`].
pub const FORMAT: u32 = 1;

/// The end of the note that replaces a body for which a recording had no room.
const FULL: &str = ": this call's recording is full]";

/// The record of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cassette {
    /// The version of the cassette's form: [`FORMAT`].
    pub format: u32,
    /// The plugin's name in its manifest.
    pub plugin: String,
    /// The plugin's version in its manifest.
    pub version: String,
    /// The digest of the plugin's file.
    pub digest: Digest,
    /// The call with all of its arguments.
    pub call: Call,
    /// The guest's asks and the host's answers, in order.
    pub recording: Recording,
    /// The result that the call came to.
    pub outcome: Outcome,
}

impl Cassette {
    /// The approximate size of its texts in bytes, which tells how long it takes to read through them.
    pub fn bytes(&self) -> usize {
        let said = match &self.call {
            Call::SendOrderStatus { update, .. } => update_bytes(update),
            Call::Check { .. } | Call::ListChoices { .. } => 0,
        };
        said + self.recording.entries.iter().map(Entry::bytes).sum::<usize>()
    }
}

impl Entry {
    /// The approximate size of its texts in bytes.
    pub fn bytes(&self) -> usize {
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

    /// Replaces the bodies by notes of their sizes.
    pub fn leave_out_bodies(&mut self) {
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

/// What egress recorded of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// The asks with their answers, in the order asked.
    pub entries: Vec<Entry>,
    /// How far the attempt got: the furthest of its writes, or of all requests if there was no write.
    pub reach: Reach,
    /// Whether an answer of the cart held a secret.
    pub secret_reflected: bool,
    /// Whether the last request failed because of this machine, which had no file handle, port or route. This says nothing about the cart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local_fault: bool,
}

impl Recording {
    /// Whether a request may still be under way at the cart: it was sent, and no answer came.
    pub fn lingers(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry, Entry::Http(http) if http.reach == Reach::MaybeSent))
    }
}

/// One ask of the guest with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// An HTTP request.
    Http(Box<HttpEntry>),
    /// A MAC or a digest.
    Signature {
        /// The slot that holds the key of a MAC; `None` for a digest.
        slot: Option<String>,
        /// The hash function that was used.
        algorithm: Algorithm,
        /// The message, which names secrets instead of holding them.
        message: Vec<Part>,
        /// The signature, which is not secret, or why there is none.
        answer: Result<Vec<u8>, signing::Error>,
    },
    /// A log line, with its control characters escaped.
    Log {
        /// The severity that the guest gave the line.
        level: Level,
        /// The line's text.
        message: String,
    },
}

/// A request as the guest made it and as it was sent, with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpEntry {
    /// The request as the guest made it.
    pub request: Request,
    /// The request as it was sent, with `[slot.field]` in place of secrets. `None` if it was denied before it was put together.
    pub wire: Option<WireRecord>,
    /// How far the request got. A request whose call ended meanwhile may have been sent.
    pub reach: Reach,
    /// The answer that the guest got. `None` if the call ended before (a deadline, a dry run).
    pub answer: Option<Result<Response, http::Error>>,
    /// Why there was no response, with all causes; `None` if there was one. The guest sees only the class of the error.
    pub cause: Option<String>,
    /// The target of a redirect, which is not followed; `None` if there was none. The guest does not see it.
    pub redirect_to: Option<String>,
    /// The address that was contacted; `None` if no connection was made.
    pub peer: Option<std::net::SocketAddr>,
    /// The duration of the request, in milliseconds.
    pub took_ms: u64,
}

/// A request as it was sent, with placeholders for secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireRecord {
    /// The HTTP method.
    pub method: Method,
    /// The whole URL, with its query.
    pub url: String,
    /// The headers in order, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as text, or a note of its size if it is not UTF-8. `None` if there was no body.
    pub body: Option<String>,
}
