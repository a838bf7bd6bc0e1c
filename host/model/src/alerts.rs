//! What an alert is about, as data.

use crate::id::CartId;
use std::fmt;

/// What stands before the Cart ID in the text of a subject.
const CART: &str = "cart ";

/// What an alert is about. As text, in the store and in JSON, a cart is `cart ID`, and the installation is empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The whole installation, which is the matter of whoever has the machine.
    Installation,
    /// One cart.
    Cart(CartId),
}

impl Subject {
    /// The cart that the alert is about; `None` for the installation.
    pub fn cart(&self) -> Option<&CartId> {
        match self {
            Subject::Installation => None,
            Subject::Cart(cart) => Some(cart),
        }
    }

    /// The subject with this text. A text that names no cart stands for the installation, so that no alert is lost.
    pub fn of_text(text: &str) -> Subject {
        let cart = text.strip_prefix(CART).and_then(|cart| CartId::new(cart).ok());
        cart.map_or(Subject::Installation, Subject::Cart)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Installation => Ok(()),
            Subject::Cart(cart) => write!(f, "{CART}{cart}"),
        }
    }
}

impl serde::Serialize for Subject {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Subject {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Subject, D::Error> {
        Ok(Subject::of_text(&String::deserialize(from)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_reads_back_and_no_other_text_names_a_cart() {
        let shop = Subject::Cart(CartId::new("shop").expect("a valid id"));
        assert_eq!((shop.to_string().as_str(), Subject::Installation.to_string().as_str()), ("cart shop", ""));
        for subject in [shop, Subject::Installation] {
            assert_eq!(Subject::of_text(&subject.to_string()), subject);
        }
        for text in ["shop", "cart ", "cart two words", "cart shop, more", "Cart shop"] {
            assert_eq!(Subject::of_text(text), Subject::Installation, "{text:?}");
        }
    }
}
