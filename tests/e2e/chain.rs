//! A daemon that posts to another daemon, as an Order Manager does: what one plugin writes, the other's inlet reads, to the last character.

use crate::daemon::{Daemon, PASSWORD};
use cartage_demo_cart::{Account, DemoCart, DemoOrder};
use std::time::{Duration, Instant};

/// The longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

const ORDER: &str = "1021";
const NOTE: &str = "Left with café & bar <rear door>";

/// An order once the cart has so many updates of it.
async fn after(cart: &DemoCart, updates: u32) -> DemoOrder {
    let start = Instant::now();
    loop {
        match cart.orders().get(ORDER) {
            Some(order) if order.updates == updates => return order.clone(),
            order => assert!(start.elapsed() < PATIENCE, "the cart has {order:?}, not {updates} updates"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn chain(encoding: &str) {
    let account = Account { user: "om".into(), password: PASSWORD.into(), code: String::new() };
    let cart = DemoCart::start(account, &[ORDER]).await.expect("a free port");
    let (mut near, mut far) = (Daemon::new(), Daemon::new());
    far.add_cart("shop", &cart.script_url(), "encoding = \"xml\"", "");
    far.serve();
    near.add_cart("relay", &far.inlet("shop"), &format!("encoding = {encoding:?}"), "");
    near.serve();
    let send = |label: &str, more: &[&str]| near.done(&[&["send", "--cart", "relay", "--order", ORDER, "--label", label], more].concat());

    send("Payment Received", &["--note", NOTE]);
    let order = after(&cart, 1).await;
    assert_eq!((order.status.as_str(), order.note.as_str(), order.packages.len()), ("Payment Received", NOTE, 0), "{encoding}");
    send("Order Shipped", &["--package", "carrier=UPS,number=1Z9876543218754187"]);
    let order = after(&cart, 2).await;
    let packages: Vec<_> = order.packages.iter().map(|package| (package.carrier.as_str(), package.number.as_str())).collect();
    assert_eq!((order.status.as_str(), packages), ("Order Shipped", vec![("UPS", "1Z9876543218754187")]), "{encoding}");

    // What the far daemon cannot pass on it keeps, and the near one need not know.
    far.done(&["cart", "pause", "shop"]);
    send("Order Complete", &[]);
    assert_eq!(cart.orders()[ORDER].updates, 2, "the far cart is paused");
    far.kill();
    far.serve();
    far.done(&["cart", "resume", "shop"]);
    assert_eq!(after(&cart, 3).await.status, "Order Complete", "{encoding}");
    assert!(near.stop() && far.stop(), "both end well");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_passes_through_two_daemons_as_xml() {
    chain("xml").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_passes_through_two_daemons_as_form_fields() {
    chain("delimited").await;
}
