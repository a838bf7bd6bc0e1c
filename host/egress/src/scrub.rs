//! Finds and replaces secrets that a cart sends back.
//!
//! A plugin that cannot see a secret could still call a cart that repeats what it is sent, in a debug page or an error. So every answer is searched
//! for the cart's secrets, without regard to case: in plain text, hexadecimal and base64; then again with the escapes of URLs, JSON and HTML decoded,
//! in any order and as often as they are nested; and last in the decoded runs of base64 and hexadecimal. Every secret that is found is replaced. Each
//! of these passes is linear, and their number is fixed.
//!
//! A secret that the cart transforms in another way (hashes, reverses, cuts in two) is not found. For that reason a hit also ends the call.

mod runs;

use super::credential::{Needle, SCRUBBED_BYTES_MIN};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use cartage_base::coding::{Coding, Edit, apply};
use cartage_base::search::Search;
use runs::{READINGS, Reading};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use zeroize::Zeroizing;

/// How often escapes are decoded: once for each time that a text was encoded, and once more.
const PEELS_MAX: usize = 4;

/// Escapes that are also decoded on their own, because a sequence that looks like another escape may be part of the secret.
const ALONE: [Coding; 3] = [Coding::Form, Coding::JsonString, Coding::Xml];

/// Searches bytes for the secrets of a cart.
pub(super) struct Scrubber {
    search: Search,
    /// The text that replaces each pattern.
    places: Vec<String>,
}

/// Whether a secret was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Secret,
}

impl Scrubber {
    pub(super) fn new(needles: &[Needle]) -> Scrubber {
        let written = needles
            .iter()
            .flat_map(|needle| patterns(&needle.bytes).into_iter().map(|pattern| (Zeroizing::new(pattern), needle.place.clone())));
        let (patterns, places): (Vec<Zeroizing<Vec<u8>>>, Vec<String>) = written.unzip();
        let search = Search::new(patterns.iter().map(|pattern| pattern.as_slice()), fold);
        Scrubber { search, places }
    }

    /// Whether the bytes hold a secret, in any of the encodings that are searched.
    pub(super) fn look(&self, bytes: &[u8]) -> Found {
        if !self.search.is_empty() && self.is_in(bytes) { Found::Secret } else { Found::Nothing }
    }

    /// Replaces every secret in the bytes.
    pub(super) fn bytes(&self, bytes: &mut Vec<u8>) -> Found {
        let found = self.look(bytes);
        if found == Found::Secret {
            *bytes = apply(bytes, self.edits(bytes));
        }
        found
    }

    /// Replaces every secret in the text.
    pub(super) fn text(&self, text: &mut String) -> Found {
        let found = self.look(text.as_bytes());
        if found == Found::Secret {
            let bytes = apply(text.as_bytes(), self.edits(text.as_bytes()));
            *text = String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        }
        found
    }

    /// Makes the same passes as [`Scrubber::edits`] without noting the place of each byte, because nearly every answer holds no secret.
    fn is_in(&self, raw: &[u8]) -> bool {
        let Some(text) = self.innermost(raw) else { return true };
        let alone = ALONE.into_iter().any(|coding| self.search.is_in(&coding.read(raw, |_, _| ())));
        alone || READINGS.into_iter().any(|reading| self.innermost(&reading.read(&text).bytes).is_none())
    }

    /// The text after all escapes have been read. `None` if a secret was found on the way.
    fn innermost<'a>(&self, raw: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let mut text = Cow::Borrowed(raw);
        for peels in 0..=PEELS_MAX {
            if self.search.is_in(&text) {
                return None;
            }
            match Coding::Any.read(&text, |_, _| ()) {
                Cow::Owned(inner) if peels < PEELS_MAX => text = inner.into(),
                Cow::Owned(_) | Cow::Borrowed(_) => break,
            }
        }
        Some(text)
    }

    fn edits(&self, raw: &[u8]) -> Vec<Edit> {
        let mut edits = Vec::new();
        for coding in ALONE {
            let inner = coding.decode(raw);
            self.find(&inner.bytes, &|at| inner.raw(at), &mut edits);
        }
        self.peel(raw, PEELS_MAX, &READINGS, &Range::clone, &mut edits);
        edits
    }

    /// Searches bytes, their text with escapes decoded, and the decoded runs of the innermost text. `raw` maps a range of these bytes to the range of
    /// the answer that stands for it.
    fn peel(&self, bytes: &[u8], peels: usize, runs: &[Reading], raw: &dyn Fn(&Range<usize>) -> Range<usize>, edits: &mut Vec<Edit>) {
        self.find(bytes, raw, edits);
        if peels > 0 {
            let inner = Coding::Any.decode(bytes);
            if inner.differs() {
                return self.peel(&inner.bytes, peels - 1, runs, &|at| raw(&inner.raw(at)), edits);
            }
        }
        for reading in runs {
            let inner = reading.read(bytes);
            self.peel(&inner.bytes, PEELS_MAX, &[], &|at| raw(&inner.raw(at)), edits);
        }
    }

    fn find(&self, bytes: &[u8], raw: &dyn Fn(&Range<usize>) -> Range<usize>, edits: &mut Vec<Edit>) {
        edits.extend(self.search.find(bytes).into_iter().map(|found| Edit { at: raw(&found.at), text: self.places[found.nth].clone() }));
    }
}

/// The byte in the form in which bytes are compared: without case, and with a space for a plus, as in forms.
fn fold(byte: u8) -> u8 {
    if byte == b'+' { b' ' } else { byte.to_ascii_lowercase() }
}

/// The patterns by which a secret is searched for: itself, in UTF-8 and in Latin-1, in hexadecimal, and in base64.
fn patterns(secret: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut all = BTreeSet::from([secret.to_vec(), hex(secret)]);
    all.extend((0..3).flat_map(|before| base64(secret, before)));
    let text = std::str::from_utf8(secret).ok().filter(|text| text.chars().all(|c| u32::from(c) < 0x100));
    all.extend(text.map(|text| text.chars().map(|c| c as u8).collect()));
    // What looks like an escape in the secret is read where an answer is.
    let mut peeled = Zeroizing::new(secret.to_vec());
    for _ in 0..PEELS_MAX {
        peeled = Zeroizing::new(Coding::Any.read(&peeled, |_, _| ()).into_owned());
        all.insert(peeled.to_vec());
    }
    all.retain(|pattern| pattern.len() >= SCRUBBED_BYTES_MIN);
    all
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

/// The characters of a base64 text that depend on this secret alone, if so many bytes (modulo 3) come before the secret.
fn base64(secret: &[u8], before: usize) -> [Vec<u8>; 2] {
    let mut bytes = Zeroizing::new(vec![0; before]);
    bytes.extend_from_slice(secret);
    let first = (before * 8).div_ceil(6);
    let last = bytes.len() * 8 / 6;
    [STANDARD_NO_PAD.encode(&*bytes), URL_SAFE_NO_PAD.encode(&*bytes)].map(|text| text.as_bytes()[first..last].to_vec())
}

#[cfg(test)]
mod tests;
