//! Status events: what they tell a cart, and what is nothing to do.

use super::{Desk, OLD, script_cart, shop};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_labels_the_lines_that_it_names() {
    let desk = Desk::new();
    let shop = shop(OLD, &["1021"]).await;
    let xml = "order_number = { strip_prefix = \"WEB-\" }\nonly_orders = [\"WEB-1021\"]";
    let cart = script_cart("shop", &shop.script_url(), xml).replace("\"live\"", "\"only-orders\"") + "[settings]\nsend-line-items = true\n";
    desk.write("shop.toml", &cart);
    desk.done(&["apply", "shop.toml"]);
    assert_eq!(desk.type_in(&["credential", "set", "shop", "account", "password"], OLD).0, 0);
    desk.switch_on("shop");
    for words in [
        &["event", "set", "Item Backordered", "--order-label", "Order Waits", "--item-label", "Item Waits", "--notify-cart"][..],
        &["cart", "label", "shop", "Item Waits", "--status", "Backordered"],
    ] {
        desk.done(words);
    }
    let raise = |event: &str, lines: &[&str]| {
        let lines: Vec<&str> = lines.iter().flat_map(|line| ["--line", line]).collect();
        desk.run(&[&["event", "raise", event, "--order", "WEB-1021", "--cart", "shop"], &lines[..]].concat())
    };
    let (code, printed) = raise("Item Backordered", &["1", "id=2,sku=SHIRT,shipped=1"]);
    assert_eq!(code, 0, "{printed}");
    for sent in [
        "<ItemNumber>1</ItemNumber>",
        "<ItemNumber>2</ItemNumber>",
        "<Status>Backordered</Status>",
        "<Shipped>1</Shipped>",
        "<Status>Order Waits</Status>",
    ] {
        assert!(printed.contains(sent), "{sent}: {printed}");
    }
    assert_eq!(shop.orders()["1021"].status, "Order Waits", "the order's number was stripped");

    // The same lines again are nothing new, another line is.
    let (code, printed) = raise("Item Backordered", &["1"]);
    assert!(code == 0 && printed.contains("nothing that you must do"), "{printed}");
    let before = shop.requests();
    let (code, printed) = raise("Item Backordered", &["3"]);
    assert_eq!((code, shop.requests() - before), (0, 1), "{printed}");

    // A label that the cart refuses is refused on a line as well, and explained as such later.
    desk.write("strict.toml", &cart.replace("only_orders", "unlisted_labels = \"refuse\"\nonly_orders"));
    desk.done(&["apply", "strict.toml"]);
    let (code, printed) = raise("Item Backordered", &["4"]);
    assert!(code == 1 && printed.contains("\"Order Waits\" is not in the label map"), "{printed}");
    let explained = desk.done(&["explain", "--cart", "shop", "--order", "WEB-1021"]);
    assert!(explained.contains("Item Backordered") && explained.contains("cartage cart label shop \"Item Waits\""), "{explained}");

    // An event for lines alone sets no status of the order: this protocol cannot leave it out, so nothing is sent and it is said.
    desk.write("lines.toml", &cart);
    desk.done(&["apply", "lines.toml"]);
    desk.done(&["event", "set", "Item Returned", "--item-label", "Item Returned", "--notify-cart"]);
    let before = shop.requests();
    let (code, printed) = raise("Item Returned", &["1"]);
    assert_eq!((code, shop.requests() - before), (1, 0), "{printed}");
    assert_eq!(shop.orders()["1021"].status, "Order Waits");
    desk.refused(
        &["event", "raise", "Item Returned", "--order", "WEB-1021", "--cart", "shop", "--line", "shipped=1"],
        "do not say which line",
    );

    // The mode's orders are the sender's numbers: the cart's own names nobody, and it is said.
    let talk = desk.done(&["cart", "mode", "shop", "only-orders", "--order", "1021"]);
    assert!(talk.contains("only_orders names \"1021\"") && talk.contains("does not begin with \"WEB-\""), "{talk}");
    let before = shop.requests();
    let (code, printed) = raise("Item Backordered", &["9"]);
    assert!(code == 0 && printed.contains("this order is not named") && shop.requests() == before, "{printed}");
}

#[test]
fn an_event_that_is_not_meant_for_carts_is_nothing_to_do() {
    let desk = Desk::new();
    desk.write("shop.toml", &script_cart("shop", "https://shop.example/seti.php", ""));
    desk.done(&["apply", "shop.toml"]);
    let raise = ["event", "raise", "Order Packed", "--order", "1021", "--cart", "shop"];
    let agree = |code: i32, said: &str| {
        let (raised, printed) = desk.run(&raise);
        assert!(raised == code && printed.contains(said), "{printed}");
        let explained = desk.done(&["explain", "--cart", "shop", "--order", "1021"]);
        assert!(explained.contains(said), "{explained}");
        assert_eq!(desk.json(&["explain", "--cart", "shop", "--order", "1021"])["must_act"], code == 1);
        assert!(explained.lines().count() <= 24, "{explained}");
    };
    // Never set up at all, then given a label and no tick, then ticked with the switches still off.
    agree(1, "It is sent only when all six conditions hold");
    desk.done(&["event", "set", "Order Packed", "--order-label", "Order Packed"]);
    agree(0, "it is not meant for carts");
    desk.done(&["event", "set", "Order Packed", "--notify-cart"]);
    agree(1, "Look at 1 and 4");
    let (code, printed) = desk.run(&["send", "--cart", "shop", "--order", "1021", "--label", "Order Packed"]);
    assert!(code == 1 && printed.contains("Look at 1 and 4"), "{printed}");
    desk.switch_on("shop");
    desk.done(&["cart", "label", "shop", "Order Packed", "--as", "ignore"]);
    agree(0, "nothing that you must do");

    // A value that is taken away is as if nobody had set it.
    desk.done(&["cart", "label", "shop", "Order Packed", "--status", "Packed"]);
    let unset = desk.done(&["param", "unset", "UseGenericStatusUpdates", "--cart", "shop"]);
    assert!(unset.contains("False (nobody has set it)"), "{unset}");
    agree(1, "Look at 4");
    assert!(desk.done(&["param", "unset", "UseGenericStatusUpdates", "--cart", "shop"]).contains("was not set for cart shop"));
    desk.refused(&["param", "unset", "UseStatusUpdates", "--cart", "shop"], "cannot be set for a cart");
    desk.refused(&["param", "unset", "UseStatusUpdates", "--cart", "shpo"], "UseStatusUpdates cannot be set");
    desk.refused(&["param", "unset", "UseGenericStatusUpdates", "--cart", "shpo"], "did you mean \"shop\"?");
    desk.refused(&["param", "unset", "UseStatusUpdate"], "did you mean \"UseStatusUpdates\"?");
}
