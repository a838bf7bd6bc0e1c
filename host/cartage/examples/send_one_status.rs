//! Sends one status through a plugin to a cart, without a data directory: the caller keeps what must last.
//!
//! ```sh
//! cargo run -p cartage --example send_one_status -- target/plugins/integration-script.wasm
//! ```
//!
//! The cart is a demonstration on this machine that speaks SETI, so the example needs nothing but the plugin's file.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use cartage::carts::Cart;
use cartage::clock::{Clock as _, SystemClock};
use cartage::deliver::{CartClient, Job};
use cartage::egress::{Egress, SendMode, secrets};
use cartage::engine::Runtime;
use cartage::id::DeliveryId;
use cartage::validate::{Fields, ForCart, PackageFields, StatusUpdate, civil_time};
use cartage_demo_cart::{Account, DemoCart};
use std::error::Error;
use std::sync::Arc;

const PASSWORD: &str = "a password for this example";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("name the plugin's file: target/plugins/integration-script.wasm")?;
    let account = Account { user: "cartage".into(), password: PASSWORD.into(), code: String::new() };
    let shop = DemoCart::start(account, &["1021"]).await?;

    // A secret never stands in a definition: it is read from a file, a variable, or a sealed store.
    let folder = tempfile::tempdir()?;
    let secret = folder.path().join("password");
    std::fs::write(&secret, PASSWORD)?;

    // A cart's definition is what an operator writes: where it is, how it authenticates, what its labels are called there.
    let definition = format!(
        r#"
        cart = "my-shop"
        plugin = "integration-script.wasm"
        [endpoints.script]
        base_url = "{}"
        private = [{{ name = "the demonstration cart on this machine", allow = "127.0.0.1/32" }}]
        [credentials.account]
        setiuser = {{ text = "cartage" }}
        password = {{ file = {secret:?} }}
        [labels]
        "Order Shipped" = "Shipped"
        "#,
        shop.script_url()
    );
    let cart = Cart::parse("my-shop.toml", &definition)?;

    // Admission checks the file once. The client is the cart made ready: it can be kept and used for every update.
    let clock = Arc::new(SystemClock);
    let plugin = Runtime::new()?.admit(std::fs::read(file)?).await?;
    let secrets = secrets::fetch(&cart, plugin.manifest())?;
    let client = CartClient::new(&cart, plugin, secrets, &Egress::new(clock.clone()), clock.clone())?;

    let package =
        PackageFields { carrier: Some("UPS".into()), tracking_number: Some("1Z9876543218754187".into()), ..PackageFields::default() };
    let fields = Fields { order_number: "1021".into(), label: "Order Shipped".into(), packages: vec![package], ..Fields::default() };
    let update = StatusUpdate::new(fields, civil_time(clock.now_unix_ms()))?;
    let ForCart::Send(update) = update.for_cart(&cart, client.manifest())? else {
        return Err("the cart's label map ignores this label".into());
    };

    // The delivery's id is the idempotency key: a repeat after an unclear end must carry the same one, and the attempts before it.
    let job = Job { delivery: DeliveryId::new(), sequence: 1, attempt: 1, earlier: Vec::new(), known_reference: None, update };
    let attempt = client.attempt(job, SendMode::Live).await?;
    println!("what follows: {:?}", attempt.receipt.fate);
    println!("the cart's own view: {:?}", shop.orders()["1021"]);
    Ok(())
}
