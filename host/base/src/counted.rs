//! Counts in English: `1 order`, `2 orders`, `1 delivery`, `0 deliveries`.

/// A number with its noun, which is given in the singular. The last word of the noun gets the plural.
pub fn counted(count: impl TryInto<u64>, one: &str) -> String {
    // What is more than that is many.
    let count = count.try_into().unwrap_or(u64::MAX);
    if count == 1 { format!("1 {one}") } else { format!("{count} {}", many(one)) }
}

/// The plural of a noun.
fn many(one: &str) -> String {
    match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if one.ends_with(['s', 'x']) => format!("{one}es"),
        _ => format!("{one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_every_other_number_plural() {
        for (count, one, said) in [
            (0_u64, "order", "0 orders"),
            (1, "order", "1 order"),
            (2, "dead letter", "2 dead letters"),
            (11, "delivery", "11 deliveries"),
            (1, "delivery", "1 delivery"),
            (2, "day", "2 days"),
            (3, "address", "3 addresses"),
        ] {
            assert_eq!(counted(count, one), said);
        }
    }
}
