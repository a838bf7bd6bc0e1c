//! Writes and reads a cassette as a file: indented JSON with its keys in a fixed order, so that two versions can be compared in a review.
//! `docs/cassettes.md` describes the file.
//!
//! Format 2 ends with `sums`, a short hash of each part. If a part does not have its hash, it was changed after the file was written, and the file is
//! refused with the name of that part: an edited recording proves nothing. Indentation and the order of keys do not matter. Format 1, in which
//! attempts are stored, is the same without `sums`; changes of such a file are found only if they break its form.

use super::Cassette;
use crate::exchange::{Call, Outcome};
use crate::id::Digest;
use crate::remedy::Remedy;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::error::Category;

/// The newest format, in which files are written.
pub const FORMAT: u32 = 2;
/// The largest file that is read, in bytes.
pub const FILE_BYTES_MAX: usize = 64 << 20;
/// The hexadecimal digits of a hash in `sums`.
const SUM_DIGITS: usize = 16;

/// Why a file cannot be read as a cassette.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is empty.
    #[error("it is empty")]
    Empty,
    /// The file has more than [`FILE_BYTES_MAX`] bytes.
    #[error("it has more than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// The file ends in the middle of the JSON document.
    #[error("it ends too early, at line {line}, column {column}: the rest is missing")]
    Truncated {
        /// The line at which the file ends.
        line: usize,
        /// The column at which the file ends.
        column: usize,
    },
    /// The file is not JSON.
    #[error("it is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// The file is JSON, but does not begin with `format` and a number.
    #[error("it is not a cassette: it does not begin with `format` and a number")]
    NoFormat,
    /// A later release wrote the file.
    #[error("it is written in format {format}, and this release reads the formats 1 to {FORMAT}")]
    Newer {
        /// The format that the file names.
        format: u64,
    },
    /// A part of the file was changed after the file was written.
    #[error("{place} was changed after the file was written")]
    Edited {
        /// The changed part, in words.
        place: String,
    },
    /// The file has a key that no cassette has.
    #[error("{place} is not part of a cassette")]
    UnknownKey {
        /// The key with the keys around it.
        place: String,
    },
    /// A part is missing or has the wrong type.
    #[error("it is JSON, but does not have the form of a cassette")]
    Form(#[source] serde_json::Error),
}

impl Error {
    /// What a person who has the file can do.
    pub fn remedy(&self) -> Remedy {
        match self {
            Error::Newer { .. } => Remedy::ReadWithItsRelease,
            Error::Edited { .. } | Error::UnknownKey { .. } => Remedy::UseAsWritten,
            Error::Empty | Error::Truncated { .. } => Remedy::CopyAgain,
            Error::TooLarge | Error::NotJson(_) | Error::NoFormat | Error::Form(_) => Remedy::NameCassette,
        }
    }
}

/// A short hash of each part of a cassette.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sums {
    /// The hash of the plugin's name, version and digest.
    plugin: String,
    call: String,
    /// The hashes of the recording's entries, in order.
    entries: Vec<String>,
    /// The hash of the recording without its entries.
    recording: String,
    outcome: String,
}

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    plugin: &'a str,
    version: &'a str,
    digest: Digest,
    call: &'a Call,
    recording: &'a super::Recording,
    outcome: &'a Outcome,
    sums: Sums,
}

/// Writes a cassette as the text of a file.
pub fn write(cassette: &Cassette) -> String {
    let Cassette { format: _, plugin, version, digest, call, recording, outcome } = cassette;
    let value = serde_json::to_value(cassette).expect("a cassette is plain data");
    let sums = sums(&value);
    let written = Written { format: FORMAT, plugin, version, digest: *digest, call, recording, outcome, sums };
    let mut text = serde_json::to_string_pretty(&written).expect("a cassette is plain data");
    text.push('\n');
    text
}

/// Reads a cassette's file, of this format or an earlier one.
///
/// # Errors
///
/// [`Error`], with the place at which the file is wrong.
pub fn read(text: &[u8]) -> Result<Cassette, Error> {
    if text.len() > FILE_BYTES_MAX {
        return Err(Error::TooLarge);
    }
    if text.trim_ascii().is_empty() {
        return Err(Error::Empty);
    }
    let value: Value = serde_json::from_slice(text).map_err(|error| match error.classify() {
        Category::Eof => Error::Truncated { line: error.line(), column: error.column() },
        Category::Io | Category::Syntax | Category::Data => Error::NotJson(error),
    })?;
    let format = value.get("format").and_then(Value::as_u64).filter(|format| *format > 0).ok_or(Error::NoFormat)?;
    if format > u64::from(FORMAT) {
        return Err(Error::Newer { format });
    }
    if format >= 2 {
        check_sums(&value)?;
    }
    // From the text again: only then an error says its line.
    let mut cassette: Cassette = serde_json::from_slice(text).map_err(Error::Form)?;
    check_keys(&value, &cassette)?;
    cassette.format = super::FORMAT;
    Ok(cassette)
}

fn check_sums(value: &Value) -> Result<(), Error> {
    let edited = |place: &str| Error::Edited { place: place.to_owned() };
    let written = value.get("sums").and_then(|sums| Sums::deserialize(sums).ok()).ok_or_else(|| edited("the list `sums`"))?;
    let Sums { plugin, call, entries, recording, outcome } = sums(value);
    if plugin != written.plugin {
        return Err(edited("what the file says of its plugin (plugin, version, digest)"));
    }
    if call != written.call {
        return Err(edited("the call"));
    }
    if let Some(at) = entries.iter().zip(&written.entries).position(|(is, was)| is != was) {
        return Err(edited(&format!("entry {} of the recording's {}", at + 1, written.entries.len())));
    }
    if entries.len() != written.entries.len() {
        let (is, was) = (entries.len(), written.entries.len());
        return Err(edited(&format!("the number of the recording's entries, which was {was} and is {is},")));
    }
    if recording != written.recording {
        return Err(edited("the recording beside its entries"));
    }
    if outcome != written.outcome { Err(edited("the outcome")) } else { Ok(()) }
}

fn sums(cassette: &Value) -> Sums {
    let part = |name: &str| cassette.get(name).unwrap_or(&Value::Null);
    let mut recording = part("recording").clone();
    let entries = recording.as_object_mut().and_then(|recording| recording.remove("entries"));
    let entries = entries.as_ref().and_then(Value::as_array).map_or_else(Vec::new, |entries| entries.iter().map(sum).collect());
    let plugin = Value::Array(["plugin", "version", "digest"].map(|name| part(name).clone()).to_vec());
    Sums { plugin: sum(&plugin), call: sum(part("call")), entries, recording: sum(&recording), outcome: sum(part("outcome")) }
}

fn sum(value: &Value) -> String {
    let mut text = String::new();
    canonical(value, &mut text);
    let digest = Digest::of(text.as_bytes()).to_string();
    digest.trim_start_matches("sha256:").chars().take(SUM_DIGITS).collect()
}

/// Writes JSON without blanks, with its keys in alphabetical order.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in members {
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            items.iter().for_each(|item| {
                canonical(item, out);
                out.push(',');
            });
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push_str(&value.to_string()),
    }
}

/// Refuses keys that the types would ignore: a misspelled key would count as left out.
fn check_keys(value: &Value, cassette: &Cassette) -> Result<(), Error> {
    let known = serde_json::to_value(cassette).expect("a cassette is plain data");
    let mut place = Vec::new();
    let Value::Object(members) = value else { return Err(Error::NoFormat) };
    for (name, value) in members.iter().filter(|(name, _)| *name != "sums") {
        place.push(name.clone());
        unknown(value, known.get(name), &mut place)?;
        place.pop();
    }
    Ok(())
}

fn unknown(given: &Value, known: Option<&Value>, place: &mut Vec<String>) -> Result<(), Error> {
    let is_nothing = given.is_null() || given.as_array().is_some_and(Vec::is_empty) || *given == Value::Bool(false);
    let Some(known) = known else {
        // What is empty may be left out when it is written.
        return if is_nothing { Ok(()) } else { Err(Error::UnknownKey { place: place.join(".") }) };
    };
    match (given, known) {
        (Value::Object(given), Value::Object(known)) => {
            for (name, value) in given {
                place.push(name.clone());
                unknown(value, known.get(name), place)?;
                place.pop();
            }
        }
        (Value::Array(given), Value::Array(known)) => {
            for (at, (given, known)) in given.iter().zip(known).enumerate() {
                place.push((at + 1).to_string());
                unknown(given, Some(known), place)?;
                place.pop();
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
