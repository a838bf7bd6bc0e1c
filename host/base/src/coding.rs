//! Decodes and encodes values in their notation, and maps each decoded byte to its place, so that edits leave all other bytes unchanged.
//!
//! Decoding is lenient and linear: text that is not an escape stands for itself.

use std::borrow::Cow;
use std::ops::Range;

/// A replacement of a range of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that are replaced.
    pub at: Range<usize>,
    /// The text that takes their place.
    pub text: String,
}

/// The notation of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// The value as it is.
    Plain,
    /// Latin-1, one byte per character.
    Latin1,
    /// Inside a JSON string.
    JsonString,
    /// A JSON number. Its replacement is a JSON string.
    JsonNumber,
    /// Percent-encoded, as in forms and queries.
    Form,
    /// Text or an attribute of XML or HTML.
    Xml,
    /// All escapes of JSON and JavaScript, of URLs, and of XML and HTML at once. A plus stays a plus.
    Any,
}

/// A decoded value, with the place of each byte in the text that was decoded.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The decoded bytes.
    pub bytes: Cow<'a, [u8]>,
    /// The places of the bytes, and of the end. `None` if every byte stands for itself.
    places: Option<Vec<u32>>,
}

/// The meaning of an escape.
enum Meant {
    Byte(u8),
    Text(Cow<'static, str>),
}

impl From<char> for Meant {
    fn from(c: char) -> Meant {
        Meant::Text(c.to_string().into())
    }
}

impl Decoded<'_> {
    /// A value that was decoded elsewhere. `places` has one entry for each byte and one for the end.
    pub fn of(bytes: Vec<u8>, places: Vec<u32>) -> Decoded<'static> {
        Decoded { bytes: bytes.into(), places: Some(places) }
    }

    /// Whether any byte was escaped.
    pub fn differs(&self) -> bool {
        self.places.is_some()
    }

    /// The range of raw bytes that stand for a range of decoded bytes.
    pub fn raw(&self, at: &Range<usize>) -> Range<usize> {
        match &self.places {
            Some(places) => places[at.start] as usize..places[at.end] as usize,
            None => at.clone(),
        }
    }
}

impl Coding {
    /// Decodes bytes, with the place of each.
    pub fn decode(self, raw: &[u8]) -> Decoded<'_> {
        let place = |at: usize| u32::try_from(at).expect("what is decoded was bounded far below four gigabytes");
        let mut places = Vec::new();
        let bytes = self.read(raw, |at, end| places.resize(end, place(at)));
        let differs = matches!(bytes, Cow::Owned(_));
        places.push(place(raw.len()));
        Decoded { bytes, places: differs.then_some(places) }
    }

    /// Decodes bytes. `told` is called with each place and the number of bytes decoded there. The result is borrowed if all bytes stand for
    /// themselves.
    pub fn read<'a>(self, raw: &'a [u8], mut told: impl FnMut(usize, usize)) -> Cow<'a, [u8]> {
        if !raw.iter().any(|byte| self.may_begin(*byte)) {
            return raw.into();
        }
        let mut bytes = Vec::with_capacity(raw.len());
        let (mut at, mut differs) = (0, false);
        while at < raw.len() {
            let escape = if self.may_begin(raw[at]) { self.escape(&raw[at..]) } else { None };
            differs |= escape.is_some();
            let (length, meant) = escape.unwrap_or((1, Meant::Byte(raw[at])));
            match &meant {
                Meant::Byte(byte) => bytes.push(*byte),
                Meant::Text(text) => bytes.extend(text.as_bytes()),
            }
            told(at, bytes.len());
            at += length;
        }
        if differs { bytes.into() } else { raw.into() }
    }

    /// Whether an escape may begin with this byte.
    fn may_begin(self, byte: u8) -> bool {
        match self {
            Coding::Plain | Coding::JsonNumber => false,
            Coding::Latin1 => !byte.is_ascii(),
            Coding::JsonString => byte == b'\\',
            Coding::Form => matches!(byte, b'%' | b'+'),
            Coding::Xml => byte == b'&',
            Coding::Any => matches!(byte, b'\\' | b'%' | b'&'),
        }
    }

    /// The length of the escape at the start of `raw`, and its meaning. `None` if there is no escape.
    fn escape(self, raw: &[u8]) -> Option<(usize, Meant)> {
        match (self, raw[0]) {
            (Coding::Latin1, byte) => Some((1, char::from(byte).into())),
            (Coding::JsonString, b'\\') => json_escape(raw),
            // What only a lenient reader takes for an escape may be the end of one thing and the beginning of another.
            (Coding::Any, b'\\') => json_escape(raw).filter(|_| raw.get(1).is_some_and(|next| b"\"\\/'ntrbfux".contains(next))),
            (Coding::Form, b'+') => Some((1, Meant::Byte(b' '))),
            (Coding::Form | Coding::Any, b'%') => percent_escape(raw),
            (Coding::Xml | Coding::Any, b'&') => xml_reference(raw),
            (Coding::Plain | Coding::JsonString | Coding::JsonNumber | Coding::Form | Coding::Xml | Coding::Any, _) => None,
        }
    }

    /// Encodes a text in this notation.
    pub fn encode(self, text: &str) -> String {
        match self {
            Coding::Plain | Coding::Latin1 | Coding::Any => text.to_owned(),
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

/// Decodes `%41`, and `%u0041` as old JavaScript writes it.
fn percent_escape(raw: &[u8]) -> Option<(usize, Meant)> {
    if raw.get(1) == Some(&b'u') {
        return code_units(raw, b"%u");
    }
    raw.get(1..3).and_then(hex).map(|byte| (3, Meant::Byte(byte as u8)))
}

fn json_escape(raw: &[u8]) -> Option<(usize, Meant)> {
    let byte = match raw.get(1)? {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'u' => return code_units(raw, b"\\u"),
        b'x' => return raw.get(2..4).and_then(hex).map(|byte| (4, char::from(byte as u8).into())),
        other => *other,
    };
    Some((2, Meant::Byte(byte)))
}

/// Decodes a character of one or two UTF-16 units, each with this sign before its four digits.
fn code_units(raw: &[u8], sign: &[u8; 2]) -> Option<(usize, Meant)> {
    let unit = |at: usize| hex(raw.get(at..at + 4)?);
    let first = unit(2)?;
    if let Some(c) = char::from_u32(first) {
        return Some((6, c.into()));
    }
    let second = raw.get(6..8).filter(|start| *start == sign).and_then(|_| unit(8)).filter(|unit| (0xdc00..0xe000).contains(unit));
    match second.filter(|_| first < 0xdc00) {
        Some(second) => char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)).map(|c| (12, c.into())),
        None => Some((6, char::REPLACEMENT_CHARACTER.into())),
    }
}

/// The longest reference from its `&` to its `;`, in bytes: HTML's longest is `&CounterClockwiseContourIntegral;`.
const REFERENCE_BYTES_MAX: usize = 33;

fn xml_reference(raw: &[u8]) -> Option<(usize, Meant)> {
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
    let length = 2 + raw[1..].iter().take(REFERENCE_BYTES_MAX - 2).take_while(|byte| name(byte)).count();
    let reference = raw.get(..length).filter(|reference| reference.ends_with(b";"))?;
    let reference = std::str::from_utf8(reference).ok()?;
    let meant = htmlize::unescape(reference);
    // A name that HTML knows may begin one that it does not know: `&notice;`.
    (meant != reference && meant.chars().count() <= 2).then(|| (length, Meant::Text(meant.into_owned().into())))
}

/// Sorts edits and merges those that overlap: whatever any of them removes is removed.
pub fn in_order(mut edits: Vec<Edit>) -> Vec<Edit> {
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

/// Applies edits to bytes.
pub fn apply(raw: &[u8], edits: Vec<Edit>) -> Vec<u8> {
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
            (Coding::Xml, "&lt;&#233;&#xE9;&eacute;&commat;&amp;amp;&nothing;&", "<ééé@&amp;&nothing;&"),
            (Coding::Any, r"\u0041%41%u0041&#65;\x41\\%\&#65;", r"AAAAA\%\A"),
            (Coding::Plain, "%41+&lt;", "%41+&lt;"),
        ] {
            let decoded = coding.decode(raw.as_bytes());
            assert_eq!(String::from_utf8_lossy(&decoded.bytes), text, "{raw}");
            assert_eq!(decoded.raw(&(0..decoded.bytes.len())), 0..raw.len(), "{raw}");
        }
        assert_eq!(&*Coding::Latin1.decode(b"\xe9t\xe9").bytes, "été".as_bytes());
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
