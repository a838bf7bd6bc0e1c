//! Tracking numbers in the order's own meta data.
//!
//! The extensions Shipment Tracking and Advanced Shipment Tracking, and all other software that shows tracking numbers, read one list in the order's meta
//! data. A PUT replaces that list. So the list is read first, and the entries that the shop has there besides are kept.

use crate::json;
use crate::order::Order;
use cartage_sdk::json::Value;
use cartage_sdk::orders::{CivilDate, Told};
use cartage_sdk::signing::{self, Algorithm, hex};
use cartage_sdk::{Failure, Package, Update, http};

/// The meta data key of the list.
pub(crate) const META: &str = "_wc_shipment_tracking_items";

/// The packages that the shop must be told of, each with its index and its tracking number. Packages without a number are skipped, because no
/// part of WooCommerce can store them.
pub(crate) fn news(update: &Update) -> impl Iterator<Item = (usize, &Package, &str)> {
    let all = cartage_sdk::orders::news(update).packages();
    all.filter_map(|(place, package)| Some((place, package, package.tracking_number.as_deref()?)))
}

/// Whether two tracking numbers are equal apart from spaces, hyphens and case.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let bytes =
        |text: &'_ str| text.bytes().filter(|byte| !matches!(byte, b' ' | b'-')).map(|byte| byte.to_ascii_uppercase()).collect::<Vec<_>>();
    bytes(one) == bytes(other)
}

/// The number under which the shop knows a package: the previous number, if the number was corrected.
pub(crate) fn known_number<'p>(package: &'p Package, number: &'p str) -> &'p str {
    package.told_number.as_deref().unwrap_or(number)
}

/// The list as it must be after the update. `None` if the order has this list already.
pub(crate) fn merged(order: &Order, update: &Update) -> Result<Option<Vec<Value>>, Failure> {
    if news(update).next().is_none() {
        return Ok(None);
    }
    let before = items(&order.body)?;
    let mut after = before.clone();
    for (_, package, number) in news(update) {
        if package.told == Told::Withdrawn {
            after.retain(|item| !is_of(item, number));
            continue;
        }
        let known = after.iter().position(|item| is_of(item, number));
        match known.or_else(|| after.iter().position(|item| is_of(item, known_number(package, number)))) {
            // The shop has the new package already: an earlier attempt added it, or a person typed it.
            Some(_) if package.told == Told::New => {}
            Some(place) => fill(&mut after[place], package, number, update),
            None => after.push(new_item(package, number, update)?),
        }
    }
    Ok(Some(after).filter(|after| *after != before))
}

/// The tracking items that an order has.
pub(crate) fn items(order: &Value) -> Result<Vec<Value>, Failure> {
    let Some(value) = json::meta(&order["meta_data"], META) else { return Ok(Vec::new()) };
    let items = json::list(value).filter(|items| items.iter().all(|item| item.members().is_some()));
    let items = items.ok_or_else(|| {
        Failure::invalid_data(format!(
            "the order's {META} is no list of tracking items, and would be lost if it were written: look at it in the shop"
        ))
    })?;
    Ok(items.into_iter().cloned().collect())
}

fn is_of(item: &Value, number: &str) -> bool {
    json::text(&item["tracking_number"]).is_some_and(|own| is_same(own, number))
}

fn new_item(package: &Package, number: &str, update: &Update) -> Result<Value, Failure> {
    // The extension deletes an item by this id, and accepts an id of up to 32 hexadecimal digits.
    let digest = signing::digest(Algorithm::Md5, [http::text(format!("{}-{number}", package.carrier.as_deref().unwrap_or_default()))])?;
    let mut item = Value::object([("tracking_id", hex(&digest).into())]);
    fill(&mut item, package, number, update);
    Ok(item)
}

/// Writes a package into its item. A carrier with its own link is stored as a custom provider; otherwise the extension makes the link, if it knows the carrier.
fn fill(item: &mut Value, package: &Package, number: &str, update: &Update) {
    let (carrier, link) = (package.carrier.as_deref().unwrap_or_default(), package.tracking_url.as_deref().unwrap_or_default());
    let (known, custom) = if link.is_empty() { (slug(carrier), "") } else { (String::new(), carrier) };
    let shipped = unix_seconds(package.picked_up.unwrap_or(update.changed_at.date));
    item.set("tracking_provider", known.into());
    item.set("custom_tracking_provider", custom.into());
    item.set("custom_tracking_link", link.into());
    item.set("tracking_number", number.into());
    item.set("date_shipped", shipped.to_string().into());
}

/// A carrier's name as WordPress writes names in keys: `Royal Mail` becomes `royal-mail`.
pub(crate) fn slug(carrier: &str) -> String {
    let words = carrier.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// The start of a day in UTC, in seconds since 1970.
fn unix_seconds(date: CivilDate) -> u64 {
    let (year, month) = (u64::from(date.year), u64::from(date.month));
    // Years are counted from March, so that they end with the leap day.
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + u64::from(date.day);
    (days - 719_469) * 86_400
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        for (year, month, day, seconds) in
            [(1970, 1, 1, 0), (2000, 2, 29, 951_782_400), (2015, 6, 1, 1_433_116_800), (2026, 12, 31, 1_798_675_200)]
        {
            assert_eq!(unix_seconds(CivilDate { year, month, day }), seconds, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn numbers_are_the_same_but_for_spaces_hyphens_and_case() {
        assert!(is_same("1z 999-AA", "1Z999aa"));
        assert!(!is_same("1Z1", "1Z11"));
    }

    #[test]
    fn carriers_become_slugs() {
        for (carrier, written) in
            [("UPS", "ups"), ("Royal Mail", "royal-mail"), (" DHL (DE) ", "dhl-de"), ("", ""), ("Chronopost é", "chronopost-é")]
        {
            assert_eq!(slug(carrier), written);
        }
    }
}
