//! The record that a session makes: plain data in which no secret ever stood.

pub(super) use cartage_base::visible::line as printable;

use super::scrub::{Found, Scrubber};
use cartage_contract::http::{Effect, Reach, Request};
use cartage_contract::request::Wire;
use cartage_model::cassette::{Entry, HttpEntry, Recording, WireRecord};

/// The record of a request as it goes out. The request was put together with placeholders, never with secrets.
pub(super) fn wire_record(wire: Wire) -> WireRecord {
    let header = |header: cartage_contract::request::WireHeader| (header.name, printable(&String::from_utf8_lossy(&header.value)));
    let body = wire.body.map(|bytes| String::from_utf8(bytes).unwrap_or_else(|error| format!("[{} bytes]", error.as_bytes().len())));
    WireRecord { method: wire.method, url: wire.url, headers: wire.headers.into_iter().map(header).collect(), body }
}

/// The record of a request before it is judged.
pub(super) fn asked(request: Request) -> HttpEntry {
    HttpEntry { request, wire: None, reach: Reach::NothingSent, answer: None, cause: None, redirect_to: None, peer: None, took_ms: 0 }
}

/// A line of a guest's log as it is recorded: one line, without control characters and secrets; and whether it held a secret.
pub(super) fn log_line(message: &str, scrubber: &Scrubber) -> (String, Found) {
    let mut line = printable(message);
    let found = scrubber.text(&mut line);
    (line, found)
}

/// The record of an attempt from its entries.
pub(super) fn recording(entries: Vec<Entry>, secret_reflected: bool) -> Recording {
    Recording { reach: reach(&entries), entries, secret_reflected, local_fault: false }
}

/// How far the writes of an attempt got. A write without a whole answer may have changed something, whatever became of the others; reads change
/// nothing.
fn reach(entries: &[Entry]) -> Reach {
    let writes = entries.iter().filter_map(|entry| match entry {
        Entry::Http(entry) if entry.request.effect == Effect::Writes => Some(entry.reach),
        Entry::Http(_) | Entry::Signature { .. } | Entry::Log { .. } => None,
    });
    writes.fold(Reach::NothingSent, |all, one| match (all, one) {
        (Reach::MaybeSent, _) | (_, Reach::MaybeSent) => Reach::MaybeSent,
        (Reach::Answered, _) | (_, Reach::Answered) => Reach::Answered,
        (Reach::NothingSent, Reach::NothingSent) => Reach::NothingSent,
    })
}

#[cfg(test)]
mod tests;
