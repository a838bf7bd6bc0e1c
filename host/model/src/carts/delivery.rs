//! The delivery rules of a cart: concurrency, rate, retries, and what a dead letter does to its order.
//!
//! Only valid values exist: each is checked when it is read, so that an error names its line and column.

use crate::dead_letter::Then;
use cartage_base::bounded;
use cartage_contract::manifest::Pace;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// How many orders may be in flight to a cart at once, if neither its operator nor its plugin says otherwise.
pub const CONCURRENCY_DEFAULT: u32 = 4;
/// The highest concurrency that can be set.
pub const CONCURRENCY_MAX: u32 = 64;
/// The highest rate that can be set, in updates per second.
pub const UPDATES_PER_SECOND_MAX: u32 = 100;
/// The highest rate that can be set, in updates per minute.
pub const UPDATES_PER_MINUTE_MAX: u32 = 60 * UPDATES_PER_SECOND_MAX;
/// The longest wait before one more attempt: 24 hours.
pub const WAIT_MS_MAX: u64 = 24 * HOUR_MS;
/// The most waits that a cart's own retry schedule may name.
pub const WAITS_MAX: usize = 32;
/// The shortest time after which an update may be given up: 1 hour.
pub const GIVE_UP_MS_MIN: u64 = HOUR_MS;
/// The longest time after which an update may be given up: 7 days, as long as idempotency keys are kept.
pub const GIVE_UP_MS_MAX: u64 = 7 * 24 * HOUR_MS;

/// The longest margin after a call's deadline: 12 hours.
pub const REPEAT_MARGIN_MS_MAX: u64 = 12 * HOUR_MS;

const SECOND_MS: u64 = 1000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// The default waits before the second, third and further attempts; the last wait is repeated.
const WAITS_MS: [u64; 10] = [
    5 * SECOND_MS,
    30 * SECOND_MS,
    2 * MINUTE_MS,
    10 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    4 * HOUR_MS,
    8 * HOUR_MS,
    12 * HOUR_MS,
];

/// The delivery rules of a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeliveryRules {
    /// What a dead letter does to the later updates of its order.
    pub dead_letters: DeadLetters,
    /// How many orders may be in flight at once. `None` if the plugin's manifest decides, else [`CONCURRENCY_DEFAULT`].
    #[serde(deserialize_with = "concurrency", skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// The most updates started in a second or a minute, evenly spread. `None` if the plugin's manifest decides, else no limit but `concurrency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// The waits before the second, third and further attempts at an update; the last wait is repeated. Default: 5 s, 30 s, 2 min, 10 min, 30 min, 1
    /// h, 2 h, 4 h, 8 h, 12 h.
    #[serde(deserialize_with = "retry_waits")]
    pub retry_waits: Vec<Wait>,
    /// The age at which an update that still fails becomes a dead letter. Default 72 h.
    #[serde(deserialize_with = "give_up_after")]
    pub give_up_after: Wait,
    /// How long after a call's deadline the cart may still be at work on an update without an answer. Nothing more is sent for the order before.
    /// Default: as long again as the deadline.
    #[serde(deserialize_with = "repeat_margin", skip_serializing_if = "Option::is_none")]
    pub repeat_margin: Option<Wait>,
}

impl Default for DeliveryRules {
    fn default() -> DeliveryRules {
        DeliveryRules {
            dead_letters: DeadLetters::default(),
            concurrency: None,
            rate: None,
            retry_waits: WAITS_MS.map(Wait).to_vec(),
            give_up_after: Wait(72 * HOUR_MS),
            repeat_margin: None,
        }
    }
}

impl DeliveryRules {
    /// How many orders may be in flight at once.
    pub fn concurrency(&self) -> u32 {
        self.concurrency.unwrap_or(CONCURRENCY_DEFAULT).max(1)
    }

    /// These rules, with the plugin's pace for what the operator did not set, within the bounds above. An update is at least one request, so the rate
    /// of updates is never higher than the rate of requests that the cart takes.
    pub fn with(&self, pace: &Pace) -> DeliveryRules {
        let concurrency = pace.concurrency.map(|orders| orders.clamp(1, CONCURRENCY_MAX));
        let rate = pace.requests_per_minute.and_then(|requests| Rate::per_minute(requests.clamp(1, UPDATES_PER_MINUTE_MAX)).ok());
        DeliveryRules { concurrency: self.concurrency.or(concurrency), rate: self.rate.or(rate), ..self.clone() }
    }

    /// How long an attempt without an answer may be under way at the cart, from its beginning, in milliseconds: its deadline and the margin.
    pub fn busy_ms(&self, call_ms: u32) -> u64 {
        let deadline = u64::from(call_ms);
        deadline.saturating_add(self.repeat_margin.map_or(deadline, Wait::ms)).min(WAIT_MS_MAX)
    }
}

/// What a dead letter does to the later updates of its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeadLetters {
    /// The later updates wait until somebody retries or discards the dead letter.
    #[default]
    Block,
    /// The later updates are sent; the gap is on record.
    Skip,
    /// The newest update is sent, with what the others had to tell. Only for a plugin that states that each status is a full state; for others this
    /// is the same as `block`.
    LatestWins,
}

impl DeadLetters {
    /// What becomes of an order's queue when the update at its head becomes a dead letter. `full_state` says whether the plugin states that each
    /// status is a full state.
    pub fn then(self, full_state: bool) -> Then {
        match self {
            DeadLetters::Skip => Then::Go,
            DeadLetters::LatestWins if full_state => Then::Go,
            DeadLetters::LatestWins | DeadLetters::Block => Then::Block,
        }
    }
}

/// A number of updates per time, as `30 per minute` or `2 per second`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate {
    updates: u32,
    per_ms: u64,
}

impl Rate {
    /// A rate of so many updates per second.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for 0, and for more than [`UPDATES_PER_SECOND_MAX`].
    pub fn per_second(updates: u32) -> Result<Rate, Invalid> {
        bounded(updates, UPDATES_PER_SECOND_MAX, SECOND_MS)
    }

    /// A rate of so many updates per minute.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for 0, and for more than [`UPDATES_PER_MINUTE_MAX`].
    pub fn per_minute(updates: u32) -> Result<Rate, Invalid> {
        bounded(updates, UPDATES_PER_MINUTE_MAX, MINUTE_MS)
    }

    /// The time from one start to the next in microseconds, rounded up.
    pub fn interval_us(self) -> u64 {
        (self.per_ms * 1000).div_ceil(u64::from(self.updates))
    }
}

fn bounded(updates: u32, max: u32, per_ms: u64) -> Result<Rate, Invalid> {
    if (1..=max).contains(&updates) { Ok(Rate { updates, per_ms }) } else { Err(Invalid::Rate(updates.to_string())) }
}

impl TryFrom<String> for Rate {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Rate, Invalid> {
        let (updates, per) = text.split_once(" per ").unwrap_or_default();
        match (digits(updates).and_then(|number| u32::try_from(number).ok()), per) {
            (Some(updates), "second") => Rate::per_second(updates),
            (Some(updates), "minute") => Rate::per_minute(updates),
            _ => return Err(Invalid::Rate(text)),
        }
        .map_err(|_| Invalid::Rate(text))
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> String {
        rate.to_string()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} per {}", self.updates, if self.per_ms == SECOND_MS { "second" } else { "minute" })
    }
}

/// A length of time, as `5 s`, `2 min` or `12 h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Wait(u64);

impl Wait {
    /// A length of so many seconds.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for 0, and for more than [`GIVE_UP_MS_MAX`].
    pub fn of_s(s: u64) -> Result<Wait, Invalid> {
        let ms = s.checked_mul(SECOND_MS).filter(|ms| (1..=GIVE_UP_MS_MAX).contains(ms));
        ms.map(Wait).ok_or_else(|| Invalid::Wait(format!("{s} s")))
    }

    /// The length in milliseconds.
    pub fn ms(self) -> u64 {
        self.0
    }
}

impl TryFrom<String> for Wait {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Wait, Invalid> {
        let (number, unit) = text.split_once(' ').unwrap_or_default();
        let unit_s = match unit {
            "s" => 1,
            "min" => 60,
            "h" => 3600,
            _ => return Err(Invalid::Wait(text)),
        };
        let seconds = digits(number).and_then(|number| number.checked_mul(unit_s));
        seconds.and_then(|seconds| Wait::of_s(seconds).ok()).ok_or(Invalid::Wait(text))
    }
}

impl From<Wait> for String {
    fn from(wait: Wait) -> String {
        wait.to_string()
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (length, unit) =
            [(HOUR_MS, "h"), (MINUTE_MS, "min")].into_iter().find(|(length, _)| self.0.is_multiple_of(*length)).unwrap_or((SECOND_MS, "s"));
        write!(f, "{} {unit}", self.0 / length)
    }
}

/// Why a value in `[delivery]` is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The text, which is inside, is not a rate.
    #[error(
        "{0:?} is not a rate; write \"2 per second\" (1 to {UPDATES_PER_SECOND_MAX}) or \"30 per minute\" (1 to {UPDATES_PER_MINUTE_MAX}), or \
         remove the key"
    )]
    Rate(String),
    /// The text, which is inside, is not a length of time.
    #[error("{0:?} is not a length of time; write a whole number, a space and \"s\", \"min\" or \"h\", such as \"30 s\", at most 168 h")]
    Wait(String),
}

/// A whole number, written with digits only: no sign, no spaces.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn concurrency<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let orders = i64::deserialize(from)?;
    let fits = u32::try_from(orders).ok().filter(|orders| (1..=CONCURRENCY_MAX).contains(orders));
    fits.map(Some).ok_or_else(|| D::Error::custom(format!("{orders} orders cannot be in flight at once; choose 1 to {CONCURRENCY_MAX}")))
}

fn retry_waits<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Wait>, D::Error> {
    let waits: Vec<Wait> = bounded::list::<_, _, WAITS_MAX>(from)?;
    if waits.is_empty() {
        return Err(D::Error::custom(format!("there are 0 waits; give 1 to {WAITS_MAX}")));
    }
    match waits.iter().find(|wait| wait.0 > WAIT_MS_MAX) {
        Some(long) => {
            Err(D::Error::custom(format!("{long} is too long a wait between two attempts; choose at most {}", Wait(WAIT_MS_MAX))))
        }
        None => Ok(waits),
    }
}

fn repeat_margin<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Wait>, D::Error> {
    let margin = Wait::deserialize(from)?;
    if margin.0 > REPEAT_MARGIN_MS_MAX {
        return Err(D::Error::custom(format!("{margin} is too long a margin; choose at most {}", Wait(REPEAT_MARGIN_MS_MAX))));
    }
    Ok(Some(margin))
}

fn give_up_after<'de, D: Deserializer<'de>>(from: D) -> Result<Wait, D::Error> {
    let age = Wait::deserialize(from)?;
    if age.0 < GIVE_UP_MS_MIN {
        return Err(D::Error::custom(format!("{age} is too early to give up an update; choose at least {}", Wait(GIVE_UP_MS_MIN))));
    }
    Ok(age)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DeliveryRules, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_nobody_writes_is_the_documented_default() {
        let rules = read("").expect("nothing is required");
        assert_eq!(rules, DeliveryRules::default());
        let waits: Vec<String> = rules.retry_waits.iter().map(Wait::to_string).collect();
        assert_eq!(waits, ["5 s", "30 s", "2 min", "10 min", "30 min", "1 h", "2 h", "4 h", "8 h", "12 h"]);
        assert_eq!((rules.give_up_after.to_string(), rules.concurrency(), rules.rate), ("72 h".into(), 4, None));
        assert_eq!(rules.dead_letters, DeadLetters::Block);
    }

    #[test]
    fn each_bound_holds_at_its_edge() {
        for (good, bad, words) in [
            ("concurrency = 1", "concurrency = 0", "choose 1 to 64"),
            ("concurrency = 64", "concurrency = 65", "choose 1 to 64"),
            ("concurrency = 2", "concurrency = -1", "choose 1 to 64"),
            ("rate = \"1 per second\"", "rate = \"0 per second\"", "is not a rate"),
            ("rate = \"100 per second\"", "rate = \"101 per second\"", "is not a rate"),
            ("rate = \"6000 per minute\"", "rate = \"6001 per minute\"", "is not a rate"),
            ("rate = \"30 per minute\"", "rate = \"30 per hour\"", "is not a rate"),
            ("rate = \"30 per minute\"", "rate = \"+30 per minute\"", "is not a rate"),
            ("rate = \"30 per minute\"", "rate = \" per minute\"", "is not a rate"),
            ("rate = \"30 per minute\"", "rate = \"4294967297 per minute\"", "is not a rate"),
            ("retry_waits = [\"1 s\"]", "retry_waits = [\"0 s\"]", "is not a length of time"),
            ("retry_waits = [\"24 h\"]", "retry_waits = [\"1441 min\"]", "choose at most 24 h"),
            ("retry_waits = [\"1 s\"]", "retry_waits = []", "there are 0 waits"),
            ("retry_waits = [\"1 s\"]", "retry_waits = [\"1 day\"]", "is not a length of time"),
            ("retry_waits = [\"1 s\"]", "retry_waits = [\"1s\"]", "is not a length of time"),
            ("retry_waits = [\"1 s\"]", "retry_waits = [\"18446744073709551615 h\"]", "is not a length of time"),
            ("give_up_after = \"1 h\"", "give_up_after = \"59 min\"", "choose at least 1 h"),
            ("give_up_after = \"168 h\"", "give_up_after = \"169 h\"", "at most 168 h"),
            ("repeat_margin = \"1 s\"", "repeat_margin = \"0 s\"", "is not a length of time"),
            ("repeat_margin = \"12 h\"", "repeat_margin = \"13 h\"", "choose at most 12 h"),
            ("dead_letters = \"latest-wins\"", "dead_letters = \"latest\"", "unknown variant"),
            ("dead_letters = \"skip\"", "dead_letter = \"skip\"", "unknown field"),
        ] {
            assert!(read(good).is_ok(), "{good}: {:?}", read(good));
            let error = read(bad).expect_err(bad);
            assert!(error.contains(words) && error.contains("line 1"), "{bad}: {error}");
        }
        let waits = |count: usize| format!("retry_waits = [{}]", vec!["\"1 s\""; count].join(", "));
        assert!(read(&waits(WAITS_MAX)).is_ok() && read(&waits(WAITS_MAX + 1)).is_err_and(|error| error.contains("more than 32 entries")));
    }

    #[test]
    fn an_attempt_without_an_answer_may_be_under_way_for_its_deadline_and_a_margin() {
        let own = read("repeat_margin = \"5 s\"").expect("it is valid");
        assert_eq!((DeliveryRules::default().busy_ms(60_000), own.busy_ms(60_000)), (120_000, 65_000));
        assert_eq!(own.busy_ms(u32::MAX), WAIT_MS_MAX);
    }

    #[test]
    fn a_plugin_s_word_counts_where_nothing_is_set() {
        let pace = Pace { concurrency: Some(256), requests_per_minute: Some(120), ..Pace::default() };
        let told = |text: &str, pace: &Pace| {
            let rules = read(text).expect("it is valid").with(pace);
            (rules.concurrency(), rules.rate.map(|rate| rate.to_string()))
        };
        assert_eq!(told("", &Pace::default()), (CONCURRENCY_DEFAULT, None));
        assert_eq!(told("", &pace), (CONCURRENCY_MAX, Some("120 per minute".into())));
        assert_eq!(told("concurrency = 4\nrate = \"1 per second\"", &pace), (4, Some("1 per second".into())));
        let fast = Pace { requests_per_minute: Some(60_000), ..Pace::default() };
        assert_eq!(told("", &fast).1, Some("6000 per minute".into()));
    }

    #[test]
    fn a_rate_spreads_its_updates_evenly() {
        let interval = |rate: Result<Rate, Invalid>| rate.map(Rate::interval_us);
        assert_eq!(interval(Rate::per_second(1)), Ok(1_000_000));
        assert_eq!(interval(Rate::per_second(7)), Ok(142_858));
        assert_eq!(interval(Rate::per_minute(6000)), Ok(10_000));
    }

    #[test]
    fn what_is_written_reads_back() {
        let text = "dead_letters = \"skip\"\nconcurrency = 7\nrate = \"30 per minute\"\nretry_waits = [\"90 s\", \"24 h\"]\ngive_up_after = \"1 h\"\nrepeat_margin = \"2 min\"\n";
        let rules = read(text).expect("it is valid");
        assert_eq!(toml::to_string(&rules).expect("it is text and numbers"), text);
    }
}
