//! The parts of an update that a plugin may be unable to carry, each under the name of the feature that carries it.

use cartage_contract::manifest::Features;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;

/// A part of an update that a plugin may be unable to carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Packages with their tracking numbers.
    Tracking,
    /// More than one package in an update.
    SeveralPackages,
    /// The line items in each package.
    PackageContents,
    /// A change of a package that the cart was told of before.
    Corrections,
    /// The withdrawal of a package that the cart was told of before.
    Withdrawals,
    /// Line items with their statuses.
    LineItems,
    /// Notes and comments.
    Notes,
    /// An update that sets no status.
    WithoutStatus,
    /// Whether the customer is notified.
    CustomerNotification,
}

impl Part {
    /// All parts, in the order in which they are listed.
    pub const ALL: [Part; 9] = [
        Part::Tracking,
        Part::SeveralPackages,
        Part::PackageContents,
        Part::Corrections,
        Part::Withdrawals,
        Part::LineItems,
        Part::Notes,
        Part::WithoutStatus,
        Part::CustomerNotification,
    ];

    /// The part's name in a cart's `leave_out`.
    pub fn name(self) -> &'static str {
        match self {
            Part::Tracking => "tracking",
            Part::SeveralPackages => "several-packages",
            Part::PackageContents => "package-contents",
            Part::Corrections => "corrections",
            Part::Withdrawals => "withdrawals",
            Part::LineItems => "line-items",
            Part::Notes => "notes",
            Part::WithoutStatus => "without-status",
            Part::CustomerNotification => "customer-notification",
        }
    }

    /// The part in words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Part::Tracking => "tracking numbers",
            Part::SeveralPackages => "more than one package for an order",
            Part::PackageContents => "the contents of a package",
            Part::Corrections => "packages that have changed since the cart was told of them",
            Part::Withdrawals => "packages that were withdrawn",
            Part::LineItems => "line items",
            Part::Notes => "notes",
            Part::WithoutStatus => "an update that sets no status",
            Part::CustomerNotification => "the choice whether the customer is notified",
        }
    }

    /// Whether a plugin with these features can carry the part.
    pub fn is_carried(self, features: Features) -> bool {
        match self {
            Part::Tracking => features.tracking,
            Part::SeveralPackages => features.several_packages,
            Part::PackageContents => features.package_contents,
            Part::Corrections => features.corrections,
            Part::Withdrawals => features.withdrawals,
            Part::LineItems => features.line_items,
            Part::Notes => features.notes,
            Part::WithoutStatus => features.without_status,
            Part::CustomerNotification => features.customer_notification,
        }
    }

    /// Whether a cart's definition may leave the part out. Of several packages, nobody can say which would stay.
    pub fn can_be_left_out(self) -> bool {
        self != Part::SeveralPackages
    }

    /// The parts in words, as one list for people.
    pub fn listed(parts: &[Part]) -> String {
        parts.iter().map(|part| part.words()).collect::<Vec<_>>().join(", ")
    }
}

/// Reads the parts that a cart leaves out, and refuses a part that cannot be left out.
pub(super) fn leave_out<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<Part>, D::Error> {
    let parts = BTreeSet::<Part>::deserialize(from)?;
    match parts.iter().find(|part| !part.can_be_left_out()) {
        Some(part) => Err(D::Error::custom(format!(
            "{} cannot be left out, because Cartage cannot know which packages to keep; leave out tracking, or use a plugin that carries several \
             packages",
            part.name()
        ))),
        None => Ok(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carts::Cart;

    #[test]
    fn a_part_has_the_name_of_its_feature_and_all_but_one_can_be_left_out() {
        for part in Part::ALL {
            let written = serde_json::to_value(part).expect("it is a word");
            assert_eq!(written, part.name());
            let mut features = serde_json::to_value(Features::default()).expect("they are booleans");
            features[part.name().replace('-', "_")] = true.into();
            let features: Features = serde_json::from_value(features).expect("each part has the name of a feature");
            assert!(part.is_carried(features) && !part.is_carried(Features::default()), "{part:?}");
            let cart = Cart::parse("c.toml", &format!("cart = \"c\"\nplugin = \"p.wasm\"\nleave_out = [\"{}\"]\n", part.name()));
            assert_eq!(cart.is_ok(), part != Part::SeveralPackages, "{part:?}");
        }
    }
}
