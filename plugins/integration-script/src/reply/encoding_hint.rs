//! Detects that a script expects the other encoding than the one that was sent.

use super::Asked;
use crate::message::Encoding;

/// How strong the evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    None,
    /// The other encoding would be one explanation.
    Possible,
    /// The script misses a field that only the other encoding has.
    Certain,
}

/// The fields that only the delimited encoding has.
const FIELDS: &[&str] = &["ordernumber", "orderstatus", "refnumber", "orderdetail", "trackcount"];

/// Words by which languages and libraries say that a field is missing.
const MISSING: &[&str] = &[
    "undefined",
    "missing",
    "find key",
    "keyerror",
    "keynotfound",
    "required",
    "is empty",
    "be empty",
    "null",
    "not set",
    "not present",
    "not specified",
    "not provided",
    "not supplied",
    "not given",
    "no value",
    "expected",
    "is blank",
    "be blank",
];

/// Words by which parsers report that their input was not XML.
const NO_XML: &[&str] =
    &["could not be parsed", "empty", "invalid", "start tag", "root element", "parser error", "no element", "malformed", "not well-formed"];

/// The bytes of a body that are searched.
const LOOKED_AT_MAX: usize = 16 << 10;

/// The evidence in a script's whole output, including its debug lines.
pub(super) fn evidence(seen: &str, asked: &Asked<'_>) -> Evidence {
    let seen = &seen[..seen.floor_char_boundary(LOOKED_AT_MAX)];
    match asked.encoding {
        None => Evidence::None,
        Some(Encoding::Xml) if seen.lines().any(misses_a_field) => Evidence::Certain,
        Some(Encoding::Delimited) if seen.lines().any(misses_update) => Evidence::Certain,
        Some(Encoding::Delimited) if asks_for_xml(seen) => Evidence::Possible,
        Some(_) => Evidence::None,
    }
}

/// Whether an XML parser complains.
pub(super) fn asks_for_xml(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.to_ascii_lowercase();
        (line.contains("xml") || line.contains("domdocument")) && NO_XML.iter().any(|words| line.contains(words))
    })
}

/// Whether a line reports a missing field. A script that reads XML would write the names as XML spells them, with capitals.
fn misses_a_field(line: &str) -> bool {
    let names_one = words(line).any(|word| FIELDS.contains(&word));
    names_one && is_missing(line) && !line.to_ascii_lowercase().contains("xml")
}

fn misses_update(line: &str) -> bool {
    let names_it =
        ["\"update\"", "'update'", "`update`", "update parameter", "parameter update", "field update", "index: update", "key update"];
    names_it.iter().any(|name| line.contains(name)) && is_missing(line)
}

fn is_missing(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    MISSING.iter().any(|words| line.contains(words))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(encoding: Encoding, seen: &str) -> Evidence {
        evidence(seen, &Asked { order_number: "1001", encoding: Some(encoding), looks_like_an_answer: false })
    }

    #[test]
    fn a_missing_field_of_the_other_encoding_is_certain() {
        for seen in [
            "SETIError: Could not find key \"ordernumber\"",
            "Notice: Undefined index: ordernumber in /shop/seti.php on line 3\nSETIResponse=False;Note=",
            "Warning: Undefined array key \"orderstatus\"",
            "KeyError: 'refnumber'",
            "Required String parameter 'ordernumber' is not present",
            "Value cannot be null. Parameter name: ordernumber",
        ] {
            assert_eq!(found(Encoding::Xml, seen), Evidence::Certain, "{seen}");
            assert_eq!(found(Encoding::Delimited, seen), Evidence::None, "the field was sent: {seen}");
        }
        for seen in
            ["ordernumber 1001 was not found", "OrderNumber is missing", "the XML is missing its ordernumber", "the order is missing"]
        {
            assert_eq!(found(Encoding::Xml, seen), Evidence::None, "{seen}");
        }
    }

    #[test]
    fn a_missing_update_is_certain_and_a_parsers_complaint_is_possible() {
        for (seen, evidence) in [
            ("Warning: Undefined array key \"update\" in /shop/seti.php on line 3", Evidence::Certain),
            ("Uncaught ValueError: DOMDocument::loadXML(): Argument #1 ($source) must not be empty", Evidence::Possible),
            ("String could not be parsed as XML", Evidence::Possible),
            ("Root element is missing. (XmlException: no root element)", Evidence::Possible),
            ("SETIResponse: update=False;Notes=the note is missing", Evidence::None),
        ] {
            assert_eq!(found(Encoding::Delimited, seen), evidence, "{seen}");
            assert_eq!(found(Encoding::Xml, seen), Evidence::None, "{seen}");
        }
    }
}
