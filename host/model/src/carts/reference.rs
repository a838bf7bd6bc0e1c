//! Tests `docs/cart-file.md` against the parser: neither knows a key that the other does not, and every example is a valid cart.

use super::*;
use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../../docs/cart-file.md");

/// Each section of the page, with a cart in which `unknown` stands in the place of the section's keys.
const SECTIONS: [(&str, &str); 8] = [
    ("Top level", "unknown = 1"),
    ("`[order_number]`", "[order_number]\nunknown = 1"),
    ("`[endpoints.NAME]`", "[endpoints.script]\nunknown = 1"),
    ("`private` of an endpoint", "[endpoints.script]\nprivate = [{ unknown = 1 }]"),
    ("`[credentials.SLOT]`", "[credentials.account]\npassword = { unknown = 1 }"),
    ("`[delivery]`", "[delivery]\nunknown = 1"),
    ("`[seti]`", "[seti]\nunknown = 1"),
    ("`[limits]`", "[limits]\nunknown = 1"),
];

/// Parses a cart, or a part of one, which gets the required keys.
fn parse(text: &str) -> Result<Cart, String> {
    let head = if text.contains("cart = \"") { "" } else { "cart = \"seed-shop\"\nplugin = \"p.wasm\"\n" };
    Cart::parse("docs/cart-file.md", &format!("{head}{text}")).map_err(|error| cartage_base::causes::chain(&error))
}

/// The keys that the parser lists in its error about an unknown key.
fn known(text: &str) -> BTreeSet<String> {
    let error = parse(text).expect_err("there is no such key");
    let (_, expected) = error.split_once("expected ").unwrap_or_else(|| panic!("{error}"));
    expected.lines().next().unwrap_or_default().split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The sections of the page, by heading.
fn sections() -> Vec<(&'static str, &'static str)> {
    PAGE.split("\n## ").skip(1).map(|section| section.split_once('\n').expect("a section has a body")).collect()
}

/// The rows of a section's table, each as a list of cells.
fn rows(section: &str) -> Vec<Vec<String>> {
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn the_page_and_the_parser_know_the_same_keys() {
    let found = sections();
    assert_eq!(found.iter().map(|(heading, _)| *heading).collect::<Vec<_>>(), SECTIONS.map(|(heading, _)| heading));
    for ((heading, body), (_, unknown)) in found.iter().zip(SECTIONS) {
        let documented: Vec<String> = rows(body).iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
        let keys: BTreeSet<String> = documented.iter().cloned().collect();
        assert_eq!(keys, known(unknown), "{heading}");
        assert_eq!(keys.len(), documented.len(), "{heading} names a key twice");
        for row in rows(body) {
            assert!(
                row.len() == 4 && row.iter().all(|cell| !cell.is_empty()),
                "{heading}: {row:?} has a meaning, a default and its limits"
            );
        }
    }
}

#[test]
fn every_example_of_the_page_is_a_cart_and_each_section_has_one() {
    for (heading, body) in sections() {
        let examples: Vec<&str> = body.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(!examples.is_empty(), "{heading} has an example");
        for example in examples {
            parse(example).unwrap_or_else(|error| panic!("{heading}: {error}\n{example}"));
        }
        // All keys of a small table are shown in use; of the limits some are enough.
        for row in rows(body).iter().filter(|_| !heading.contains("limits") && heading != "Top level") {
            let key = row[0].trim_matches('`');
            // It has a section and an example of its own.
            if (heading, key) == ("`[endpoints.NAME]`", "private") {
                continue;
            }
            assert!(body.contains(&format!("{key} = ")), "{heading}: no example has {key}");
        }
    }
}

#[test]
fn the_page_s_numbers_are_the_parser_s() {
    let number = |text: &str| text.rsplit(' ').next().and_then(|number| number.replace(',', "").parse::<u64>().ok());
    let limits = sections().into_iter().find(|(heading, _)| heading.contains("limits")).map(|(_, body)| rows(body)).expect("it is there");
    let (usual, most) = (Limits::default().named(), CEILINGS.named());
    for ((row, (name, default)), (_, ceiling)) in limits.iter().zip(usual).zip(most) {
        assert_eq!((row[0].trim_matches('`'), number(&row[2]), number(&row[3])), (name, Some(default), Some(ceiling)));
    }
    let rules = DeliveryRules::default();
    let waits: Vec<String> = rules.retry_waits.iter().map(|wait| format!("`{}`", String::from(*wait))).collect();
    for text in [
        format!("| {} |", waits.join(", ")),
        format!("else {} | 1 to {} |", delivery::CONCURRENCY_DEFAULT, delivery::CONCURRENCY_MAX),
        format!(
            "`1 per second` to `{} per second`, `1 per minute` to `{} per minute`",
            delivery::UPDATES_PER_SECOND_MAX,
            delivery::UPDATES_PER_MINUTE_MAX
        ),
        format!("1 to {} times", delivery::WAITS_MAX),
        format!("| `{}` |", String::from(rules.give_up_after)),
        format!("At most {LIST_ENTRIES_MAX} endpoints"),
        format!("| `{}` | digits and points, at most {} characters |", inlet::VERSION_DEFAULT, inlet::VERSION_CHARS_MAX),
        format!("1 to {} characters", inlet::ACCOUNT_CHARS_MAX),
        "| 10,000 | 100 to 60,000 |".to_owned(),
        "at most 1,000;".to_owned(),
    ] {
        assert!(PAGE.contains(&text), "{text}");
    }
    assert_eq!((inlet::WAIT_MS_DEFAULT, inlet::WAIT_MS_MIN, inlet::WAIT_MS_MAX, NAMES_MAX), (10_000, 100, 60_000, 1_000));
    for part in Part::ALL.into_iter().filter(|part| parse(&format!("leave_out = [\"{}\"]", part.name())).is_ok()) {
        assert!(PAGE.contains(&format!("`{}`", part.name())), "{part:?}");
    }
}
