//! Signatures with keys that the plugin never sees, as data: `cartage:plugin/signing`.
#![allow(missing_docs, reason = "signing.wit documents these fields, once for every language")]

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
