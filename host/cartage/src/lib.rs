//! Cartage carries an order's status from an Order Manager to any shopping cart.
//!
//! A cart's protocol is a plugin: a WebAssembly component that the cart's vendor ships. Cartage runs the plugin without any authority of
//! its own, sends its requests, and checks every parameter before and after. This crate is the service that does so. It gives the items of the
//! crates below it as well, so that an embedder depends on this crate alone.
//!
//! The [`gate`] decides whether a status is sent at all, from the merchant's [`parameters`], [`events`] and carts, and explains each answer
//! with what would change it.
//!
//! A sender's fields are bounded and checked, once, and become a [`validate::StatusUpdate`]; the [`carts::Cart`] translates labels and
//! carriers into the cart's own. A [`deliver::CartClient`] is a cart made ready. It takes a [`deliver::Job`], calls the [`engine::Plugin`] in
//! a fresh instance, and returns a [`receipt::Receipt`] and a [`cassette::Cassette`]. While the call runs, the guest makes requests and the
//! host answers, in plain data ([`exchange`]). The answers come from [`egress`], which alone owns sockets and credentials.
//!
//! An accepted update waits in an [`outbox::Outbox`] until its cart has it: it is on disk before the sender gets an answer, the updates of
//! one order stay in sequence, and no order waits for another.
//!
//! Data that outlives a call lies in a [`data_dir::DataDir`]: the [`store`] holds carts, parameters, events, orders and receipts, each row
//! owned by a merchant; the [`vault`] seals the credentials. A [`service::Service`] is an opened data directory: it asks the gate and sends
//! for real.
//!
//! # Sending one status
//!
//! ```no_run
//! use cartage::carts::Cart;
//! use cartage::clock::{Clock, SystemClock};
//! use cartage::deliver::{CartClient, Job};
//! use cartage::egress::{Egress, SendMode, secrets};
//! use cartage::id::DeliveryId;
//! use cartage::engine::Runtime;
//! use cartage::validate::{Fields, ForCart, StatusUpdate, civil_time};
//! use std::sync::Arc;
//!
//! # async fn send() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = Arc::new(SystemClock);
//! let cart = Cart::parse("seed-shop.toml", &std::fs::read_to_string("seed-shop.toml")?)?;
//! let plugin = Runtime::new()?.admit(std::fs::read("integration-script.wasm")?).await?;
//! let secrets = secrets::fetch(&cart, plugin.manifest())?;
//! let client = CartClient::new(&cart, plugin, secrets, &Egress::new(clock.clone()), clock.clone())?;
//!
//! let fields = Fields { order_number: "1021".into(), label: "Order Shipped".into(), ..Fields::default() };
//! let update = StatusUpdate::new(fields, civil_time(clock.now_unix_ms()))?;
//! if let ForCart::Send(update) = update.for_cart(&cart, client.manifest())? {
//!     let job = Job { delivery: DeliveryId::new(), sequence: 1, attempt: 1, earlier: vec![], known_reference: None, update };
//!     let attempt = client.attempt(job, SendMode::Live).await?;
//!     println!("{:?}", attempt.receipt.fate);
//! }
//! # Ok(())
//! # }
//! ```

pub mod alerts;
pub mod deliver;
pub mod remedies;
pub mod service;

pub use cartage_base::{causes, clock, counted, fault, histogram, json, nearest, visible};
pub use cartage_egress as egress;
pub use cartage_engine as engine;
pub use cartage_model::{carts, cassette, dead_letter, events, exchange, id, origin, parameters, receipt, remedy};
pub use cartage_policy::{gate, schedule, validate};
pub use cartage_store as store;
pub use cartage_store::{data_dir, outbox, vault};
