//! Arrays and objects as PHP prints them (`print_r`, `var_dump`, `var_export`), and hashes of Ruby and Perl, read leniently: each value is judged by
//! the key before its arrow, at any depth.

use super::found::FoundValue;
use super::names::{Names, Within};
use cartage_base::coding::Coding;
use std::ops::Range;

/// The longest key that is read, in bytes.
const KEY_BYTES_MAX: usize = 128;
/// The deepest level at which arrays are followed. Deeper ones are treated as if they were at this level.
const DEPTH_MAX: usize = 64;

/// A key before an arrow.
struct Key {
    /// The key with its brackets or quotes.
    whole: Range<usize>,
    name: Range<usize>,
}

/// The value after an arrow.
enum Value {
    /// An array or an object, with the index of its opening bracket.
    Opens(usize),
    /// A quoted value, and the index at which its notation ends.
    Scalar(Range<usize>, usize),
    /// A value without quotes, which goes to the end of its line at least.
    Bare(Range<usize>),
}

/// The index of the first key with an arrow after it. `None` if the text is not a dump.
pub(super) fn begins(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let arrow = arrow(text, from)?;
        match key_before(text, arrow) {
            Some(key) => return Some(key.whole.start),
            None => from = arrow + 2,
        }
    }
}

/// The values in the dump that begins here, and the index where it ends: after the value of its last arrow, or where XML begins.
pub(super) fn values(names: &Names, text: &[u8], from: usize, outside: Within) -> (Vec<FoundValue>, usize) {
    let (mut found, mut open, mut at, mut end) = (Vec::new(), Vec::<Within>::new(), from, from);
    // What the next bracket opens.
    let mut next = None;
    while at < text.len() {
        let scope = open.last().copied().unwrap_or(outside);
        match text[at] {
            b'(' | b'{' | b'[' => {
                let inside = next.take().unwrap_or(scope);
                if open.len() < DEPTH_MAX {
                    open.push(inside);
                }
                at += 1;
            }
            b')' | b'}' | b']' => {
                open.pop();
                at += 1;
            }
            b'=' if text.get(at + 1) == Some(&b'>') => {
                let within = key_before(text, at).map_or(scope, |key| names.enter(scope, &text[key.name]));
                let (value, after) = match value(text, at + 2) {
                    Value::Opens(bracket) => {
                        next = Some(within);
                        (bracket..bracket, bracket)
                    }
                    Value::Scalar(value, after) => (value, after),
                    Value::Bare(line) if within.kind.is_some() => {
                        let value = further_lines(text, line);
                        (value.clone(), value.end)
                    }
                    Value::Bare(line) => (line.clone(), line.end),
                };
                found.push(FoundValue { within, at: value, coding: Coding::Plain });
                (at, end) = (after, after);
            }
            b'<' if text.get(at + 1).is_some_and(|byte| byte.is_ascii_alphabetic() || b"?!/".contains(byte)) => return (found, at),
            _ => at += 1,
        }
    }
    (found, end)
}

fn arrow(text: &[u8], from: usize) -> Option<usize> {
    text[from..].windows(2).position(|two| two == b"=>").map(|at| from + at)
}

/// The key before an arrow: `[email]`, `["email":protected]`, `'email'`, `:email`.
fn key_before(text: &[u8], arrow: usize) -> Option<Key> {
    let start = arrow.saturating_sub(KEY_BYTES_MAX);
    let before = text[start..arrow].trim_ascii_end();
    let line = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (start, before) = (start + line, &before[line..]);
    let last = *before.last()?;
    let body = &before[..before.len() - 1];
    let key =
        |first: usize, name: Range<usize>| Key { whole: start + first..start + before.len(), name: start + name.start..start + name.end };
    match last {
        b']' => {
            let first = body.iter().rposition(|byte| *byte == b'[')?;
            let quoted = usize::from(body.get(first + 1).is_some_and(|byte| b"\"'".contains(byte)));
            let name = first + 1 + quoted;
            let ends = |byte: &u8| b"\"':".contains(byte);
            let end = body[name..].iter().position(ends).map_or(body.len(), |at| name + at);
            Some(key(first, name..end))
        }
        b'"' | b'\'' => {
            let first = body.iter().rposition(|byte| *byte == last)?;
            Some(key(first, first + 1..body.len()))
        }
        byte if byte.is_ascii_alphanumeric() || byte == b'_' => {
            let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let first = before.len() - before.iter().rev().take_while(|byte| word(byte)).count();
            (first > 0 && before[first - 1] == b':').then(|| key(first - 1, first..before.len()))
        }
        _ => None,
    }
}

fn value(text: &[u8], from: usize) -> Value {
    let start = from + blanks(text, from);
    let rest = &text[start..];
    let word = rest.iter().take(KEY_BYTES_MAX).take_while(|byte| byte.is_ascii_alphanumeric() || b"_\\".contains(byte)).count();
    match (&rest[..word], rest.get(word)) {
        (b"", Some(b'[' | b'{' | b'(')) => Value::Opens(start),
        (b"", Some(quote @ (b'"' | b'\''))) => {
            let end = quoted_end(text, start + 1, *quote);
            Value::Scalar(start + 1..end, (end + 1).min(text.len()))
        }
        (b"string", Some(b'(')) => counted(text, start + word + 1).unwrap_or_else(|| bare(text, start)),
        (b"int" | b"float" | b"bool", Some(b'(')) => {
            let value = start + word + 1;
            let end = text[value..].iter().position(|byte| b")\n".contains(byte)).map_or(text.len(), |at| value + at);
            Value::Scalar(value..end, end)
        }
        _ => match opened(text, start, &rest[..word]) {
            Some(bracket) => Value::Opens(bracket),
            None => bare(text, start),
        },
    }
}

/// The index of the bracket in `Array (`, `array(2) {`, `stdClass Object (`, `object(stdClass)#1 (2) {`.
fn opened(text: &[u8], start: usize, word: &[u8]) -> Option<usize> {
    let mut at = start + word.len();
    if text[at..].starts_with(b" Object") {
        at += b" Object".len();
    } else if !matches!(word, b"Array" | b"array" | b"object") {
        return None;
    }
    if matches!(word, b"array" | b"object") && text.get(at) == Some(&b'(') {
        let line = text[at..].iter().take(KEY_BYTES_MAX).position(|byte| b"{\n".contains(byte))?;
        return (text[at + line] == b'{').then_some(at + line).or(Some(at));
    }
    at += blanks(text, at);
    matches!(text.get(at), Some(b'(' | b'{')).then_some(at)
}

/// The value of `string(3) "..."`, where the number gives its bytes.
fn counted(text: &[u8], from: usize) -> Option<Value> {
    let digits = text[from..].iter().take(8).take_while(|byte| byte.is_ascii_digit()).count();
    let bytes: usize = std::str::from_utf8(&text[from..from + digits]).ok()?.parse().ok()?;
    let rest = text[from + digits..].strip_prefix(b") \"")?;
    let start = text.len() - rest.len();
    let end = start.checked_add(bytes).filter(|end| text.get(*end) == Some(&b'"'));
    let end = end.unwrap_or_else(|| quoted_end(text, start, b'"'));
    Some(Value::Scalar(start..end, (end + 1).min(text.len())))
}

/// A value up to the end of its line, or to the next key on it.
fn bare(text: &[u8], start: usize) -> Value {
    let end = text[start..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| start + at);
    let line = &text[..end];
    let next = arrow(line, start).and_then(|arrow| key_before(line, arrow)).map(|key| key.whole.start).filter(|next| *next > start);
    Value::Bare(start..ended(text, start..next.unwrap_or(end)))
}

/// The index where a value without quotes ends: before the comma or the brackets that close what contains it.
fn ended(text: &[u8], value: Range<usize>) -> usize {
    let mut kept = &text[value.clone()];
    // A bracket that closes one of its own belongs to it. Looked for once: a value may be nothing but brackets.
    let has_brackets = kept.contains(&b'(');
    loop {
        kept = kept.trim_ascii_end();
        kept = match kept {
            [rest @ .., b','] => rest,
            [rest @ .., b')'] if !has_brackets => rest,
            _ => return value.start + kept.len(),
        };
    }
}

/// Extends a value without quotes by the lines that follow: up to the next key, or the bracket that closes the array.
fn further_lines(text: &[u8], first: Range<usize>) -> Range<usize> {
    let mut end = first.end;
    while let Some(line) = text[end..].iter().position(|byte| *byte == b'\n').map(|at| end + at + 1) {
        let line_end = text[line..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| line + at);
        let content = text[line..line_end].trim_ascii();
        let is_key = arrow(&text[..line_end], line).is_some_and(|arrow| key_before(&text[..line_end], arrow).is_some());
        if is_key || content.starts_with(b")") || content.starts_with(b"<") || line_end == text.len() && content.is_empty() {
            break;
        }
        end = line_end;
    }
    first.start..first.start + text[first.start..end].trim_ascii_end().len()
}

fn quoted_end(text: &[u8], from: usize, quote: u8) -> usize {
    let mut at = from;
    while at < text.len() && text[at] != quote {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at.min(text.len())
}

fn blanks(text: &[u8], from: usize) -> usize {
    text[from..].iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}
