//! Signatures with keys that the plugin never sees, as data: `cartage:plugin/signing`.
#![allow(missing_docs, reason = "signing.wit documents these fields, once for every language")]

use crate::grants::Grants;
use crate::http::Part;
use crate::manifest::Manifest;
use crate::request::Secrets;
use serde::{Deserialize, Serialize};

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

/// Why there is no signature.
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
}

/// What an HMAC is made of.
pub struct MacInput {
    /// The key's bytes.
    pub key: Vec<u8>,
    /// The joined message.
    pub message: Vec<u8>,
}

/// Decides whether a plugin may sign this message with this slot, and joins it.
pub fn mac_input(slot: &str, message: &[Part], manifest: &Manifest, grants: &Grants, secrets: &dyn Secrets) -> Result<MacInput, Error> {
    let _ = (slot, message, manifest, grants, secrets.field("", ""));
    todo!()
}

/// Decides whether a plugin may hash this message, and joins it.
pub fn digest_input(message: &[Part], manifest: &Manifest, grants: &Grants, secrets: &dyn Secrets) -> Result<Vec<u8>, Error> {
    let _ = (message, manifest, grants, secrets.field("", ""));
    todo!()
}
