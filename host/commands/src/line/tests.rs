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
