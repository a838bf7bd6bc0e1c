use super::*;
use proptest::prelude::*;

/// The words of a command as a shell reads them.
fn shell(text: &str) -> Vec<String> {
    let mut words = vec![];
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, ' ') => words.extend(word.take()),
            (None, '\\') => match chars.next().expect("nothing ends in a backslash") {
                '\n' => {}
                escaped => word.get_or_insert_default().push(escaped),
            },
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if open == c => quote = None,
            (Some('"'), '$' | '`' | '\\' | '!') => panic!("a shell would read {c} in {text}"),
            (None, '$' | '`' | '!' | '&' | ';' | '|' | '<' | '>' | '(' | ')' | '*' | '?' | '#' | '~' | '\n') => {
                panic!("bare {c} in {text}")
            }
            (None | Some(_), c) => word.get_or_insert_default().push(c),
        }
    }
    assert_eq!(quote, None, "{text}");
    words.extend(word);
    words
}

#[test]
fn commands_read_as_they_are_documented() {
    let cart = CartId::new("seed-shop").expect("a valid Cart ID");
    let event = cartage_model::events::find("Tracking Number Imported").expect("it exists");
    for (command, text) in [
        (param_true(&cartage_model::parameters::USE_STATUS_UPDATES, None), "cartage param set UseStatusUpdates True"),
        (
            param_true(&cartage_model::parameters::USE_GENERIC_STATUS_UPDATES, Some(&cart)),
            "cartage param set UseGenericStatusUpdates True --cart seed-shop",
        ),
        (event_set(event, None), "cartage event set \"Tracking Number Imported\" --notify-cart"),
        (
            event_set(event, Some("Order Shipped")),
            "cartage event set \"Tracking Number Imported\" --order-label \"Order Shipped\" --notify-cart",
        ),
        (send(&cart, &SenderOrderNumber::new("1021"), "Shipped", Again::No), "cartage send --cart seed-shop --order 1021 --label Shipped"),
        (
            send(&cart, &SenderOrderNumber::new("-5"), "It's $5!", Again::Yes),
            r"cartage send --cart seed-shop --order=-5 --label 'It'\''s $5!' --again",
        ),
        (cart_enable(&cart), "cartage cart enable seed-shop"),
        (cart_upgrade(&cart, Consent::Asked), "cartage cart upgrade seed-shop --plugin PLUGIN.wasm"),
        (cart_upgrade(&cart, Consent::Given), "cartage cart upgrade seed-shop --plugin PLUGIN.wasm --approve"),
        (cart_label(&cart, "Order Shipped", "Shipped"), "cartage cart label seed-shop \"Order Shipped\" --status Shipped"),
        (cart_label(&cart, "-odd", "-"), "cartage cart label seed-shop --status=- -- -odd"),
        (cart_live(&cart), "cartage cart mode seed-shop live"),
    ] {
        assert_eq!(command, text);
    }
    assert_eq!(cart_new(&cart), ["cartage cart new seed-shop --plugin PLUGIN.wasm", "cartage apply seed-shop.toml"]);
}

#[test]
fn a_long_command_is_broken_between_words_first() {
    let command = "cartage event set \"Tracking Number Imported\" --order-label \"Order Shipped\" --notify-cart";
    let lines = ["  cartage event set \"Tracking Number Imported\" \\", "  --order-label \"Order Shipped\" --notify-cart"];
    assert_eq!(broken(command, "  ", 60), lines);
    assert_eq!(broken(command, "  ", 65), lines, "the option stays with its value");
    let long = format!("cartage cart label a \"{}\"", "x ".repeat(40));
    assert_eq!(
        broken(&long, "  ", 60),
        ["  cartage cart label a \\", &format!("  \"{}x\"\\", "x ".repeat(27)), &format!("\"{} \"", " x".repeat(12))]
    );
}

proptest! {
    #[test]
    fn a_shell_reads_every_word_back(words in prop::collection::vec("\\PC{0,100}|[ '\"!$`\\\\a-]{0,30}|'{0,40}", 1..6), width in 20usize..80) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let command = line(&words);
        prop_assert_eq!(shell(&command), words.clone());
        let lines = broken(&command, "     ", width);
        prop_assert!(lines.iter().all(|line| chars(line) <= width), "{:?}", lines);
        prop_assert_eq!(shell(&lines.join("\n")), words);
    }
}
