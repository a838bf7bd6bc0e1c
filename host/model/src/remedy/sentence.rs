//! Sentences that name a remedy, which whoever shows the sentence puts into words.

use super::{Remedy, Words};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A sentence for people, which may name one remedy. With remedies in words (`R` is a `String`) a sentence is text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Sentence<R = Remedy> {
    /// A sentence that names no remedy.
    Plain(Cow<'static, str>),
    /// A sentence that names a remedy.
    Naming {
        /// The sentence before the remedy.
        before: Cow<'static, str>,
        /// The remedy.
        remedy: R,
        /// The sentence after the remedy.
        after: Cow<'static, str>,
    },
}

impl Sentence {
    /// The sentence with its remedy in words.
    pub fn text(&self, words: &dyn Words) -> String {
        match self {
            Sentence::Plain(text) => text.to_string(),
            Sentence::Naming { before, remedy, after } => format!("{before}{}{after}", words.within(remedy)),
        }
    }

    /// The sentence in words.
    pub fn worded(&self, words: &dyn Words) -> Sentence<String> {
        Sentence::Plain(self.text(words).into())
    }
}

impl fmt::Display for Sentence<String> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sentence::Plain(text) => f.write_str(text),
            Sentence::Naming { before, remedy, after } => write!(f, "{before}{remedy}{after}"),
        }
    }
}

impl<R> From<&'static str> for Sentence<R> {
    fn from(text: &'static str) -> Sentence<R> {
        Sentence::Plain(text.into())
    }
}

impl<R> From<String> for Sentence<R> {
    fn from(text: String) -> Sentence<R> {
        Sentence::Plain(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_reads_back_with_its_remedy() {
        let naming = Sentence::Naming { before: "see ".into(), remedy: Remedy::ShowStatus, after: ".".into() };
        for (sentence, json) in [
            (naming, r#"{"before":"see ","remedy":{"do":"show-status"},"after":"."}"#),
            (Sentence::from("an older release wrote this"), r#""an older release wrote this""#),
        ] {
            assert_eq!(serde_json::to_string(&sentence).expect("it is plain data"), json);
            assert_eq!(serde_json::from_str::<Sentence>(json).expect("it reads back"), sentence);
        }
    }
}
