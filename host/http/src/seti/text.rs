//! The characters of a post: decoding its bytes, and the characters that a field can hold.

use cartage_model::carts::inlet::Encoding;

/// The most characters of a sender's text that an error repeats.
const REPEATED_CHARS_MAX: usize = 60;

/// The characters of Windows-1252 from 0x80 to 0x9F; NUL for a byte without a character.
const WINDOWS_1252_HIGH: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“', '”', '•', '–', '—', '˜', '™',
    'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// Why bytes are not valid text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The inlet expects UTF-8, and the bytes are something else.
    #[error("the bytes are not valid UTF-8 from byte {at} on, and the inlet's encoding is \"utf-8\"")]
    NotUtf8 {
        /// The number of valid bytes before the fault.
        at: usize,
    },
    /// A byte has no character in Windows-1252, and the inlet's encoding does not accept the bytes as UTF-8.
    #[error(
        "byte {at} is 0x{byte:02X}, which Windows-1252 does not have, and the bytes are not valid UTF-8 that the inlet's encoding accepts"
    )]
    NoCharacter {
        /// The number of bytes before the fault.
        at: usize,
        /// The byte that Windows-1252 does not have.
        byte: u8,
    },
}

/// Decodes bytes in the inlet's encoding.
pub(super) fn decode(bytes: &[u8], encoding: Encoding) -> Result<String, Error> {
    let utf8 = std::str::from_utf8(bytes);
    match (encoding, utf8) {
        (Encoding::Auto | Encoding::Utf8, Ok(text)) => Ok(text.to_owned()),
        (Encoding::Utf8, Err(error)) => Err(Error::NotUtf8 { at: error.valid_up_to() }),
        (Encoding::Auto, Err(_)) | (Encoding::Windows1252, _) => {
            bytes.iter().enumerate().map(|(at, byte)| windows_1252(*byte).ok_or(Error::NoCharacter { at, byte: *byte })).collect()
        }
    }
}

/// The character of a byte in Windows-1252; `None` if the byte has none.
pub(super) fn windows_1252(byte: u8) -> Option<char> {
    match byte {
        0x80..=0x9F => Some(WINDOWS_1252_HIGH[usize::from(byte - 0x80)]).filter(|c| *c != '\0'),
        _ => Some(char::from(byte)),
    }
}

/// Whether a character is invisible to a reader: white space, control characters such as the NUL at the end of C strings, a byte order
/// mark, a zero-width space, and the replacement for a character that could not be decoded.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{feff}' | '\u{200b}' | '\u{2060}' | char::REPLACEMENT_CHARACTER)
}

/// A field of one line, with blanks around it removed; `None` if nothing is left.
pub(super) fn line(text: &str) -> Option<String> {
    Some(text.trim_matches(is_blank)).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A field of several lines, with plain line ends. Control characters are replaced: no note contains one on purpose, and an update with one would stay
/// invalid for good. `None` if nothing is left.
pub(super) fn block(text: &str) -> Option<String> {
    if text.chars().all(is_blank) {
        return None;
    }
    let plain = |c: char| if c.is_control() && !matches!(c, '\n' | '\t') { char::REPLACEMENT_CHARACTER } else { c };
    Some(text.replace("\r\n", "\n").replace('\r', "\n").chars().map(plain).collect())
}

/// A sender's text, cut to the length that an error repeats.
pub(super) fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(REPEATED_CHARS_MAX).collect();
    if cut.len() < text.len() {
        cut.push_str("...");
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_the_inlet_says() {
        use Encoding::{Auto, Utf8, Windows1252};
        for (bytes, encoding, expected) in [
            (&b"caf\xC3\xA9"[..], Auto, Ok("café")),
            (b"caf\xE9", Auto, Ok("café")),
            (b"it\x92s \x80 5", Auto, Ok("it’s € 5")),
            (b"caf\xC3\xA9", Utf8, Ok("café")),
            (b"caf\xE9", Utf8, Err(Error::NotUtf8 { at: 3 })),
            (b"caf\xC3\xA9", Windows1252, Ok("cafÃ©")),
            (b"\xE9\x81", Auto, Err(Error::NoCharacter { at: 1, byte: 0x81 })),
            (b"\xE9\x9F\xFF", Windows1252, Ok("éŸÿ")),
            (b"", Auto, Ok("")),
        ] {
            assert_eq!(decode(bytes, encoding), expected.map(str::to_owned), "{bytes:?} as {encoding:?}");
        }
        let gaps: Vec<u8> = (0..=255).filter(|byte| windows_1252(*byte).is_none()).collect();
        assert_eq!(gaps, [0x81, 0x8D, 0x8F, 0x90, 0x9D]);
    }

    #[test]
    fn fields_are_cleaned() {
        assert_eq!(line(" \tShipped\r\n"), Some("Shipped".to_owned()));
        assert_eq!(line(" \n"), None);
        assert_eq!(line("\0\u{feff}9001\u{a0}\0\0"), Some("9001".to_owned()));
        assert_eq!(block("a\r\nb\rc\td\u{b}e\u{85}"), Some("a\nb\nc\td\u{fffd}e\u{fffd}".to_owned()));
        assert_eq!(block(" keeps its spaces "), Some(" keeps its spaces ".to_owned()));
        assert_eq!(block(" \r\n"), None);
    }

    #[test]
    fn an_error_repeats_so_much_and_no_more() {
        let most = "é".repeat(REPEATED_CHARS_MAX);
        assert_eq!(cut(&most), most);
        assert_eq!(cut(&format!("{most}é")), format!("{most}..."));
    }
}
