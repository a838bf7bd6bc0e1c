//! What the wordings of known scripts mean. A wording that is not known means nothing here: the answer's form decides.

/// What a wording means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    OrderNotFound,
    Credentials,
    NoSuchFunction,
    /// The script saw a request and no update in it.
    NotRead,
    InvalidData,
}

/// The meaning of a script's reason, by the first row whose pieces all occur in it, one after the other, in any case. Each row is the wording
/// of one or more scripts.
pub(super) fn meaning(reason: &str) -> Option<Meaning> {
    const KNOWN: &[(&[&str], Meaning)] = &[
        (&["function \"", "was not found"], Meaning::NoSuchFunction),
        (&["unknown function"], Meaning::NoSuchFunction),
        (&["function", "not supported"], Meaning::NoSuchFunction),
        (&["function", "not implemented"], Meaning::NoSuchFunction),
        (&["no orders found in request"], Meaning::NotRead),
        (&["unable to find order"], Meaning::OrderNotFound),
        (&["could not find order"], Meaning::OrderNotFound),
        (&["order number", "was not found"], Meaning::OrderNotFound),
        (&["order not found"], Meaning::OrderNotFound),
        (&["no such order"], Meaning::OrderNotFound),
        (&["order", "does not exist"], Meaning::OrderNotFound),
        (&["access denied"], Meaning::Credentials),
        (&["store connection"], Meaning::Credentials),
        (&["store code"], Meaning::Credentials),
        (&["log in"], Meaning::Credentials),
        (&["login"], Meaning::Credentials),
        (&["password"], Meaning::Credentials),
        (&["username"], Meaning::Credentials),
        (&["user name"], Meaning::Credentials),
        (&["setiuser"], Meaning::Credentials),
        (&["unauthorized"], Meaning::Credentials),
        (&["not authorized"], Meaning::Credentials),
        (&["authentication"], Meaning::Credentials),
        (&["missing"], Meaning::InvalidData),
        (&["required"], Meaning::InvalidData),
        (&["invalid"], Meaning::InvalidData),
    ];
    let reason = reason.to_ascii_lowercase();
    KNOWN.iter().find(|(pieces, _)| follow(&reason, pieces)).map(|(_, meaning)| *meaning)
}

fn follow(text: &str, pieces: &[&str]) -> bool {
    pieces.iter().try_fold(text, |rest, piece| rest.split_once(piece).map(|(_, after)| after)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_in_a_trace_is_no_function() {
        let reason = "Exception: Order number 9 was not found. in /shop/functions.php:12";
        assert_eq!(meaning(reason), Some(Meaning::OrderNotFound));
        assert_eq!(meaning("Function \"ordernumber\" was not found."), Some(Meaning::NoSuchFunction));
    }

    #[test]
    fn pieces_follow_one_another_and_an_unknown_wording_means_nothing() {
        assert!(follow("a then b", &["a", "b"]));
        assert!(!follow("b then a", &["a", "b"]));
        assert_eq!(meaning("the warehouse is closed"), None);
        assert_eq!(meaning(""), None);
    }
}
