//! Times as an Order Manager writes them: `01-Jun-2015 13:11:51`, `6/1/2015`, on the Order Manager's own clock.

mod placeholder;

use super::text::cut;
use cartage_model::carts::Inlet;
use cartage_model::carts::inlet::DateOrder;
use jiff::civil::{Date, DateTime, Time};

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// Why a text is not a valid time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The date is not valid.
    #[error("{text:?} is not a date from 1970 to 9999, written as {} or as 01-Jun-2015", written(*.dates))]
    Date {
        /// The text as received, cut to a readable length.
        text: String,
        /// The order in which the inlet reads a date of three numbers.
        dates: DateOrder,
    },
    /// The time of day is not valid.
    #[error("{text:?} has no time of day such as 13:11:51 or 1:11:51 PM after its date")]
    TimeOfDay {
        /// The text as received, cut to a readable length.
        text: String,
    },
}

fn written(dates: DateOrder) -> &'static str {
    match dates {
        DateOrder::MonthDay => "month/day/year (the inlet's setting dates is \"m/d\")",
        DateOrder::DayMonth => "day/month/year (the inlet's setting dates is \"d/m\")",
    }
}

/// A day as [`cartage_policy::validate::Fields`] expects it. A time of day after the date must be valid and is dropped. `None` if the text stands for no
/// date.
pub(super) fn day(text: &str, inlet: &Inlet) -> Result<Option<String>, Error> {
    if placeholder::stands_for_none(text) {
        return Ok(None);
    }
    Ok(Some(civil(text, inlet.dates())?.date().to_string()))
}

/// A moment as [`cartage_policy::validate::Fields`] expects it, with the offset of the inlet's time zone at that moment. An hour that occurs twice
/// when the clocks go back is the first; an hour that is skipped when they go forward continues from the hour before. `None` if the text
/// stands for no date.
pub(super) fn moment(text: &str, inlet: &Inlet) -> Result<Option<String>, Error> {
    if placeholder::stands_for_none(text) {
        return Ok(None);
    }
    let civil = civil(text, inlet.dates())?;
    let placed = inlet.zone().and_then(|zone| {
        let timestamp = zone.to_ambiguous_timestamp(civil).compatible().ok()?;
        let offset = zone.to_offset(timestamp);
        Some((offset.to_datetime(timestamp), offset.seconds() / 60))
    });
    Ok(Some(match placed {
        None => civil.to_string(),
        Some((civil, minutes)) => {
            let sign = if minutes < 0 { '-' } else { '+' };
            format!("{civil}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
        }
    }))
}

fn civil(text: &str, dates: DateOrder) -> Result<DateTime, Error> {
    let text = text.trim();
    let (day, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let date = date(day, dates).ok_or_else(|| Error::Date { text: cut(text), dates })?;
    let rest = rest.trim();
    let time = if rest.is_empty() { Some(Time::midnight()) } else { time(rest) };
    Ok(date.to_datetime(time.ok_or_else(|| Error::TimeOfDay { text: cut(text) })?))
}

/// Parses `6/1/2015`, `01-Jun-2015` or `2015-06-01`; a year of two digits is in this century.
fn date(text: &str, dates: DateOrder) -> Option<Date> {
    let mut pieces = text.splitn(4, ['/', '-', '.']);
    let pieces = [pieces.next()?, pieces.next()?, pieces.next()?, pieces.next().unwrap_or_default()];
    let [first, second, third, ""] = pieces else { return None };
    let (year, month, day) = match month(second) {
        Some(month) => (year(third)?, month, number(first)?),
        None if first.len() == 4 => (year(first)?, number(second)?, number(third)?),
        None => match dates {
            DateOrder::MonthDay => (year(third)?, number(first)?, number(second)?),
            DateOrder::DayMonth => (year(third)?, number(second)?, number(first)?),
        },
    };
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The number of an English month, by its name or the first three letters.
fn month(text: &str) -> Option<u16> {
    let text = text.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| *month == text || month.get(..3) == Some(text.as_str()))?;
    u16::try_from(at + 1).ok()
}

fn year(text: &str) -> Option<i16> {
    let year = match text.len() {
        2 => 2000 + number(text)?,
        4 => number(text)?,
        _ => return None,
    };
    i16::try_from(year).ok().filter(|year| *year >= 1970)
}

/// A number of digits only, without a sign.
fn number(text: &str) -> Option<u16> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// Parses `13:11:51`, `13:11` or `1:11:51 PM`.
fn time(text: &str) -> Option<Time> {
    let lower = text.to_ascii_lowercase();
    let (clock, half) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(clock), _) => (clock.trim_end(), Some(0)),
        (_, Some(clock)) => (clock.trim_end(), Some(12)),
        (None, None) => (lower.as_str(), None),
    };
    let mut pieces = clock.splitn(3, ':').map(number);
    let (hour, minute, second) = (pieces.next()??, pieces.next()??, pieces.next().unwrap_or(Some(0))?);
    let hour = match half {
        None => hour,
        Some(half) => Some(hour).filter(|hour| (1..=12).contains(hour))? % 12 + half,
    };
    let small = |number: u16| i8::try_from(number).ok();
    // jiff rejects the 60 of a leap second, so such a time is not valid.
    Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()
}

#[cfg(test)]
mod tests;
