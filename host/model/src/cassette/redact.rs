//! Removes personal data from a cassette, and from texts about the same attempt, by rule, before they are stored or given to anybody.
//!
//! Personal data is found by the names of fields: those that every shop has for names, addresses, e-mail, telephone and notes, and those that the
//! plugin's manifest names. E-mail addresses are also found by their form. Fields are found in JSON, XML, forms, queries, headers and plain `name:
//! value` lines, also where one of these contains another. A first pass collects all personal values of the cassette. A second pass replaces each
//! where it was found and wherever else it stands: in a log line, a message, or an answer that repeats it without a name.
//!
//! The replacement is a word such as `redacted-email-1`, which names the kind of data and is the same in the whole cassette for the same value.
//! Everything else stays as it was, byte for byte. So two requests can be compared, and a body can still be parsed.
//!
//! A body that cannot be read is left out whole: bytes that are not text, a body in several parts, or one that is very large. The rules cannot find a
//! personal value that stands only in fields without a telling name, unless it looks like an e-mail address, or one shorter than four characters
//! outside of its field.

mod dump;
mod form;
mod found;
mod json;
mod known;
mod labels;
mod line;
mod names;
mod serialized;
mod walk;
mod xml;

pub use known::{VALUES_BYTES_MAX, VALUES_MAX};

use super::{Cassette, Entry, HttpEntry, Recording, WireRecord};
use crate::exchange::{Call, CallEnd, Outcome};
use cartage_base::coding::{Coding, Edit, apply, in_order};
use cartage_contract::delivery::{Delivery, EarlierAttempt, OrderKey, Report, Setting, SettingValue, Step, ToldPackage};
use cartage_contract::growth::Extra;
use cartage_contract::http::{Part, Request, Response};
use cartage_contract::orders::Update;
use known::Known;
use names::{Kind, Names, Within};
use std::ops::Range;
use walk::Walk;

/// The largest body that is searched, in bytes. A larger one is left out.
pub const BODY_BYTES_MAX: usize = 256 << 10;

/// The error for a cassette with so many personal values that it is not one order's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "there are more than {VALUES_MAX} personal values, or {VALUES_BYTES_MAX} bytes of them, which is too much for one order; no recording was kept"
)]
pub struct TooMany;

/// The rules by which personal data is found.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    names: Names,
}

impl Rules {
    /// Rules for the fields that are personal by their names, and for the given ones.
    pub fn new(personal_fields: &[String]) -> Rules {
        Rules { names: Names::new(personal_fields) }
    }

    /// The cassette without personal data. A cassette that has none stays as it is.
    ///
    /// # Errors
    ///
    /// [`TooMany`] if the cassette has more personal values than one order.
    pub fn cassette(&self, cassette: &Cassette) -> Result<Cassette, TooMany> {
        let (mut known, mut redacted) = (self.known(cassette), cassette.clone());
        self.everywhere(&mut known, |known| self.pass(known, &mut redacted))?;
        Ok(redacted)
    }

    /// The cassette without personal data, and with it texts about its attempt. Every value that is personal anywhere in the cassette is replaced in
    /// the texts as well, by the same word.
    ///
    /// # Errors
    ///
    /// [`TooMany`] if the cassette has more personal values than one order. Some of the texts may not have been changed then.
    pub fn with_texts<'a>(&self, cassette: &Cassette, texts: impl Iterator<Item = &'a mut String>) -> Result<Cassette, TooMany> {
        let (mut known, mut redacted) = (self.known(cassette), cassette.clone());
        self.everywhere(&mut known, |known| {
            self.pass(known, &mut redacted);
            let mut pass = Pass { walk: Walk::new(&self.names, known) };
            texts.for_each(|text| pass.text(text));
        })?;
        Ok(redacted)
    }

    /// A text of any kind, such as a receipt's JSON, without personal data.
    ///
    /// # Errors
    ///
    /// [`TooMany`] if the text has more personal values than one order.
    pub fn text(&self, text: &str) -> Result<String, TooMany> {
        let mut known = Known::default();
        let pass = |known: &mut Known| Walk::new(&self.names, known).text(text.as_bytes(), Within::default());
        pass(&mut known);
        let edits = self.everywhere(&mut known, pass)?;
        Ok(walk::lossy(&apply(text.as_bytes(), edits)))
    }

    /// The first pass: collects the personal values of the cassette.
    fn known(&self, cassette: &Cassette) -> Known {
        let mut known = Known::default();
        known.free(own_words(cassette));
        self.pass(&mut known, &mut cassette.clone());
        known
    }

    /// The second pass, which replaces all known values.
    fn everywhere<T>(&self, known: &mut Known, pass: impl FnOnce(&mut Known) -> T) -> Result<T, TooMany> {
        if known.too_many() {
            return Err(TooMany);
        }
        known.search_everywhere(&self.names);
        let passed = pass(known);
        if known.too_many() { Err(TooMany) } else { Ok(passed) }
    }

    fn pass(&self, known: &mut Known, cassette: &mut Cassette) {
        let mut pass = Pass { walk: Walk::new(&self.names, known) };
        let Cassette { format: _, plugin: _, version: _, digest: _, call, recording, outcome } = cassette;
        pass.call(call);
        let Recording { entries, reach: _, secret_reflected: _, local_fault: _ } = recording;
        entries.iter_mut().for_each(|entry| pass.entry(entry));
        pass.outcome(outcome);
    }
}

/// Texts about the order itself, which are not personal whatever field holds them.
fn own_words(cassette: &Cassette) -> Vec<&str> {
    let Call::SendOrderStatus { update, .. } = &cassette.call else { return Vec::new() };
    let Update { order_number, reference_number, label, status, previous_label, packages, line_items, .. } = &**update;
    let mut words = vec![order_number.as_str(), label];
    words.extend([reference_number, status, previous_label].into_iter().flatten().map(String::as_str));
    for package in packages {
        words.extend([&package.id, &package.tracking_number, &package.carrier, &package.method].into_iter().flatten().map(String::as_str));
    }
    for line in line_items {
        words.extend([&line.sku, &line.label, &line.status, &line.web_line_id].into_iter().flatten().map(String::as_str));
    }
    words
}

/// One pass through a cassette, which visits every text that a person may have written.
struct Pass<'a> {
    walk: Walk<'a>,
}

impl Pass<'_> {
    fn call(&mut self, call: &mut Call) {
        let context = match call {
            Call::ListChoices { of: _, context } => context,
            Call::Check { order, context } => {
                if let Some(OrderKey { order_number: _, known_reference }) = order {
                    self.maybe(known_reference);
                }
                context
            }
            Call::SendOrderStatus { update, delivery, context } => {
                self.update(update);
                self.delivery(delivery);
                context
            }
        };
        for Setting { name: _, value } in &mut context.settings {
            match value {
                SettingValue::Text(text) | SettingValue::UrlPath(text) => self.text(text),
                SettingValue::TextMap(map) => map.iter_mut().for_each(|(_, text)| self.text(text)),
                SettingValue::Integer(_) | SettingValue::Boolean(_) | SettingValue::Choice(_) | SettingValue::Several(_) => {}
            }
        }
    }

    fn update(&mut self, update: &mut Update) {
        let note = Within::personal(Kind::Note);
        let notes = [&mut update.note, &mut update.comments].into_iter().chain(update.line_items.iter_mut().map(|line| &mut line.note));
        notes.flatten().for_each(|text| self.written(text, Coding::Plain, note));
        for package in &mut update.packages {
            package.tracking_url.iter_mut().for_each(|url| self.url(url));
            self.maybe(&mut package.known_reference);
            self.extra(&mut package.extra);
        }
        update.line_items.iter_mut().for_each(|line| self.extra(&mut line.extra));
        self.extra(&mut update.extra);
    }

    fn delivery(&mut self, delivery: &mut Delivery) {
        let Delivery { id: _, sequence: _, attempt: _, earlier, known_reference, extra } = delivery;
        self.extra(extra);
        self.maybe(known_reference);
        for EarlierAttempt { attempt: _, reach: _, steps, resume, extra } in earlier {
            self.extra(extra);
            self.steps(steps);
            resume.iter_mut().for_each(|bytes| self.body(bytes));
        }
    }

    fn entry(&mut self, entry: &mut Entry) {
        match entry {
            Entry::Http(http) => self.http(http),
            Entry::Signature { slot: _, algorithm: _, message, answer } => {
                self.parts(message);
                if let Err(error) = answer {
                    self.text(&mut error.message);
                }
            }
            Entry::Log { level: _, message } => self.text(message),
        }
    }

    fn http(&mut self, entry: &mut HttpEntry) {
        let HttpEntry { request, wire, reach: _, answer, cause, redirect_to, peer: _, took_ms: _ } = entry;
        self.request(request);
        if let Some(WireRecord { method: _, url, headers, body }) = wire {
            self.url(url);
            headers.iter_mut().for_each(|(name, value)| self.header(name, value));
            body.iter_mut().for_each(|body| self.long_text(body));
        }
        match answer {
            Some(Ok(Response { status: _, headers, body, extra })) => {
                self.extra(extra);
                headers.iter_mut().for_each(|header| self.header(&header.name, &mut header.value));
                self.body(body);
            }
            Some(Err(error)) => self.text(&mut error.message),
            None => {}
        }
        self.maybe(cause);
        redirect_to.iter_mut().for_each(|url| self.url(url));
    }

    fn request(&mut self, request: &mut Request) {
        let Request { endpoint: _, method: _, effect: _, path, query, headers, body, auth: _, renew: _, extra } = request;
        self.extra(extra);
        self.written(path, Coding::Form, Within::default());
        for pair in query {
            let within = self.walk.names.enter(Within::default(), pair.name.as_bytes());
            pair.value.iter_mut().for_each(|parts| self.value_parts(parts, within));
        }
        for header in headers {
            let within = self.walk.names.enter(Within::default(), header.name.as_bytes());
            self.value_parts(&mut header.value, within);
        }
        body.iter_mut().for_each(|parts| self.parts(parts));
    }

    fn outcome(&mut self, outcome: &mut Outcome) {
        match outcome {
            Outcome::Applied(applied) => {
                self.maybe(&mut applied.reference);
                self.maybe(&mut applied.message);
                self.steps(&mut applied.steps);
                self.told(&mut applied.packages);
                self.extra(&mut applied.extra);
            }
            Outcome::Failed(failure) => {
                self.text(&mut failure.message);
                self.steps(&mut failure.steps);
                self.maybe(&mut failure.reference);
                self.told(&mut failure.packages);
                self.extra(&mut failure.extra);
                failure.resume.iter_mut().for_each(|bytes| self.body(bytes));
            }
            Outcome::Report(Report { findings, order: _ }) => {
                for finding in findings {
                    self.text(&mut finding.message);
                    self.maybe(&mut finding.remedy);
                }
            }
            Outcome::Choices(_) => {}
            Outcome::Ended(ended) => match ended {
                CallEnd::Trap { reason } | CallEnd::Contract { reason } | CallEnd::Host { reason } => self.text(reason),
                CallEnd::Limit { .. } | CallEnd::Stopped(_) => {}
            },
        }
    }

    fn told(&mut self, packages: &mut [ToldPackage]) {
        packages.iter_mut().for_each(|package| self.maybe(&mut package.reference));
    }

    /// Visits further data, whose names may tell what the values are.
    fn extra(&mut self, extra: &mut Extra) {
        for (name, value) in extra {
            let within = self.walk.names.enter(Within::default(), name.as_bytes());
            self.written(value, Coding::Plain, within);
        }
    }

    fn steps(&mut self, steps: &mut [Step]) {
        steps.iter_mut().for_each(|step| self.maybe(&mut step.reference));
    }

    fn maybe(&mut self, text: &mut Option<String>) {
        text.iter_mut().for_each(|text| self.text(text));
    }

    fn text(&mut self, text: &mut String) {
        self.written(text, Coding::Plain, Within::default());
    }

    fn header(&mut self, name: &str, value: &mut String) {
        let within = self.walk.names.enter(Within::default(), name.as_bytes());
        self.written(value, Coding::Plain, within);
    }

    /// Visits a URL: its path, and its query as a form.
    fn url(&mut self, url: &mut String) {
        let (path, query) = url.split_once('?').map_or((url.as_str(), None), |(path, query)| (path, Some(query)));
        let (mut path, query) = (path.to_owned(), query.map(str::to_owned));
        self.written(&mut path, Coding::Form, Within::default());
        *url = match query {
            Some(query) => {
                let found = form::values(self.walk.names, query.as_bytes(), Within::default());
                let edits = self.walk.values(query.as_bytes(), found);
                format!("{path}?{}", walk::lossy(&apply(query.as_bytes(), edits)))
            }
            None => path,
        };
    }

    fn written(&mut self, text: &mut String, coding: Coding, within: Within) {
        let edits = self.walk.value(text.as_bytes(), coding, within);
        if !edits.is_empty() {
            *text = walk::lossy(&apply(text.as_bytes(), edits));
        }
    }

    fn long_text(&mut self, text: &mut String) {
        let edits = self.document(text.as_bytes());
        *text = walk::lossy(&apply(text.as_bytes(), edits));
    }

    fn body(&mut self, bytes: &mut Vec<u8>) {
        let edits = self.document(bytes);
        *bytes = apply(bytes, edits);
    }

    /// The edits for a body.
    fn document(&mut self, bytes: &[u8]) -> Vec<Edit> {
        if is_readable(bytes) {
            return in_order(self.walk.text(bytes, Within::default()));
        }
        let place = self.walk.known.place_of_body(bytes);
        place.map(|text| Edit { at: 0..bytes.len(), text }).into_iter().collect()
    }

    /// Visits the parts of a body: they are searched as one text and edited separately. A secret among them is a name already, and stays.
    fn parts(&mut self, parts: &mut [Part]) {
        let (mut joined, mut ranges) = (Vec::new(), Vec::new());
        for part in parts.iter() {
            let start = joined.len();
            joined.extend(match part {
                Part::Text(text) | Part::Raw(text) => text.as_bytes(),
                Part::Bytes(bytes) => bytes,
                Part::Secret(_) => &[],
            });
            ranges.push(start..joined.len());
        }
        let edits = self.document(&joined);
        let pieces = pieces(&joined, &ranges, &edits);
        for (part, piece) in parts.iter_mut().zip(pieces) {
            match part {
                Part::Text(text) | Part::Raw(text) => *text = walk::lossy(&piece),
                Part::Bytes(bytes) => *bytes = piece,
                Part::Secret(_) => {}
            }
        }
    }

    /// Visits the parts of one value of a query or a header.
    fn value_parts(&mut self, parts: &mut [Part], within: Within) {
        for part in parts {
            match part {
                Part::Text(text) => self.written(text, Coding::Plain, within),
                Part::Raw(text) => self.written(text, Coding::Form, within),
                Part::Bytes(bytes) => {
                    let edits = self.walk.value(bytes, Coding::Plain, within);
                    *bytes = apply(bytes, edits);
                }
                Part::Secret(_) => {}
            }
        }
    }
}

/// Whether a recorded body is only a note that the body was left out, because it could not be searched or the recording was full.
pub(super) fn is_left_out(body: &str) -> bool {
    let redacted = body.strip_prefix("redacted-body-").is_some_and(|nth| !nth.is_empty() && nth.bytes().all(|byte| byte.is_ascii_digit()));
    redacted || (body.starts_with('[') && body.ends_with(super::FULL))
}

/// Whether a body is text that can be searched.
fn is_readable(bytes: &[u8]) -> bool {
    let is_text = |byte: &u8| !matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127);
    let has_parts = bytes.starts_with(b"--") && bytes.to_ascii_lowercase().windows(19).any(|window| window == b"content-disposition");
    bytes.len() <= BODY_BYTES_MAX && bytes.iter().all(is_text) && !has_parts
}

/// The text of each range after the edits. Each range begins where the one before it ends; an edit's text goes to the range in which the edit begins.
fn pieces(whole: &[u8], ranges: &[Range<usize>], edits: &[Edit]) -> Vec<Vec<u8>> {
    let mut edits = edits.iter().peekable();
    let piece = |range: &Range<usize>| {
        let (mut out, mut at) = (Vec::new(), range.start);
        while let Some(edit) = edits.peek().filter(|edit| edit.at.start < range.end) {
            if edit.at.start >= range.start {
                out.extend(&whole[at..edit.at.start]);
                out.extend(edit.text.as_bytes());
            }
            at = edit.at.end.clamp(range.start, range.end);
            if edit.at.end > range.end {
                return out;
            }
            edits.next();
        }
        out.extend(&whole[at..range.end]);
        out
    };
    ranges.iter().map(piece).collect()
}

#[cfg(test)]
mod tests;
