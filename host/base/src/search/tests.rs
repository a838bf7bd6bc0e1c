use super::*;
use cartage_fixtures::nasty;
use proptest::prelude::*;

fn lower(byte: u8) -> u8 {
    byte.to_ascii_lowercase()
}

fn found(texts: &[&str], text: &str) -> Vec<(String, usize)> {
    Search::new(texts, lower).find(text.as_bytes()).into_iter().map(|found| (text[found.at].to_owned(), found.nth)).collect()
}

#[test]
fn every_place_is_found_and_the_longest_text_names_it() {
    let some = |all: &[(&str, usize)]| all.iter().map(|(text, nth)| ((*text).to_owned(), *nth)).collect::<Vec<_>>();
    for (texts, text, expected) in [
        (&["jo", "jo bloggs", "bloggs"][..], "Jo Bloggs, JO, bloggs", some(&[("Jo Bloggs", 1), ("JO", 0), ("bloggs", 2)])),
        (&["jo bloggs", "bloggs ltd"], "jo bloggs ltd", some(&[("jo bloggs ltd", 0)])),
        (&["bc", "abcd"], "abcd abc", some(&[("abcd", 1), ("bc", 0)])),
        (&["abcd", "bc", "c"], "xabc c", some(&[("bc", 1), ("c", 2)])),
        (&["aa"], "aaaaa a", some(&[("aaaaa", 0)])),
        (&["ab"], "abab", some(&[("ab", 0), ("ab", 0)])),
        (&["", "x", "x"], "xx", some(&[("x", 1), ("x", 1)])),
        (&[""], "anything", some(&[])),
        (&[], "anything", some(&[])),
    ] {
        assert_eq!(found(texts, text), expected, "{texts:?} in {text:?}");
        assert_eq!(Search::new(texts, lower).is_in(text.as_bytes()), !expected.is_empty(), "{texts:?} in {text:?}");
    }
}

/// A search visits at most one state and two steps for each byte, whatever the texts are: nothing is quadratic.
#[test]
fn work_is_linear_for_every_kind_of_text() {
    let alone = nasty::texts(1 << 13).into_iter().map(|nasty| (nasty.kind, vec![nasty.text]));
    for (kind, texts) in alone.chain(nasty::lists(1 << 13)) {
        let bytes: usize = texts.iter().map(String::len).sum();
        let mut search = Search::new(&texts, lower);
        assert!(search.next.len() <= bytes + 1, "{kind}: {} states for {bytes} bytes", search.next.len());
        assert!(search.branches.len() <= texts.len(), "{kind}");
        let linking = search.link();
        assert!(linking <= 2 * bytes, "{kind}: {linking} steps to link {bytes} bytes");
        let all = texts.concat();
        let scanning = search.scan(all.as_bytes(), |_, _| true);
        assert!(scanning <= 2 * all.len(), "{kind}: {scanning} steps to search {} bytes", all.len());
        assert!(search.find(all.as_bytes()).len() <= all.len(), "{kind}");
    }
}

proptest! {
    #[test]
    fn it_finds_what_a_plain_search_finds(texts in prop::collection::vec("[abA]{0,6}", 0..8), text in "[abAB]{0,60}") {
        let mut covered = vec![false; text.len()];
        for wanted in texts.iter().filter(|wanted| !wanted.is_empty()) {
            for at in 0..=text.len().saturating_sub(wanted.len()) {
                if text.len() >= wanted.len() && text[at..at + wanted.len()].eq_ignore_ascii_case(wanted) {
                    covered[at..at + wanted.len()].fill(true);
                }
            }
        }
        let search = Search::new(&texts, lower);
        let mut found = vec![false; text.len()];
        for Found { at, nth } in search.find(text.as_bytes()) {
            found[at.clone()].fill(true);
            let begins = &text[at.start..at.start + texts[nth].len()];
            prop_assert!(begins.eq_ignore_ascii_case(&texts[nth]));
        }
        prop_assert_eq!(found, covered);
    }
}
