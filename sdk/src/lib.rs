//! Build Cartage plugins: sandboxed WebAssembly components that implement a cart's protocol.
//!
//! Cartage carries an order's status from an Order Manager to any shopping cart. The cart's protocol is a *plugin*, which a cart
//! vendor writes with this crate and ships as one file. The host runs the plugin without any authority: a plugin has no clock, no
//! randomness, no files, no sockets and no environment. It receives an update and some context as arguments, asks the host for requests
//! to endpoints that it declared, and returns the outcome. So a plugin is a pure function of its arguments and of the cart's answers: it can be
//! run dry, replayed, and tested without a network.
//!
//! # A whole plugin
//!
//! A crate of type `cdylib` (for the component) and `rlib` (for its tests):
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib", "rlib"]
//!
//! [dependencies]
//! cartage-sdk = "0.1"
//! ```
//!
//! The source says what the plugin needs ([`manifest`]), how to check that it works, and how to send an update:
//!
//! ```
//! use cartage_sdk::http::{Method, Request, Response};
//! use cartage_sdk::manifest::{Endpoint, Features, Setting, Slot, Statuses, choices};
//! use cartage_sdk::orders::{iso_time, news};
//! use cartage_sdk::serde_json::{Value, json};
//! use cartage_sdk::{Applied, Context, Delivery, Failure, FindingSubject, Manifest, OrderKey, Package, Plugin, Report, Told, Update};
//!
//! struct ExampleShop;
//!
//! cartage_sdk::export!(ExampleShop);
//!
//! impl Plugin for ExampleShop {
//!     fn describe() -> Manifest {
//!         Manifest::new("example-shop", env!("CARGO_PKG_VERSION"))
//!             .cart("Example Shop 3 or later")
//!             .summary("Sets an order's status and adds its tracking numbers.")
//!             .vendor("Example Ltd")
//!             .endpoint(
//!                 Endpoint::new("api", "the shop's REST interface", "https://shop.example/api")
//!                     .methods([Method::Get, Method::Put])
//!                     .paths(["/orders", "/version"])
//!                     .request_headers(["idempotency-key"])
//!                     .request_types(["application/json"])
//!                     .response_types(["application/json"]),
//!             )
//!             .slot(Slot::bearer("token", "Settings > API > Access tokens in the shop's back office").for_endpoints(["api"]))
//!             .setting(Setting::boolean("notify", "Mail the customer").default(false))
//!             .statuses(Statuses::Fixed(choices(["open", "shipped"])))
//!             .features(Features { tracking: true, several_packages: true, safe_to_repeat: true, ..Features::default() })
//!     }
//!
//!     fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
//!         let answer = Request::get("api").path("/version").auth("token").send()?;
//!         Ok(match failure_of(&answer) {
//!             None => Report::new().fine(FindingSubject::Credentials, "the shop takes the token"),
//!             Some(failure) => {
//!                 Report::new().problem(FindingSubject::Credentials, &*failure.message, "make a token with write access and set it again")
//!             }
//!         })
//!     }
//!
//!     fn send_order_status(update: Update, delivery: Delivery, context: Context) -> Result<Applied, Failure> {
//!         let packages = news(&update).new_packages().map(|(_, package)| json!({"carrier": package.carrier, "number": package.tracking_number}));
//!         let body = json!({
//!             "status": update.status,
//!             "at": iso_time(update.changed_at),
//!             "new_packages": packages.collect::<Vec<_>>(),
//!             "notify": context.boolean("notify")?,
//!         });
//!         // The value becomes one segment of the path, encoded once; one that cannot be trusted to stay there is refused.
//!         let request = Request::put("api").path_of("/orders/{}/status", [&update.order_number])?;
//!         let answer = request.idempotency_key(&delivery).auth("token").json(body).send()?;
//!         match failure_of(&answer) {
//!             None => Ok(Applied::done()),
//!             Some(failure) => Err(failure),
//!         }
//!     }
//! }
//!
//! /// Some carts report a failure with status 200 and "already done" with 500: read the body before the status.
//! fn failure_of(answer: &Response) -> Option<Failure> {
//!     let reason = answer.json::<Value>().ok().and_then(|body| body["error"].as_str().map(str::to_owned));
//!     match (answer.status, reason) {
//!         (401 | 403, _) => Some(Failure::credentials(answer.excerpt())),
//!         (404, _) => Some(Failure::order_not_found(answer.excerpt())),
//!         (_, Some(reason)) => Some(Failure::invalid_data(reason)),
//!         (200..=299, None) => None,
//!         _ => Some(Failure::unavailable(format!("HTTP {}: {}", answer.status, answer.excerpt()))),
//!     }
//! }
//!
//! // The plugin's test runs under plain `cargo test`, against a scripted cart that judges each request as the host does.
//! use cartage_sdk::testing::{Cart, DELIVERY_ID, Expect, Reply, package, update};
//!
//! let told = Package { told: Told::AlreadyTold, ..package("UPS", "1Z1234") };
//! let shipped = Update { packages: vec![told, package("UPS", "1Z9876")], ..update("100 A", "shipped") };
//! let run = Cart::<ExampleShop>::new()
//!     .expect(Expect::put("https://shop.example/api/orders/100%20A/status").header("idempotency-key", DELIVERY_ID), Reply::json(200, json!({})))
//!     .send(&shipped);
//! assert_eq!(run.requests[0].json().expect("a JSON body")["new_packages"], json!([{"carrier": "UPS", "number": "1Z9876"}]));
//! run.succeeded();
//! ```
//!
//! `cartage plugin build` makes the component, `cartage plugin inspect` shows what an operator will see of the plugin, and `cartage send
//! --dry-run` shows the first request that the plugin would make.
//!
//! # What to keep in mind
//!
//! - **The same update can arrive twice**, because an answer can be lost after the cart has acted. Send [`delivery.id`](Delivery) as an
//!   idempotency key if the cart accepts one; otherwise look at [`delivery`] before a step that the cart would repeat: a note, a
//!   shipment, a mail. Report each step that is done: a [`Progress`] does so in success and failure, also when `?` ends the call.
//! - **An update holds everything that is known of its order**, including what the cart was told before. [`news`](orders::news) is the part that is new.
//! - **The kind of a [`Failure`] decides what the host does next**, and the message never does: whether the update is retried, whether the cart is paused,
//!   whether the order's next update may be sent. Only the plugin interprets the cart's answers.
//! - **Finding an order by its number is the most dangerous step.** Compare every candidate exactly; no match is [`Failure::order_not_found`], more
//!   than one is [`Failure::ambiguous_order`]. Return the cart's own id with [`Applied::reference`]: the host passes it back with the
//!   order's next update.
//! - **Every call runs in fresh memory**; a global does not keep its value. A panic ends the call as a fault of the plugin, and its message
//!   goes to the delivery's record.
//! - **Nothing undeclared is sent.** A method, a path, a header or a content type that the manifest does not declare is denied, in tests
//!   as in production.
//!
//! # Reading order
//!
//! [`Plugin`] and [`export!`] come first. [`manifest`] says what a plugin needs; [`orders`], [`delivery`] and [`settings`] are its arguments;
//! [`http`], [`signing`] and [`log`] are what it may ask of the host, and [`encoding`] and [`json`] write values; [`failure`] holds its outcomes, and
//! [`progress`] collects them; [`testing`] tests a plugin. [`contract`] is the whole contract as plain data, with the rules that the host applies.

#[doc(hidden)]
pub mod abi;
#[cfg(any(target_family = "wasm", test))]
mod allocator;
pub mod delivery;
pub mod encoding;
pub mod failure;
pub mod http;
pub mod json;
pub mod log;
pub mod manifest;
pub mod orders;
pub mod progress;
pub mod settings;
pub mod signing;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use cartage_contract as contract;
pub use cartage_contract::delivery::{
    AppliedOutcome, Choice, ChoicesOf, Delivery, EarlierAttempt, FailureKind, FindingLevel, FindingSubject, OrderKey, OrderSeen,
    PackageSeen, RetryWish, SettingValue, Step, ToldPackage,
};
pub use cartage_contract::orders::{CivilDate, CivilTime, Content, LineItem, LinePackage, Package, Told, Update};
pub use failure::{Applied, Failure, Report};
pub use manifest::Manifest;
pub use progress::Progress;
pub use serde_json;
pub use settings::Context;

/// A plugin: the implementation of a cart's protocol.
///
/// Each function is called in a fresh instance with fresh memory, under limits. A plugin has no clock, no randomness, no files
/// and no sockets: its arguments are all that it can know, and [`http`], [`signing`] and [`log`] are all that it can do.
pub trait Plugin {
    /// Describes the plugin: what it is, which cart it speaks to and what it needs. The function is pure: it makes no request and logs nothing.
    fn describe() -> Manifest;

    /// Lists values that only this shop knows: its statuses, its carriers or the values of a setting, each if the manifest says `Asked`. The function only
    /// reads.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the cart could not be queried.
    fn list_choices(of: ChoicesOf, context: Context) -> Result<Vec<Choice>, Failure> {
        let _ = (of, context);
        Ok(Vec::new())
    }

    /// Checks whether the plugin works with this shop, and, if an order is named, how the cart sees this order. The function only reads.
    ///
    /// # Errors
    /// A [`Failure`] if the check could not be made. A problem that needs a person is a finding, not a failure.
    fn check(order: Option<OrderKey>, context: Context) -> Result<Report, Failure>;

    /// Tells the cart of one status update. It may be called again for the same `delivery.id`.
    ///
    /// # Errors
    /// A [`Failure`] if the cart does not have the update, or not all of it.
    fn send_order_status(update: Update, delivery: Delivery, context: Context) -> Result<Applied, Failure>;
}

/// Turns a [`Plugin`] into a component. Use this macro once in a crate, with the plugin's type.
///
/// In a build for wasm, the macro emits the component's exports; otherwise it only checks the type, so that `cargo build` and
/// `cargo test` work natively.
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        const _: () = {
            const fn is_a_plugin<P: $crate::Plugin>() {}
            is_a_plugin::<$plugin>();
        };
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code, reason = "the component's exports are raw functions over its linear memory")]
        const _: () = {
            type Exported = $crate::abi::Export<$plugin>;
    $crate::abi::export_component!(Exported with_types_in $crate::abi);
        };
    };
}

/// Declares a wrapper around one of the contract's types, with `Deref` to that type and conversions in both directions.
macro_rules! wraps {
    // Errors are boxed, so that a `Result` is only as large as its success value.
    ($(#[$doc:meta])* boxed $name:ident($inner:ty)) => {
        $crate::wraps! { @ $(#[$doc])* $name($inner) in Box<$inner>, |held: Box<$inner>| *held }
    };
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $crate::wraps! { @ $(#[$doc])* $name($inner) in $inner, std::convert::identity }
    };
    (@ $(#[$doc:meta])* $name:ident($inner:ty) in $held:ty, $open:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name($held);

        impl std::ops::Deref for $name {
            type Target = $inner;

            fn deref(&self) -> &$inner {
                &self.0
            }
        }

        impl From<$inner> for $name {
            fn from(inner: $inner) -> $name {
                $name(<$held>::from(inner))
            }
        }

        impl From<$name> for $inner {
            fn from(outer: $name) -> $inner {
                $open(outer.0)
            }
        }
    };
}
pub(crate) use wraps;
