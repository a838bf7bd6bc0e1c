//! An order's update, as the [contract](cartage_contract::orders) defines it, and dates in the forms that carts use.
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

/// The packages that are valid: all except those that the Order Manager has withdrawn.
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

/// The part of an update that the cart was not told yet.
///
/// An update holds everything that is known of its order, including what the cart was told before. A cart that does not recognise a repeat creates a
/// second shipment for a package that is sent again, and mails the customer again.
///
/// ```
/// use cartage_sdk::orders::{Told, news};
/// use cartage_sdk::{Package, Update, testing};
///
/// let told = |told, number| Package { told, ..testing::package("UPS", number) };
/// let packages = vec![told(Told::AlreadyTold, "1Z1"), told(Told::New, "1Z2"), told(Told::Withdrawn, "1Z3")];
/// let update = Update { previous_label: Some("Shipped".to_owned()), packages, ..testing::update("1001", "Shipped") };
/// let news = news(&update);
/// assert_eq!(news.label(), None, "the cart was told this label last");
/// assert_eq!(news.new_packages().map(|(place, _)| place).collect::<Vec<_>>(), [1]);
/// assert_eq!(news.withdrawn_packages().map(|(_, package)| package.tracking_number.as_deref()).collect::<Vec<_>>(), [Some("1Z3")]);
/// ```
pub fn news(update: &Update) -> News<'_> {
    News { update }
}

/// The part of an update that the cart was not told yet; see [`news`]. Each package comes with its index in the update, by which an outcome names it:
/// [`Progress::told`](crate::Progress::told).
#[derive(Debug, Clone, Copy)]
pub struct News<'a> {
    update: &'a Update,
}

impl<'a> News<'a> {
    /// The order's label. `None` if the cart was told the same label last; if the host does not know the last label, this label counts as new.
    pub fn label(self) -> Option<&'a str> {
        let is_known = self.update.previous_label.as_ref() == Some(&self.update.label);
        (!is_known).then_some(self.update.label.as_str())
    }

    /// The packages that the cart was not told of.
    pub fn new_packages(self) -> impl Iterator<Item = (usize, &'a Package)> {
        self.packages().filter(|(_, package)| package.told == Told::New)
    }

    /// The packages that differ from what the cart was told: in the tracking number (the old one is `told_number`), or in other data. The host
    /// sends them only to a plugin with the feature `corrections`.
    pub fn changed_packages(self) -> impl Iterator<Item = (usize, &'a Package)> {
        self.packages().filter(|(_, package)| matches!(package.told, Told::NumberCorrected | Told::Changed))
    }

    /// The packages that the cart was told of and that were withdrawn since. The host sends them only to a plugin with the feature `withdrawals`.
    pub fn withdrawn_packages(self) -> impl Iterator<Item = (usize, &'a Package)> {
        self.packages().filter(|(_, package)| package.told == Told::Withdrawn)
    }

    /// All packages that the cart must be told of, in the update's order: new, changed and withdrawn ones.
    pub fn packages(self) -> impl Iterator<Item = (usize, &'a Package)> {
        self.update.packages.iter().enumerate().filter(|(_, package)| package.told != Told::AlreadyTold)
    }

    /// Whether the cart was told the label and every package as they are now. A note and the line items may still be new, because the host does not record
    /// whether the cart was told of them.
    pub fn is_empty(self) -> bool {
        self.label().is_none() && self.packages().next().is_none()
    }
}

/// A date in the form `2015-06-01`.
pub fn iso_date(date: CivilDate) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

/// A date in the form `6/1/2015`: month, day and year without leading zeros.
pub fn us_date(date: CivilDate) -> String {
    format!("{}/{}/{}", date.month, date.day, date.year)
}

/// The first three letters of the month's English name, such as `Jun`.
pub fn month_name(date: CivilDate) -> &'static str {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.get(usize::from(date.month).wrapping_sub(1)).copied().unwrap_or_default()
}

/// A time in the form `2015-06-01T13:11:51`, followed by an offset such as `+02:00` if the offset is known.
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
    fn every_kind_of_package_is_news_of_its_kind_or_none() {
        use crate::testing::{package, update};
        let told = [Told::Withdrawn, Told::AlreadyTold, Told::Changed, Told::New, Told::NumberCorrected];
        let packages = told.map(|told| Package { told, ..package("UPS", "1Z") }).to_vec();
        let update = Update { packages, ..update("1", "Shipped") };
        let news = news(&update);
        let places = |packages: &mut dyn Iterator<Item = (usize, &Package)>| packages.map(|(place, _)| place).collect::<Vec<_>>();
        assert_eq!(places(&mut news.new_packages()), [3]);
        assert_eq!(places(&mut news.changed_packages()), [2, 4]);
        assert_eq!(places(&mut news.withdrawn_packages()), [0]);
        assert_eq!(places(&mut news.packages()), [0, 2, 3, 4]);
    }

    #[test]
    fn a_label_is_news_unless_the_cart_was_told_it_last() {
        for (previous, label) in [(None, Some("Shipped")), (Some("Open"), Some("Shipped")), (Some("Shipped"), None)] {
            let update = Update { previous_label: previous.map(str::to_owned), ..crate::testing::update("1", "Shipped") };
            assert_eq!((news(&update).label(), news(&update).is_empty()), (label, label.is_none()), "{previous:?}");
        }
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
