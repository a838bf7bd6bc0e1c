//! Orders are named by the number that their sender gives, whatever their cart calls them.

use super::{Desk, OLD, script_cart, shop};

#[tokio::test(flavor = "multi_thread")]
async fn every_command_names_an_order_as_its_sender_does() {
    let desk = Desk::new();
    let shop = shop(OLD, &["1021", "10"]).await;
    let rule = "order_number = { strip_prefix = \"WEB-\", strip_suffix = \"-A\" }";
    desk.write("shop.toml", &script_cart("shop", &shop.script_url(), rule));
    desk.done(&["apply", "shop.toml"]);
    assert_eq!(desk.type_in(&["credential", "set", "shop", "account", "password"], OLD).0, 0);
    desk.switch_on("shop");
    let of = |command: &str, order: &str| desk.run(&[command, "--cart", "shop", "--order", order]);

    // What carts have before: only numbers that a sender can give are taken in.
    desk.write("orders.csv", "WEB-10-A,Order Shipped\n1021,Order Shipped\n");
    desk.refused(&["baseline", "orders.csv", "--cart", "shop"], "does not begin with \"WEB-\"");
    desk.write("orders.csv", "WEB-10-A,Order Shipped\n");
    desk.done(&["baseline", "orders.csv", "--cart", "shop"]);
    let same = ["send", "--cart", "shop", "--order", "WEB-10-A", "--label", "Order Shipped"];
    assert!(desk.done(&same).contains("nothing that you must do"));

    desk.done(&["send", "--cart", "shop", "--order", "WEB-1021-A", "--label", "Order Shipped"]);
    assert_eq!(shop.orders()["1021"].status, "Order Shipped", "the cart is told its own number");
    assert!(of("explain", "WEB-1021-A").1.contains("Last receipt"));

    // The cart's number names nothing, and that is no success. The sender's does.
    let (code, said) = of("forget", "1021");
    assert!(code == 1 && said.contains("Cartage has no record of order 1021") && said.contains("does not begin with \"WEB-\""), "{said}");
    assert_eq!(desk.json(&["forget", "--cart", "shop", "--order", "1021"])["forgotten"], "nothing-kept");
    assert!(of("explain", "WEB-1021-A").1.contains("Last receipt"), "it is still there");
    assert!(desk.json(&["forget", "--cart", "shop", "--order", "WEB-1021-A"])["forgotten"]["done"]["rows"].as_u64() > Some(0));
    assert!(!of("explain", "WEB-1021-A").1.contains("Last receipt"));
    let (code, said) = of("forget", "WEB-1021-A");
    assert!(code == 1 && said.contains("Cartage has no record of order WEB-1021-A"), "{said}");

    // Also after the rule was changed, and after the cart is gone.
    desk.write("plain.toml", &script_cart("shop", &shop.script_url(), ""));
    desk.done(&["apply", "plain.toml"]);
    assert_eq!(of("forget", "WEB-10-A").0, 0);
    desk.done(&["send", "--cart", "shop", "--order", "10", "--label", "Order Shipped"]);
    desk.done(&["cart", "remove", "shop"]);
    assert_eq!(of("forget", "10").0, 0);
    assert!(of("forget", "10").1.contains("there is no such cart"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_that_is_made_anew_was_told_nothing() {
    let desk = Desk::new();
    let (old, new) = (shop(OLD, &["1021"]).await, shop(OLD, &["1021"]).await);
    let make = |url: &str| {
        desk.write("shop.toml", &script_cart("shop", url, ""));
        desk.done(&["apply", "shop.toml"]);
        assert_eq!(desk.type_in(&["credential", "set", "shop", "account", "password"], OLD).0, 0);
        desk.switch_on("shop");
    };
    let send = ["send", "--cart", "shop", "--order", "1021", "--label", "Order Shipped"];
    make(&old.script_url());
    desk.done(&send);
    assert!(desk.done(&send).contains("nothing that you must do"), "the shop was told");
    desk.done(&["cart", "remove", "shop"]);
    let (code, printed) = desk.run(&send);
    assert!(code == 1, "while there is no such cart somebody must act: {printed}");
    make(&new.script_url());
    let (code, printed) = desk.run(&send);
    assert_eq!((code, new.orders()["1021"].status.as_str()), (0, "Order Shipped"), "{printed}");
    assert!(desk.done(&send).contains("nothing that you must do"));
}
