//! XML and HTML, read leniently: elements and attributes by their names, at any depth, and values by the words beside them
//! (`<th>Email</th><td>...</td>`, `<key>email</key><value>...</value>`).

use super::found::FoundValue;
use super::labels::Labels;
use super::names::{Names, Within};
use cartage_base::coding::Coding;
use std::ops::Range;

/// The deepest level at which elements are followed. Deeper ones are treated as if they were at this level.
const DEPTH_MAX: usize = 256;
/// HTML elements without an end tag.
const VOID: &[&[u8]] = &[b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"source", b"wbr"];
/// Attributes whose value names a field.
const NAMING: &[&[u8]] = &[b"code", b"field", b"id", b"key", b"name"];

/// A start tag with its attributes.
struct Tag {
    name: Range<usize>,
    attributes: Vec<(Range<usize>, Range<usize>)>,
    is_closed: bool,
    end: usize,
}

/// The values in the document that begins here, and the index where it ends: the end of the text.
pub(super) fn values(names: &Names, text: &[u8], from: usize, outside: Within) -> (Vec<FoundValue>, usize) {
    let (mut found, mut open, mut at) = (Vec::new(), Vec::<(Vec<u8>, Within)>::new(), from);
    let mut labels = Labels::default();
    while at < text.len() {
        let rest = &text[at..];
        let within = open.last().map_or(outside, |(_, within)| *within);
        if rest.starts_with(b"<![CDATA[") {
            let end = find(text, at + 9, b"]]>");
            let within = beside(names, &mut labels, &open, &text[at + 9..end], Coding::Plain, within);
            found.push(content(text, at + 9..end, Coding::Plain, within));
            at = (end + 3).min(text.len());
        } else if rest.starts_with(b"<!--") {
            let end = find(text, at + 4, b"-->");
            found.push(content(text, at + 4..end, Coding::Plain, within));
            at = (end + 3).min(text.len());
        } else if rest.starts_with(b"<!") || rest.starts_with(b"<?") {
            at = (find(text, at, b">") + 1).min(text.len());
        } else if rest.starts_with(b"</") {
            let end = find(text, at, b">");
            let name = text[at + 2..end].trim_ascii();
            if let Some(depth) = open.iter().rposition(|(known, _)| known == name) {
                open.truncate(depth);
            }
            labels.ends(name);
            at = (end + 1).min(text.len());
        } else if rest[0] == b'<' && rest.get(1).is_some_and(u8::is_ascii_alphabetic) {
            let tag = tag(text, at);
            let name = text[tag.name.clone()].to_vec();
            labels.starts(&name);
            let (values, inside) = attributes(names, text, &tag, within, &mut labels);
            found.extend(values);
            if !tag.is_closed && open.len() < DEPTH_MAX && !VOID.contains(&&*name.to_ascii_lowercase()) {
                open.push((name, inside));
            }
            at = tag.end;
        } else {
            let length = rest[1..].iter().position(|byte| *byte == b'<').map_or(rest.len(), |at| at + 1);
            let within = beside(names, &mut labels, &open, &text[at..at + length], Coding::Xml, within);
            found.push(content(text, at..at + length, Coding::Xml, within));
            at += length;
        }
    }
    (found, at)
}

/// The position of an element's text, by the words beside it if the element's name does not tell.
fn beside(names: &Names, labels: &mut Labels, open: &[(Vec<u8>, Within)], text: &[u8], coding: Coding, within: Within) -> Within {
    let element = open.last().map_or(&b""[..], |(name, _)| name);
    let decoded = coding.decode(text.trim_ascii());
    if decoded.bytes.is_empty() { within } else { labels.content(names, element, &decoded.bytes, within) }
}

/// An element's text as a value, without the blanks around it.
fn content(text: &[u8], at: Range<usize>, coding: Coding, within: Within) -> FoundValue {
    let raw = &text[at.clone()];
    let start = at.start + (raw.len() - raw.trim_ascii_start().len());
    let end = (start + raw.trim_ascii().len()).max(start);
    FoundValue { within, at: start..end, coding }
}

/// The values of a tag's attributes, and the position inside its element.
fn attributes(names: &Names, text: &[u8], tag: &Tag, outside: Within, labels: &mut Labels) -> (Vec<FoundValue>, Within) {
    let is = |at: &Range<usize>, words: &[&[u8]]| words.contains(&&*text[at.clone()].to_ascii_lowercase());
    let mut within = names.enter(outside, &text[tag.name.clone()]);
    for (name, value) in &tag.attributes {
        if within.kind.is_none() && is(name, NAMING) {
            let named = names.enter(outside, &Coding::Xml.decode(&text[value.clone()]).bytes);
            within = if named.kind.is_some() { named } else { within };
        }
    }
    let mut found = Vec::new();
    for (name, value) in tag.attributes.iter().filter(|(name, _)| !text[name.clone()].starts_with(b"xmlns")) {
        let names_the_field = is(name, NAMING) && names.enter(outside, &Coding::Xml.decode(&text[value.clone()]).bytes).kind.is_some();
        if !names_the_field {
            let mut within = names.enter(within, &text[name.clone()]);
            if within.kind.is_none() && is(name, &[b"value"]) {
                within = labels.take().unwrap_or(within);
            }
            found.push(FoundValue { within, at: value.clone(), coding: Coding::Xml });
        }
    }
    (found, within)
}

fn tag(text: &[u8], from: usize) -> Tag {
    let until =
        |at: usize, stop: &dyn Fn(u8) -> bool| text[at..].iter().position(|byte| stop(*byte)).map_or(text.len(), |found| at + found);
    let name_end = until(from + 1, &|byte| byte.is_ascii_whitespace() || b"/>".contains(&byte));
    let mut tag = Tag { name: from + 1..name_end, attributes: Vec::new(), is_closed: false, end: text.len() };
    let mut at = name_end;
    while at < text.len() {
        match text[at] {
            b'>' => {
                tag.end = at + 1;
                return tag;
            }
            b'/' => {
                tag.is_closed = text.get(at + 1) == Some(&b'>');
                at += 1;
            }
            byte if byte.is_ascii_whitespace() => at += 1,
            _ => {
                let name_end = until(at + 1, &|byte| byte.is_ascii_whitespace() || b"=/>".contains(&byte));
                let name = at..name_end;
                at = until(name_end, &|byte| !byte.is_ascii_whitespace());
                if text.get(at) != Some(&b'=') {
                    continue;
                }
                at = until(at + 1, &|byte| !byte.is_ascii_whitespace());
                let value = match text.get(at) {
                    Some(quote @ (b'"' | b'\'')) => at + 1..until(at + 1, &|byte| byte == *quote),
                    _ => at..until(at, &|byte| byte.is_ascii_whitespace() || byte == b'>'),
                };
                at = value.end + usize::from(text.get(value.end).is_some_and(|byte| b"\"'".contains(byte)));
                tag.attributes.push((name, value));
            }
        }
    }
    tag
}

/// The index of some bytes from an index on, or the end of the text.
fn find(text: &[u8], from: usize, wanted: &[u8]) -> usize {
    let from = from.min(text.len());
    text[from..].windows(wanted.len()).position(|window| window == wanted).map_or(text.len(), |at| from + at)
}
