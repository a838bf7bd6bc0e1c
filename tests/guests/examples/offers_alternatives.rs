//! Does nothing wrong, and takes a key or a log-in at one of two base URLs. Which slots hold a value stands in its message.

use cartage_guests::sdk::http::Method;
use cartage_guests::sdk::manifest::{Endpoint, Field, HeaderPlacement, KeyEncoding, Login, LoginToken, Slot, TokenPlacement, TokenSource};
use cartage_guests::sdk::{Applied, Context, Delivery, Failure, Manifest, OrderKey, Plugin, Report, Update, export};

/// The plugin.
#[derive(Debug)]
pub struct Guest;

impl Plugin for Guest {
    fn describe() -> Manifest {
        let placement = HeaderPlacement { name: "x-session".into(), prefix: String::new() };
        let source = TokenSource::JsonPointer("/token".into());
        let token = LoginToken { name: "session".into(), source, apply: Some(TokenPlacement::Header(placement)) };
        let login = Login {
            endpoint: "api".into(),
            method: Method::Post,
            path: "/login".into(),
            query: vec![],
            headers: vec![],
            body: None,
            auth: vec![],
            tokens: vec![token],
            replaces: vec![],
            lifetime_s: None,
            lifetime_pointer: None,
        };
        Manifest::new("offers-alternatives", "1.0.0")
            .cart("A cart for tests")
            .summary("Takes a key or a log-in.")
            .vendor("Cartage")
            .endpoint(
                Endpoint::new("api", "the shop's interface", "https://live.example/api")
                    .one_of(["https://live.example/api", "https://sandbox.example/api"])
                    .methods([Method::Post])
                    .paths(["/login", "/orders"]),
            )
            .slot(Slot::mac_key("key", "a key of the shop", KeyEncoding::Text).alternative("access"))
            .slot(
                Slot::login("login", "a user of the shop", login)
                    .field(Field::identifying("user", "the user name"))
                    .field(Field::secret("password", "the password"))
                    .for_endpoints(["api"])
                    .alternative("access"),
            )
    }

    fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        Ok(Report::new())
    }

    fn send_order_status(_: Update, _: Delivery, context: Context) -> Result<Applied, Failure> {
        Ok(Applied::done().message(format!("{:?} at {}", context.bound_slots, context.endpoints[0].base_url)))
    }
}

export!(Guest);
