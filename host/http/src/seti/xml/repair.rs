//! Turns what senders write into well-formed XML, in one pass over the text, and enforces limits before a parser builds anything.
//!
//! The result holds elements and text only. Attributes, comments, processing instructions and the declaration have no meaning here and are
//! dropped; CDATA becomes text. These faults are repaired: a bare `&`, and one before a name that XML does not define; a `<` that opens no
//! tag; any `<` within `Notes` and `Comments`, which some senders do not escape; characters that XML cannot hold; references to
//! Windows-1252 characters by their byte (`&#146;`). A document type is refused, not read.

use super::Error;
use crate::seti::text::{is_blank, windows_1252};

/// The deepest nesting of elements. The deepest that has a meaning is 7.
pub const DEPTH_MAX: usize = 16;
/// The most elements of a document.
pub const ELEMENTS_MAX: usize = 250_000;

/// Elements with free text written by people.
const FREE_TEXT: [&str; 2] = ["Notes", "Comments"];
/// The longest tag, in bytes; anything longer is text. No tag of these documents needs attributes.
const TAG_BYTES_MAX: usize = 256;
/// The longest reference from its `&` to its `;`, in characters; the longest with a meaning is `&#1114111;`.
const REFERENCE_CHARS_MAX: usize = 10;
const NAMES: [&str; 5] = ["amp", "lt", "gt", "quot", "apos"];

pub(super) fn repair(text: &str) -> Result<String, Error> {
    let mut pass = Pass { rest: text, out: String::with_capacity(text.len()), depth: 0, elements: 0, unclosed: Unclosed::default() };
    while !pass.rest.is_empty() {
        let end = pass.rest.find('<').unwrap_or(pass.rest.len());
        pass.text(end);
        if !pass.rest.is_empty() {
            pass.markup()?;
        }
    }
    Ok(pass.out)
}

struct Pass<'a> {
    rest: &'a str,
    out: String,
    depth: usize,
    elements: usize,
    unclosed: Unclosed,
}

/// Markup that is known not to be closed in the rest of the text: searching for its end again and again would take quadratic time.
#[derive(Default)]
struct Unclosed {
    free_text: [bool; FREE_TEXT.len()],
    data: bool,
}

/// A tag: its name, its kind, and its length in bytes.
struct Tag<'a> {
    name: &'a str,
    kind: Kind,
    len: usize,
}

#[derive(PartialEq, Eq)]
enum Kind {
    Opens,
    Closes,
    Empty,
}

impl<'a> Pass<'a> {
    /// Handles markup at the start of the rest, which begins with `<`.
    fn markup(&mut self) -> Result<(), Error> {
        let rest = self.rest;
        if rest.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("<!DOCTYPE")) {
            return Err(Error::DocumentType);
        }
        for (start, end) in [("<!--", "-->"), ("<?", "?>")] {
            if rest.starts_with(start) {
                // Markup without an end is dropped with the rest of the text; the elements around it are then not closed either.
                self.skip(rest.find(end).map_or(rest.len(), |at| at + end.len()));
                return Ok(());
            }
        }
        if let Some(len) = self.data(rest) {
            self.text_of_data(len);
            return Ok(());
        }
        let Some(tag) = tag(rest) else {
            self.out.push_str("&lt;");
            self.skip(1);
            return Ok(());
        };
        self.skip(tag.len);
        match tag.kind {
            Kind::Closes => {
                self.depth = self.depth.saturating_sub(1);
                self.put(["</", tag.name, ">"]);
                return Ok(());
            }
            Kind::Empty => self.put(["<", tag.name, "/>"]),
            Kind::Opens => self.put(["<", tag.name, ">"]),
        }
        self.elements += 1;
        if self.elements > ELEMENTS_MAX {
            return Err(Error::TooManyElements);
        }
        if self.depth == DEPTH_MAX {
            return Err(Error::TooDeep);
        }
        if tag.kind == Kind::Opens {
            self.depth += 1;
            self.free_text(tag.name);
        }
        Ok(())
    }

    /// Takes everything before the end tag of a free text as text.
    fn free_text(&mut self, name: &str) {
        let Some(which) = FREE_TEXT.iter().position(|free| *free == name).filter(|which| !self.unclosed.free_text[*which]) else { return };
        let Some(end) = self.end_of(name) else {
            self.unclosed.free_text[which] = true;
            return;
        };
        let after = self.rest.len() - end;
        while self.rest.len() > after {
            let left = self.rest.len() - after;
            match self.rest[..left].find('<') {
                None => self.text(left),
                Some(0) => match self.data(self.rest).filter(|len| *len <= left) {
                    Some(len) => self.text_of_data(len),
                    None => {
                        self.out.push_str("&lt;");
                        self.skip(1);
                    }
                },
                Some(at) => self.text(at),
            }
        }
    }

    /// The position of the end tag with this name, skipping CDATA sections; `None` if there is none.
    fn end_of(&mut self, name: &str) -> Option<usize> {
        let mut at = 0;
        loop {
            at += self.rest[at..].find('<')?;
            let here = &self.rest[at..];
            if let Some(len) = self.data(here) {
                at += len;
                continue;
            }
            if tag(here).is_some_and(|tag| tag.kind == Kind::Closes && tag.name == name) {
                return Some(at);
            }
            at += 1;
        }
    }

    /// The length in bytes of a CDATA section at the start of `here`; `None` if none begins there or it is not closed.
    fn data(&mut self, here: &str) -> Option<usize> {
        if self.unclosed.data || !here.starts_with("<![CDATA[") {
            return None;
        }
        let end = here.find("]]>");
        self.unclosed.data = end.is_none();
        end.map(|at| at + 3)
    }

    fn text_of_data(&mut self, len: usize) {
        let rest = self.rest;
        self.put_text(&rest["<![CDATA[".len()..len - "]]>".len()]);
        self.skip(len);
    }

    /// Takes the text up to `end`, and repairs what should have been escaped in it.
    fn text(&mut self, end: usize) {
        let (mut left, rest) = self.rest.split_at(end);
        self.rest = rest;
        while let Some(at) = left.find('&') {
            self.put_text(&left[..at]);
            let (c, len) = reference(&left[at..]).unwrap_or(('&', 1));
            self.put_text(c.encode_utf8(&mut [0; 4]));
            left = &left[at + len..];
        }
        self.put_text(left);
    }

    /// Writes text, escaped as XML requires. Blanks outside the root element, which may not be white space to XML, are left out.
    fn put_text(&mut self, text: &str) {
        if self.depth == 0 && text.chars().all(is_blank) {
            return;
        }
        let mut left = text;
        while let Some(at) = left.find(|c| matches!(c, '&' | '<' | '>' | '\r') || !is_xml(c)) {
            let (plain, after) = left.split_at(at);
            let c = after.chars().next().expect("a character was found here");
            self.out.push_str(plain);
            self.out.push_str(match c {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                // A carriage return would become a line feed.
                '\r' => "&#13;",
                _ => "\u{fffd}",
            });
            left = &after[c.len_utf8()..];
        }
        self.out.push_str(left);
    }

    fn put(&mut self, pieces: [&str; 3]) {
        self.out.extend(pieces);
    }

    fn skip(&mut self, len: usize) {
        self.rest = &self.rest[len..];
    }
}

/// The tag at the start of the text; `None` if there is none.
fn tag(rest: &str) -> Option<Tag<'_>> {
    let rest = &rest[..rest.floor_char_boundary(TAG_BYTES_MAX)];
    let inside = rest.strip_prefix('<')?;
    let (closes, inside) = inside.strip_prefix('/').map_or((false, inside), |inside| (true, inside));
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_';
    let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let len = inside.find(|c| !goes_on(c)).unwrap_or(inside.len());
    let (name, mut attributes) = inside.split_at(len);
    if !name.starts_with(starts) || !attributes.starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')) {
        return None;
    }
    // A `>` within quotes is part of an attribute.
    loop {
        let at = attributes.find(['>', '<', '"', '\''])?;
        let (before, found) = attributes.split_at(at);
        match found.as_bytes()[0] {
            b'>' => {
                let len = rest.len() - found.len() + 1;
                let kind = match (closes, before.ends_with('/')) {
                    (true, _) => Kind::Closes,
                    (false, true) => Kind::Empty,
                    (false, false) => Kind::Opens,
                };
                return Some(Tag { name, kind, len });
            }
            b'<' => return None,
            quote => attributes = found[1..].split_once(char::from(quote))?.1,
        }
    }
}

/// The character that the reference at the start of `text` stands for, and the reference's length in bytes.
fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.char_indices().take(REFERENCE_CHARS_MAX).find(|(_, c)| *c == ';')?.0;
    let (body, len) = (text.get(1..end)?, end + 1);
    if let Some(which) = NAMES.iter().position(|name| *name == body) {
        return Some((['&', '<', '>', '"', '\''][which], len));
    }
    let digits = body.strip_prefix('#')?;
    let (digits, radix) = digits.strip_prefix('x').map_or((digits, 10), |digits| (digits, 16));
    let all_digits = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    let number = u32::from_str_radix(digits, radix).ok().filter(|_| all_digits)?;
    let c = match number {
        0x80..=0x9F => u8::try_from(number).ok().and_then(windows_1252)?,
        number => char::from_u32(number)?,
    };
    is_xml(c).then_some((c, len))
}

/// Whether XML 1.0, production 2, allows the character in a document.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests;
