//! A copy comes back with its key and its plugins.

use super::{Desk, OLD, digest, kept, names, script_cart, shop};

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_comes_back_with_its_key_and_its_plugins() {
    let desk = Desk::new();
    let shop = shop(OLD, &["1021", "1022"]).await;
    desk.write("shop.toml", &script_cart("shop", &shop.script_url(), ""));
    desk.done(&["apply", "shop.toml"]);
    assert_eq!(desk.type_in(&["credential", "set", "shop", "account", "password"], OLD).0, 0);
    desk.switch_on("shop");
    desk.done(&["send", "--cart", "shop", "--order", "1021", "--label", "Order Shipped"]);
    desk.done(&["backup", "copy.sqlite"]);
    let restore = |into: &str, rest: &[&str]| {
        let words = [&["restore", "copy.sqlite", "--into", into], rest].concat();
        desk.done(&words)
    };
    let in_new = |data: &str, words: &[&str]| desk.run(&[words, &["--data", data]].concat());

    // Without the files it says which are missing and where they belong, and the same file in another way does as well.
    let said = restore("bare", &["--key", "data/key"]);
    let file = format!("bare/plugins/{}", kept(digest(&desk.path("script.wasm"))));
    assert!(said.contains("missing: the plugin integration-script 0.1.0 of cart shop") && said.contains(&file), "{said}");
    assert!(said.contains("cartage --data bare cart upgrade shop --plugin FILE") && !said.contains("a new key was made"), "{said}");
    assert_eq!(in_new("bare", &["cart", "check", "shop"]).0, 1);
    let (code, said) = in_new("bare", &["cart", "upgrade", "shop", "--plugin", "script.wasm"]);
    assert!(code == 0 && said.contains("unchanged") && desk.path(&file).is_file(), "{said}");
    assert_eq!(in_new("bare", &["cart", "check", "shop"]).0, 0);

    // With them nothing is missing. What lies beside them stays where it is.
    desk.write("data/plugins/notes.txt", "not a plugin");
    let said = restore("whole", &["--key", "data/key", "--plugins", "data/plugins"]);
    assert!(!said.contains("missing:") && said.contains("every cart is paused"), "{said}");
    assert_eq!(names(&desk.path("whole/plugins")), [kept(digest(&desk.path("script.wasm")))]);
    let send = ["send", "--cart", "shop", "--order", "1022", "--label", "Order Shipped"];
    let (code, said) = in_new("whole", &send);
    assert!(code == 1 && said.contains("the cart shop, which is paused"), "{said}");
    assert_eq!(in_new("whole", &["cart", "resume", "shop"]).0, 0);
    let (code, said) = in_new("whole", &send);
    assert_eq!(code, 0, "the key opens the password: {said}");
    assert_eq!(shop.orders()["1022"].status, "Order Shipped");

    // A folder that is none is found before anything is made; without the key the credentials are lost, and only they.
    desk.refused(&["restore", "copy.sqlite", "--into", "none", "--plugins", "nowhere"], "nothing was restored");
    assert!(!desk.path("none").exists());
    assert!(restore("keyless", &["--plugins", "data/plugins"]).contains("a new key was made"));
    assert_eq!(in_new("keyless", &["cart", "resume", "shop"]).0, 0);
    let (code, said) = in_new("keyless", &send);
    assert!(code == 1 && said.contains("was sealed with key"), "nothing is accepted that cannot be sent: {said}");
}

#[test]
fn a_damaged_database_gives_no_copy() {
    let desk = Desk::new();
    let file = desk.path("data/cartage.sqlite");
    let whole = std::fs::read(&file).expect("it is there");
    let pages = whole.len() / 4096;
    for page in [1, pages / 2, pages - 1] {
        let mut bytes = whole.clone();
        bytes[page * 4096..page * 4096 + 64].fill(0xa5);
        std::fs::write(&file, &bytes).expect("it is ours");
        desk.refused(&["backup", "copy.sqlite"], "damaged");
        assert!(!names(desk.folder.path()).iter().any(|name| name.starts_with("copy")), "page {page}");
    }
    std::fs::write(&file, &whole).expect("it is ours");
    desk.done(&["backup", "copy.sqlite"]);
    assert_eq!(names(desk.folder.path()).iter().filter(|name| name.starts_with("copy")).count(), 1);
    desk.refused(&["backup", "copy.sqlite"], "already exists");
}
