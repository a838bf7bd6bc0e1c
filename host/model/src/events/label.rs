//! Status labels: the user's own words for the state of an order or a line.

pub use cartage_contract::orders::limits::LABEL_CHARS_MAX;

use serde::{Deserialize, Serialize};
use std::fmt;

/// A status label: 1 to 100 characters, without control characters and without space at either end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);

/// Why a text is not a valid label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// The text is empty, or holds nothing but space.
    #[error("a status label cannot be empty; write 1 to {LABEL_CHARS_MAX} characters")]
    Empty,
    /// The text has more than [`LABEL_CHARS_MAX`] characters.
    #[error("a status label of {chars} characters is too long; at most {LABEL_CHARS_MAX} are allowed")]
    TooLong {
        /// The number of characters in the text.
        chars: usize,
    },
    /// The text holds a control character.
    #[error("the status label {text:?} holds the control character U+{:04X}; leave it out", u32::from(*found))]
    Control {
        /// The text without the space around it.
        text: String,
        /// The first control character in the text.
        found: char,
    },
}

impl Label {
    /// Checks a label's text. Space at both ends is removed.
    ///
    /// # Errors
    ///
    /// Any [`LabelError`].
    pub fn new(text: &str) -> Result<Label, LabelError> {
        let text = text.trim();
        let chars = text.chars().count();
        if chars == 0 {
            return Err(LabelError::Empty);
        }
        if chars > LABEL_CHARS_MAX {
            return Err(LabelError::TooLong { chars });
        }
        match text.chars().find(|c| c.is_control()) {
            Some(found) => Err(LabelError::Control { text: text.to_owned(), found }),
            None => Ok(Label(text.to_owned())),
        }
    }

    /// The label's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Label {
    type Error = LabelError;
    fn try_from(text: String) -> Result<Label, LabelError> {
        Label::new(&text)
    }
}

impl From<Label> for String {
    fn from(label: Label) -> String {
        label.0
    }
}

/// A merchant's labels, in the order in which they were added. Labels that differ in case are different, because carts tell them apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels(Vec<Label>);

impl Labels {
    /// A set of common labels for a merchant who asks for them. It is never added without being asked for.
    pub fn ready() -> Labels {
        const READY: [&str; 17] = [
            "Order Received",
            "Order Approved",
            "Payment Received",
            "Payment Declined",
            "Order Changed",
            "Order Backordered",
            "Order Drop Shipping",
            "Order Packed",
            "Order Shipped",
            "Order Partially Shipped",
            "Order Returned",
            "Order Canceled",
            "Item Backordered",
            "Item Drop Shipping",
            "Item Shipped",
            "Item Returned",
            "Item Canceled",
        ];
        READY.into_iter().map(|text| Label::new(text).expect("the ready labels are valid")).collect()
    }

    /// Adds a label; returns false if it was there already.
    pub fn add(&mut self, label: Label) -> bool {
        let new = !self.0.contains(&label);
        if new {
            self.0.push(label);
        }
        new
    }

    /// All labels, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Label> {
        self.0.iter()
    }
}

impl FromIterator<Label> for Labels {
    fn from_iter<I: IntoIterator<Item = Label>>(all: I) -> Labels {
        let mut labels = Labels::default();
        for label in all {
            labels.add(label);
        }
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_bounded_at_their_edges() {
        assert_eq!(Label::new("  Order Shipped ").map(String::from), Ok("Order Shipped".to_owned()));
        assert_eq!(Label::new(&"é".repeat(100)).map(|label| label.as_str().chars().count()), Ok(100));
        assert_eq!(Label::new(&format!(" {} ", "x".repeat(100))).map(|label| label.as_str().len()), Ok(100));
        assert_eq!(Label::new(&"é".repeat(101)), Err(LabelError::TooLong { chars: 101 }));
        for empty in ["", "   ", "\t\n"] {
            assert_eq!(Label::new(empty), Err(LabelError::Empty), "{empty:?}");
        }
        for (text, found) in
            [("a\nb", '\n'), ("a\u{7f}", '\u{7f}'), ("\u{1b}[31mShipped", '\u{1b}'), ("a\u{85}b", '\u{85}'), ("a\0b", '\0')]
        {
            assert_eq!(Label::new(text), Err(LabelError::Control { text: text.to_owned(), found }), "{text:?}");
        }
        assert_eq!(
            Label::new("a\tb").expect_err("a tab is a control character").to_string(),
            "the status label \"a\\tb\" holds the control character U+0009; leave it out"
        );
    }

    #[test]
    fn data_cannot_smuggle_a_label_in() {
        assert!(serde_json::from_str::<Label>(r#""Order Shipped""#).is_ok());
        assert!(serde_json::from_str::<Label>(r#""a\nb""#).is_err());
    }

    #[test]
    fn a_label_is_added_once_and_case_tells_labels_apart() {
        let label = |text| Label::new(text).expect("a valid label");
        let mut labels = Labels::ready();
        let count = labels.iter().count();
        assert!(!labels.add(label("Order Shipped")));
        assert!(labels.add(label("order shipped")));
        assert!(!labels.add(label("order shipped ")));
        assert_eq!(labels.iter().count(), count + 1);
        assert_eq!(count, 17, "the ready labels are all different");
    }
}
