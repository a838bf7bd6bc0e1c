//! Implements SETI, the classic integration-script protocol, for any cart that has such a script.
//!
//! There is one URL, and one form POST for each update. [`message`] builds the form in either of the protocol's two encodings, and [`reply`] reads the
//! answer, which has many forms and whose HTTP status means almost nothing. README.md is for operators.
//!
//! Three things that the protocol cannot express shape this plugin:
//! - The protocol has no "leave the status unchanged": a script that receives no status sets none, and at least one script then loses the order's status. An
//!   update without a status (`tracking-only`) is therefore refused, and nothing is sent.
//! - The protocol has no idempotency key, and most scripts do not recognise a repeat. Packages that the cart was told of before are not sent again; withdrawn
//!   packages are not sent, nor are packages without a tracking number, which scripts turn into empty tracking rows.
//! - The protocol has no harmless question that carries credentials, so `check` cannot test them.

pub mod message;
pub mod reply;

use cartage_sdk::http::{self, ErrorKind, Form, Method, Request, Response};
use cartage_sdk::manifest::{Endpoint, Features, Field, Setting, Slot, Statuses};
use cartage_sdk::{Applied, Context, Delivery, Failure, FailureKind, FindingSubject, Manifest, OrderKey, Plugin, Report, Update};
use message::Encoding;
use reply::{Answer, Asked};

/// The plugin.
#[derive(Debug)]
pub struct IntegrationScript;

cartage_sdk::export!(IntegrationScript);

impl Plugin for IntegrationScript {
    fn describe() -> Manifest {
        Manifest::new("integration-script", env!("CARGO_PKG_VERSION"))
            .cart("Any cart with an integration script for Stone Edge Order Manager (SETI)")
            .summary("Posts status updates to a cart's integration script, as the Order Manager itself does.")
            .vendor("The Cartage project")
            .licence(env!("CARGO_PKG_LICENSE"))
            .endpoint(script())
            .slot(account())
            .setting(encoding())
            .setting(om_version())
            .setting(send_line_items())
            .statuses(Statuses::FreeText)
            .features(Features {
                tracking: true,
                several_packages: true,
                corrections: true,
                line_items: true,
                notes: true,
                ..Features::default()
            })
            .personal_fields(["orderdetail", "notes", "comments"])
    }

    fn check(order: Option<OrderKey>, context: Context) -> Result<Report, Failure> {
        let report = match request(message::send_version(&context)?).reads().send() {
            Ok(response) => version_findings(&response, &context),
            Err(error) => {
                Report::new().problem(FindingSubject::Reachability, unreachable(error)?, "check the URL that `script` is bound to")
            }
        };
        Ok(match order {
            None => report,
            Some(order) => report.warning(
                FindingSubject::Order,
                format!("order {} was not looked up: the protocol has no question about one order", order.order_number),
                "look at the order in the cart's own back office",
            ),
        })
    }

    fn send_order_status(update: Update, delivery: Delivery, context: Context) -> Result<Applied, Failure> {
        let encoding = Encoding::of(&context)?;
        let form = message::update_status(&update, encoding, &context)?;
        let looks_like_an_answer = message::looks_like_an_answer(&form);
        let response = request(form).send()?;
        let asked = Asked { order_number: &update.order_number, encoding: Some(encoding), looks_like_an_answer };
        reply::outcome(&response, &asked, &delivery, &context)
    }
}

fn script() -> Endpoint {
    Endpoint::new("script", "the cart's integration script; a query in its URL is kept", "https://shop.example/seti.php")
        .methods([Method::Post])
        .paths(["/"])
        .request_types(["application/x-www-form-urlencoded"])
        .response_headers(["content-encoding"])
}

fn account() -> Slot {
    Slot::form("account", "what the cart's definition in the Order Manager holds: user name, password and store code")
        .field(Field::identifying("setiuser", "the user name (Cart ID/User Name)"))
        .field(Field::secret("password", "the password"))
        .field(Field::identifying("code", "the store code, where the script wants one").optional())
        .for_endpoints(["script"])
}

fn encoding() -> Setting {
    let choices = [("xml", "XML (GenericStatusSendXML is True)"), ("delimited", "Form fields (GenericStatusSendXML is False)")];
    Setting::choice("encoding", "Encoding of updates", choices)
        .help(
            "What the script reads. Most read XML, and the one for Magento reads nothing else; some read only form fields. It is the \
             Order Manager's parameter GenericStatusSendXML.",
        )
        .default("xml")
}

fn om_version() -> Setting {
    Setting::text("om-version", "Order Manager version")
        .help("Sent as omversion. Scripts want to see one; none is known to act on it.")
        .length(1, 16)
        .pattern("[0-9]+([.][0-9]+)*")
        .default("6.000")
}

fn send_line_items() -> Setting {
    Setting::boolean("send-line-items", "Send line items")
        .help(
            "Adds each line's status and quantities, in XML only. Leave it off unless the script is known to want them: the one for Magento \
             turns each line's package into a tracking row without a number.",
        )
        .default(false)
}

fn request(form: Form) -> Request {
    Request::post("script").form(form)
}

/// The finding of `check` for a script that gave no answer. A denial by the host is returned as a failure, because the script was not asked.
fn unreachable(error: http::Error) -> Result<String, Failure> {
    let hint = match error.kind {
        ErrorKind::Dns => "the script's host has no address",
        ErrorKind::Connect => "no connection to the script's host",
        ErrorKind::Tls => "no trusted TLS connection to the script's host",
        ErrorKind::Timeout => "the script did not answer in time",
        ErrorKind::Interrupted | ErrorKind::Other => "the connection broke before the script had answered",
        ErrorKind::ResponseInvalid | ErrorKind::ResponseTooLarge => "what answered was not a script",
        ErrorKind::EndpointDenied
        | ErrorKind::MethodDenied
        | ErrorKind::PathDenied
        | ErrorKind::QueryDenied
        | ErrorKind::EffectDenied
        | ErrorKind::HeaderDenied
        | ErrorKind::BodyDenied
        | ErrorKind::CredentialDenied
        | ErrorKind::RequestTooLarge
        | ErrorKind::QuotaExceeded
        | ErrorKind::AddressDenied
        | ErrorKind::Unsupported
        | ErrorKind::ResponseType
        | ErrorKind::TokenRefused => return Err(error.into()),
    };
    Ok(format!("{hint}: {error}"))
}

fn version_findings(response: &Response, context: &Context) -> Report {
    let asked = Asked { order_number: "", encoding: None, looks_like_an_answer: false };
    let answer = reply::read(response, &asked);
    if let Answer::Version(version) = answer {
        return Report::new()
            .fine(FindingSubject::Reachability, "the script answers")
            .fine(
                FindingSubject::Version,
                format!("the script says that its version is {version}; an Order Manager compares it with GenericScriptVersionNumber"),
            )
            .warning(
                FindingSubject::Credentials,
                "the credentials were not tested: the protocol asks for the version without them",
                "look at the receipt of the first update",
            );
    }
    let failure = reply::failure(response, answer, &asked, None, context);
    let (about, remedy) = match failure.kind {
        FailureKind::Credentials => {
            (FindingSubject::Credentials, "set the credential again, and look for a log-in before the script's own")
        }
        FailureKind::RateLimited | FailureKind::Unavailable | FailureKind::Pending | FailureKind::OrderBusy => {
            (FindingSubject::Reachability, "look at the cart's own error log, and check again")
        }
        FailureKind::NotPermitted
        | FailureKind::Misconfigured
        | FailureKind::Protocol
        | FailureKind::OrderNotFound
        | FailureKind::AmbiguousOrder
        | FailureKind::InvalidData
        | FailureKind::StatusNotSupported
        | FailureKind::IllegalTransition
        | FailureKind::Gone
        | FailureKind::HostDenied => (FindingSubject::Reachability, "check that `script` is bound to the integration script's own URL"),
    };
    Report::new().problem(about, &*failure.message, remedy)
}
