//! Percent-encoding of queries and paths, and the escapes of secret parts.
//!
//! The host and the SDK share this implementation: the host encodes queries, and the SDK's path templates encode values. The rules for paths
//! are stricter than the URL standard, because a cart's server, or a proxy in front of it, may decode more than once or cut a segment
//! at a semicolon. A path that such a server would read as another path is refused, however it is written.

use crate::http::Escape;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

/// The number of times a segment is decoded to find hidden separators and dots: once for the server, and twice for servers that decode again.
const DECODES: usize = 3;

/// Why a text cannot be encoded, or is encoded incorrectly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The path is neither empty nor starts with a slash.
    #[error("a path is empty or starts with `/`")]
    PathStart,
    /// A segment other than the last is empty, or would be after a server cut it at a semicolon.
    #[error("no segment of a path but the last is empty")]
    SegmentEmpty,
    /// A segment is `.` or `..`, encoded or not, or is followed by a semicolon.
    #[error("no segment of a path is `.` or `..`, encoded or not")]
    SegmentDots,
    /// A segment contains a slash or a backslash, encoded once or more.
    #[error("no segment of a path holds a slash or a backslash, encoded or not")]
    Separator,
    /// The path contains a control character, encoded once or more.
    #[error("a path holds no control character, encoded or not")]
    Control,
    /// A percent sign is not followed by two hexadecimal digits.
    #[error("`%` is followed by two hexadecimal digits")]
    Percent,
    /// The percent-encoded bytes are not UTF-8.
    #[error("percent-encoded bytes are UTF-8")]
    NotUtf8,
    /// The URL standard writes the path in another form.
    #[error("a path is in its normal form, which is {normal:?}")]
    NotNormal {
        /// The normal form.
        normal: String,
    },
    /// A raw query text contains a character that the query of a URL does not preserve.
    #[error("raw query text holds only what a query keeps, and no `&` or `#`: {0:?} must be encoded")]
    RawQuery(char),
    /// XML 1.0 cannot contain the character, not even as a reference.
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
/// A value that some servers would not take as one segment is refused: empty, `.` or `..`, with a slash, a backslash or a control
/// character, or a value that becomes one of these when it is decoded again (`%2e`).
pub fn path_segment(value: &str) -> Result<String, Error> {
    if value.is_empty() {
        return Err(Error::SegmentEmpty);
    }
    let segment = percent(value.as_bytes(), is_unreserved);
    check_segment(&segment)?;
    Ok(segment)
}

/// Checks that a path is in its normal form: empty, or as [`http.wit`](crate::http) defines `request.path`.
///
/// # Errors
/// The first rule that the path breaks.
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
        // The text after the host cannot make the URL unreadable; if it does, the text is not a path.
        Err(_) => Err(Error::PathStart),
    }
}

/// Checks that a text can be sent unchanged in a query: it is encoded already, and ends neither its pair nor the query.
///
/// # Errors
/// [`Error::RawQuery`] with the first character that must be encoded, or [`Error::Percent`] for a percent sign without digits.
pub fn check_raw_query(text: &str) -> Result<(), Error> {
    // The URL standard's special-query set, and the two separators.
    let kept = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '#' | '&' | '\'' | '<' | '>');
    if let Some(character) = text.chars().find(|&c| !kept(c)) {
        return Err(Error::RawQuery(character));
    }
    check_percent(text)
}

/// Writes a secret with an escape.
///
/// # Errors
/// [`Error::Xml`] if the value contains a character that XML 1.0 forbids.
pub fn escape(value: &str, escape: Escape) -> Result<String, Error> {
    Ok(match escape {
        Escape::None => value.to_owned(),
        Escape::Form => form(value),
        Escape::JsonString => json_string(value),
        Escape::XmlText => xml_text(value)?,
        Escape::Base64 => STANDARD.encode(value),
    })
}

/// Encodes a value for `application/x-www-form-urlencoded` (WHATWG URL, section 5.2).
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
            // XML 1.0, production 2: these characters are excluded from Char.
            '\u{fffe}' | '\u{ffff}' => return Err(Error::Xml(u32::from(c))),
            c if c < ' ' && !matches!(c, '\t' | '\n' | '\r') => return Err(Error::Xml(u32::from(c))),
            // A reference also protects tabs and line ends from being normalised in an attribute.
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

/// Percent-encodes bytes. The digits come from a table, because guests spend much of a call here.
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

/// Checks a segment, unless it is the last one and empty.
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
    // Some servers remove parameters from a segment (`..;a=b`) before they resolve the path.
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

/// Decodes percent-encoding once; a percent sign without two digits is kept.
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
