//! Embeds the whole of Cartage: a data directory, the gate, the durable outbox and the worker that delivers. What was accepted reaches the cart in
//! order, whatever dies in between.
//!
//! ```sh
//! cargo run -p cartage --example deliver_in_order -- target/plugins/integration-script.wasm
//! ```
//!
//! The cart is a demonstration on this machine that speaks SETI, and the data directory is a temporary one.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use cartage::carts::Cart;
use cartage::clock::SystemClock;
use cartage::gate::{Again, Given};
use cartage::id::CartId;
use cartage::parameters::{Scope, assign};
use cartage::service::definitions::Proposal;
use cartage::service::{Cause, Request, Service};
use cartage::validate::Fields;
use cartage_demo_cart::{Account, DemoCart};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

const PASSWORD: &str = "a password for this example";
/// How long the worker waits for what is under way, once it is told to stop.
const DRAIN: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("name the plugin's file: target/plugins/integration-script.wasm")?;
    let account = Account { user: "cartage".into(), password: PASSWORD.into(), code: String::new() };
    let shop = DemoCart::start(account, &["1021"]).await?;
    let folder = tempfile::tempdir()?;
    let service = Service::init(&folder.path().join("data"), Arc::new(SystemClock))?;

    // A secret never stands in a definition: it is read from a file, a variable, or the sealed store.
    let secret = folder.path().join("password");
    std::fs::write(&secret, PASSWORD)?;

    // A cart is checked whole against its plugin before anything of it is kept.
    let definition = format!(
        r#"
        cart = "my-shop"
        plugin = "integration-script.wasm"
        mode = "live"
        [endpoints.script]
        base_url = "{}"
        private = [{{ name = "the demonstration cart on this machine", allow = "127.0.0.1/32" }}]
        [credentials.account]
        setiuser = {{ text = "cartage" }}
        password = {{ file = {secret:?} }}
        "#,
        shop.script_url()
    );
    let cart = Cart::parse("my-shop.toml", &definition)?;
    let id: CartId = cart.id.clone();
    let prepared = service.definitions().prepare(vec![Proposal { cart, plugin: Some(std::fs::read(file)?) }]).await?;
    service.definitions().make(prepared).await?;
    for (name, scope) in [("UseStatusUpdates", Scope::System), ("UseGenericStatusUpdates", Scope::Cart(id.clone()))] {
        service.configuration().set_parameter(&assign(name, scope, "True")?).await?;
    }

    // The worker delivers until it is told to stop, for as long as the process lives.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = async { stopped.await.unwrap_or_default() };
    let worker = tokio::spawn(service.worker().run(stopped, DRAIN));

    // Accepted means: on disk. The second status waits for the first.
    for label in ["Payment Received", "Order Shipped"] {
        let fields = Fields { order_number: "1021".into(), label: label.into(), ..Fields::default() };
        let request = Request { cart: id.clone(), cause: Cause::Given(Given::Api), fields, again: Again::No };
        let accepted = service.intake().accept(&request, None).await?;
        println!("{label}: {:?}", accepted.done);
    }
    while shop.orders()["1021"].updates < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("the cart's own view: {:?}", shop.orders()["1021"]);
    drop(stop);
    worker.await??;
    Ok(())
}
