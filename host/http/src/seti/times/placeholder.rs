//! What programs write if they have no date: only separators or zeros, or the day from which they count.

/// The first and the last days of programs' calendars: the year, then month and day in either order. They include those of Visual Basic and Access (30
/// December 1899), Excel, SQL Server, Windows files, the Mac, Unix (west of Greenwich the day before), and .NET's first and last.
const DAYS: [(u16, [u16; 2]); 12] = [
    (1, [1, 1]),
    (1582, [10, 15]),
    (1601, [1, 1]),
    (1753, [1, 1]),
    (1899, [12, 30]),
    (1899, [12, 31]),
    (1900, [1, 0]),
    (1900, [1, 1]),
    (1904, [1, 1]),
    (1969, [12, 31]),
    (1970, [1, 1]),
    (9999, [12, 31]),
];

/// Words that stand for no date.
const WORDS: [&str; 8] = ["n/a", "na", "none", "null", "(null)", "nil", "nothing", "empty"];

/// Whether a text stands for no date. A time of day may follow the date; a time alone is how Visual Basic writes its day zero.
pub(super) fn stands_for_none(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    if WORDS.contains(&text.as_str()) || !text.contains(|c: char| c.is_alphanumeric()) {
        return true;
    }
    let (day, rest) = text.split_once([' ', 't']).unwrap_or((&text, ""));
    if super::time(&text).is_some() || text.chars().all(|c| c == '0' || !c.is_alphanumeric()) {
        return true;
    }
    let is_time = rest.is_empty() || super::time(rest.trim_end_matches('z').split('.').next().unwrap_or_default().trim()).is_some();
    let pieces: Vec<&str> = day.split(['/', '-', '.']).collect();
    let [first, second, third] = pieces.as_slice() else { return false };
    let (year, others) = if first.len() == 4 { (first, [second, third]) } else { (third, [first, second]) };
    let number = |text: &str| super::month(text).or_else(|| super::number(text));
    let (Some(year), Some(one), Some(other)) = (super::number(year), number(others[0]), number(others[1])) else { return false };
    is_time
        && year_is_whole(first, third)
        && DAYS.iter().any(|(of, [month, day])| *of == year && ([one, other] == [*month, *day] || [other, one] == [*month, *day]))
}

/// Whether the year has four digits. A year of two digits is in this century, so it is not one of [`DAYS`].
fn year_is_whole(first: &str, third: &str) -> bool {
    first.len() == 4 || third.len() == 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_no_dates_and_dates_are() {
        for text in [
            "12/30/1899",
            "30/12/1899",
            "12/30/1899 12:00:00 AM",
            "1899-12-30",
            "1899-12-30T00:00:00",
            "30-Dec-1899",
            "30.12.1899 00:00:00",
            "0000-00-00",
            "0000-00-00 00:00:00",
            "00/00/0000",
            "0",
            "  /  /    ",
            "__/__/____",
            "--",
            "-",
            "12:00:00 AM",
            "00:00:00",
            "1/1/0001 12:00:00 AM",
            "0001-01-01T00:00:00Z",
            "1900-01-01 00:00:00.000",
            "1/1/1753",
            "12/31/1969 7:00:00 PM",
            "01-Jan-1970",
            "12/31/9999",
            "N/A",
            "null",
        ] {
            assert!(stands_for_none(text), "{text}");
        }
        for text in [
            "6/1/2015",
            "12/30/1999",
            "1/1/70",
            "12/30/99",
            "01/01/01",
            "12/30/1899 soon",
            "1/2/1970",
            "yesterday",
            "12/30",
            "2000-01-01",
            "today",
        ] {
            assert!(!stands_for_none(text), "{text}");
        }
    }
}
