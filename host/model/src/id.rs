//! Names and numbers that identify things, each a type of its own.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The text is not a valid id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?} is not valid: {rule}")]
pub struct Error {
    what: &'static str,
    text: String,
    rule: &'static str,
}

/// Defines an id that is a name: a type of its own, validated once.
macro_rules! name_id {
    ($(#[$doc:meta])* $type:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Validates a text: 1 to 63 lower-case letters, digits and hyphens, a letter or digit first.
            pub fn new(text: impl Into<String>) -> Result<$type, Error> {
                let text = text.into();
                if cartage_contract::manifest::is_name(&text) {
                    Ok($type(text))
                } else {
                    Err(Error { what: $what, text, rule: "use 1 to 63 lower-case letters, digits and hyphens, a letter or digit first" })
                }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = Error;
            fn try_from(text: String) -> Result<$type, Error> {
                $type::new(text)
            }
        }

        impl From<$type> for String {
            fn from(id: $type) -> String {
                id.0
            }
        }
    };
}

name_id! {
    /// The Cart ID, which names one cart definition of a merchant.
    CartId, "Cart ID"
}

name_id! {
    /// The merchant who owns carts, parameters, events, labels, tokens and orders. Nothing crosses between two merchants.
    MerchantId, "merchant"
}

impl Default for MerchantId {
    /// The merchant `default`, who is meant wherever none is named.
    fn default() -> MerchantId {
        MerchantId("default".to_owned())
    }
}

/// The id of a delivery. It is the idempotency key: every attempt carries the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(String);

impl DeliveryId {
    /// Makes a new, unique id that sorts by the time of its making (UUID version 7).
    pub fn new() -> DeliveryId {
        DeliveryId(uuid::Uuid::now_v7().to_string())
    }

    /// Takes a text as the id of an existing delivery. Whether there is such a delivery, only the outbox knows.
    pub fn named(text: impl Into<String>) -> DeliveryId {
        DeliveryId(text.into())
    }

    /// The id as text. A new one has 36 characters: ASCII letters, digits and `-`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for DeliveryId {
    fn default() -> DeliveryId {
        DeliveryId::new()
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Defines an order's number. The type says by whom it was given.
macro_rules! order_number {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(String);

        impl $type {
            /// Takes a text as such a number. Whether there is an order with it, only the store or the cart knows.
            pub fn new(text: impl Into<String>) -> $type {
                $type(text.into())
            }

            /// The number as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$type> for String {
            fn from(number: $type) -> String {
                number.0
            }
        }
    };
}

order_number! {
    /// An order's number as the sender of its updates wrote it. Everything about an order is stored under this number, and people and
    /// programs name the order by it.
    SenderOrderNumber
}

order_number! {
    /// An order's number as its cart knows it: the sender's number without what the cart's order-number rule removes. Only the cart and its
    /// plugin see it; nothing is stored under it.
    CartOrderNumber
}

/// The SHA-256 digest of a plugin's file. A cart is pinned to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Computes the digest of these bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        use sha2::Digest as _;
        Digest(sha2::Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl TryFrom<String> for Digest {
    type Error = Error;
    fn try_from(text: String) -> Result<Digest, Error> {
        let hex = text.strip_prefix("sha256:").filter(|hex| hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
        let Some(hex) = hex else {
            return Err(Error { what: "digest", text, rule: "write `sha256:` and 64 lower-case hexadecimal digits" });
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            *byte = pair.iter().fold(0, |value, digit| value * 16 + (*digit as char).to_digit(16).unwrap_or(0) as u8);
        }
        Ok(Digest(bytes))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_read_back_and_others_are_refused() {
        let digest = Digest::of(b"cartage");
        assert_eq!(Digest::try_from(digest.to_string()), Ok(digest));
        for text in ["", "sha256:", "sha256:00", &digest.to_string().to_uppercase(), &digest.to_string()[7..], &format!("{digest}0")] {
            assert!(Digest::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn cart_ids_are_names() {
        for good in ["a", "seed-shop", "0", &"x".repeat(63)] {
            assert!(CartId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "A", "a_b", "a/b", "a b", &"x".repeat(64)] {
            assert!(CartId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_merchant_that_is_meant_without_a_name_is_a_name() {
        assert_eq!(MerchantId::new(MerchantId::default().as_str()), Ok(MerchantId::default()));
        assert_eq!(
            MerchantId::new("Seed").map_err(|error| error.to_string()).err().map(|text| text.starts_with("merchant \"Seed\"")),
            Some(true)
        );
    }
}
