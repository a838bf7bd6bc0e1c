//! Joins parts: text, bytes and fields of credential slots become one sequence of bytes.
//!
//! Secrets come from a [`Source`] and are inserted last, in one place. So measuring, recording and sending a request use the same
//! code, and differ only in the values that are inserted for secrets.

use crate::encoding;
use crate::grants::Grants;
use crate::http::{Part, SecretPart};
use crate::manifest::{Manifest, Slot, SlotField};
use crate::request::Secrets;
use std::collections::BTreeMap;

/// The fields that a request or a message may use, by slot and name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(BTreeMap<String, BTreeMap<String, Field>>);

impl Fields {
    pub(crate) fn insert(&mut self, slot: &str, name: &str, field: Field) {
        self.0.entry(slot.to_owned()).or_default().insert(name.to_owned(), field);
    }

    fn get(&self, slot: &str, name: &str) -> Option<Field> {
        self.0.get(slot)?.get(name).copied()
    }
}

/// A field that a request or a message may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    /// Whether the field's value is a secret.
    pub(crate) secret: bool,
    /// Whether the field is optional and has no value; such a field is written as empty text.
    pub(crate) empty: bool,
}

/// Why a slot or a field may not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("credential slot {0} is not in the manifest; declare it there")]
    NoSlot(Shown),
    #[error("credential slot {0} holds no value; set the credential for this cart")]
    NotGranted(Shown),
    #[error("credential slot {slot} has no field {field}; declare it in the manifest")]
    NoField { slot: Shown, field: Shown },
    #[error("field {field} of credential slot {slot} holds no value; set the credential for this cart")]
    NoValue { slot: Shown, field: Shown },
}

/// Why parts could not be joined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Unusable(#[from] Unusable),
    #[error("field {field} of credential slot {slot} cannot be written in this way: {source}")]
    Escape { slot: Shown, field: Shown, source: encoding::Error },
    #[error("it is larger than {max} bytes")]
    TooLarge { max: usize },
}

/// A guest's text for use in a message: quoted, with control characters escaped, and shortened if it is long.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Shown(String);

impl Shown {
    pub(crate) fn of(text: &str) -> Shown {
        const CHARACTERS_MAX: usize = 80;
        let mut characters = text.chars();
        let start: String = characters.by_ref().take(CHARACTERS_MAX).collect();
        Shown(if characters.next().is_none() { format!("{start:?}") } else { format!("{start:?}...") })
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The slot with this name, if the host holds a value for it.
pub(crate) fn granted_slot<'m>(name: &str, manifest: &'m Manifest, grants: &Grants) -> Result<&'m Slot, Unusable> {
    let slot = manifest.slot(name).ok_or_else(|| Unusable::NoSlot(Shown::of(name)))?;
    if grants.slots.contains_key(name) { Ok(slot) } else { Err(Unusable::NotGranted(Shown::of(name))) }
}

/// The field with this name of a granted slot. A required field is returned only if it has a value.
pub(crate) fn granted_field<'m>(slot: &'m Slot, name: &str, grants: &Grants) -> Result<(&'m SlotField, Field), Unusable> {
    let field = slot.field(name).ok_or_else(|| Unusable::NoField { slot: Shown::of(&slot.name), field: Shown::of(name) })?;
    let empty = !grants.slots.get(&slot.name).is_some_and(|fields| fields.contains(name));
    if empty && field.required {
        return Err(no_value(&slot.name, name));
    }
    Ok((field, Field { secret: field.secret, empty }))
}

fn no_value(slot: &str, field: &str) -> Unusable {
    Unusable::NoValue { slot: Shown::of(slot), field: Shown::of(field) }
}

/// The kind of value that is inserted for a secret.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// One character for each secret, to check everything except the secrets.
    Measure,
    /// `[slot.field]`, whatever the escape, to show the request to a person.
    Record,
    /// The secrets' values.
    Real(&'a dyn Secrets),
}

impl<'a> Source<'a> {
    /// The value for a field before any escape, and whether an escape applies.
    pub(crate) fn value(&self, slot: &str, field: &str, fields: &Fields) -> Result<Value<'a>, Error> {
        let known = fields.get(slot, field).ok_or_else(|| no_value(slot, field))?;
        match self {
            _ if known.empty => Ok(Value::Text("")),
            Source::Measure => Ok(Value::Text("x")),
            Source::Record => Ok(Value::Placeholder(format!("[{slot}.{field}]"))),
            Source::Real(secrets) => Ok(Value::Text(secrets.field(slot, field).ok_or_else(|| no_value(slot, field))?)),
        }
    }
}

/// The value that is inserted for a field.
pub(crate) enum Value<'a> {
    /// A text that must be escaped for its place.
    Text(&'a str),
    /// A text that is never escaped.
    Placeholder(String),
}

impl Value<'_> {
    /// Writes the value with the caller's escape, unless the value is a placeholder.
    pub(crate) fn written(self, escape: impl FnOnce(&str) -> String) -> String {
        match self {
            Value::Text(text) => escape(text),
            Value::Placeholder(placeholder) => placeholder,
        }
    }
}

/// The result of joining parts.
pub(crate) struct Joined {
    pub(crate) bytes: Vec<u8>,
    /// Whether the bytes contain the value of a secret field.
    pub(crate) sensitive: bool,
}

/// Joins the parts of a body, a header value or a message without further encoding.
pub(crate) fn join(parts: &[Part], fields: &Fields, source: Source<'_>, max: usize) -> Result<Joined, Error> {
    let mut joined = Joined { bytes: Vec::with_capacity(known_bytes(parts).min(max)), sensitive: false };
    for part in parts {
        match part {
            Part::Text(text) | Part::Raw(text) => push(&mut joined.bytes, text.as_bytes(), max)?,
            Part::Bytes(bytes) => push(&mut joined.bytes, bytes, max)?,
            Part::Secret(part) => {
                let text = match source.value(&part.slot, &part.field, fields)? {
                    Value::Text(text) => escaped(part, text)?,
                    Value::Placeholder(placeholder) => placeholder,
                };
                push(&mut joined.bytes, text.as_bytes(), max)?;
                joined.sensitive |= fields.get(&part.slot, &part.field).is_some_and(|field| field.secret);
            }
        }
    }
    Ok(joined)
}

/// The total size, in bytes, of all parts except secrets.
fn known_bytes(parts: &[Part]) -> usize {
    let bytes = |part: &Part| match part {
        Part::Text(text) | Part::Raw(text) => text.len(),
        Part::Bytes(bytes) => bytes.len(),
        Part::Secret(_) => 0,
    };
    parts.iter().map(bytes).sum()
}

/// Joins the parts of a query value, and encodes everything except raw text.
pub(crate) fn join_query(parts: &[Part], fields: &Fields, source: Source<'_>, max: usize) -> Result<String, Error> {
    let mut joined = String::new();
    for part in parts {
        let piece = match part {
            Part::Text(text) => encoding::query(text),
            Part::Bytes(bytes) => encoding::query(bytes),
            Part::Raw(text) => text.clone(),
            Part::Secret(part) => match source.value(&part.slot, &part.field, fields)? {
                Value::Text(text) => encoding::query(escaped(part, text)?),
                Value::Placeholder(placeholder) => placeholder,
            },
        };
        if joined.len() + piece.len() > max {
            return Err(Error::TooLarge { max });
        }
        joined.push_str(&piece);
    }
    Ok(joined)
}

fn escaped(part: &SecretPart, value: &str) -> Result<String, Error> {
    encoding::escape(value, part.escape).map_err(|source| Error::Escape {
        slot: Shown::of(&part.slot),
        field: Shown::of(&part.field),
        source,
    })
}

fn push(joined: &mut Vec<u8>, piece: &[u8], max: usize) -> Result<(), Error> {
    if joined.len() + piece.len() > max {
        return Err(Error::TooLarge { max });
    }
    joined.extend_from_slice(piece);
    Ok(())
}
