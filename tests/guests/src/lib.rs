//! Hostile and broken plugins, for Cartage's own tests: one misbehaviour a file, named for it.
//!
//! Each example is a whole plugin that is well-behaved but for one thing. How much of it comes with the call, in the update's note, so that a
//! test can stand on both sides of a limit. What Rust cannot say is in `wat/`.

pub use cartage_sdk as sdk;

pub mod shop;

use cartage_sdk::http::Method;
use cartage_sdk::manifest::{Endpoint, KeyEncoding, Slot};
use cartage_sdk::{Manifest, Update};

/// Makes a plugin of a function from an update and a context to a result. The second form adds something to `describe`.
#[macro_export]
macro_rules! guest {
    ($run:expr) => {
        $crate::guest!($run, describing: ());
    };
    ($run:expr, describing: $describing:expr) => {
        /// The plugin.
        #[derive(Debug)]
        pub struct Guest;

        impl $crate::sdk::Plugin for Guest {
            fn describe() -> $crate::sdk::Manifest {
                let _ = $describing;
                $crate::manifest(module_path!())
            }

            fn check(
                _: Option<$crate::sdk::OrderKey>,
                _: $crate::sdk::Context,
            ) -> Result<$crate::sdk::Report, $crate::sdk::Failure> {
                Ok($crate::sdk::Report::new())
            }

            fn send_order_status(
                update: $crate::sdk::Update,
                _: $crate::sdk::Delivery,
                context: $crate::sdk::Context,
            ) -> Result<$crate::sdk::Applied, $crate::sdk::Failure> {
                let run: fn($crate::sdk::Update, $crate::sdk::Context) -> _ = $run;
                run(update, context)
            }
        }

        $crate::sdk::export!(Guest);
    };
}

/// What every guest says of itself, under its own name.
pub fn manifest(name: &str) -> Manifest {
    Manifest::new(&name.replace('_', "-"), "1.0.0")
        .cart("A cart for tests")
        .summary("Misbehaves in one way.")
        .vendor("Cartage")
        .endpoint(
            Endpoint::new("api", "the shop's interface", "https://shop.example/api")
                .methods([Method::Get, Method::Post])
                .paths(["/orders"])
                .request_headers(["x-shop"])
                .request_types(["text/plain"]),
        )
        .slot(Slot::mac_key("key", "signs requests", KeyEncoding::Text))
}

/// How much of it: the number in the update's note.
pub fn amount(update: &Update) -> usize {
    update.note.as_deref().and_then(|note| note.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
}
