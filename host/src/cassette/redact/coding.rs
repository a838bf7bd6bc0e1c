//! How a value is written where it stands, and where each of its bytes is there: what is not replaced stays as it was, byte for byte.

use std::ops::Range;

/// Bytes to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) at: Range<usize>,
    pub(super) text: String,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// As it is.
    Plain,
    /// Between the quotes of JSON.
    JsonString,
    /// As a number of JSON. What takes its place is a string.
    JsonNumber,
    /// As forms and queries have it.
    Form,
    /// As text or an attribute of XML.
    Xml,
}

/// A value's own bytes, and the place of each in what it was read from. One place more: the end.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    places: Vec<usize>,
}

impl Decoded {
    fn push(&mut self, place: usize, bytes: &[u8]) {
        self.bytes.extend(bytes);
        self.places.extend(bytes.iter().map(|_| place));
    }

    /// The range of the raw bytes that hold this range.
    pub(super) fn raw(&self, at: &Range<usize>) -> Range<usize> {
        self.places[at.start]..self.places[at.end]
    }
}

impl Coding {
    pub(super) fn decode(self, raw: &[u8]) -> Decoded {
        let mut decoded = Decoded::default();
        let mut at = 0;
        while at < raw.len() {
            let (length, bytes) = self.next(&raw[at..]);
            decoded.push(at, &bytes);
            at += length;
        }
        decoded.places.push(raw.len());
        decoded
    }

    /// How many raw bytes stand for the next character or byte, and what it is. What is no escape stands for itself.
    fn next(self, raw: &[u8]) -> (usize, Vec<u8>) {
        let itself = || (1, vec![raw[0]]);
        match (self, raw[0]) {
            (Coding::JsonString, b'\\') => json_escape(raw).unwrap_or_else(itself),
            (Coding::Form, b'+') => (1, vec![b' ']),
            (Coding::Form, b'%') => raw.get(1..3).and_then(hex).map_or_else(itself, |byte| (3, vec![byte as u8])),
            (Coding::Xml, b'&') => xml_reference(raw).unwrap_or_else(itself),
            _ => itself(),
        }
    }

    /// A text as it is written so.
    pub(super) fn encode(self, text: &str) -> String {
        match self {
            Coding::Plain => text.to_owned(),
            Coding::JsonNumber => serde_json::to_string(text).expect("a text is plain data"),
            Coding::JsonString => {
                let quoted = serde_json::to_string(text).expect("a text is plain data");
                quoted[1..quoted.len() - 1].to_owned()
            }
            Coding::Form => url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
            Coding::Xml => text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"),
        }
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok().filter(|_| digits.iter().all(u8::is_ascii_hexdigit))
}

fn utf8(c: char) -> Vec<u8> {
    c.to_string().into_bytes()
}

fn json_escape(raw: &[u8]) -> Option<(usize, Vec<u8>)> {
    let byte = match raw.get(1)? {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'u' => return json_unicode(raw),
        other => *other,
    };
    Some((2, vec![byte]))
}

fn json_unicode(raw: &[u8]) -> Option<(usize, Vec<u8>)> {
    let unit = |at: usize| hex(raw.get(at..at + 4)?);
    let first = unit(2)?;
    if let Some(c) = char::from_u32(first) {
        return Some((6, utf8(c)));
    }
    let second = raw.get(6..8).filter(|start| *start == b"\\u").and_then(|_| unit(8)).filter(|unit| (0xdc00..0xe000).contains(unit));
    match second.filter(|_| first < 0xdc00) {
        Some(second) => char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)).map(|c| (12, utf8(c))),
        None => Some((6, utf8(char::REPLACEMENT_CHARACTER))),
    }
}

/// The longest reference that is read.
const REFERENCE_BYTES_MAX: usize = 12;

fn xml_reference(raw: &[u8]) -> Option<(usize, Vec<u8>)> {
    let end = raw.iter().take(REFERENCE_BYTES_MAX).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(&raw[1..end]).ok()?;
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "commat" => '@',
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => hex(digits.as_bytes())?,
                None => number.parse().ok()?,
            };
            char::from_u32(number)?
        }
    };
    Some((end + 1, utf8(c)))
}

/// Puts edits in order. Those that overlap become one: whatever any of them takes out is out.
pub(super) fn in_order(mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort_by_key(|edit| (edit.at.start, std::cmp::Reverse(edit.at.end)));
    let mut kept: Vec<Edit> = Vec::with_capacity(edits.len());
    for edit in edits {
        match kept.last_mut() {
            Some(last) if edit.at.start < last.at.end => last.at.end = last.at.end.max(edit.at.end),
            _ => kept.push(edit),
        }
    }
    kept
}

/// Bytes with edits made.
pub(super) fn apply(raw: &[u8], edits: Vec<Edit>) -> Vec<u8> {
    let (mut out, mut at) = (Vec::with_capacity(raw.len()), 0);
    for edit in in_order(edits) {
        out.extend(&raw[at..edit.at.start]);
        out.extend(edit.text.as_bytes());
        at = edit.at.end;
    }
    out.extend(&raw[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_and_their_places_known() {
        for (coding, raw, text) in [
            (Coding::JsonString, r#"a\"\u00e9\ud83d\ude00\/\n"#, "a\"é😀/\n"),
            (Coding::JsonString, r"\ud83d\u0041\u12", "\u{fffd}A\\u12"),
            (Coding::Form, "a+%C3%A9%2B%4", "a é+%4"),
            (Coding::Xml, "&lt;&#233;&#xE9;&amp;amp;&nothing;&", "<éé&amp;&nothing;&"),
            (Coding::Plain, "%41+&lt;", "%41+&lt;"),
        ] {
            let decoded = coding.decode(raw.as_bytes());
            assert_eq!(String::from_utf8_lossy(&decoded.bytes), text, "{raw}");
            assert_eq!(decoded.raw(&(0..decoded.bytes.len())), 0..raw.len(), "{raw}");
        }
        let decoded = Coding::Form.decode(b"x%C3%A9y");
        assert_eq!(decoded.raw(&(1..3)), 1..7);
    }

    #[test]
    fn what_overlaps_is_taken_out_together() {
        let edit = |at: Range<usize>, text: &str| Edit { at, text: text.into() };
        assert_eq!(apply(b"0123456789", vec![edit(4..6, "b"), edit(1..3, "a"), edit(5..8, "c")]), b"0a3b89");
        assert_eq!(apply(b"0123", vec![edit(0..4, "x"), edit(1..2, "y")]), b"x");
    }
}
