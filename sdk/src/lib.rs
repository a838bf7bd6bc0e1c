//! Build Cartage plugins: a cart's protocol as a sandboxed WebAssembly component.

#[doc(hidden)]
pub mod abi;
pub mod delivery;
pub mod failure;
pub mod http;
pub mod log;
pub mod manifest;
pub mod orders;
pub mod settings;
pub mod signing;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use cartage_contract as contract;
pub use cartage_contract::delivery::{
    AppliedOutcome, Delivery, EarlierAttempt, FailureKind, FindingLevel, FindingSubject, OrderKey, OrderSeen, PackageSeen, RetryWish,
    SettingValue, Status, Step,
};
pub use cartage_contract::orders::{CivilDate, CivilTime, Content, LineItem, LinePackage, Package, Told, Update};
pub use failure::{Applied, Failure, Report};
pub use manifest::Manifest;
pub use serde_json;
pub use settings::Context;

/// A cart's protocol.
///
/// Each function is called in a fresh instance with fresh memory, under limits. A plugin has no clock, no randomness, no files
/// and no sockets: all that it may know comes as arguments, and all that it may do is in [`http`], [`signing`] and [`log`].
pub trait Plugin {
    /// Says what the plugin is, what it speaks to and what it asks for. Pure: it makes no request and logs nothing.
    fn describe() -> Manifest;

    /// Lists the statuses that this cart knows, for a manifest that says [`ask`](manifest::Statuses::Ask).
    ///
    /// # Errors
    /// A [`Failure`] if the cart could not be asked.
    fn list_statuses(context: Context) -> Result<Vec<Status>, Failure> {
        let _ = context;
        Ok(Vec::new())
    }

    /// Answers "does it work?", and, when an order is named, how the cart sees it. It changes nothing in the cart.
    ///
    /// # Errors
    /// A [`Failure`] if the question could not be answered. What needs a person is a finding, not a failure.
    fn check(order: Option<OrderKey>, context: Context) -> Result<Report, Failure>;

    /// Tells the cart of one status update. It may be called again for the same `delivery.id`.
    ///
    /// # Errors
    /// A [`Failure`] if the cart does not have the update, or not all of it.
    fn send_order_status(update: Update, delivery: Delivery, context: Context) -> Result<Applied, Failure>;
}

/// Makes a component of a [`Plugin`]: once in a crate, with the plugin's type.
///
/// It emits the component's exports when it is built for wasm, and only checks the type otherwise, so that `cargo build` and
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

/// Declares a type of this crate around one of the contract's: readable as that by `Deref`, and turned into it and back.
macro_rules! wraps {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name($inner);

        impl std::ops::Deref for $name {
            type Target = $inner;

            fn deref(&self) -> &$inner {
                &self.0
            }
        }

        impl From<$inner> for $name {
            fn from(inner: $inner) -> $name {
                $name(inner)
            }
        }

        impl From<$name> for $inner {
            fn from(outer: $name) -> $inner {
                outer.0
            }
        }
    };
}
pub(crate) use wraps;
