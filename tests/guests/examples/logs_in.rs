//! Does nothing wrong: the host logs in for it with a refresh token that each answer replaces. The cart is told with a cookie and a token against forgery.

use cartage_guests::sdk::http::{Escape, Form, Method, Request, secret, text};
use cartage_guests::sdk::manifest::{Endpoint, Field, LogIn, Slot, TokenSource};
use cartage_guests::sdk::{Applied, Context, Delivery, Failure, FindingSubject, Manifest, OrderKey, Plugin, Report, Update, export};

/// The plugin.
#[derive(Debug)]
pub struct Guest;

impl Plugin for Guest {
    fn describe() -> Manifest {
        let log_in = LogIn::post("api", "/login")
            .form(Form::new().secret("refresh", "account", "refresh"))
            .cookie("sid")
            .token("forgery", TokenSource::JsonPointer("/forgery".into()), None)
            .replaces("refresh", TokenSource::JsonPointer("/refresh".into()))
            .lifetime_at("/expires");
        Manifest::new("logs-in", "1.0.0")
            .cart("A cart for tests")
            .summary("Logs in, and tells the cart.")
            .vendor("Cartage")
            .endpoint(
                Endpoint::new("api", "the shop's interface", "https://shop.example/api")
                    .methods([Method::Get, Method::Post])
                    .paths(["/login", "/orders"])
                    .request_types(["application/x-www-form-urlencoded"]),
            )
            .slot(
                Slot::login("account", "an account of the shop", log_in)
                    .field(Field::secret("refresh", "the refresh token"))
                    .for_endpoints(["api"]),
            )
    }

    fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        let answer = Request::get("api").path("/orders").auth("account").send()?;
        Ok(if answer.is_success() {
            Report::new().fine(FindingSubject::Credentials, "the shop takes the account")
        } else {
            Report::new().problem(FindingSubject::Credentials, format!("the shop said {}", answer.status), "set it anew")
        })
    }

    fn send_order_status(_: Update, _: Delivery, _: Context) -> Result<Applied, Failure> {
        let body = [text("forgery="), secret("account", "forgery", Escape::Form)];
        let answer = Request::post("api").path("/orders").body("application/x-www-form-urlencoded", body).auth("account").send()?;
        if answer.status == 401 {
            return Err(Failure::credentials("the shop takes the token no more"));
        }
        Ok(Applied::done().message(answer.status.to_string()))
    }
}

export!(Guest);
