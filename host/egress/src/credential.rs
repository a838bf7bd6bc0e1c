//! A cart's credentials: values of the slots that its plugin names, checked against the manifest.
//!
//! Only this module reads a secret's text. Other modules ask it to put secrets into a request, to sign with them, or for the byte strings to look for
//! in an answer. Nothing here prints a secret: `Debug` shows names, and errors name slots and fields. The copies that the HTTP client and TLS make of
//! a request are not wiped from memory; the copies made here are.

use cartage_base::nearest;
use cartage_contract::grants::{Grants, RequestLimits};
use cartage_contract::manifest::{Manifest, Slot, SlotField, SlotKind};
use cartage_contract::request::Secrets;
use cartage_contract::signing::mac_input;
use cartage_model::remedy::Remedy;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// The largest size of one field's value, in bytes.
pub const VALUE_BYTES_MAX: usize = 4096;

/// The largest size of all values of one cart together, in bytes: every answer is searched for each of them.
pub const VALUES_BYTES_MAX: usize = 64 << 10;

/// The smallest size of a secret that is looked for in answers, in bytes. A shorter one is too likely to occur there by chance.
pub const SCRUBBED_BYTES_MIN: usize = 12;

/// The values of a cart's credential slots, by slot and field, before they are checked.
pub type Values = BTreeMap<String, BTreeMap<String, SecretString>>;

/// Why credentials cannot be used with the plugin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The manifest has no such slot.
    #[error("the plugin has no credential slot {slot:?}; {hint}")]
    UnknownSlot {
        /// The slot's name as the operator gave it.
        slot: String,
        /// The most similar slot name, or the list of all of them, as the end of a sentence.
        hint: String,
    },
    /// The slot has no such field.
    #[error("credential slot {slot} has no field {field:?}; {hint}")]
    UnknownField {
        /// The slot's name in the manifest.
        slot: String,
        /// The field's name as the operator gave it.
        field: String,
        /// The most similar field name, or the list of all of them, as the end of a sentence.
        hint: String,
    },
    /// A slot that the plugin cannot work without holds no value.
    #[error("credential slot {slot} ({purpose}) has no value: set {fields}")]
    MissingSlot {
        /// The slot's name in the manifest.
        slot: String,
        /// What the credential is and where a person finds it, as the manifest says.
        purpose: String,
        /// The slot's required fields, separated by commas.
        fields: String,
    },
    /// None of several alternative slots holds a value.
    #[error("one of the credential slots {slots} must have a value, and none has: set {fields}")]
    NoneOfAlternatives {
        /// The names of the alternative slots, separated by commas.
        slots: String,
        /// The required fields of each slot, as the end of a sentence.
        fields: String,
    },
    /// More than one of several alternative slots hold a value.
    #[error("the credential slots {slots} are alternatives, so only one of them may have a value")]
    SeveralAlternatives {
        /// The slots that hold a value, separated by commas.
        slots: String,
    },
    /// A required field of a slot holds no value.
    #[error("field {field} ({purpose}) of credential slot {slot} has no value: set it as well")]
    MissingField {
        /// The slot's name in the manifest.
        slot: String,
        /// The field's name in the manifest.
        field: String,
        /// What the field is, as the manifest says.
        purpose: String,
    },
    /// The value is empty.
    #[error("field {field} of credential slot {slot} is empty: give its value, or leave the field out")]
    Empty {
        /// The slot's name in the manifest.
        slot: String,
        /// The field's name in the manifest.
        field: String,
    },
    /// The value holds a line break or another control character.
    #[error("field {field} of credential slot {slot} holds {what}: copy the value again, without it")]
    Control {
        /// The slot's name in the manifest.
        slot: String,
        /// The field's name in the manifest.
        field: String,
        /// The kind of the first such character: a line break or a control character.
        what: &'static str,
    },
    /// The value has more than [`VALUE_BYTES_MAX`] bytes.
    #[error("field {field} of credential slot {slot} has more than {VALUE_BYTES_MAX} bytes: check the value, no credential is that long")]
    TooLong {
        /// The slot's name in the manifest.
        slot: String,
        /// The field's name in the manifest.
        field: String,
    },
    /// All values of the cart together have more than [`VALUES_BYTES_MAX`] bytes.
    #[error("the credentials have {bytes} bytes in total, and {VALUES_BYTES_MAX} are allowed: check the values")]
    TooLongTogether {
        /// The size of all values together, in bytes.
        bytes: usize,
    },
    /// The key does not have the encoding that the manifest states.
    #[error("the key of credential slot {slot} cannot be used ({reason}): copy it again from the cart")]
    Key {
        /// The slot's name in the manifest.
        slot: String,
        /// Why the key cannot be used, in the contract's words.
        reason: String,
    },
}

impl Error {
    /// What a person can do; `None` where the message says it.
    pub fn remedy(&self) -> Option<Remedy> {
        matches!(self, Error::SeveralAlternatives { .. }).then_some(Remedy::KeepOneCredential)
    }
}

/// A property of a credential that is allowed but probably a mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// The secret has fewer than [`SCRUBBED_BYTES_MIN`] bytes, so answers are not searched for it.
    #[error(
        "field {field} of credential slot {slot} has fewer than {SCRUBBED_BYTES_MIN} bytes: the value is easy to guess, and is not removed from the \
         answers of the cart"
    )]
    Short {
        /// The slot's name in the manifest.
        slot: String,
        /// The field's name in the manifest.
        field: String,
    },
    /// The field's value is replaced at each log-in, and the new value is held in memory only.
    #[error(
        "field {field} of credential slot {slot} is replaced by the cart's answers, and this command keeps the new value only in memory: \
         the value given to this command may not work a second time; a data directory stores the new value"
    )]
    NotKept {
        /// The slot's name in the manifest.
        slot: String,
        /// The field's name in the manifest.
        field: String,
    },
    /// The value begins or ends with a blank, which often comes from copying.
    #[error("field {field} of credential slot {slot} begins or ends with a blank")]
    Blank {
        /// The slot's name in the manifest.
        slot: String,
        /// The field's name in the manifest.
        field: String,
    },
}

/// A cart's credentials, checked against the plugin's manifest.
pub struct CredentialValues {
    slots: BTreeMap<String, BTreeMap<String, Value>>,
    warnings: Vec<Warning>,
}

/// A field's value, and whether it is a secret or merely identifies, such as a user name.
struct Value {
    text: SecretString,
    secret: bool,
}

impl std::fmt::Debug for CredentialValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.granted()).finish()
    }
}

/// Checks the value of one field alone, as when somebody sets it, and returns the warnings about the value.
///
/// # Errors
///
/// All variants of [`Error`] except those about a value that is missing.
pub fn check_value(manifest: &Manifest, slot: &str, field: &str, text: &SecretString) -> Result<Vec<Warning>, Error> {
    let slots = || manifest.slots.iter().map(|slot| slot.name.as_str());
    let known = manifest.slot(slot).ok_or_else(|| Error::UnknownSlot { slot: slot.to_owned(), hint: nearest::or_all(slot, slots()) })?;
    let fields = || known.fields.iter().map(|field| field.name.as_str());
    let unknown = || Error::UnknownField { slot: slot.to_owned(), field: field.to_owned(), hint: nearest::or_all(field, fields()) };
    let its_field = known.field(field).ok_or_else(unknown)?;
    let mut credentials = CredentialValues { slots: BTreeMap::new(), warnings: Vec::new() };
    let whole = known.fields.iter().all(|other| other.name == field || !other.required);
    if whole {
        credentials.insert(manifest, known, BTreeMap::from([(field.to_owned(), text.clone())]))?;
    } else {
        credentials.check(known, its_field, text.expose_secret())?;
    }
    Ok(credentials.warnings)
}

impl CredentialValues {
    /// Checks the values that the operator gave against the plugin's manifest.
    pub fn new(manifest: &Manifest, values: Values) -> Result<CredentialValues, Error> {
        let slot_names = || manifest.slots.iter().map(|slot| slot.name.as_str());
        let mut credentials = CredentialValues { slots: BTreeMap::new(), warnings: Vec::new() };
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

    /// Checks that exactly one of each group of alternative slots holds a value.
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

    /// Properties of the values that are allowed but probably mistakes.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The slots and fields that hold a value. The values themselves are not included.
    pub fn granted(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.slots.iter().map(|(slot, fields)| (slot.clone(), fields.keys().cloned().collect())).collect()
    }

    /// The byte strings to look for in the cart's answers: every secret that is long enough, decoded keys, and the pairs of HTTP Basic.
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

    /// A hash that tells whether a stored token still belongs to its slot: over the slot's definition, its values, the values of the slots that its
    /// log-in uses, and the base URLs of all endpoints. Fields that log-ins replace are left out.
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

    /// Decodes a slot's key to bytes.
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

/// The groups of alternative slots, by the name that the slots of a group share.
pub fn alternatives(manifest: &Manifest) -> BTreeMap<&str, Vec<&Slot>> {
    let mut names: BTreeMap<&str, Vec<&Slot>> = BTreeMap::new();
    for slot in &manifest.slots {
        if let Some(name) = slot.alternative.as_deref() {
            names.entry(name).or_default().push(slot);
        }
    }
    names
}

impl Secrets for CredentialValues {
    fn field(&self, slot: &str, field: &str) -> Option<&str> {
        self.slots.get(slot)?.get(field).map(|value| value.text.expose_secret())
    }
}

/// A byte string to look for in answers. The bytes are wiped when the value is dropped.
pub(super) struct Needle {
    /// The text that replaces the bytes in an answer: the slot's and the field's name in brackets.
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
