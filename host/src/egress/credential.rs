//! A cart's credentials: values of the slots that its plugin names, checked against the manifest.
//!
//! This is the only module in which a secret's text is read; everything else asks it to put secrets into a request, to sign with
//! them, or to say what to look for in an answer. Nothing here prints one: `Debug` shows names, errors name slots and fields. The copies
//! that an HTTP client and TLS make of a request are not wiped from memory; ours are.

use crate::nearest;
use cartage_contract::grants::{Grants, RequestLimits};
use cartage_contract::manifest::{Manifest, Slot, SlotField, SlotKind};
use cartage_contract::request::Secrets;
use cartage_contract::signing::mac_input;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// Bytes of one value.
pub const VALUE_BYTES_MAX: usize = 4096;

/// Bytes of all values of one cart together: every answer is searched for each of them.
pub const VALUES_BYTES_MAX: usize = 64 << 10;

/// A secret of fewer bytes is too likely to occur in an answer by chance, so that it is not looked for there.
pub const SCRUBBED_BYTES_MIN: usize = 12;

/// The values of a cart's credential slots, by slot and field, before they are checked.
pub type Values = BTreeMap<String, BTreeMap<String, SecretString>>;

/// Why credentials cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The manifest has no such slot.
    #[error("the plugin has no credential slot {slot:?}; {hint}")]
    UnknownSlot {
        /// The name given.
        slot: String,
        /// What was probably meant.
        hint: String,
    },
    /// The slot has no such field.
    #[error("credential slot {slot} has no field {field:?}; {hint}")]
    UnknownField {
        /// The slot.
        slot: String,
        /// The name given.
        field: String,
        /// What was probably meant.
        hint: String,
    },
    /// A slot that the plugin cannot work without holds no value.
    #[error("credential slot {slot} ({purpose}) has no value: set {fields}")]
    MissingSlot {
        /// The slot.
        slot: String,
        /// What it is and where it is found.
        purpose: String,
        /// Its required fields.
        fields: String,
    },
    /// None of several slots that stand for each other holds a value.
    #[error("one of the credential slots {slots} must have a value, and none has: set {fields}")]
    NoneOfAlternatives {
        /// The slots.
        slots: String,
        /// The required fields of each.
        fields: String,
    },
    /// More than one of several slots that stand for each other hold a value.
    #[error(
        "the credential slots {slots} stand for each other, so only one of them may have a value: forget the others with `cartage credential forget`, or take them out of the cart's definition"
    )]
    SeveralAlternatives {
        /// Those that hold a value.
        slots: String,
    },
    /// A required field of a slot holds no value.
    #[error("field {field} ({purpose}) of credential slot {slot} has no value: set it as well")]
    MissingField {
        /// The slot.
        slot: String,
        /// The field.
        field: String,
        /// What it is.
        purpose: String,
    },
    /// The value is empty.
    #[error("field {field} of credential slot {slot} is empty: give its value, or leave the field out")]
    Empty {
        /// The slot.
        slot: String,
        /// The field.
        field: String,
    },
    /// The value holds a line break or another control character.
    #[error("field {field} of credential slot {slot} holds {what}: copy the value again, without it")]
    Control {
        /// The slot.
        slot: String,
        /// The field.
        field: String,
        /// Which.
        what: &'static str,
    },
    /// The value is too long.
    #[error("field {field} of credential slot {slot} has more than {VALUE_BYTES_MAX} bytes: it cannot be right")]
    TooLong {
        /// The slot.
        slot: String,
        /// The field.
        field: String,
    },
    /// All values together are too long.
    #[error("the credentials have {bytes} bytes together, and {VALUES_BYTES_MAX} are allowed: some of them cannot be right")]
    TooLongTogether {
        /// How many.
        bytes: usize,
    },
    /// The key is not written as the manifest says.
    #[error("the key of credential slot {slot} cannot be used ({reason}): copy it again from the cart")]
    Key {
        /// The slot.
        slot: String,
        /// Why not.
        reason: String,
    },
}

/// Something about a credential that is allowed and probably wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// A short secret is not looked for in answers.
    #[error(
        "field {field} of credential slot {slot} has fewer than {SCRUBBED_BYTES_MIN} bytes: it is easy to guess, and answers of the cart are not \
         searched for it"
    )]
    Short {
        /// The slot.
        slot: String,
        /// The field.
        field: String,
    },
    /// A field that log-ins replace is not kept anywhere.
    #[error(
        "field {field} of credential slot {slot} is replaced by the cart's answers, and this command keeps the new value in memory alone: the value \
         that it was given may not work a second time; a cart in a data directory keeps it"
    )]
    NotKept {
        /// The slot.
        slot: String,
        /// The field.
        field: String,
    },
    /// Blanks at an end often come from copying.
    #[error("field {field} of credential slot {slot} begins or ends with a blank")]
    Blank {
        /// The slot.
        slot: String,
        /// The field.
        field: String,
    },
}

/// A cart's credentials. They fit the manifest that they were checked against.
pub struct Credentials {
    slots: BTreeMap<String, BTreeMap<String, Value>>,
    warnings: Vec<Warning>,
}

/// A field's value, and whether it is a secret or only identifies.
struct Value {
    text: SecretString,
    secret: bool,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.granted()).finish()
    }
}

/// Checks one field's value alone, as it is when somebody sets it, and says what is allowed and probably wrong.
///
/// # Errors
///
/// Every variant of [`Error`] but those about a value that is missing.
pub fn check_value(manifest: &Manifest, slot: &str, field: &str, text: &SecretString) -> Result<Vec<Warning>, Error> {
    let slots = || manifest.slots.iter().map(|slot| slot.name.as_str());
    let known = manifest.slot(slot).ok_or_else(|| Error::UnknownSlot { slot: slot.to_owned(), hint: nearest::or_all(slot, slots()) })?;
    let fields = || known.fields.iter().map(|field| field.name.as_str());
    let unknown = || Error::UnknownField { slot: slot.to_owned(), field: field.to_owned(), hint: nearest::or_all(field, fields()) };
    let its_field = known.field(field).ok_or_else(unknown)?;
    let mut credentials = Credentials { slots: BTreeMap::new(), warnings: Vec::new() };
    let whole = known.fields.iter().all(|other| other.name == field || !other.required);
    if whole {
        credentials.insert(manifest, known, BTreeMap::from([(field.to_owned(), text.clone())]))?;
    } else {
        credentials.check(known, its_field, text.expose_secret())?;
    }
    Ok(credentials.warnings)
}

impl Credentials {
    /// Checks the values that the operator gave against the plugin's manifest.
    pub fn new(manifest: &Manifest, values: Values) -> Result<Credentials, Error> {
        let slot_names = || manifest.slots.iter().map(|slot| slot.name.as_str());
        let mut credentials = Credentials { slots: BTreeMap::new(), warnings: Vec::new() };
        for (name, fields) in values {
            match manifest.slots.iter().find(|slot| slot.name == name) {
                Some(slot) => credentials.insert(manifest, slot, fields)?,
                None => return Err(Error::UnknownSlot { hint: nearest::or_all(&name, slot_names()), slot: name }),
            }
        }
        let values = credentials.slots.values().flat_map(BTreeMap::values);
        let bytes = values.map(|value| value.text.expose_secret().len()).sum();
        if bytes > VALUES_BYTES_MAX {
            return Err(Error::TooLongTogether { bytes });
        }
        if let Some(slot) = manifest.slots.iter().find(|slot| slot.required && !credentials.slots.contains_key(&slot.name)) {
            return Err(Error::MissingSlot { slot: slot.name.clone(), purpose: slot.purpose.clone(), fields: required(slot) });
        }
        credentials.check_alternatives(manifest)?;
        Ok(credentials)
    }

    /// Of slots that stand for each other exactly one holds a value.
    fn check_alternatives(&self, manifest: &Manifest) -> Result<(), Error> {
        for all in alternatives(manifest).values() {
            let bound: Vec<&str> = all.iter().map(|slot| slot.name.as_str()).filter(|slot| self.slots.contains_key(*slot)).collect();
            match bound.as_slice() {
                [] => {
                    let slots = all.iter().map(|slot| slot.name.as_str()).collect::<Vec<_>>().join(", ");
                    let fields = all.iter().map(|slot| format!("{} of {}", required(slot), slot.name)).collect::<Vec<_>>().join(", or ");
                    return Err(Error::NoneOfAlternatives { slots, fields });
                }
                [_] => {}
                several => return Err(Error::SeveralAlternatives { slots: several.join(", ") }),
            }
        }
        Ok(())
    }

    /// What is allowed and probably wrong.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The slots that hold a value, and the fields that do.
    pub fn granted(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.slots.iter().map(|(slot, fields)| (slot.clone(), fields.keys().cloned().collect())).collect()
    }

    /// What to look for in the cart's answers: every secret that is long enough, keys also as the bytes that they stand for, and the pairs
    /// of HTTP Basic.
    pub(super) fn needles(&self, manifest: &Manifest) -> Vec<Needle> {
        let mut needles = Vec::new();
        for slot in manifest.slots.iter().filter(|slot| self.slots.contains_key(&slot.name)) {
            for (field, value) in self.slots[&slot.name].iter().filter(|(_, value)| value.secret) {
                needles.push(Needle::new(slot, field, value.text.expose_secret().as_bytes()));
            }
            needles.extend(match &slot.kind {
                SlotKind::MacKey(_) => self.key(manifest, slot).ok().map(|key| Needle::new(slot, "key", &key)),
                SlotKind::Basic => self.basic_pair(slot).map(|pair| Needle::new(slot, "password", &pair)),
                _ => None,
            });
        }
        needles.retain(|needle| needle.bytes.len() >= SCRUBBED_BYTES_MIN);
        needles
    }

    /// What tells whether a token fits what its slot is and holds now: a hash of the slot, of its values and those of the slots that its log-in applies,
    /// and of where all endpoints lead. Fields that log-ins replace do not count.
    pub(super) fn fingerprint(&self, slot: &Slot, endpoints: &BTreeMap<String, String>) -> [u8; 32] {
        let (auth, replaced): (&[String], BTreeSet<&str>) = match &slot.kind {
            SlotKind::Login(login) => (&login.auth, login.replaces.iter().map(|replaced| replaced.field.as_str()).collect()),
            _ => (&[], BTreeSet::new()),
        };
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        add(&serde_json::to_string(slot).expect("a slot is plain data"));
        endpoints.iter().for_each(|(name, base_url)| [name, base_url].into_iter().for_each(|text| add(text)));
        for name in std::iter::once(&slot.name).chain(auth) {
            for (field, value) in self.slots.get(name).into_iter().flatten() {
                if name != &slot.name || !replaced.contains(field.as_str()) {
                    [name, field, value.text.expose_secret()].into_iter().for_each(&mut add);
                }
            }
        }
        hash.finalize().into()
    }

    fn basic_pair(&self, slot: &Slot) -> Option<Zeroizing<Vec<u8>>> {
        let (username, password) = (self.field(&slot.name, "username")?, self.field(&slot.name, "password")?);
        Some(Zeroizing::new([username.as_bytes(), b":", password.as_bytes()].concat()))
    }

    /// A slot's key as bytes, or why it is none.
    fn key(&self, manifest: &Manifest, slot: &Slot) -> Result<Zeroizing<Vec<u8>>, Error> {
        let limits = RequestLimits { requests: 0, request_bytes: VALUE_BYTES_MAX };
        let grants = Grants { endpoints: BTreeMap::new(), slots: self.granted(), limits };
        match mac_input(&slot.name, &[], manifest, &grants, self) {
            Ok(input) => Ok(Zeroizing::new(input.key)),
            Err(error) => Err(Error::Key { slot: slot.name.clone(), reason: error.message }),
        }
    }

    fn insert(&mut self, manifest: &Manifest, slot: &Slot, given: BTreeMap<String, SecretString>) -> Result<(), Error> {
        let mut fields = BTreeMap::new();
        for (name, text) in given {
            let Some(field) = slot.fields.iter().find(|field| field.name == name) else {
                let hint = nearest::or_all(&name, slot.fields.iter().map(|field| field.name.as_str()));
                return Err(Error::UnknownField { slot: slot.name.clone(), field: name, hint });
            };
            self.check(slot, field, text.expose_secret())?;
            fields.insert(name, Value { text, secret: field.secret });
        }
        if let Some(field) = slot.fields.iter().find(|field| field.required && !fields.contains_key(&field.name)) {
            let (slot, field, purpose) = (slot.name.clone(), field.name.clone(), field.purpose.clone());
            return Err(Error::MissingField { slot, field, purpose });
        }
        self.slots.insert(slot.name.clone(), fields);
        if let SlotKind::MacKey(_) = slot.kind { self.key(manifest, slot).map(drop) } else { Ok(()) }
    }

    fn check(&mut self, slot: &Slot, field: &SlotField, text: &str) -> Result<(), Error> {
        let names = || (slot.name.clone(), field.name.clone());
        let (slot_name, field_name) = names();
        if text.is_empty() {
            return Err(Error::Empty { slot: slot_name, field: field_name });
        }
        if text.len() > VALUE_BYTES_MAX {
            return Err(Error::TooLong { slot: slot_name, field: field_name });
        }
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            let what = if matches!(control, '\r' | '\n') { "a line break" } else { "a control character" };
            return Err(Error::Control { slot: slot_name, field: field_name, what });
        }
        if field.secret && text.len() < SCRUBBED_BYTES_MIN {
            self.warnings.push(Warning::Short { slot: slot_name, field: field_name });
        }
        if text.trim() != text {
            let (slot, field) = names();
            self.warnings.push(Warning::Blank { slot, field });
        }
        Ok(())
    }
}

/// The slots that stand for each other, by the name that they share.
pub fn alternatives(manifest: &Manifest) -> BTreeMap<&str, Vec<&Slot>> {
    let mut names: BTreeMap<&str, Vec<&Slot>> = BTreeMap::new();
    for slot in &manifest.slots {
        if let Some(name) = slot.alternative.as_deref() {
            names.entry(name).or_default().push(slot);
        }
    }
    names
}

impl Secrets for Credentials {
    fn field(&self, slot: &str, field: &str) -> Option<&str> {
        self.slots.get(slot)?.get(field).map(|value| value.text.expose_secret())
    }
}

/// Something to look for in answers. It wipes its bytes when it is dropped.
pub(super) struct Needle {
    /// What stands where it stood.
    pub(super) place: String,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

impl Needle {
    pub(super) fn new(slot: &Slot, field: &str, bytes: &[u8]) -> Needle {
        Needle { place: format!("[{}.{field}]", slot.name), bytes: Zeroizing::new(bytes.to_vec()) }
    }
}

fn required(slot: &Slot) -> String {
    let names: Vec<&str> = slot.fields.iter().filter(|field| field.required).map(|field| field.name.as_str()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
