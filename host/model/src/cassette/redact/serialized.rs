//! The notation of PHP's `serialize`, read leniently: `a:1:{s:5:"email";s:3:"j@x";}`. The lengths are not changed.

use super::found::FoundValue;
use super::names::{Names, Within};
use cartage_base::coding::Coding;
use std::ops::Range;

/// The deepest level at which arrays are followed. Deeper ones are treated as if they were at this level.
const DEPTH_MAX: usize = 64;
/// The most digits of a length.
const LENGTH_DIGITS_MAX: usize = 8;

/// An array or an object that is open.
struct Open {
    within: Within,
    /// The position of the next value, once its key was read.
    member: Option<Within>,
}

/// Whether a text is a serialized array or object.
pub(super) fn is_serialized(text: &[u8]) -> bool {
    let (kind, rest) = text.split_at(text.len().min(2));
    matches!(kind, b"a:" | b"O:") && rest.first().is_some_and(u8::is_ascii_digit) && rest.contains(&b'{')
}

/// The values in a serialized array or object.
pub(super) fn values(names: &Names, text: &[u8], outside: Within) -> Vec<FoundValue> {
    let (mut found, mut open, mut at) = (Vec::new(), Vec::<Open>::new(), 0);
    while at < text.len() {
        let rest = &text[at..];
        match rest[0] {
            b'{' => {
                let within = open.last_mut().map_or(outside, |inner| inner.member.take().unwrap_or(inner.within));
                if open.len() < DEPTH_MAX {
                    open.push(Open { within, member: None });
                }
                at += 1;
            }
            b'}' => {
                open.pop();
                at += 1;
            }
            b's' | b'i' | b'd' if rest.get(1) == Some(&b':') => {
                let (value, end) = if rest[0] == b's' { string(text, at + 2) } else { number(text, at + 2) };
                if let Some(inner) = open.last_mut() {
                    match inner.member.take() {
                        None => inner.member = Some(names.enter(inner.within, &text[value])),
                        Some(within) => found.push(FoundValue { within, at: value, coding: Coding::Plain }),
                    }
                }
                at = end;
            }
            b'b' | b'N' | b'r' | b'R' if matches!(rest.get(1), Some(b':' | b';')) => {
                open.last_mut().map(|inner| inner.member.take());
                at = number(text, at + 1).1;
            }
            // The name of an object's class is no key.
            b'O' if rest.get(1) == Some(&b':') => at = string(text, at + 2).1,
            _ => at += 1,
        }
    }
    found
}

/// The string in `5:"email"`, where the number gives its bytes, and the index where it ends.
fn string(text: &[u8], from: usize) -> (Range<usize>, usize) {
    let digits = text[from..].iter().take(LENGTH_DIGITS_MAX).take_while(|byte| byte.is_ascii_digit()).count();
    let bytes: Option<usize> = std::str::from_utf8(&text[from..from + digits]).ok().and_then(|digits| digits.parse().ok());
    if !text[from + digits..].starts_with(b":\"") {
        return (from..from, from + digits);
    }
    let start = from + digits + 2;
    let counted = bytes.map(|bytes| start + bytes).filter(|end| text.get(*end) == Some(&b'"'));
    let end = counted.unwrap_or_else(|| text[start..].iter().position(|byte| *byte == b'"').map_or(text.len(), |at| start + at));
    (start..end, (end + 1).min(text.len()))
}

fn number(text: &[u8], from: usize) -> (Range<usize>, usize) {
    let end = text[from..].iter().position(|byte| b";}".contains(byte)).map_or(text.len(), |at| from + at);
    (from..end, end)
}
