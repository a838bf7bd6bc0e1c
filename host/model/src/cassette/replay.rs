//! Repeats a plugin's call with recorded answers: every ask is answered from a cassette. The code is pure; nothing is sent and no credential is
//! needed.
//!
//! An ask gets the recorded answer of the same ask if one is left, else of the next ask with the same method, endpoint and path (for a signature: the
//! same slot and hash function). So a plugin that sends another header continues and shows what it does afterwards. An ask without a recorded
//! counterpart ends the call, because nobody knows what the cart would have answered.
//!
//! Log lines are not compared. The host does not judge requests again: a request that was denied in the recording is answered as denied.

use super::asks;
pub use super::asks::Asked;
use super::{Cassette, Entry, FORMAT, HttpEntry, Recording};
use crate::exchange::{CallEnd, HostCall, HostReply, Limit, Outcome, Services, Stop};
use crate::id::Digest;
use cartage_contract::http::{self, Part, Request};
use cartage_contract::signing::{self, Algorithm};

/// The asks of one call, in order, and how the call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Take {
    /// The requests and signatures that the guest asked for. Log lines are left out.
    pub asks: Vec<Asked>,
    /// How the call ended.
    pub ending: Ending,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The plugin returned, or was ended by a limit, with this outcome.
    Came(Outcome),
    /// The recording ends here, because of a dry run, a deadline or a fault of the machine. What the plugin would have returned is unknown.
    RecordingEnds,
    /// The recording has no counterpart of the last ask, so there was no answer.
    NoAnswer,
}

impl Take {
    /// The take that a cassette records.
    pub fn recorded(cassette: &Cassette) -> Take {
        let asked = |entry: &Entry| match entry {
            Entry::Http(http) => Some(Asked::Request(http.request.clone())),
            Entry::Signature { slot, algorithm, message, answer: _ } => {
                Some(Asked::Signature { slot: slot.clone(), algorithm: *algorithm, message: message.clone() })
            }
            Entry::Log { .. } => None,
        };
        let entries = &cassette.recording.entries;
        let is_open = entries.iter().any(|entry| matches!(entry, Entry::Http(http) if http.answer.is_none()));
        let is_host_s = match &cassette.outcome {
            Outcome::Ended(ended) => match ended {
                CallEnd::Stopped(_) | CallEnd::Host { .. } | CallEnd::Limit { limit: Limit::CallMs(_) } => true,
                CallEnd::Trap { .. } | CallEnd::Limit { .. } | CallEnd::Contract { .. } => false,
            },
            Outcome::Applied(_) | Outcome::Failed(_) | Outcome::Choices(_) | Outcome::Report(_) => false,
        };
        let ending = if is_open || is_host_s { Ending::RecordingEnds } else { Ending::Came(cassette.outcome.clone()) };
        Take { asks: entries.iter().filter_map(asked).collect(), ending }
    }
}

/// The cassette of a take: the plugin's asks with their recorded answers, and its outcome. Data about one machine or one moment is left out. `None`
/// if an ask has no recorded answer.
pub fn rewritten(cassette: &Cassette, take: &Take, (plugin, version, digest): (&str, &str, Digest)) -> Option<Cassette> {
    let mut session = ReplaySession::new(cassette);
    let mut entry = |asked: &Asked| {
        let at = session.like(asked)?;
        match (&cassette.recording.entries[at], asked) {
            (Entry::Http(http), Asked::Request(request)) => {
                let (request, answer) = (request.clone(), http.answer.clone());
                let (wire, cause, redirect_to, peer) = (None, None, None, None);
                Some(Entry::Http(Box::new(HttpEntry { request, wire, reach: http.reach, answer, cause, redirect_to, peer, took_ms: 0 })))
            }
            (Entry::Signature { answer, .. }, Asked::Signature { slot, algorithm, message }) => {
                let (slot, message, answer) = (slot.clone(), message.clone(), answer.clone());
                Some(Entry::Signature { slot, algorithm: *algorithm, message, answer })
            }
            _ => None,
        }
    };
    let entries = take.asks.iter().map(&mut entry).collect::<Option<_>>()?;
    let outcome = match &take.ending {
        Ending::Came(outcome) => outcome.clone(),
        Ending::RecordingEnds => cassette.outcome.clone(),
        Ending::NoAnswer => return None,
    };
    let recording = Recording { entries, ..cassette.recording.clone() };
    let (plugin, version) = (plugin.to_owned(), version.to_owned());
    Some(Cassette { format: FORMAT, plugin, version, digest, call: cassette.call.clone(), recording, outcome })
}

/// Answers one call from a cassette.
pub struct ReplaySession<'a> {
    cassette: &'a Cassette,
    /// By entry: whether it was given as an answer already.
    used: Vec<bool>,
    asks: Vec<Asked>,
    ended: Option<Ending>,
}

impl<'a> ReplaySession<'a> {
    /// A session before the call.
    pub fn new(cassette: &'a Cassette) -> ReplaySession<'a> {
        ReplaySession { cassette, used: vec![false; cassette.recording.entries.len()], asks: Vec::new(), ended: None }
    }

    /// The take of the call, which came to this outcome.
    pub fn finish(self, outcome: Outcome) -> Take {
        Take { asks: self.asks, ending: self.ended.unwrap_or(Ending::Came(outcome)) }
    }

    fn send(&mut self, request: Request) -> HostReply {
        let asked = Asked::Request(request);
        if let Some(at) = self.like(&asked) {
            self.asks.push(asked);
            let Entry::Http(http) = &self.cassette.recording.entries[at] else { unreachable!("its like is a request") };
            return match &http.answer {
                Some(answer) => HostReply::Sent(answer.clone()),
                None => self.end(Ending::RecordingEnds, Stop::DryRun),
            };
        }
        // Neither of these leaves a request in a recording.
        if let Some(error) = self.requests_used_up() {
            return HostReply::Sent(Err(error));
        }
        if self.all_used() && self.cassette.outcome == Outcome::Ended(CallEnd::Stopped(Stop::SecretReflected)) {
            return self.end(Ending::RecordingEnds, Stop::SecretReflected);
        }
        self.asks.push(asked);
        self.end(Ending::NoAnswer, Stop::DryRun)
    }

    fn sign(&mut self, slot: Option<String>, algorithm: Algorithm, message: Vec<Part>) -> HostReply {
        let asked = Asked::Signature { slot, algorithm, message };
        if let Some(at) = self.like(&asked) {
            self.asks.push(asked);
            let Entry::Signature { answer, .. } = &self.cassette.recording.entries[at] else { unreachable!("its like is a signature") };
            return HostReply::Signed(answer.clone());
        }
        if let Some(error) = self.signatures_used_up() {
            return HostReply::Signed(Err(error));
        }
        self.asks.push(asked);
        self.end(Ending::NoAnswer, Stop::DryRun)
    }

    /// The index of an unused entry that corresponds to this ask. The entry is used from then on.
    fn like(&mut self, asked: &Asked) -> Option<usize> {
        let recorded = |same: &dyn Fn(&Entry) -> bool| {
            self.cassette.recording.entries.iter().zip(&self.used).position(|(entry, used)| !used && same(entry))
        };
        let same = |entry: &Entry| match (entry, asked) {
            (Entry::Http(http), Asked::Request(request)) => asks::same_request(&http.request, request),
            (
                Entry::Signature { slot, algorithm, message, .. },
                Asked::Signature { slot: slot_now, algorithm: now, message: message_now },
            ) => slot == slot_now && algorithm == now && asks::same_message(message, message_now),
            _ => false,
        };
        let alike = |entry: &Entry| match (entry, asked) {
            (Entry::Http(http), Asked::Request(request)) => asks::place(&http.request) == asks::place(request),
            (Entry::Signature { slot, algorithm, .. }, Asked::Signature { slot: slot_now, algorithm: now, .. }) => {
                slot == slot_now && algorithm == now
            }
            _ => false,
        };
        let at = recorded(&same).or_else(|| recorded(&alike))?;
        self.used[at] = true;
        Some(at)
    }

    fn end(&mut self, ending: Ending, stop: Stop) -> HostReply {
        self.ended = Some(ending);
        HostReply::End(stop)
    }

    fn all_used(&self) -> bool {
        let mut entries = self.cassette.recording.entries.iter().zip(&self.used);
        entries.all(|(entry, used)| *used || matches!(entry, Entry::Log { .. } | Entry::Signature { .. }))
    }

    /// The error for requests over the limit of a call. Only the first of them is recorded.
    fn requests_used_up(&self) -> Option<http::Error> {
        let last = self.cassette.recording.entries.iter().rev().find_map(|entry| match entry {
            Entry::Http(http) => Some(&http.answer),
            Entry::Signature { .. } | Entry::Log { .. } => None,
        });
        match last? {
            Some(Err(error)) if error.kind == http::ErrorKind::QuotaExceeded && self.all_used() => Some(error.clone()),
            _ => None,
        }
    }

    /// The error for signatures over the limit of a call.
    fn signatures_used_up(&self) -> Option<signing::Error> {
        let last = self.cassette.recording.entries.iter().zip(&self.used).rev().find_map(|(entry, used)| match entry {
            Entry::Signature { answer, .. } => Some((answer, *used)),
            Entry::Http(_) | Entry::Log { .. } => None,
        });
        match last? {
            (Err(error), true) if error.kind == signing::ErrorKind::QuotaExceeded => Some(error.clone()),
            _ => None,
        }
    }
}

impl Services for ReplaySession<'_> {
    async fn answer(&mut self, ask: HostCall) -> HostReply {
        match ask {
            HostCall::Send(request) => self.send(request),
            HostCall::Mac { slot, algorithm, message } => self.sign(Some(slot), algorithm, message),
            HostCall::Digest { algorithm, message } => self.sign(None, algorithm, message),
            HostCall::Log { .. } => HostReply::Logged,
        }
    }
}

#[cfg(test)]
mod tests;
