//! What was probably meant by a name that does not exist.

/// A hint: the name nearest to this one, or all there are.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let near = known.iter().map(|candidate| (distance(name, candidate), candidate)).min();
    match near {
        None => "it has none".to_owned(),
        Some((edits, candidate)) if edits <= name.len().max(candidate.len()) / 3 => format!("did you mean {candidate:?}?"),
        Some(_) => format!("it has {}", known.join(", ")),
    }
}

/// The number of single-character edits between two texts (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_name_the_nearest_or_all() {
        for (name, known, hint) in [
            ("tokn", vec!["key", "token"], "did you mean \"token\"?"),
            ("token", vec!["token"], "did you mean \"token\"?"),
            ("password", vec!["key", "token"], "it has key, token"),
            ("x", vec![], "it has none"),
        ] {
            assert_eq!(nearest(name, known.into_iter()), hint, "{name}");
        }
    }

    #[test]
    fn distances_are_counted_in_characters() {
        for (a, b, edits) in [("", "", 0), ("", "ab", 2), ("kitten", "sitting", 3), ("é", "e", 1), ("ab", "ba", 2)] {
            assert_eq!(distance(a, b), edits, "{a} {b}");
            assert_eq!(distance(b, a), edits, "{b} {a}");
        }
    }
}
