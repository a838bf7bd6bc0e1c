//! "Did you mean": the known name that is nearest to a mistyped one.

/// The known name nearest to `wanted`; `None` if none is near. A name is near if it differs only in case, or by at most one edit in three
/// characters (and at least two edits are allowed). Swapped neighbours count as one edit.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.trim().to_lowercase();
    let edits_max = (wanted.chars().count() / 3).max(2);
    known
        .into_iter()
        .map(|name| (strsim::osa_distance(&wanted, &name.to_lowercase()), name))
        .filter(|(edits, name)| *edits <= edits_max && *edits < name.chars().count())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

/// The nearest name as the end of an error message; nothing without one.
pub fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}

/// The nearest name as the end of an error message or, without one, `otherwise`.
pub fn hint(nearest: Option<&str>, otherwise: &str) -> String {
    nearest.map_or_else(|| otherwise.to_owned(), |name| format!("did you mean {name:?}?"))
}

/// The nearest name as the end of an error message or, if none is near, all known names.
pub fn or_all<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    match nearest(wanted, known.iter().copied()) {
        Some(name) => format!("did you mean {name:?}?"),
        None if known.is_empty() => "it has none".to_owned(),
        None => format!("it has {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 3] = ["UseStatusUpdates", "UseGenericStatusUpdates", "ab"];

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        for (wanted, found) in [
            ("UseStatusUpdate", Some("UseStatusUpdates")),
            ("usestatusupdates", Some("UseStatusUpdates")),
            ("UseSattusUpdates", Some("UseStatusUpdates")),
            ("UseGenericStatusUpdate", Some("UseGenericStatusUpdates")),
            (" a", Some("ab")),
            ("", None),
            ("xy", None),
            ("PrintInvoices", None),
        ] {
            assert_eq!(nearest(wanted, KNOWN), found, "{wanted}");
        }
    }

    #[test]
    fn one_edit_in_three_characters_is_near_and_one_more_is_not() {
        assert_eq!(nearest("xxxdefghi", ["abcdefghi"]), Some("abcdefghi"));
        assert_eq!(nearest("xxxxefghi", ["abcdefghi"]), None);
    }

    #[test]
    fn where_none_is_near_all_are_named() {
        for (name, known, hint) in [
            ("tokn", vec!["key", "token"], "did you mean \"token\"?"),
            ("password", vec!["key", "token"], "it has key, token"),
            ("x", vec![], "it has none"),
        ] {
            assert_eq!(or_all(name, known.into_iter()), hint, "{name}");
        }
    }
}
