//! The time zone of a cart's Order Manager, by which a local time becomes an instant.

use cartage_contract::orders::CivilTime;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

/// A time zone with an IANA name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

/// The error for a text that names no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("time_zone {text:?} is not known; write an IANA name, such as \"America/New_York\"")]
pub struct NoZone {
    text: String,
}

impl TryFrom<String> for Zone {
    type Error = NoZone;
    fn try_from(text: String) -> Result<Zone, NoZone> {
        match TimeZone::get(&text) {
            Ok(zone) if zone.iana_name().is_some() => Ok(Zone(zone)),
            Ok(_) | Err(_) => Err(NoZone { text }),
        }
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> String {
        zone.0.iana_name().unwrap_or_default().to_owned()
    }
}

/// The instant of a sender's time, in milliseconds since 1970-01-01T00:00:00Z: by the time's own offset, else by this zone. `None` if neither is
/// known, or if the local time occurred twice or never.
pub fn instant(time: &CivilTime, zone: Option<&Zone>) -> Option<u64> {
    let small = |number: u8| i8::try_from(number).ok();
    let year = i16::try_from(time.date.year).ok()?;
    let (month, day) = (small(time.date.month)?, small(time.date.day)?);
    let civil = DateTime::new(year, month, day, small(time.hour)?, small(time.minute)?, small(time.second)?, 0).ok()?;
    let moment = match (time.utc_offset_minutes, zone) {
        (Some(minutes), _) => Offset::from_seconds(i32::from(minutes) * 60).ok()?.to_timestamp(civil).ok()?,
        (None, Some(Zone(zone))) => zone.to_ambiguous_timestamp(civil).unambiguous().ok()?,
        (None, None) => return None,
    };
    u64::try_from(moment.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_contract::orders::CivilDate;

    fn zone(name: &str) -> Result<Zone, NoZone> {
        Zone::try_from(name.to_owned())
    }

    fn at(month: u8, day: u8, hour: u8, utc_offset_minutes: Option<i16>) -> CivilTime {
        CivilTime { date: CivilDate { year: 2026, month, day }, hour, minute: 30, second: 0, utc_offset_minutes }
    }

    #[test]
    fn an_instant_is_by_the_senders_offset_else_by_the_zone_and_else_unknown() {
        let berlin = zone("Europe/Berlin").expect("it is one");
        let hour = 3_600_000;
        let noon_utc = instant(&at(6, 1, 12, Some(0)), None).expect("it has an offset");
        assert_eq!(noon_utc, 1_780_317_000_000);
        assert_eq!(instant(&at(6, 1, 12, Some(60)), Some(&berlin)), Some(noon_utc - hour), "the sender knows better");
        assert_eq!(instant(&at(6, 1, 12, None), Some(&berlin)), Some(noon_utc - 2 * hour), "summer");
        assert_eq!(instant(&at(6, 1, 12, None), None), None);
        // The clocks go forward on 29 March at 2:00, and back on 25 October at 3:00.
        assert_eq!(instant(&at(3, 29, 2, None), Some(&berlin)), None, "never");
        assert_eq!(instant(&at(10, 25, 2, None), Some(&berlin)), None, "twice");
        assert!(instant(&at(10, 25, 3, None), Some(&berlin)).is_some());
    }

    #[test]
    fn a_zone_is_an_iana_name_and_reads_back() {
        for wrong in ["", "Berlin", "CET+1", "America/Nowhere"] {
            assert!(zone(wrong).is_err(), "{wrong}");
        }
        assert_eq!(zone("America/New_York").map(String::from), Ok("America/New_York".to_owned()));
    }
}
