//! What a session writes down, as plain data in which no secret ever stood.

use super::scrub::{Found, Scrubber};
use crate::cassette::{Entry, HttpEntry, Recording, WireRecord};
use cartage_contract::http::{Method, Reach, Request};
use cartage_contract::request::Wire;

/// A request as it goes out, for the record. It was put together with placeholders, never with secrets.
pub(super) fn wire_record(wire: Wire) -> WireRecord {
    let header = |header: cartage_contract::request::WireHeader| (header.name, printable(&String::from_utf8_lossy(&header.value)));
    let body = wire.body.map(|bytes| String::from_utf8(bytes).unwrap_or_else(|error| format!("[{} bytes]", error.as_bytes().len())));
    WireRecord { method: wire.method, url: wire.url, headers: wire.headers.into_iter().map(header).collect(), body }
}

/// The record of a request that was just asked for.
pub(super) fn asked(request: Request) -> HttpEntry {
    HttpEntry { request, wire: None, reach: Reach::NothingSent, answer: None, cause: None, redirect_to: None, peer: None, took_ms: 0 }
}

/// A line of a guest's log, for the record: one line, nothing that a terminal would obey, no secret; and whether there was one.
pub(super) fn log_line(message: &str, scrubber: &Scrubber) -> (String, Found) {
    let mut line = printable(message);
    let found = scrubber.text(&mut line);
    (line, found)
}

/// All of an attempt.
pub(super) fn recording(entries: Vec<Entry>, secret_reflected: bool) -> Recording {
    let requests = || entries.iter().filter_map(|entry| if let Entry::Http(entry) = entry { Some(&**entry) } else { None });
    let writes = requests().filter(|entry| !is_read(entry.request.method)).map(|entry| entry.reach).max();
    let reach = writes.or_else(|| requests().map(|entry| entry.reach).max()).unwrap_or(Reach::NothingSent);
    Recording { entries, reach, secret_reflected }
}

/// Whether a method only reads (RFC 9110 section 9.2.1).
fn is_read(method: Method) -> bool {
    match method {
        Method::Get | Method::Head | Method::Options => true,
        Method::Post | Method::Put | Method::Patch | Method::Delete => false,
    }
}

/// The text with control characters, and those that turn the direction of writing, escaped as Rust escapes them.
pub(super) fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if is_misleading(c) {
            out.extend(c.escape_default())
        } else {
            out.push(c)
        }
        out
    })
}

fn is_misleading(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
