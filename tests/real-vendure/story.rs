//! The story: the updates that the shop receives, and the state that it must have afterwards.

use crate::daemon::Daemon;
use crate::shop::{Fulfilment, Order, Shop};
use crate::{Report, Result, say};
use serde_json::{Value, json};
use std::time::Duration;

/// The cart that uses an API key.
const BY_KEY: &str = "by-key";
/// The cart that logs in.
const BY_ACCOUNT: &str = "by-account";
/// A cart that logs in with a wrong password.
const BY_WRONG_PASSWORD: &str = "by-wrong-password";

const LABELS: &str = r#"
[labels]
"Order Shipped" = "Shipped"
"Order Delivered" = "Delivered"
"Order Partially Shipped" = "PartiallyShipped"
"Order Packed" = "Packed"
"Order Cancelled" = "Cancelled"
"Tracking Imported" = "tracking-only"
"#;

/// Runs the whole story.
pub(crate) async fn run(report: &mut Report) -> Result<()> {
    say("starting the shop");
    let mut shop = Shop::start()?;
    let told = &shop.told;
    let environment =
        [("SHOP_KEY", told.api_key.as_str()), ("SHOP_PASSWORD", told.password.as_str()), ("WRONG_PASSWORD", "not the password of it")];
    let mut daemon = Daemon::new(&environment)?;
    daemon.add_cart(BY_KEY, &cart(&shop, BY_KEY, "[credentials.key]\nvalue = { env = \"SHOP_KEY\" }"))?;
    daemon.add_cart(BY_ACCOUNT, &cart(&shop, BY_ACCOUNT, &account(&shop, "SHOP_PASSWORD")))?;
    daemon.add_cart(BY_WRONG_PASSWORD, &cart(&shop, BY_WRONG_PASSWORD, &account(&shop, "WRONG_PASSWORD")))?;
    daemon.serve()?;
    credentials(report, &daemon, &shop)?;
    statuses(report, &daemon, &shop).await?;
    packages(report, &daemon, &shop).await?;
    refusals(report, &daemon, &shop).await?;
    wrong_password(report, &daemon, &shop).await?;
    session(report, &daemon, &mut shop).await?;
    kills(report, &mut daemon, &shop).await?;
    large(report, &daemon, &shop).await
}

fn cart(shop: &Shop, id: &str, credentials: &str) -> String {
    format!(
        "cart = {id:?}\nplugin = \"vendure.wasm\"\nmode = \"live\"\n[endpoints.api]\nbase_url = {:?}\n\
         private = [{{ name = \"the shop of this run\", allow = \"127.0.0.1/32\" }}]\n{credentials}\n\
         [limits]\nrequest_ms = 120_000\ncall_ms = 240_000\n[delivery]\nretry_waits = [\"1 s\"]\nrepeat_margin = \"1 s\"\n{LABELS}",
        shop.told.admin_api
    )
}

fn account(shop: &Shop, password: &str) -> String {
    format!("[credentials.account]\nusername = {{ text = {:?} }}\npassword = {{ env = {password:?} }}", shop.told.username)
}

fn update(cart: &str, order: &str, label: &str, more: Value) -> Value {
    let mut update = json!({"cart": cart, "order_number": order, "label": label});
    if let (Some(update), Value::Object(more)) = (update.as_object_mut(), more) {
        update.extend(more);
    }
    update
}

/// A package by UPS with this quantity of each SKU; if no contents are given, they are unknown.
fn package(number: &str, contents: &[(&str, u32)]) -> Value {
    let contents: Vec<Value> = contents.iter().map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity.to_string()})).collect();
    json!({"carrier": "UPS", "method": "Ground", "tracking_number": number, "contents": contents})
}

fn fulfilment(state: &str, code: &str, contents: &[(&str, i64)]) -> Fulfilment {
    let method = if code.is_empty() { "" } else { "UPS Ground" };
    let contents = contents.iter().map(|(sku, quantity)| ((*sku).to_owned(), *quantity)).collect();
    Fulfilment { state: state.to_owned(), method: method.to_owned(), code: code.to_owned(), contents }
}

fn order(state: &str, fulfilments: Vec<Fulfilment>) -> Order {
    Order { state: state.to_owned(), fulfilments, notes: Vec::new() }
}

fn code<'s>(shop: &'s Shop, name: &str) -> Result<&'s str> {
    let codes = shop.told.orders.get(name).and_then(|codes| codes.first());
    Ok(codes.ok_or_else(|| format!("the shop has no order for {name}"))?)
}

/// Sends an update, waits until it is delivered, and compares the order.
async fn delivers(report: &mut Report, daemon: &Daemon, shop: &Shop, what: &str, update: Value, wanted: Order) -> Result<()> {
    let number = update["order_number"].as_str().unwrap_or_default().to_owned();
    let delivery = daemon.send(update).await?;
    report.same(&format!("{what}: delivered"), &daemon.settled(&delivery).await?.as_str(), &"delivered");
    report.same(what, &shop.order(&number).await?, &wanted);
    Ok(())
}

fn credentials(report: &mut Report, daemon: &Daemon, shop: &Shop) -> Result<()> {
    let number = code(shop, "status")?;
    for cart in [BY_KEY, BY_ACCOUNT] {
        let checked = daemon.run(&["cart", "check", cart, "--order", number])?;
        report.same(
            &format!("cart check {cart} finds the order"),
            &(checked.contains(number) && checked.contains("PaymentSettled")),
            &true,
        );
        report.same(
            &format!("cart check {cart} lists the shop's own state"),
            &daemon.run(&["cart", "show", cart])?.contains("Packed"),
            &true,
        );
    }
    let refused = daemon.run(&["cart", "check", BY_WRONG_PASSWORD]).map_or_else(|error| error.to_string(), |_| String::new());
    report.same("cart check tells the wrong password", &refused.contains("credentials"), &true);
    Ok(())
}

async fn statuses(report: &mut Report, daemon: &Daemon, shop: &Shop) -> Result<()> {
    let all: &[(&str, i64)] = &[("SHIRT", 2), ("SOCKS", 1)];
    let of = |state: &str| order(state, vec![fulfilment(state, "", all)]);
    let number = code(shop, "status")?;
    let shipped = update(BY_KEY, number, "Order Shipped", json!({}));
    delivers(report, daemon, shop, "a status alone ships all of the order", shipped, of("Shipped")).await?;
    let delivered = update(BY_KEY, number, "Order Delivered", json!({}));
    delivers(report, daemon, shop, "the next status delivers it", delivered, of("Delivered")).await?;
    let number = code(shop, "state")?;
    let packed = update(BY_ACCOUNT, number, "Order Packed", json!({}));
    delivers(report, daemon, shop, "a state of the shop's own", packed, order("Packed", vec![])).await?;
    let number = code(shop, "cancelled")?;
    let cancelled = || update(BY_ACCOUNT, number, "Order Cancelled", json!({"again": true}));
    delivers(report, daemon, shop, "an order is cancelled", cancelled(), order("Cancelled", vec![])).await?;
    delivers(report, daemon, shop, "an order is cancelled again", cancelled(), order("Cancelled", vec![])).await
}

async fn packages(report: &mut Report, daemon: &Daemon, shop: &Shop) -> Result<()> {
    let number = code(shop, "tracking")?;
    let imported = update(BY_ACCOUNT, number, "Tracking Imported", json!({"packages": [package("1Z1", &[])]}));
    let all: &[(&str, i64)] = &[("SHIRT", 2), ("SOCKS", 1)];
    let pending = order("PaymentSettled", vec![fulfilment("Pending", "1Z1", all)]);
    delivers(report, daemon, shop, "tracking alone leaves the order's state", imported, pending).await?;
    let shipped = update(BY_ACCOUNT, number, "Order Shipped", json!({"packages": [package("1Z1", &[])]}));
    let wanted = order("Shipped", vec![fulfilment("Shipped", "1Z1", all)]);
    delivers(report, daemon, shop, "and its package is shipped later", shipped, wanted).await?;

    let number = code(shop, "two-packages")?;
    let (first, second) = (package("1Z2", &[("SHIRT", 2)]), package("1Z3", &[("SHIRT", 1), ("SOCKS", 1)]));
    let part = update(BY_KEY, number, "Order Partially Shipped", json!({"packages": [first]}));
    let one = || fulfilment("Shipped", "1Z2", &[("SHIRT", 2)]);
    delivers(report, daemon, shop, "one package of two is a part", part, order("PartiallyShipped", vec![one()])).await?;
    let note = "Left at <b>the door</b>, \"3 ét.\" & more";
    let both = json!({"packages": [first, second], "note": note, "notify_customer": true, "again": true});
    let both = || update(BY_KEY, number, "Order Shipped", both.clone());
    let whole = || Order {
        notes: vec![(note.to_owned(), true)],
        ..order("Shipped", vec![one(), fulfilment("Shipped", "1Z3", &[("SHIRT", 1), ("SOCKS", 1)])])
    };
    delivers(report, daemon, shop, "two packages are two fulfilments", both(), whole()).await?;
    delivers(report, daemon, shop, "the same again changes nothing", both(), whole()).await
}

async fn refusals(report: &mut Report, daemon: &Daemon, shop: &Shop) -> Result<()> {
    let unknown = daemon.send(update(BY_KEY, "V-404", "Order Shipped", json!({}))).await?;
    let state = daemon.settled(&unknown).await?;
    report.same("an unknown order is a dead letter", &state.as_str(), &"dead");
    let said = daemon.delivery(&unknown).await?.to_string();
    report.same("whose reason is that the shop has no such order", &said.contains("order-not-found"), &true);
    for (name, what, state) in
        [("unpaid", "an order that is not paid", "ArrangingPayment"), ("no-stock", "an order without stock", "PaymentSettled")]
    {
        let number = code(shop, name)?;
        let delivery = daemon.send(update(BY_KEY, number, "Order Shipped", json!({}))).await?;
        report.same(&format!("{what} waits"), &daemon.attempted(&delivery, 2).await?.as_str(), &"queued");
        let said = daemon.delivery(&delivery).await?.to_string();
        report.same(&format!("{what} is busy"), &said.contains("\"busy\""), &true);
        report.same(&format!("{what} is as it was"), &shop.order(number).await?, &order(state, vec![]));
    }
    Ok(())
}

async fn wrong_password(report: &mut Report, daemon: &Daemon, shop: &Shop) -> Result<()> {
    let number = code(shop, "wrong-password")?;
    let delivery = daemon.send(update(BY_WRONG_PASSWORD, number, "Order Shipped", json!({}))).await?;
    report.same("with a wrong password an update waits", &daemon.attempted(&delivery, 1).await?.as_str(), &"queued");
    let shown = daemon.run(&["cart", "show", BY_WRONG_PASSWORD])?;
    report.same("and the cart is paused", &shown.contains("paused"), &true);
    report.same("the order is as it was", &shop.order(number).await?, &order("PaymentSettled", vec![]));
    // The new definition names another environment variable, which has the right password.
    daemon.add_cart(BY_WRONG_PASSWORD, &cart(shop, BY_WRONG_PASSWORD, &account(shop, "SHOP_PASSWORD")))?;
    daemon.run(&["cart", "resume", BY_WRONG_PASSWORD])?;
    report.same("with the right one it goes", &daemon.settled(&delivery).await?.as_str(), &"delivered");
    report.same("the order is shipped then", &shop.order(number).await?.state.as_str(), &"Shipped");
    Ok(())
}

/// The shop ends the session, and answers the next request with 200 and FORBIDDEN.
async fn session(report: &mut Report, daemon: &Daemon, shop: &mut Shop) -> Result<()> {
    shop.command("end sessions")?;
    let number = code(shop, "session")?;
    let shipped = update(BY_ACCOUNT, number, "Order Shipped", json!({"packages": [package("1Z5", &[])]}));
    let wanted = order("Shipped", vec![fulfilment("Shipped", "1Z5", &[("SHIRT", 2), ("SOCKS", 1)])]);
    delivers(report, daemon, shop, "a session that ended is renewed", shipped, wanted).await
}

/// The daemon is killed repeatedly during deliveries, and restarted each time.
async fn kills(report: &mut Report, daemon: &mut Daemon, shop: &Shop) -> Result<()> {
    let numbers = shop.told.orders.get("killed").ok_or("the shop has no orders for the kills")?;
    let packages =
        |number: &str| [package(&format!("{number}-1"), &[("SHIRT", 1)]), package(&format!("{number}-2"), &[("SHIRT", 1), ("SOCKS", 1)])];
    let mut deliveries = Vec::new();
    for (place, number) in numbers.iter().enumerate() {
        let cart = [BY_KEY, BY_ACCOUNT][place % 2];
        let more = json!({"packages": packages(number), "note": "Left at the door"});
        deliveries.push(daemon.send(update(cart, number, "Order Shipped", more)).await?);
        // Each kill comes a little later, so that it falls into another step.
        tokio::time::sleep(Duration::from_millis(40 + 15 * place as u64)).await;
        daemon.kill()?;
        daemon.serve()?;
    }
    for (number, delivery) in numbers.iter().zip(&deliveries) {
        let what = format!("order {number}, told by a daemon that was killed");
        report.same(&format!("{what}: delivered"), &daemon.settled(delivery).await?.as_str(), &"delivered");
        let fulfilments = vec![
            fulfilment("Shipped", &format!("{number}-1"), &[("SHIRT", 1)]),
            fulfilment("Shipped", &format!("{number}-2"), &[("SHIRT", 1), ("SOCKS", 1)]),
        ];
        let wanted = Order { notes: vec![("Left at the door".to_owned(), false)], ..order("Shipped", fulfilments) };
        report.same(&what, &shop.order(number).await?, &wanted);
    }
    Ok(())
}

/// This part comes last, because the shop needs a long time for it.
async fn large(report: &mut Report, daemon: &Daemon, shop: &Shop) -> Result<()> {
    let shipped = update(BY_KEY, code(shop, "large")?, "Order Shipped", json!({"packages": [package("1Z4", &[])]}));
    let wanted = order("Shipped", vec![fulfilment("Shipped", "1Z4", &[("SHIRT", 500)])]);
    delivers(report, daemon, shop, "an order with 500 lines", shipped, wanted).await
}
