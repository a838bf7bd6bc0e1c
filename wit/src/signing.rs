//! Signatures with keys that the plugin never sees: `cartage:plugin/signing` as data, and the rules for signing and hashing. The host does the hashing
//! itself.
#![allow(missing_docs, reason = "signing.wit documents these fields, once for every language")]

use crate::grants::Grants;
use crate::http::Part;
use crate::manifest::{KeyEncoding, Manifest, SlotKind};
use crate::parts::{self, Fields, Shown, Source, Unusable, granted_field, granted_slot, join};
use crate::request::Secrets;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

/// Why a signature was not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub kind: ErrorKind,
    pub message: String,
}

/// The class of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    SlotDenied,
    FieldDenied,
    KeyInvalid,
    MessageTooLarge,
    QuotaExceeded,
    Unsupported,
    Other,
}

/// The input of an HMAC.
#[derive(Clone, PartialEq, Eq)]
pub struct MacInput {
    /// The key's bytes.
    pub key: Vec<u8>,
    /// The joined message.
    pub message: Vec<u8>,
}

impl fmt::Debug for MacInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MacInput(key [REDACTED], message bytes {})", self.message.len())
    }
}

/// Decides whether a plugin may sign this message with this slot, and joins the message.
///
/// # Errors
/// [`ErrorKind::SlotDenied`] if the slot is not a `mac-key` or has no value, or if a secret in the message belongs to a slot that the manifest
/// does not mark as `hashed`.
pub fn mac_input(slot: &str, message: &[Part], manifest: &Manifest, grants: &Grants, secrets: &dyn Secrets) -> Result<MacInput, Error> {
    let slot = granted_slot(slot, manifest, grants)?;
    let SlotKind::MacKey(encoding) = slot.kind else {
        let reason = format!("credential slot {} is of the kind {}; only a mac-key signs", slot.name, slot.kind);
        return Err(Error { kind: ErrorKind::SlotDenied, message: reason });
    };
    granted_field(slot, "key", grants)?;
    let message = digest_input(message, manifest, grants, secrets)?;
    let no_value = || Unusable::NoValue { slot: Shown::of(&slot.name), field: Shown::of("key") };
    let key = secrets.field(&slot.name, "key").ok_or_else(no_value)?;
    let key = key_bytes(key, encoding).ok_or_else(|| {
        let reason = format!("the key of credential slot {} is not written as {encoding}; set the credential again", slot.name);
        Error { kind: ErrorKind::KeyInvalid, message: reason }
    })?;
    Ok(MacInput { key, message })
}

/// Decides whether a plugin may hash this message, and joins the message.
///
/// # Errors
/// [`ErrorKind::SlotDenied`] if a secret in the message belongs to a slot that the manifest does not mark as `hashed`.
pub fn digest_input(message: &[Part], manifest: &Manifest, grants: &Grants, secrets: &dyn Secrets) -> Result<Vec<u8>, Error> {
    let mut fields = Fields::default();
    for part in message {
        let Part::Secret(part) = part else { continue };
        let slot = granted_slot(&part.slot, manifest, grants)?;
        let (declared, field) = granted_field(slot, &part.field, grants)?;
        // The plugin sees the digest, and could find a short secret by trying all values.
        if declared.secret && !slot.hashed {
            let reason = format!("credential slot {} is not marked as hashed; mark it in the manifest", slot.name);
            return Err(Error { kind: ErrorKind::SlotDenied, message: reason });
        }
        fields.insert(&part.slot, &part.field, field);
    }
    let joined = join(message, &fields, Source::Real(secrets), grants.limits.request_bytes).map_err(|error| match error {
        parts::Error::Unusable(unusable) => unusable.into(),
        parts::Error::Escape { .. } => Error { kind: ErrorKind::FieldDenied, message: error.to_string() },
        parts::Error::TooLarge { max } => Error {
            kind: ErrorKind::MessageTooLarge,
            message: format!("the message to sign is larger than {max} bytes (limits.request_bytes)"),
        },
    })?;
    Ok(joined.bytes)
}

/// Decodes a key; `None` if the text does not have this encoding, or the key is empty.
pub fn key_bytes(text: &str, encoding: KeyEncoding) -> Option<Vec<u8>> {
    let bytes = match encoding {
        KeyEncoding::Text => text.as_bytes().to_vec(),
        KeyEncoding::Base64 => BASE64.decode(text).ok()?,
        KeyEncoding::Hex => hex(text)?,
        KeyEncoding::Whsec => BASE64.decode(text.strip_prefix("whsec_")?).ok()?,
    };
    (!bytes.is_empty()).then_some(bytes)
}

const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| (high * 16 + low) as u8).collect())
}

impl From<Unusable> for Error {
    fn from(unusable: Unusable) -> Error {
        let kind = match unusable {
            Unusable::NoSlot(_) | Unusable::NotGranted(_) | Unusable::NoValue { .. } => ErrorKind::SlotDenied,
            Unusable::NoField { .. } => ErrorKind::FieldDenied,
        };
        Error { kind, message: unusable.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Escape;
    use crate::sample::{self, secret, text};

    fn mac(slot: &str, message: &[Part]) -> Result<MacInput, ErrorKind> {
        mac_input(slot, message, &sample::manifest(), &sample::grants(), &sample::Values).map_err(|error| error.kind)
    }

    fn digest(message: &[Part]) -> Result<Vec<u8>, ErrorKind> {
        digest_input(message, &sample::manifest(), &sample::grants(), &sample::Values).map_err(|error| error.kind)
    }

    #[test]
    fn a_mac_takes_a_mac_key_and_joins_its_message() {
        let message = [text("a"), Part::Bytes(vec![0xff]), Part::Raw("b".into()), secret("mac", "id", Escape::Form)];
        let input = mac("mac", &message).expect("the slot signs");
        assert_eq!((input.key.as_slice(), input.message.as_slice()), ([0xde, 0xad].as_slice(), b"a\xffbkey+id".as_slice()));
        assert!(!format!("{input:?}").contains("222"), "{input:?}");
        for slot in ["basic", "nowhere", "unset"] {
            assert_eq!(mac(slot, &[text("a")]), Err(ErrorKind::SlotDenied), "{slot}");
        }
    }

    #[test]
    fn secrets_are_hashed_only_where_the_manifest_says_so() {
        assert_eq!(digest(&[text("a:"), secret("hashed", "password", Escape::Base64)]), Ok(b"a:aHVudGVyMg==".to_vec()));
        assert_eq!(digest(&[secret("basic", "username", Escape::None)]), Ok(b"us er".to_vec()));
        for (slot, field, kind) in [
            ("basic", "password", ErrorKind::SlotDenied),
            ("mac", "key", ErrorKind::SlotDenied),
            ("nowhere", "x", ErrorKind::SlotDenied),
            ("unset", "token", ErrorKind::SlotDenied),
            ("hashed", "nothing", ErrorKind::FieldDenied),
        ] {
            assert_eq!(digest(&[secret(slot, field, Escape::None)]), Err(kind), "{slot}.{field}");
            assert_eq!(mac("mac", &[secret(slot, field, Escape::None)]).err(), Some(kind), "{slot}.{field}");
        }
    }

    #[test]
    fn messages_are_bounded() {
        let max = sample::grants().limits.request_bytes;
        assert!(digest(&[Part::Bytes(vec![0; max])]).is_ok());
        assert_eq!(digest(&[Part::Bytes(vec![0; max]), text("x")]), Err(ErrorKind::MessageTooLarge));
    }

    #[test]
    fn keys_are_read_as_they_are_written() {
        use KeyEncoding::{Base64, Hex, Text, Whsec};
        for (text, encoding, bytes) in [
            ("k\u{e9}y", Text, Some(b"k\xc3\xa9y".as_slice())),
            ("", Text, None),
            ("AQI=", Base64, Some(&[1, 2])),
            ("AQI", Base64, Some(&[1, 2])),
            ("+/8=", Base64, Some(&[0xfb, 0xff])),
            ("-_8=", Base64, None),
            ("AQ I=", Base64, None),
            ("AQI=\n", Base64, None),
            ("", Base64, None),
            ("01fF", Hex, Some(&[1, 0xff])),
            ("01f", Hex, None),
            ("0x01", Hex, None),
            ("", Hex, None),
            ("whsec_AQI=", Whsec, Some(&[1, 2])),
            ("AQI=", Whsec, None),
            ("whsec_", Whsec, None),
        ] {
            assert_eq!(key_bytes(text, encoding).as_deref(), bytes, "{text} {encoding}");
        }
        let mut manifest = sample::manifest();
        let slot = manifest.slots.iter_mut().find(|slot| slot.name == "mac").expect("the sample signs");
        slot.kind = SlotKind::MacKey(Whsec);
        let error = mac_input("mac", &[], &manifest, &sample::grants(), &sample::Values).expect_err("the key has no `whsec_`");
        assert_eq!(error.kind, ErrorKind::KeyInvalid);
        assert!(!error.message.contains("dead"), "{error}");
    }
}
