//! What happened to an order, as the [contract](cartage_contract::orders) has it, and dates as carts write them.
//!
//! ```
//! use cartage_sdk::orders::{CivilDate, CivilTime, iso_date, iso_time, month_name, us_date};
//!
//! let date = CivilDate { year: 2015, month: 6, day: 1 };
//! assert_eq!(iso_date(date), "2015-06-01");
//! assert_eq!(us_date(date), "6/1/2015");
//! assert_eq!(format!("{:02}-{}-{}", date.day, month_name(date), date.year), "01-Jun-2015");
//!
//! let time = CivilTime { date, hour: 13, minute: 11, second: 5, utc_offset_minutes: Some(-240) };
//! assert_eq!(iso_time(time), "2015-06-01T13:11:05-04:00");
//! assert_eq!(iso_time(CivilTime { utc_offset_minutes: None, ..time }), "2015-06-01T13:11:05");
//! ```

pub use cartage_contract::orders::{CivilDate, CivilTime, Content, LineItem, LinePackage, Package, Told, Update};

/// The packages that stand: all but those that the Order Manager has withdrawn since.
///
/// ```
/// use cartage_sdk::orders::{Told, standing_packages};
/// use cartage_sdk::testing;
///
/// let withdrawn = cartage_sdk::Package { told: Told::Withdrawn, ..testing::package("UPS", "1Z1") };
/// let update = cartage_sdk::Update {
///     packages: vec![withdrawn, testing::package("UPS", "1Z2")],
///     ..testing::update("1001", "Shipped")
/// };
/// let numbers: Vec<_> = standing_packages(&update).filter_map(|package| package.tracking_number.as_deref()).collect();
/// assert_eq!(numbers, ["1Z2"]);
/// ```
pub fn standing_packages(update: &Update) -> impl Iterator<Item = &Package> {
    update.packages.iter().filter(|package| package.told != Told::Withdrawn)
}

/// `2015-06-01`.
pub fn iso_date(date: CivilDate) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

/// `6/1/2015`: month, day and year without leading zeros.
pub fn us_date(date: CivilDate) -> String {
    format!("{}/{}/{}", date.month, date.day, date.year)
}

/// `Jun`: the English name's first three letters.
pub fn month_name(date: CivilDate) -> &'static str {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.get(usize::from(date.month).wrapping_sub(1)).copied().unwrap_or_default()
}

/// `2015-06-01T13:11:51`, with `+02:00` where the offset is known.
pub fn iso_time(time: CivilTime) -> String {
    let offset = time.utc_offset_minutes.map_or_else(String::new, |minutes| {
        let sign = if minutes < 0 { '-' } else { '+' };
        format!("{sign}{:02}:{:02}", minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60)
    });
    format!("{}T{:02}:{:02}:{:02}{offset}", iso_date(time.date), time.hour, time.minute, time.second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_month_has_its_name() {
        let name = |month| month_name(CivilDate { year: 2024, month, day: 1 });
        assert_eq!((name(1), name(12), name(0), name(13)), ("Jan", "Dec", "", ""));
    }

    #[test]
    fn an_offset_has_a_sign_hours_and_minutes() {
        let date = CivilDate { year: 1970, month: 1, day: 1 };
        for (minutes, text) in [(0, "+00:00"), (-30, "-00:30"), (345, "+05:45"), (-1080, "-18:00")] {
            let time = CivilTime { date, hour: 0, minute: 0, second: 0, utc_offset_minutes: Some(minutes) };
            assert_eq!(iso_time(time), format!("1970-01-01T00:00:00{text}"));
        }
    }
}
