//! Carts by questions, by files and back again.

use super::{Desk, OLD, script_cart};
use cartage::id::{CartId, MerchantId};
use cartage::service::Service;
use cartage::store::{self, carts};
use cartage_tests::command::guest;
use std::fs;

#[test]
fn a_definition_that_cannot_be_read_is_mended_by_its_file() {
    let desk = Desk::new();
    desk.write("shop.toml", &script_cart("shop", "https://shop.example/seti.php", ""));
    desk.done(&["apply", "shop.toml"]);
    let spoil = |service: &Service, text: &str| {
        let definition =
            carts::DefinitionRow { cart: CartId::new("shop").expect("a valid id"), text: text.into(), plugin: None, mode: "live".into() };
        service
            .store()
            .write_blocking(move |tx: &store::Tx<'_>| carts::put(tx, &MerchantId::default(), &definition, 1))
            .expect("there is room");
    };
    spoil(&desk.service(), "cart = \"shop\"\nplugin = \"script.wasm\"\nfrom_the_future = 1\n");
    desk.refused(&["cart", "show", "shop"], "load its file again with `cartage apply FILE`");
    let shown = desk.done(&["apply", "shop.toml", "--dry-run"]);
    assert!(shown.contains("was unreadable") && shown.contains("endpoints.script.base_url"), "{shown}");
    desk.refused(&["cart", "show", "shop"], "load its file again");
    desk.done(&["apply", "shop.toml"]);
    desk.done(&["cart", "show", "shop"]);
    assert!(desk.done(&["apply", "shop.toml"]).contains("cart shop: unchanged"));
}

#[test]
fn several_carts_are_loaded_all_or_none() {
    let desk = Desk::new();
    desk.write("one.toml", &script_cart("one", "https://one.example/seti.php", ""));
    desk.write("two.toml", &script_cart("two", "https://two.example/seti.php", ""));
    desk.write("bad.toml", &script_cart("bad", "https://bad.example/seti.php", "").replace("endpoints.script", "endpoints.skript"));
    let before = desk.everything();
    desk.refused(&["apply", "one.toml", "two.toml", "bad.toml"], "did you mean \"script\"?");
    desk.refused(&["apply", "one.toml", "missing.toml"], "could not read the cart in missing.toml");
    desk.done(&["apply", "one.toml", "two.toml", "--dry-run"]);
    assert_eq!(desk.everything(), before);
    desk.done(&["apply", "one.toml", "two.toml"]);
    let listed = desk.json(&["cart", "list"]);
    let ids: Vec<&str> = listed["carts"].as_array().expect("a list").iter().filter_map(|cart| cart["cart"].as_str()).collect();
    assert_eq!(ids, ["one", "two"]);
    // A file whose plugin is nowhere any more keeps the plugin that the cart has.
    fs::remove_file(desk.path("script.wasm")).expect("it is there");
    desk.write("one.toml", &(script_cart("one", "https://one.example/seti.php", "") + "[labels]\nSent = \"Shipped\"\n"));
    assert!(desk.done(&["apply", "one.toml"]).contains("labels.Sent"));
    desk.write("three.toml", &script_cart("three", "https://three.example/seti.php", ""));
    desk.refused(&["apply", "three.toml"], "name the folder that holds it with --plugins DIR");
}

#[test]
fn a_new_cart_is_made_by_questions_and_answers() {
    let desk = Desk::new();
    let new = ["cart", "new", "shop", "--plugin", "script.wasm", "--ask"];
    // URL, encoding, version, line items, user, code, labels: one of them wrong at first, the rest as it is.
    let answers = "shop.example\nhttps://shop.example/seti.php\ndelimitid\ndelimited\n\n\ncartage\n\nOrder Packed\nignore\n\n";
    let (code, result, talk) = desk.type_in(&new, answers);
    assert_eq!(code, 0, "{result}{talk}");
    assert!(talk.contains("please answer again") && talk.contains("delimited"), "{talk}");
    let text = fs::read_to_string(desk.path("shop.toml")).expect("it was written");
    for line in [
        "base_url = \"https://shop.example/seti.php\"",
        "encoding = \"delimited\"",
        "# om-version = \"6.000\"",
        "\"Order Packed\" = \"ignore\"",
    ] {
        assert!(text.lines().any(|written| written == line), "{line}: {text}");
    }
    desk.done(&["apply", "shop.toml"]);
    // A file that is there is left alone, before the first question; answers that end leave nothing.
    desk.refused(&new, "an existing file is left alone");
    fs::remove_file(desk.path("shop.toml")).expect("it is there");
    let (code, _, talk) = desk.type_in(&new, "https://shop.example/seti.php\n");
    assert!(code == 2 && talk.contains("the answers ended") && !desk.path("shop.toml").exists(), "{talk}");
}

#[test]
fn what_is_exported_loads_again_whatever_stands_in_it() {
    let desk = Desk::new();
    let odd = "[labels]\n\"a\\u202Eb\" = \"it's \\\"x\\\" \\\\ \\u009B\\u200B\"\n\"two\\nlines\" = \"ignore\"\n";
    desk.write("shop.toml", &(script_cart("shop", "https://shop.example/seti.php", "") + odd));
    desk.done(&["apply", "shop.toml"]);
    let exported = desk.done(&["export", "shop"]);
    assert!(exported.contains("\"a\\U0000202Eb\""), "{exported}");
    desk.write("again.toml", &exported);
    assert!(desk.done(&["apply", "again.toml"]).contains("cart shop: unchanged"));
}

#[test]
fn labels_are_held_against_the_statuses_that_the_cart_itself_lists() {
    let desk = Desk::new();
    fs::copy(guest("lists_choices"), desk.path("guest.wasm")).expect("it is there");
    let define = |shut: bool| {
        let text = format!(
            "cart = \"shop\"\nplugin = \"guest.wasm\"\n[endpoints.api]\nbase_url = \"https://shop.example/api\"\n[settings]\nshut = {shut}\n\
             [labels]\n\"Order Shipped\" = \"shipped\"\n\"On Hold\" = \"waiting\"\n"
        );
        desk.write("shop.toml", &text);
        desk.done(&["apply", "shop.toml"])
    };
    assert!(!define(false).contains("waiting\", a status"), "nobody asked the cart yet");
    desk.type_in(&["credential", "set", "shop", "key", "key"], OLD);
    let shown = desk.done(&["cart", "check", "shop"]);
    assert!(shown.contains("processing") && shown.contains("In work"), "{shown}");
    assert!(shown.contains("the label \"On Hold\" maps to \"waiting\", a status that the cart does not have"), "{shown}");
    assert!(!shown.contains("\"Order Shipped\" maps"), "{shown}");
    let known = &desk.json(&["cart", "check", "shop"])["lists"][0];
    assert_eq!(
        (known["list"]["choices"][1]["value"].as_str(), known["doubts"].as_array().map(Vec::len)),
        (Some("shipped"), Some(1)),
        "{known}"
    );

    define(true);
    desk.refused(&["cart", "check", "shop"], "the cart could not say which statuses it knows: unavailable: the shop is shut");
}
