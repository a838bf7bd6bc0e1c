//! Secrets that a cart gives back.
//!
//! A plugin that cannot see a secret could still ask a cart that repeats what it is sent, in a debug page or an error. So every answer is
//! searched for the cart's secrets in the encodings in which servers usually repeat things, without regard to case, in one pass
//! whose time does not depend on how many there are. What is found is replaced. A secret that the cart transforms in another way (hashes,
//! reverses, cuts in two) is not found; that is why a hit also ends the call.

use super::credential::Needle;
use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// Looks for the secrets of a cart.
pub(super) struct Scrubber {
    /// None: there is nothing to look for.
    automaton: Option<AhoCorasick>,
    /// What stands in the place of each pattern.
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
        let encoded = needles.iter().flat_map(|needle| encodings(&needle.bytes).into_iter().map(|pattern| (pattern, needle.place.clone())));
        let (patterns, places): (Vec<Zeroizing<Vec<u8>>>, Vec<String>) =
            encoded.map(|(pattern, place)| (Zeroizing::new(pattern), place)).unzip();
        let build = || {
            AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                // Upper and lower case of hexadecimal digits, and a cart that changes the case of what it repeats.
                .ascii_case_insensitive(true)
                .build(&*patterns)
                .expect("the values of a cart's slots are far below the automaton's size limit")
        };
        Scrubber { automaton: (!patterns.is_empty()).then(build), places }
    }

    /// Replaces every secret in these bytes.
    pub(super) fn bytes(&self, bytes: &mut Vec<u8>) -> Found {
        let Some(automaton) = self.automaton.as_ref().filter(|automaton| automaton.is_match(&*bytes)) else { return Found::Nothing };
        *bytes = automaton.replace_all_bytes(bytes, &self.places);
        Found::Secret
    }

    /// Replaces every secret in this text.
    pub(super) fn text(&self, text: &mut String) -> Found {
        let Some(automaton) = self.automaton.as_ref().filter(|automaton| automaton.is_match(&*text)) else { return Found::Nothing };
        *text = automaton.replace_all(text, &self.places);
        Found::Secret
    }
}

/// The ways in which a server may repeat a secret. Case does not matter.
fn encodings(secret: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut all = BTreeSet::from([secret.to_vec(), hex(secret).into_bytes()]);
    for aligned in (0..3).flat_map(|before| base64(secret, before)) {
        all.insert(aligned.into_bytes());
    }
    // What is kept differs: RFC 3986, JavaScript's encodeURIComponent and encodeURI, forms, and those who encode everything.
    for kept in ["-._~", "-._~!*'()", "-._~!*'();/?:@&=+$,#", "*-._", "-._"] {
        let percent = percent(secret, kept.as_bytes());
        all.insert(percent.replace("%20", "+").into_bytes());
        all.insert(percent.into_bytes());
    }
    all.insert(secret.iter().fold(String::new(), |out, byte| out + &format!("%{byte:02x}")).into_bytes());
    if let Ok(text) = std::str::from_utf8(secret) {
        all.extend(json(text).into_iter().chain(xml(text)).map(String::into_bytes));
    }
    all
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |out, byte| out + &format!("{byte:02x}"))
}

/// The characters of a base64 text that this secret alone decides, where so many bytes (modulo 3) stand before it.
fn base64(secret: &[u8], before: usize) -> [String; 2] {
    let mut bytes = Zeroizing::new(vec![0; before]);
    bytes.extend_from_slice(secret);
    let first = (before * 8).div_ceil(6);
    let last = bytes.len() * 8 / 6;
    [STANDARD_NO_PAD.encode(&*bytes), URL_SAFE_NO_PAD.encode(&*bytes)].map(|text| text[first..last].to_owned())
}

fn percent(bytes: &[u8], kept: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || kept.contains(byte) {
            out.push(char::from(*byte));
        } else {
            write!(out, "%{byte:02x}").expect("writing to a string does not fail");
        }
        out
    })
}

/// In JSON, with slashes and characters beyond ASCII escaped or not.
fn json(text: &str) -> Vec<String> {
    let escape = |slashes: bool, ascii: bool| {
        text.chars().fold(String::new(), |mut out, c| {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '/' if slashes => out.push_str("\\/"),
                // PHP and .NET write these as code points when they are asked to be safe in HTML.
                c if !c.is_ascii() && ascii => {
                    c.encode_utf16(&mut [0; 2])
                        .iter()
                        .for_each(|unit| write!(out, "\\u{unit:04x}").expect("writing to a string does not fail"));
                }
                c => out.push(c),
            }
            out
        })
    };
    let html_safe = text.chars().fold(String::new(), |mut out, c| {
        match c {
            '\\' => out.push_str("\\\\"),
            '<' | '>' | '&' | '\'' | '"' | '+' => write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a string does not fail"),
            c => out.push(c),
        }
        out
    });
    vec![escape(false, false), escape(true, false), escape(false, true), escape(true, true), html_safe]
}

/// In XML or HTML: by name or number, with quotes escaped or not, and characters beyond ASCII as numbers or not.
fn xml(text: &str) -> Vec<String> {
    type Refer = fn(char) -> Option<String>;
    fn named(c: char) -> Option<String> {
        Some(match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            _ => return None,
        })
    }
    fn quoted(c: char, apostrophe: &str) -> Option<String> {
        match c {
            '"' => Some("&quot;".to_owned()),
            '\'' => Some(apostrophe.to_owned()),
            c => named(c),
        }
    }
    let markup = |c: char| matches!(c, '&' | '<' | '>' | '"' | '\'');
    let ways: [Refer; 6] = [
        named,
        |c| if c == '"' { Some("&quot;".to_owned()) } else { named(c) },
        |c| quoted(c, "&apos;"),
        |c| quoted(c, "&#39;"),
        |c| quoted(c, "&#039;"),
        |c| quoted(c, "&#x27;"),
    ];
    let mut all: Vec<String> = Vec::new();
    for way in ways {
        all.push(text.chars().map(|c| way(c).unwrap_or_else(|| c.to_string())).collect());
        let number = |c: char| way(c).unwrap_or_else(|| if c.is_ascii() { c.to_string() } else { format!("&#{};", u32::from(c)) });
        all.push(text.chars().map(number).collect());
    }
    all.push(text.chars().map(|c| if markup(c) || !c.is_ascii() { format!("&#{};", u32::from(c)) } else { c.to_string() }).collect());
    all.push(text.chars().map(|c| if markup(c) || !c.is_ascii() { format!("&#x{:x};", u32::from(c)) } else { c.to_string() }).collect());
    all
}

#[cfg(test)]
mod tests;
