//! Percent-encoding of queries and paths, and the escapes of secret parts.
//!
//! One implementation for the host, which encodes, and for the SDK, whose path templates encode a value once. The rules for paths
//! are stricter than the URL standard, because a cart's server, or a proxy before it, may decode more than once or cut a segment
//! at a semicolon: what such a server would take for another path is refused here, however it is written.

use crate::http::Escape;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

/// How often a segment is decoded to look for hidden separators and dots: once by the server, and twice for those who do it again.
const DECODES: usize = 3;

/// Why a text cannot be encoded, or is not encoded as it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The path is not empty and does not start with a slash.
    #[error("a path is empty or starts with `/`")]
    PathStart,
    /// A segment is empty and not the last, or would be after a server cut it at a semicolon.
    #[error("no segment of a path but the last is empty")]
    SegmentEmpty,
    /// A segment is `.` or `..`, perhaps encoded, or followed by a semicolon.
    #[error("no segment of a path is `.` or `..`, encoded or not")]
    SegmentDots,
    /// A segment holds a slash or a backslash, encoded once or more.
    #[error("no segment of a path holds a slash or a backslash, encoded or not")]
    Separator,
    /// There is a control character, encoded once or more.
    #[error("a path holds no control character, encoded or not")]
    Control,
    /// A percent sign is not followed by two hexadecimal digits.
    #[error("`%` is followed by two hexadecimal digits")]
    Percent,
    /// The percent-encoded bytes are not UTF-8.
    #[error("percent-encoded bytes are UTF-8")]
    NotUtf8,
    /// The URL standard writes the path in another way.
    #[error("a path is in its normal form, which is {normal:?}")]
    NotNormal {
        /// The normal form.
        normal: String,
    },
    /// A raw query text holds what a URL's query does not keep.
    #[error("raw query text holds only what a query keeps, and no `&` or `#`: {0:?} must be encoded")]
    RawQuery(char),
    /// XML 1.0 cannot hold the character, not even as a reference.
    #[error("XML cannot hold the character U+{0:04X}")]
    Xml(u32),
}

/// Encodes a name or a value of a query: every byte but RFC 3986's unreserved characters becomes `%XX` in upper-case hexadecimal.
pub fn query(text: impl AsRef<[u8]>) -> String {
    percent(text.as_ref(), is_unreserved)
}

/// Encodes a value as exactly one segment of a path, once.
///
/// # Errors
/// A value that no server can be trusted to take as one segment is refused: empty, `.` or `..`, with a slash, a backslash or a control
/// character, and also with what turns into one of these when it is decoded again (`%2e`).
pub fn path_segment(value: &str) -> Result<String, Error> {
    if value.is_empty() {
        return Err(Error::SegmentEmpty);
    }
    let segment = percent(value.as_bytes(), is_unreserved);
    check_segment(&segment)?;
    Ok(segment)
}

/// Whether a path is in its normal form: empty, or as [`http.wit`](crate::http) says of `request.path`.
///
/// # Errors
/// Names the first rule that it breaks.
pub fn check_path(path: &str) -> Result<(), Error> {
    if path.is_empty() {
        return Ok(());
    }
    let segments = path.strip_prefix('/').ok_or(Error::PathStart)?;
    let mut segments = segments.split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        if !(last && segment.is_empty()) {
            check_segment(segment)?;
        }
    }
    match url::Url::parse(&format!("https://host{path}")) {
        Ok(url) if url.path() == path && url.query().is_none() && url.fragment().is_none() => Ok(()),
        Ok(url) => Err(Error::NotNormal { normal: url.path().to_owned() }),
        // The text after the host cannot make the URL unreadable; if it does, it is no path.
        Err(_) => Err(Error::PathStart),
    }
}

/// Whether a text can go out in a query as it is: it is already encoded, and neither ends a pair nor the query.
///
/// # Errors
/// [`Error::RawQuery`] names the first character that must be encoded; [`Error::Percent`] tells of a lone percent sign.
pub fn check_raw_query(text: &str) -> Result<(), Error> {
    // The URL standard's special-query set, and the two separators.
    let kept = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '#' | '&' | '\'' | '<' | '>');
    if let Some(character) = text.chars().find(|&c| !kept(c)) {
        return Err(Error::RawQuery(character));
    }
    check_percent(text)
}

/// Writes a secret as its place demands.
///
/// # Errors
/// [`Error::Xml`] where the value holds a character that XML 1.0 forbids.
pub fn escape(value: &str, escape: Escape) -> Result<String, Error> {
    Ok(match escape {
        Escape::None => value.to_owned(),
        Escape::Form => form(value),
        Escape::JsonString => json_string(value),
        Escape::XmlText => xml_text(value)?,
        Escape::Base64 => STANDARD.encode(value),
    })
}

/// As in `application/x-www-form-urlencoded` (WHATWG URL, section 5.2).
pub(crate) fn form(value: &str) -> String {
    let encoded = percent(value.as_bytes(), |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'.' | b'_' | b' '));
    if encoded.contains(' ') { encoded.replace(' ', "+") } else { encoded }
}

fn json_string(value: &str) -> String {
    value.chars().fold(String::with_capacity(value.len()), |mut out, c| {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a string does not fail"),
            c => out.push(c),
        }
        out
    })
}

fn xml_text(value: &str) -> Result<String, Error> {
    value.chars().try_fold(String::with_capacity(value.len()), |mut out, c| {
        match c {
            // XML 1.0, production 2: what is left out of Char.
            '\u{fffe}' | '\u{ffff}' => return Err(Error::Xml(u32::from(c))),
            c if c < ' ' && !matches!(c, '\t' | '\n' | '\r') => return Err(Error::Xml(u32::from(c))),
            // A reference also keeps tabs and line ends from being normalised away in an attribute.
            '&' | '<' | '>' | '"' | '\'' | '\t' | '\n' | '\r' => {
                write!(out, "&#{};", u32::from(c)).expect("writing to a string does not fail");
            }
            c if !c.is_ascii() => write!(out, "&#{};", u32::from(c)).expect("writing to a string does not fail"),
            c => out.push(c),
        }
        Ok(out)
    })
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Guests spend much of a call here, so the digits come from a table.
fn percent(bytes: &[u8], keep: impl Fn(u8) -> bool) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    let mut out = String::with_capacity(bytes.len() + bytes.len() / 2);
    for &byte in bytes {
        if keep(byte) {
            out.push(char::from(byte));
        } else {
            out.extend(['%', digit(byte >> 4), digit(byte)]);
        }
    }
    out
}

/// A segment that is not an empty last one.
fn check_segment(segment: &str) -> Result<(), Error> {
    check_percent(segment)?;
    let mut bytes = segment.as_bytes().to_vec();
    for decodes in 0..=DECODES {
        if decodes == 1 && std::str::from_utf8(&bytes).is_err() {
            return Err(Error::NotUtf8);
        }
        check_decoded(&bytes)?;
        let decoded = decode(&bytes);
        if decoded == bytes {
            break;
        }
        bytes = decoded;
    }
    Ok(())
}

fn check_decoded(segment: &[u8]) -> Result<(), Error> {
    if segment.iter().any(|byte| matches!(byte, b'/' | b'\\')) {
        return Err(Error::Separator);
    }
    if segment.iter().any(u8::is_ascii_control) {
        return Err(Error::Control);
    }
    // Some servers cut parameters off a segment (`..;a=b`) before they resolve the path.
    match segment.split(|&byte| byte == b';').next() {
        None | Some(b"") => Err(Error::SegmentEmpty),
        Some(b"." | b"..") => Err(Error::SegmentDots),
        Some(_) => Ok(()),
    }
}

fn check_percent(text: &str) -> Result<(), Error> {
    let well_formed = text.split('%').skip(1).all(|after| after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()));
    if well_formed { Ok(()) } else { Err(Error::Percent) }
}

/// Decodes once; a percent sign without two digits stays.
fn decode(bytes: &[u8]) -> Vec<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(at + 1), digit(at + 2)) {
            out.push((high * 16 + low) as u8);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests;
