//! Names with their values in plain lines: `Email: ...`, `failed for email: ...`, `name=Jo, phone=123`, and `?email=...` in a URL.
//!
//! A note counts only if its name begins the line: `SETIResponse: update=Failed;Notes=...` says why an update was refused, which people must read.

use super::found::FoundValue;
use super::names::{Kind, Names, Within};
use cartage_base::coding::Coding;
use std::ops::Range;

/// The longest name of a field, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// How many colons and equals signs of one piece of a line are tried: the text before a name may have a colon of its own.
const SIGNS_MAX: usize = 4;

/// The values of personal fields in these lines.
pub(super) fn named(names: &Names, text: &[u8]) -> Vec<FoundValue> {
    let (mut found, mut start) = (Vec::new(), 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        for piece in pieces(line) {
            let (content, from) = (&line[piece.clone()], start + piece.start);
            let shift = |named: FoundValue| FoundValue { at: named.at.start + from..named.at.end + from, ..named };
            let begins_the_line = piece.start == 0;
            match value(names, content, begins_the_line) {
                Some(named) => found.push(shift(named)),
                None => found.extend(query(names, content).into_iter().map(shift)),
            }
        }
        start += line.len();
    }
    found
}

/// The pieces of a line. Each begins with a name and its sign, except the first.
fn pieces(line: &[u8]) -> Vec<Range<usize>> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    for (at, byte) in line.iter().enumerate() {
        if b",;|\t".contains(byte) && begins_with_a_name(&line[at + 1..]) {
            pieces.push(start..at);
            start = at + 1;
        }
    }
    pieces.push(start..line.len());
    pieces
}

fn begins_with_a_name(text: &[u8]) -> bool {
    let text = &text[..text.len().min(NAME_BYTES_MAX)];
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.[]#' ".contains(byte);
    let name = text.iter().take_while(|byte| fits(byte)).count();
    text[..name].iter().any(u8::is_ascii_alphabetic) && matches!(text.get(name), Some(b':' | b'='))
}

/// The value in a piece `name: value` or `name=value`, if the name is personal.
fn value(names: &Names, piece: &[u8], begins_the_line: bool) -> Option<FoundValue> {
    let is_sign = |at: &usize| b":=".contains(&piece[*at]);
    let signs = (0..piece.len().min(NAME_BYTES_MAX * 2)).filter(is_sign).take(SIGNS_MAX);
    let mut start = 0;
    for sign in signs {
        // The last words before the sign as well: `failed for email: ...`.
        let name = piece[start..sign].trim_ascii();
        let last = name.rsplit(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
        let enter = |name: &[u8]| names.enter(Within::default(), name);
        let is_path = last.iter().any(|byte| b"/?&".contains(byte));
        let within = [name, last].into_iter().filter(|name| name.len() <= NAME_BYTES_MAX).map(enter).find(|within| within.kind.is_some());
        let may_be_a_note = begins_the_line && start == 0;
        if let Some(within) = within.filter(|within| !is_path && (may_be_a_note || within.kind != Some(Kind::Note))) {
            let after = &piece[sign + 1..];
            let value = sign + 1 + (after.len() - after.trim_ascii_start().len());
            let end = value.max(sign + 1 + after.trim_ascii_end().len());
            return Some(FoundValue { within, at: value..end, coding: Coding::Plain });
        }
        start = sign + 1;
    }
    None
}

/// The values of personal fields in URLs. A text that was taken for a value is not searched again.
fn query(names: &Names, piece: &[u8]) -> Vec<FoundValue> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(sign) = piece[at..].iter().position(|byte| b"?&".contains(byte)) {
        let start = at + sign + 1;
        at = start;
        let name = piece[start..].iter().take(NAME_BYTES_MAX).position(|byte| b"=&? \"'<>".contains(byte)).map(|end| start..start + end);
        let Some(name) = name.filter(|name| piece[name.end] == b'=') else { continue };
        let within = names.enter(Within::default(), &piece[name.clone()]);
        if within.kind.is_some() {
            let ends = |byte: &u8| b"&#\"'<>".contains(byte) || byte.is_ascii_whitespace();
            let value = name.end + 1;
            at = piece[value..].iter().position(ends).map_or(piece.len(), |at| value + at);
            found.push(FoundValue { within, at: value..at, coding: Coding::Form });
        }
    }
    found
}
