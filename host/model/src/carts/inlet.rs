//! A cart's inlet: how an Order Manager that speaks the classic protocol (SETI) posts to this cart.
//!
//! The password is not part of the inlet: the vault keeps it. A post does not say in which time zone, date order and characters it is written, so the
//! inlet does. [`crate::carts::Cart::seti`] holds the inlet; a cart without one takes no posts.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The version that `sendversion` reports if the operator sets none.
pub const VERSION_DEFAULT: &str = "1.000";
/// The most characters of the version.
pub const VERSION_CHARS_MAX: usize = 16;
/// The most characters of the user name and of the store code.
pub const ACCOUNT_CHARS_MAX: usize = 100;
/// How long an answer waits for the delivery by default, in milliseconds.
pub const WAIT_MS_DEFAULT: u32 = 10_000;
/// The shortest time that an answer may wait, in milliseconds.
pub const WAIT_MS_MIN: u32 = 100;
/// The longest time that an answer may wait, in milliseconds: an Order Manager that waits looks hung to its user.
pub const WAIT_MS_MAX: u32 = 60_000;

/// The settings for posts to a cart, all of them valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Inlet {
    user: String,
    code: String,
    version: String,
    zone: Option<TimeZone>,
    dates: DateOrder,
    encoding: Encoding,
    answer: AnswerWhen,
    leave_out: BTreeSet<LeaveOut>,
}

/// The order of day and month in a date of three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum DateOrder {
    /// `6/1/2015` is the first of June.
    #[default]
    #[serde(rename = "m/d")]
    MonthDay,
    /// `6/1/2015` is the sixth of January.
    #[serde(rename = "d/m")]
    DayMonth,
}

/// The character encoding of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8 where a field is valid UTF-8, else Windows-1252, which holds Latin-1's letters.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// UTF-8 and nothing else.
    #[serde(rename = "utf-8")]
    Utf8,
    /// Windows-1252, also where the bytes are valid UTF-8.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// When a post is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AnswerWhen {
    /// As soon as every update in the post is on disk or has nothing to do.
    #[default]
    Accepted,
    /// When the cart has answered, or the wait is over.
    Delivered {
        /// How long to wait, [`WAIT_MS_MIN`] to [`WAIT_MS_MAX`] milliseconds.
        wait_ms: u32,
    },
}

/// A part of posts that this cart's plugin cannot carry and that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeaveOut {
    /// Notes and comments, including those of line items.
    Notes,
    /// Packages with their tracking numbers.
    Packages,
    /// Line items with their statuses.
    LineItems,
}

impl LeaveOut {
    /// The part's name in a cart's file.
    pub fn name(self) -> &'static str {
        match self {
            LeaveOut::Notes => "notes",
            LeaveOut::Packages => "packages",
            LeaveOut::LineItems => "line-items",
        }
    }
}

/// Why an inlet's settings are not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The user name or the store code is not valid.
    #[error("{key} {problem}; write the value as it appears in the Order Manager's cart definition")]
    Account {
        /// The key in the cart's file.
        key: &'static str,
        /// What is wrong with its value, as the rest of a sentence.
        problem: &'static str,
    },
    /// The version is not made of digits and points, or is too long.
    #[error(
        "version {text:?} is not valid: write digits and points, at most {VERSION_CHARS_MAX} characters, the same as the Order Manager's parameter \
         GenericScriptVersionNumber, such as {VERSION_DEFAULT:?}"
    )]
    Version {
        /// The version as the operator wrote it.
        text: String,
    },
    /// The time zone is not an IANA name.
    #[error("time_zone {text:?} is not known; write an IANA name, such as \"America/New_York\"")]
    TimeZone {
        /// The time zone as the operator wrote it.
        text: String,
    },
    /// The time to wait is out of bounds.
    #[error("wait_ms {given} is out of bounds: {WAIT_MS_MIN} to {WAIT_MS_MAX}")]
    Wait {
        /// The time as the operator wrote it, in milliseconds.
        given: u32,
    },
    /// A time to wait is set, but posts are answered without waiting.
    #[error(
        "wait_ms says how long to wait for a delivery, but answer is not \"delivered\"; set answer to \"delivered\", or remove wait_ms"
    )]
    NothingToWaitFor,
}

impl Inlet {
    /// An inlet for this user name, with defaults for everything else.
    ///
    /// # Errors
    ///
    /// [`Error::Account`] if the user name is not valid.
    pub fn new(user: &str) -> Result<Inlet, Error> {
        Inlet::try_from(Written { user: user.to_owned(), ..Written::default() })
    }

    /// The user name that a post must carry.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The store code that a post must carry. Empty if any code is taken, as most integration scripts do.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The version that `sendversion` reports.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The time zone of the Order Manager's clock. `None` if it is unknown, so that times stay without an offset.
    pub fn zone(&self) -> Option<&TimeZone> {
        self.zone.as_ref()
    }

    /// The order of day and month in the posts' dates.
    pub fn dates(&self) -> DateOrder {
        self.dates
    }

    /// The character encoding of the posts.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// When a post is answered.
    pub fn answer(&self) -> AnswerWhen {
        self.answer
    }

    /// Whether this part of posts is left out.
    pub fn leaves_out(&self, part: LeaveOut) -> bool {
        self.leave_out.contains(&part)
    }
}

/// An inlet as its operator writes it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    user: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    code: String,
    #[serde(default = "version_default", skip_serializing_if = "is_version_default")]
    version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    #[serde(default, skip_serializing_if = "super::is_default")]
    dates: DateOrder,
    #[serde(default, skip_serializing_if = "super::is_default")]
    encoding: Encoding,
    #[serde(default, skip_serializing_if = "super::is_default")]
    answer: Word,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait_ms: Option<u32>,
    #[serde(default, skip_serializing_if = "super::is_default")]
    leave_out: BTreeSet<LeaveOut>,
}

/// The key `answer` in the cart's file; the time to wait is a key of its own.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    #[default]
    Accepted,
    Delivered,
}

fn version_default() -> String {
    VERSION_DEFAULT.to_owned()
}

fn is_version_default(version: &str) -> bool {
    version == VERSION_DEFAULT
}

impl Default for Written {
    fn default() -> Written {
        Written {
            user: String::new(),
            code: String::new(),
            version: version_default(),
            time_zone: None,
            dates: DateOrder::default(),
            encoding: Encoding::default(),
            answer: Word::default(),
            wait_ms: None,
            leave_out: BTreeSet::new(),
        }
    }
}

impl TryFrom<Written> for Inlet {
    type Error = Error;

    fn try_from(written: Written) -> Result<Inlet, Error> {
        if written.user.is_empty() {
            return Err(Error::Account { key: "user", problem: "is empty" });
        }
        check_account("user", &written.user)?;
        check_account("code", &written.code)?;
        let version = written.version;
        let digits = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && version.starts_with(|c: char| c.is_ascii_digit());
        if !digits || version.len() > VERSION_CHARS_MAX {
            return Err(Error::Version { text: version });
        }
        let zone = match written.time_zone {
            Some(text) => Some(TimeZone::get(&text).map_err(|_| Error::TimeZone { text })?),
            None => None,
        };
        let answer = match (written.answer, written.wait_ms) {
            (Word::Accepted, None) => AnswerWhen::Accepted,
            (Word::Accepted, Some(_)) => return Err(Error::NothingToWaitFor),
            (Word::Delivered, wait_ms) => AnswerWhen::Delivered { wait_ms: wait_ms.unwrap_or(WAIT_MS_DEFAULT) },
        };
        if let AnswerWhen::Delivered { wait_ms: given } = answer
            && !(WAIT_MS_MIN..=WAIT_MS_MAX).contains(&given)
        {
            return Err(Error::Wait { given });
        }
        let Written { user, code, dates, encoding, leave_out, .. } = written;
        Ok(Inlet { user, code, version, zone, dates, encoding, answer, leave_out })
    }
}

fn check_account(key: &'static str, text: &str) -> Result<(), Error> {
    if text.chars().any(char::is_control) {
        return Err(Error::Account { key, problem: "holds a control character" });
    }
    if text.chars().count() > ACCOUNT_CHARS_MAX {
        return Err(Error::Account { key, problem: "has more than 100 characters" });
    }
    Ok(())
}

impl From<Inlet> for Written {
    fn from(inlet: Inlet) -> Written {
        let time_zone = inlet.zone.as_ref().and_then(TimeZone::iana_name).map(str::to_owned);
        let (answer, wait_ms) = match inlet.answer {
            AnswerWhen::Accepted => (Word::Accepted, None),
            AnswerWhen::Delivered { wait_ms } => (Word::Delivered, Some(wait_ms).filter(|ms| *ms != WAIT_MS_DEFAULT)),
        };
        let Inlet { user, code, version, dates, encoding, leave_out, .. } = inlet;
        Written { user, code, version, time_zone, dates, encoding, answer, wait_ms, leave_out }
    }
}

#[cfg(test)]
mod tests;
