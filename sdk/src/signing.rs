//! Signatures with keys that the plugin never sees.
//!
//! ```no_run
//! use cartage_sdk::http::{Request, text};
//! use cartage_sdk::signing::{self, Algorithm};
//! # use cartage_sdk::Failure;
//! # fn example(body: String) -> Result<(), Failure> {
//! let signature = signing::mac("signing-key", Algorithm::Sha256, [text(body.as_str())])?;
//! let response = Request::post("api")
//!     .header("x-signature", signing::hex(&signature))
//!     .body("application/json", [text(body)])
//!     .send()?;
//! # let _ = response;
//! # Ok(())
//! # }
//! ```

use crate::http::Part;

pub use cartage_contract::signing::{Algorithm, Error, ErrorKind};

/// The HMAC (RFC 2104) of the joined parts, with the key of a `mac-key` slot.
///
/// # Errors
/// See [`ErrorKind`]: the slot is denied, its key is malformed, the message is too large or the call has used up its signatures.
pub fn mac(slot: &str, algorithm: Algorithm, message: impl IntoIterator<Item = Part>) -> Result<Vec<u8>, Error> {
    crate::abi::mac(slot, algorithm, message.into_iter().collect())
}

/// The digest of the joined parts, for schemes that hash a secret into a message. A slot whose field occurs in it must be
/// declared as [`hashed`](crate::manifest::Slot::hashed).
///
/// # Errors
/// As [`mac`].
pub fn digest(algorithm: Algorithm, message: impl IntoIterator<Item = Part>) -> Result<Vec<u8>, Error> {
    crate::abi::digest(algorithm, message.into_iter().collect())
}

/// Bytes as lower-case hexadecimal, the usual form of a signature.
///
/// ```
/// assert_eq!(cartage_sdk::signing::hex(&[0x0f, 0xa0]), "0fa0");
/// ```
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
