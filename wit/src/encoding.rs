//! Percent-encoding of queries and paths, and the escapes of secret parts.

use crate::http::Escape;

/// Why a text cannot be encoded, or is not encoded as it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(&'static str);

/// Encodes a name or value of a query.
pub fn query(bytes: impl AsRef<[u8]>) -> String {
    todo!("{:?}", bytes.as_ref())
}

/// Encodes a value as one segment of a path.
pub fn path_segment(value: &str) -> Result<String, Error> {
    todo!("{value}")
}

/// Whether a path is in its normal form.
pub fn check_path(path: &str) -> Result<(), Error> {
    todo!("{path}")
}

/// Whether a text can go out in a query as it is.
pub fn check_raw_query(text: &str) -> Result<(), Error> {
    todo!("{text}")
}

/// Writes a secret as its place demands.
pub fn escape(value: &str, escape: Escape) -> Result<String, Error> {
    todo!("{value} {escape:?}")
}
