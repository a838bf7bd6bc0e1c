//! What identifies a package within an order.

use cartage_contract::orders::Package;

/// The name of a package: its id or, for a package that has none, its carrier and tracking number.
#[derive(Debug, Clone, Copy)]
pub struct PackageName<'a> {
    id: Option<&'a str>,
    carrier: &'a str,
    number: &'a str,
}

impl<'a> PackageName<'a> {
    /// The name of a package with this id, carrier (as the sender wrote it) and tracking number. An empty text counts as absent.
    pub fn new(id: Option<&'a str>, carrier: Option<&'a str>, number: Option<&'a str>) -> PackageName<'a> {
        PackageName { id: id.filter(|id| !id.is_empty()), carrier: carrier.unwrap_or_default(), number: number.unwrap_or_default() }
    }

    /// The name of a package of an update.
    pub fn of(package: &'a Package) -> PackageName<'a> {
        PackageName::new(package.id.as_deref(), package.carrier_given.as_deref(), package.tracking_number.as_deref())
    }

    /// Whether two names are of the same package. Where one has no id, carrier and number decide, without regard to spaces, hyphens and
    /// ASCII case.
    pub fn is(&self, other: &PackageName<'_>) -> bool {
        match (self.id, other.id) {
            (Some(one), Some(other)) => one == other,
            _ => same_text(Some(self.carrier), Some(other.carrier)) && same_text(Some(self.number), Some(other.number)),
        }
    }
}

/// Whether two carriers or tracking numbers are the same, without regard to spaces, hyphens and ASCII case. `None` is the same as empty.
pub fn same_text(one: Option<&str>, other: Option<&str>) -> bool {
    fn folded(text: Option<&str>) -> impl Iterator<Item = char> + '_ {
        text.unwrap_or_default().chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_lowercase())
    }
    folded(one).eq(folded(other))
}

/// The text, or `None` if it is empty.
pub fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_decides_where_both_have_one_else_carrier_and_number() {
        let name = |id, carrier, number| PackageName::new(id, carrier, number);
        let first = name(Some("1"), Some("UPS"), Some("1Z 99-1"));
        assert!(first.is(&name(Some("1"), Some("DHL"), None)), "the same id");
        assert!(!first.is(&name(Some("2"), Some("UPS"), Some("1Z 99-1"))), "another id");
        for other in [None, Some("")] {
            assert!(first.is(&name(other, Some("ups"), Some("1z991"))), "no id: carrier and number, however they are written");
            assert!(!first.is(&name(other, Some("UPS"), Some("1Z992"))), "another number");
            assert!(!first.is(&name(other, None, Some("1Z991"))), "no carrier");
        }
        assert!(name(None, None, None).is(&name(Some("1"), None, None)), "nothing known of either");
    }
}
