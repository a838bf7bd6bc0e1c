//! JSON, read leniently: members by their names, at any depth.

use super::found::FoundValue;
use super::names::{Names, Within};
use cartage_base::coding::Coding;
use std::ops::Range;

/// The deepest level at which values are followed. Deeper ones are treated as plain text.
const DEPTH_MAX: usize = 128;
/// Members whose value names a field. A sibling member holds that field's value: `{"code": "telephone", "value": "..."}`.
const NAMING: &[&[u8]] = &[b"attribute_code", b"code", b"field", b"key", b"label", b"name"];
/// The sibling members that hold the value.
const NAMED: &[&[u8]] = &[b"content", b"text", b"value", b"values"];

/// An object or a list that is open.
struct Open {
    is_object: bool,
    /// The position inside the object or list.
    within: Within,
    /// The position of the next value, with the member's name, once that name was read.
    member: Option<(Within, Vec<u8>)>,
    /// The position of the value in a sibling member, as another member names it.
    named: Option<Within>,
    /// The value in the sibling member.
    value: Option<(Range<usize>, Coding)>,
}

/// The values in the document that begins here, and the index where it ends.
pub(super) fn values(names: &Names, text: &[u8], from: usize, within: Within) -> (Vec<FoundValue>, usize) {
    let (mut found, mut open, mut at) = (Vec::new(), Vec::<Open>::new(), from);
    while at < text.len() {
        match text[at] {
            b'{' | b'[' if open.len() < DEPTH_MAX => {
                let within = enter(&mut open, within);
                open.push(Open { is_object: text[at] == b'{', within, member: None, named: None, value: None });
                at += 1;
            }
            b'}' | b']' => {
                found.extend(open.pop().and_then(named));
                at += 1;
                if open.is_empty() {
                    return (found, at);
                }
            }
            b'"' => {
                let end = string_end(text, at + 1);
                found.extend(scalar(names, text, at + 1..end, Coding::JsonString, &mut open, within));
                at = (end + 1).min(text.len());
            }
            b',' | b':' => at += 1,
            byte if byte.is_ascii_whitespace() => at += 1,
            _ => {
                let ends = |byte: &u8| b",:{}[]\"".contains(byte) || byte.is_ascii_whitespace();
                let length = text[at..].iter().position(ends).unwrap_or(text.len() - at).max(1);
                let word = &text[at..at + length];
                if !matches!(word, b"true" | b"false" | b"null") {
                    let is_number = word.iter().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte));
                    let coding = if is_number { Coding::JsonNumber } else { Coding::Plain };
                    found.extend(scalar(names, text, at..at + length, coding, &mut open, within));
                } else if let Some(inner) = open.last_mut() {
                    inner.member = None;
                }
                at += length;
            }
        }
    }
    found.extend(open.into_iter().rev().filter_map(named));
    (found, text.len())
}

/// The position of the next value.
fn enter(open: &mut [Open], outside: Within) -> Within {
    match open.last_mut() {
        Some(inner) => inner.member.take().map_or(inner.within, |(within, _)| within),
        None => outside,
    }
}

/// The value; `None` for the name of a member.
fn scalar(names: &Names, text: &[u8], at: Range<usize>, coding: Coding, open: &mut [Open], outside: Within) -> Option<FoundValue> {
    let Some(inner) = open.last_mut() else { return Some(FoundValue { within: outside, at, coding }) };
    if !inner.is_object {
        return Some(FoundValue { within: inner.within, at, coding });
    }
    let Some((within, name)) = inner.member.take() else {
        let name = Coding::JsonString.decode(&text[at]).bytes.into_owned();
        inner.member = Some((names.enter(inner.within, &name), name));
        return None;
    };
    let name = name.to_ascii_lowercase();
    if within.kind.is_none() && NAMING.contains(&&*name) && coding == Coding::JsonString {
        let named = names.enter(inner.within, &coding.decode(&text[at.clone()]).bytes);
        inner.named = Some(named).filter(|named| named.kind.is_some()).or(inner.named);
    }
    if NAMED.contains(&&*name) {
        inner.value = Some((at.clone(), coding));
    }
    Some(FoundValue { within, at, coding })
}

/// An object's value that a sibling member names.
fn named(closed: Open) -> Option<FoundValue> {
    let (within, (at, coding)) = closed.named.zip(closed.value)?;
    Some(FoundValue { within, at, coding })
}

/// The index where a string ends: at its closing quote, or at the end of the text.
fn string_end(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < text.len() && text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at.min(text.len())
}
