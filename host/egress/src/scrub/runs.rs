//! Decodes runs of base64 and hexadecimal digits in a text, wherever in a run a value begins.

use cartage_base::coding::Decoded;

/// A way to decode runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    digits: Digits,
    /// How many digits at the start of each run are passed over. In base64, four digits stand for three bytes, and a run may begin with digits that
    /// are not part of the value.
    skip: usize,
}

#[derive(Debug, Clone, Copy)]
enum Digits {
    Base64,
    Hex,
}

/// All ways to decode a run: four for base64, two for hexadecimal digits.
pub(super) const READINGS: [Reading; 6] = [
    Reading { digits: Digits::Base64, skip: 0 },
    Reading { digits: Digits::Base64, skip: 1 },
    Reading { digits: Digits::Base64, skip: 2 },
    Reading { digits: Digits::Base64, skip: 3 },
    Reading { digits: Digits::Hex, skip: 0 },
    Reading { digits: Digits::Hex, skip: 1 },
];

/// The fewest bytes of a run that is kept: shorter runs hold no secret that is searched for.
const RUN_BYTES_MIN: usize = super::SCRUBBED_BYTES_MIN;
/// The byte between two decoded runs.
const BETWEEN: u8 = 0;

impl Reading {
    /// Decodes the runs of a text, with the place of each byte's first digit. Line ends within a run are passed over, because mail breaks base64 into
    /// lines.
    pub(super) fn read(self, text: &[u8]) -> Decoded<'static> {
        let place = |at: usize| u32::try_from(at).expect("an answer was bounded far below four gigabytes");
        let (mut bytes, mut places): (Vec<u8>, Vec<u32>) = (Vec::new(), Vec::new());
        let (mut run, mut digits) = (0, 0);
        // Bits that are no whole byte yet, how many, and where the first of their digits stands.
        let (mut bits, mut count, mut first) = (0_u32, 0, 0);
        for (at, byte) in text.iter().enumerate() {
            let Some(value) = self.value(*byte) else {
                if matches!(byte, b'\r' | b'\n') {
                    continue;
                }
                if bytes.len() - run < RUN_BYTES_MIN {
                    bytes.truncate(run);
                    places.truncate(run);
                } else {
                    bytes.push(BETWEEN);
                    places.push(place(at));
                }
                (run, digits, bits, count) = (bytes.len(), 0, 0, 0);
                continue;
            };
            digits += 1;
            if digits <= self.skip {
                continue;
            }
            let width = self.width();
            first = if count == 0 { at } else { first };
            (bits, count) = (bits << width | u32::from(value), count + width);
            if count >= 8 {
                count -= 8;
                bytes.push((bits >> count) as u8);
                places.push(place(first));
                bits &= (1 << count) - 1;
                first = at;
            }
        }
        places.push(place(text.len()));
        Decoded::of(bytes, places)
    }

    /// The bits of one digit.
    fn width(self) -> u32 {
        match self.digits {
            Digits::Base64 => 6,
            Digits::Hex => 4,
        }
    }

    fn value(self, byte: u8) -> Option<u8> {
        match (self.digits, byte) {
            (Digits::Base64, b'A'..=b'Z') => Some(byte - b'A'),
            (Digits::Base64, b'a'..=b'z') => Some(byte - b'a' + 26),
            (Digits::Base64, b'0'..=b'9') => Some(byte - b'0' + 52),
            (Digits::Base64, b'+' | b'-') => Some(62),
            (Digits::Base64, b'/' | b'_') => Some(63),
            (Digits::Hex, b'0'..=b'9') => Some(byte - b'0'),
            (Digits::Hex, b'a'..=b'f') => Some(byte - b'a' + 10),
            (Digits::Hex, b'A'..=b'F') => Some(byte - b'A' + 10),
            (Digits::Base64 | Digits::Hex, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_read_from_any_of_their_digits_and_short_ones_are_not() {
        for (text, reading, bytes, second) in [
            ("x: aHVudGVyMiBodW50ZXIyLg== y", 0, &b"hunter2 hunter2.\0"[..], 4),
            ("/aHVudGVyMiBodW50ZXIyLg", 1, b"hunter2 hunter2.", 2),
            ("aHVudGVy\r\nMiBodW50ZXIyLg", 0, b"hunter2 hunter2.", 1),
            ("<68756e746572322068756e74657232>", 4, b"hunter2 hunter2\0", 3),
            ("868756e746572322068756e74657232", 5, b"hunter2 hunter2", 3),
            ("a short one, aHVudGVyMg==", 0, b"", 0),
        ] {
            let read = READINGS[reading].read(text.as_bytes());
            let ends = read.bytes.strip_suffix(b"\0").unwrap_or(&read.bytes);
            assert_eq!(ends, bytes.strip_suffix(b"\0").unwrap_or(bytes), "{text}");
            if !bytes.is_empty() {
                assert_eq!(read.raw(&(1..2)).start, second, "{text}");
            }
        }
    }
}
