//! The rule that turns a sender's order number into the cart's own.

use crate::id::{CartOrderNumber, SenderOrderNumber};
use serde::{Deserialize, Serialize};

/// How a sender's order number becomes the cart's own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrderNumberRule {
    /// The text at the beginning of every number that the cart does not know. Empty if nothing is removed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub strip_prefix: String,
    /// The text at the end of every number that the cart does not know. Empty if nothing is removed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub strip_suffix: String,
    /// The form of the number that is left.
    #[serde(rename = "type", skip_serializing_if = "super::is_default")]
    pub kind: OrderNumberKind,
}

/// The form of a cart's order numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderNumberKind {
    /// The number is any text.
    #[default]
    Text,
    /// The number has digits only.
    Numeric,
}

/// Why an order number does not belong to this cart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The number does not begin with the prefix.
    #[error("the order number {number:?} does not begin with {prefix:?}, which strip_prefix removes; is it an order of another cart?")]
    Prefix {
        /// The order's number as the sender wrote it.
        number: String,
        /// The prefix that the rule removes.
        prefix: String,
    },
    /// The number does not end with the suffix.
    #[error("the order number {number:?} does not end with {suffix:?}, which strip_suffix removes; is it an order of another cart?")]
    Suffix {
        /// The order's number as the sender wrote it.
        number: String,
        /// The suffix that the rule removes.
        suffix: String,
    },
    /// Nothing is left of the number without prefix and suffix.
    #[error("nothing is left of the order number {number:?} without its prefix and suffix")]
    Empty {
        /// The order's number as the sender wrote it.
        number: String,
    },
    /// The rest of the number has characters other than digits, and the cart's numbers are numeric.
    #[error("the cart's order numbers are numeric, and {left:?} (of {number:?}) has other characters than digits")]
    NotNumeric {
        /// The order's number as the sender wrote it.
        number: String,
        /// The number without prefix and suffix.
        left: String,
    },
}

impl OrderNumberRule {
    /// Turns a sender's order number into the cart's own.
    ///
    /// # Errors
    ///
    /// [`Error`], if the number does not fit the rule.
    pub fn apply(&self, given: &SenderOrderNumber) -> Result<CartOrderNumber, Error> {
        let given = given.as_str();
        let number = || given.to_owned();
        let left = given.strip_prefix(&self.strip_prefix);
        let left = left.ok_or_else(|| Error::Prefix { number: number(), prefix: self.strip_prefix.clone() })?;
        let left = left.strip_suffix(&self.strip_suffix);
        let left = left.ok_or_else(|| Error::Suffix { number: number(), suffix: self.strip_suffix.clone() })?;
        if left.is_empty() {
            return Err(Error::Empty { number: number() });
        }
        if self.kind == OrderNumberKind::Numeric && !left.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::NotNumeric { number: number(), left: left.to_owned() });
        }
        Ok(CartOrderNumber::new(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_stripped_or_refused_with_the_reason() {
        let rule = |prefix: &str, suffix: &str, kind| OrderNumberRule { strip_prefix: prefix.into(), strip_suffix: suffix.into(), kind };
        let (text, numeric) = (OrderNumberKind::Text, OrderNumberKind::Numeric);
        for (rule, given, expected) in [
            (rule("", "", text), "WEB-1021", Ok("WEB-1021")),
            (rule("WEB-", "", text), "WEB-1021", Ok("1021")),
            (rule("WEB-", "-A", text), "WEB-1021-A", Ok("1021")),
            (rule("WEB-", "", text), "WEB-WEB-1", Ok("WEB-1")),
            (rule("", "", numeric), "0021", Ok("0021")),
            (rule("WEB-", "", numeric), "WEB-1021", Ok("1021")),
            (rule("WEB-", "", text), "web-1021", Err("does not begin with \"WEB-\"")),
            (rule("WEB-", "", text), "1021", Err("does not begin with \"WEB-\"")),
            (rule("", "-A", text), "1021-B", Err("does not end with \"-A\"")),
            (rule("WEB-", "", text), "WEB-", Err("nothing is left")),
            (rule("WEB-", "-A", text), "WEB-A", Err("does not end with \"-A\"")),
            (rule("", "", numeric), "10a21", Err("other characters than digits")),
            (rule("", "", numeric), "١٠٢١", Err("other characters than digits")),
            (rule("", "", numeric), "-5", Err("other characters than digits")),
        ] {
            match (rule.apply(&SenderOrderNumber::new(given)), expected) {
                (Ok(number), expected) => assert_eq!(Ok(number.as_str()), expected, "{given}"),
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{given}: {error}"),
                (Err(error), Ok(_)) => panic!("{given}: {error}"),
            }
        }
    }
}
