//! The checks of single texts. They collect every problem instead of stopping at the first.

use super::{ORDER_NUMBER_CHARS_MAX, TEXT_CHARS_MAX, URL_CHARS_MAX};
use cartage_contract::orders::{CivilDate, CivilTime};

/// The most problems that are named.
pub(super) const PROBLEMS_MAX: usize = 100;
/// The most characters of a sender's text that a problem repeats.
const REPEATED_CHARS_MAX: usize = 60;

/// A sender's text, cut to the length that a problem repeats.
pub(super) fn cut(text: &str) -> String {
    let mut chars = text.chars();
    let cut: String = chars.by_ref().take(REPEATED_CHARS_MAX).collect();
    if chars.next().is_some() { cut + "..." } else { cut }
}

/// Collects the problems, field by field.
#[derive(Default)]
pub(super) struct Check {
    pub(super) problems: Vec<String>,
}

impl Check {
    pub(super) fn problem(&mut self, field: &str, what: impl AsRef<str>) {
        match self.problems.len() {
            PROBLEMS_MAX => self.problems.push("more fields are wrong, but are not listed here".to_owned()),
            more if more > PROBLEMS_MAX => {}
            _ => self.problems.push(format!("{field} {}", what.as_ref())),
        }
    }

    /// Checks a line of text: up to `max` characters, no control characters.
    pub(super) fn line(&mut self, field: &str, text: String, max: usize) -> String {
        let chars = text.chars().count();
        if chars > max {
            self.problem(field, format!("has {chars} characters, but at most {max} are allowed"));
        }
        self.no_controls(field, &text, false);
        text
    }

    /// Checks a line of text that may be left out. An empty one counts as left out.
    pub(super) fn optional(&mut self, field: &str, text: Option<String>) -> Option<String> {
        let text = text.filter(|text| !text.is_empty())?;
        Some(self.line(field, text, TEXT_CHARS_MAX))
    }

    /// Checks a line of text that must be there.
    pub(super) fn required(&mut self, field: &str, text: String, max: usize) -> String {
        if text.trim().is_empty() {
            self.problem(field, "is empty");
        } else if text.trim().len() != text.len() {
            self.problem(field, "starts or ends with a space");
        }
        self.line(field, text, max)
    }

    /// Checks an order number or a line's id.
    pub(super) fn number(&mut self, field: &str, text: String) -> String {
        self.required(field, text, ORDER_NUMBER_CHARS_MAX)
    }

    /// Checks text of several lines; Windows line ends become plain ones.
    pub(super) fn block(&mut self, field: &str, text: Option<String>, bytes_max: usize) -> Option<String> {
        let text = text.filter(|text| !text.is_empty())?.replace("\r\n", "\n");
        if text.len() > bytes_max {
            self.problem(field, format!("has {} bytes, but at most {bytes_max} are allowed", text.len()));
        }
        self.no_controls(field, &text, true);
        Some(text)
    }

    fn no_controls(&mut self, field: &str, text: &str, lines: bool) {
        let bad = text.chars().find(|c| c.is_control() && !(lines && matches!(c, '\n' | '\t')));
        if let Some(bad) = bad {
            self.problem(field, format!("holds the control character U+{:04X}", u32::from(bad)));
        }
    }

    /// Checks decimal text: an optional minus sign, up to 15 digits, optionally a point and up to 6 digits.
    pub(super) fn quantity(&mut self, field: &str, text: String) -> String {
        let unsigned = text.strip_prefix('-').unwrap_or(&text);
        let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(whole, fraction)| (whole, Some(fraction)));
        let digits = |text: &str, max: usize| (1..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole, 15) || fraction.is_some_and(|fraction| !digits(fraction, 6)) {
            self.problem(
                field,
                format!("{:?} is not a decimal number with up to 15 digits and up to 6 decimals, such as 2 or 0.5", cut(&text)),
            );
        }
        text
    }

    /// Checks an absolute http or https URL.
    pub(super) fn web_url(&mut self, field: &str, text: Option<String>) -> Option<String> {
        let text = text.filter(|text| !text.is_empty())?;
        let text = self.line(field, text, URL_CHARS_MAX);
        match url::Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {}
            Ok(_) | Err(_) => self.problem(field, format!("{:?} is not an http or https URL", cut(&text))),
        }
        Some(text)
    }

    /// Checks a date such as `2026-11-23`.
    pub(super) fn date(&mut self, field: &str, text: Option<&str>) -> Option<CivilDate> {
        let text = text.filter(|text| !text.is_empty())?;
        match text.parse::<jiff::civil::Date>().ok().and_then(civil_date) {
            Some(date) => Some(date),
            None => {
                self.problem(field, format!("{:?} is not a date from 1970 to 9999, such as 2026-11-23", cut(text)));
                None
            }
        }
    }

    /// Checks a time such as `2026-11-23T14:05:00`, optionally with an offset (`+01:00`, `Z`).
    pub(super) fn time(&mut self, field: &str, text: Option<&str>) -> Option<CivilTime> {
        let text = text.filter(|text| !text.is_empty())?;
        match parse_time(text) {
            Some(time) => Some(time),
            None => {
                self.problem(field, format!("{:?} is not a time, such as 2026-11-23T14:05:00 or 2026-11-23T14:05:00+01:00", cut(text)));
                None
            }
        }
    }
}

fn civil_date(date: jiff::civil::Date) -> Option<CivilDate> {
    let year = u16::try_from(date.year()).ok().filter(|year| *year >= 1970)?;
    Some(CivilDate { year, month: date.month().unsigned_abs(), day: date.day().unsigned_abs() })
}

fn parse_time(text: &str) -> Option<CivilTime> {
    let offset = match jiff::fmt::temporal::Pieces::parse(text).ok()?.to_numeric_offset() {
        Some(offset) => Some(i16::try_from(offset.seconds() / 60).ok().filter(|minutes| (-1080..=1080).contains(minutes))?),
        None => None,
    };
    // Without its `Z`, a time in UTC is a time on a wall in Greenwich.
    let time = jiff::fmt::temporal::DateTimeParser::new().parse_datetime(text.trim_end_matches(['Z', 'z'])).ok()?;
    Some(CivilTime {
        date: civil_date(time.date())?,
        hour: time.hour().unsigned_abs(),
        minute: time.minute().unsigned_abs(),
        second: time.second().unsigned_abs(),
        utc_offset_minutes: offset,
    })
}

/// A moment as text for people, in UTC.
pub fn utc(unix_ms: u64) -> String {
    let CivilTime { date, hour, minute, second, .. } = civil_time(unix_ms);
    format!("{}-{:02}-{:02} {hour:02}:{minute:02}:{second:02} UTC", date.year, date.month, date.day)
}

/// A moment as a civil time in UTC.
pub fn civil_time(unix_ms: u64) -> CivilTime {
    let latest = 253_402_207_200_000; // The last moment of the calendar's year 9999, with room for any offset.
    let moment = jiff::Timestamp::from_millisecond(unix_ms.min(latest).cast_signed()).expect("it lies between 1970 and 9999");
    let time = jiff::tz::Offset::UTC.to_datetime(moment);
    CivilTime {
        date: civil_date(time.date()).expect("it lies between 1970 and 9999"),
        hour: time.hour().unsigned_abs(),
        minute: time.minute().unsigned_abs(),
        second: time.second().unsigned_abs(),
        utc_offset_minutes: Some(0),
    }
}
