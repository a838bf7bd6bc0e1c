//! Walks through a text: finds out its kind, its contents, and the edits that remove personal data.
//!
//! A text is read as the kind that it seems to be, whatever its `content-type` says, because carts are often wrong there. Readers are lenient,
//! because a text that a parser refuses must be redacted as well; where they cannot continue, they read the rest as plain text. A value may itself be
//! a text of another kind, such as XML in a form's field.

use super::found::FoundValue;
use super::known::Known;
use super::names::{Names, Within};
use super::{dump, form, json, line, serialized, xml};
use cartage_base::coding::{Coding, Edit, in_order};

/// How many levels of texts within texts are read.
const DEPTH_MAX: usize = 4;

/// Walks through texts with one set of names and known values.
pub(super) struct Walk<'a> {
    pub(super) names: &'a Names,
    pub(super) known: &'a mut Known,
    depth: usize,
}

/// The kind that a text seems to have from some index on.
enum Seems {
    Json,
    Xml,
}

impl<'a> Walk<'a> {
    pub(super) fn new(names: &'a Names, known: &'a mut Known) -> Walk<'a> {
        Walk { names, known, depth: 0 }
    }

    /// The edits for a value in this notation and at this position.
    pub(super) fn value(&mut self, raw: &[u8], coding: Coding, within: Within) -> Vec<Edit> {
        let decoded = coding.decode(raw);
        let inside = match within.kind {
            // What holds several values keeps its form.
            Some(kind) if !is_structured(&decoded.bytes) || self.depth >= DEPTH_MAX => {
                let place = self.known.place(kind, &lossy(&decoded.bytes));
                return place.map(|place| Edit { at: 0..raw.len(), text: coding.encode(&place) }).into_iter().collect();
            }
            _ if self.depth >= DEPTH_MAX => self.known.find(&decoded.bytes),
            _ => {
                self.depth += 1;
                let inside = self.text(&decoded.bytes, within);
                self.depth -= 1;
                inside
            }
        };
        let written = |edit: Edit| Edit { at: decoded.raw(&edit.at), text: coding.encode(&edit.text) };
        match (coding, inside.is_empty()) {
            // Half a number is no number.
            (Coding::JsonNumber, false) => vec![Edit { at: 0..raw.len(), text: coding.encode(&inside[0].text) }],
            _ => in_order(inside).into_iter().map(written).collect(),
        }
    }

    /// The edits for a value that is a part of a longer text.
    fn value_in(&mut self, text: &[u8], at: std::ops::Range<usize>, coding: Coding, within: Within) -> Vec<Edit> {
        let start = at.start;
        let shift = |edit: Edit| Edit { at: edit.at.start + start..edit.at.end + start, text: edit.text };
        self.value(&text[at], coding, within).into_iter().map(shift).collect()
    }

    /// The edits for the values that a reader found in a text.
    pub(super) fn values(&mut self, text: &[u8], found: Vec<FoundValue>) -> Vec<Edit> {
        found.into_iter().flat_map(|FoundValue { within, at, coding }| self.value_in(text, at, coding, within)).collect()
    }

    /// The edits for a text of any kind.
    pub(super) fn text(&mut self, text: &[u8], within: Within) -> Vec<Edit> {
        let mut edits = match dump::begins(text).filter(|start| within.kind.is_none() && !is_document(&text[..*start])) {
            Some(start) => self.dumped(text, start, within),
            None if within.kind.is_none() && serialized::is_serialized(text) => {
                self.values(text, serialized::values(self.names, text, within))
            }
            None if within.kind.is_none() && form::is_form(text) => self.values(text, form::values(self.names, text, within)),
            None => self.documents(text, within),
        };
        // Also in the names of fields, and across what was taken for one. Last, because what is known of a field counts more.
        edits.extend(self.known.again(text));
        edits
    }

    /// The edits for a dump, the lines before it and the documents after it.
    fn dumped(&mut self, text: &[u8], start: usize, within: Within) -> Vec<Edit> {
        let mut edits = self.lines(text, 0..start, within);
        let (found, end) = dump::values(self.names, text, start, within);
        edits.extend(self.values(text, found));
        let shift = |edit: Edit| Edit { at: edit.at.start + end..edit.at.end + end, text: edit.text };
        edits.extend(self.documents(&text[end..], within).into_iter().map(shift));
        edits
    }

    /// The edits for documents and the lines between them.
    fn documents(&mut self, text: &[u8], within: Within) -> Vec<Edit> {
        let (mut edits, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let next = (at..text.len()).find_map(|from| seems(&text[from..]).map(|seems| (from, seems)));
            let Some((from, seems)) = next else { break };
            edits.extend(self.lines(text, at..from, within));
            let (found, end) = match seems {
                Seems::Json => json::values(self.names, text, from, within),
                Seems::Xml => xml::values(self.names, text, from, within),
            };
            edits.extend(self.values(text, found));
            at = end;
        }
        edits.extend(self.lines(text, at..text.len(), within));
        edits
    }

    /// The edits for plain lines, some of which may hold a name and its value.
    fn lines(&mut self, text: &[u8], at: std::ops::Range<usize>, within: Within) -> Vec<Edit> {
        let plain = &text[at.clone()];
        let shift = |edit: Edit| Edit { at: edit.at.start + at.start..edit.at.end + at.start, text: edit.text };
        if let Some(kind) = within.kind {
            let place = self.known.place(kind, &lossy(plain));
            return place.map(|place| shift(Edit { at: 0..plain.len(), text: place })).into_iter().collect();
        }
        let mut edits = self.known.find(plain);
        edits.extend(self.values(plain, line::named(self.names, plain)));
        edits.into_iter().map(shift).collect()
    }
}

/// Bytes as text, whatever they are.
pub(super) fn lossy(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn is_structured(text: &[u8]) -> bool {
    seems(text.trim_ascii_start()).is_some()
}

/// Whether a document begins anywhere in a text.
fn is_document(text: &[u8]) -> bool {
    (0..text.len()).any(|from| seems(&text[from..]).is_some())
}

/// The kind of the document that begins here; `None` if none does.
fn seems(text: &[u8]) -> Option<Seems> {
    let after = |text: &[u8]| text[1..].trim_ascii_start().first().copied();
    match text.first()? {
        b'{' if matches!(after(text), Some(b'"' | b'}')) => Some(Seems::Json),
        b'[' if matches!(after(text), Some(b'"' | b'{' | b'[' | b']')) => Some(Seems::Json),
        b'<' if text.get(1).is_some_and(|byte| byte.is_ascii_alphabetic() || b"?!/".contains(byte)) => Some(Seems::Xml),
        _ => None,
    }
}
