//! The page at `/` shows the state of the installation to a person with a browser. It is read only.
//!
//! The browser sends a token of the role operator as the password of HTTP Basic, with any user name. This is simple and safe: there is no log-in page, no
//! cookie and no session to steal, and since the page changes nothing, an attacker gains nothing by making somebody else's browser send a request. The page
//! is one document without scripts, pictures or fonts. Its policy forbids other content and framing, and every text on the page is escaped, whatever a cart,
//! a plugin or a sender called something.

use super::call::{Call, typed};
use super::problem::{Kind, Problem};
use super::seen::is_about;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cartage::alerts::span;
use cartage::service::{CartStatus, OrderDelivery, Status, Where, Which};
use cartage_commands::{Commands, layout};
use cartage_model::id::SenderOrderNumber;
use cartage_policy::validate::{ORDER_NUMBER_CHARS_MAX, utc};
use cartage_store::alerts::Alert;
use cartage_store::orders::OrderRef;
use cartage_store::outbox::{DeadLetter, died_of};
use http::StatusCode;
use http::header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The most blocked orders on the page.
pub(super) const BLOCKED_SHOWN: u32 = 50;

const STYLE: &str = "body{font:15px/1.5 sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}\
    th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ccc}.act td{background:#fde8e8}pre{overflow:auto;white-space:pre-wrap;\
    background:#f4f4f4;padding:1rem}input{font:inherit;margin-right:1rem}";

/// A text that is escaped for HTML when it is shown.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// The contents of a table's cell.
enum Cell<'a> {
    /// A text, which is escaped.
    Text(&'a str),
    /// An order's number, with a link to the page about that order.
    Order(&'a OrderRef),
}

impl std::fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cell::Text(text) => Escaped(text).fmt(f),
            Cell::Order(OrderRef { cart, number }) => {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                query.append_pair("cart", cart.as_str()).append_pair("order", number.as_str());
                write!(f, "<a href=\"/?{}#order\">{}</a>", Escaped(&query.finish()), Escaped(number.as_str()))
            }
        }
    }
}

/// A table that is being written. Its cells are escaped here and nowhere else.
struct Table(String);

impl Table {
    fn new(class: &str, heads: &[&str]) -> Table {
        let heads: String = heads.iter().map(|head| format!("<th>{}</th>", Escaped(head))).collect();
        Table(format!("<table class=\"{}\"><tr>{heads}</tr>", Escaped(class)))
    }

    fn row(&mut self, cells: &[&str]) {
        let cells: Vec<Cell<'_>> = cells.iter().map(|cell| Cell::Text(cell)).collect();
        self.row_of(&cells);
    }

    fn row_of(&mut self, cells: &[Cell<'_>]) {
        let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
        self.0.push_str(&format!("<tr>{cells}</tr>"));
    }

    fn end(self) -> String {
        self.0 + "</table>"
    }
}

/// Handles the page.
pub(super) async fn show(call: Call) -> Result<Response, Problem> {
    let mut status = call.service.overview().status().await?;
    status.carts.retain(|cart| call.sees(&cart.cart));
    status.alerts.retain(|alert| call.caller.carts().is_none() || is_about(alert, |cart| call.sees(cart)));
    let blocked = Which { at: Some(Where::Blocked), ..Which::default() };
    let mut blocked = call.service.deliveries().list(&blocked, BLOCKED_SHOWN).await?.dead;
    blocked.retain(|dead| call.sees(&dead.order.cart));
    let asked = asked(&call).await;
    let (cart, order) = (call.query.get("cart").unwrap_or_default(), call.query.get("order").unwrap_or_default());
    let text = document(&status, &blocked, (cart, order), asked.as_deref());
    let mut response = typed(StatusCode::OK, "text/html; charset=utf-8", text);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy());
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// The page's part about the order in the query, as HTML: why its status is sent or not, and its deliveries. `None` if the query names no order.
async fn asked(call: &Call) -> Option<String> {
    let order = call.query.get("order")?;
    let explained = async {
        let cart = call.query.must_cart()?;
        call.may_touch(&cart)?;
        if order.chars().count() > ORDER_NUMBER_CHARS_MAX {
            return Err(Problem::new(Kind::Invalid, format!("an order number has at most {ORDER_NUMBER_CHARS_MAX} characters")));
        }
        Ok(Box::pin(call.service.orders().explain(&cart, &SenderOrderNumber::new(order), None)).await?)
    };
    Some(match explained.await {
        Ok(explained) => format!("<pre>{}</pre>{}", Escaped(&layout::table(&explained.explanation)), deliveries(&explained.deliveries)),
        Err(problem) => format!("<pre>{}</pre>", Escaped(&problem.detail)),
    })
}

/// The deliveries of one order as HTML, by the numbers of their updates.
fn deliveries(deliveries: &[OrderDelivery]) -> String {
    if deliveries.is_empty() {
        return String::new();
    }
    let mut table = Table::new("deliveries", &["Update", "Delivery", "State"]);
    for OrderDelivery { delivery, sequence, state } in deliveries {
        table.row(&[&sequence.to_string(), delivery.as_str(), state]);
    }
    format!("<h3>Deliveries of this order</h3>{}", table.end())
}

fn policy() -> HeaderValue {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!("default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    HeaderValue::from_str(&policy).expect("base64 and our own words are ASCII")
}

fn document(status: &Status, blocked: &[DeadLetter], (cart, order): (&str, &str), asked: Option<&str>) -> String {
    let now = status.at_unix_ms;
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Cartage</title><style>{STYLE}</style><h1>Cartage</h1>"
    );
    page.push_str(&alerts(&status.alerts, now));
    page.push_str("<h2>Carts</h2>");
    page.push_str(&carts(&status.carts, now));
    page.push_str("<h2>Blocked orders</h2>");
    page.push_str(&orders(blocked, now));
    let form = format!(
        "<h2 id=\"order\">Why was it not sent?</h2><form method=\"get\" action=\"/\"><label>Cart <input name=\"cart\" value=\"{}\" required></label>\
         <label>Order <input name=\"order\" value=\"{}\" required></label><button>Explain</button></form>",
        Escaped(cart),
        Escaped(order)
    );
    page.push_str(&form);
    page.push_str(asked.unwrap_or_default());
    page + "</html>\n"
}

fn alerts(alerts: &[Alert], now_unix_ms: u64) -> String {
    if alerts.is_empty() {
        return "<p>No open alerts.</p>".to_owned();
    }
    let mut table = Table::new("act", &["Alert", "About", "For", "What to do"]);
    for alert in alerts {
        let Alert { kind, subject, raised_at_unix_ms, .. } = alert;
        let about = subject.cart().map_or_else(|| "everywhere".to_owned(), |_| subject.to_string());
        table.row(&[kind, &about, &span(now_unix_ms.saturating_sub(*raised_at_unix_ms)), &alert.text(&Commands)]);
    }
    format!("<h2>Open alerts</h2>{}", table.end())
}

fn carts(carts: &[CartStatus], now_unix_ms: u64) -> String {
    let mut table = Table::new("carts", &["Cart", "Mode", "State", "Waiting", "Oldest for", "Dead letters", "Blocked orders"]);
    for cart in carts {
        let state = match (&cart.mode, cart.enabled, &cart.pause) {
            (None, _, _) => "removed".to_owned(),
            (Some(_), false, _) => "disabled".to_owned(),
            (Some(_), true, Some(pause)) => format!("paused: {}", pause.why),
            (Some(_), true, None) if let Some(until) = cart.breaker_until_unix_ms => format!("breaker open until {}", utc(until)),
            (Some(_), true, None) => "enabled".to_owned(),
        };
        let oldest = cart.oldest_queued_at_unix_ms.map(|at| span(now_unix_ms.saturating_sub(at))).unwrap_or_default();
        let [queued, dead, blocked] = [cart.queued, cart.dead, cart.blocked].map(|count| count.to_string());
        table.row(&[cart.cart.as_str(), cart.mode.as_deref().unwrap_or_default(), &state, &queued, &oldest, &dead, &blocked]);
    }
    table.end()
}

fn orders(blocked: &[DeadLetter], now_unix_ms: u64) -> String {
    if blocked.is_empty() {
        return "<p>None.</p>".to_owned();
    }
    let mut table = Table::new("blocked", &["Cart", "Order", "Label", "Reason", "For", "Delivery"]);
    for dead in blocked {
        let since = span(now_unix_ms.saturating_sub(dead.died_at_unix_ms));
        let (reason, label) = (died_of(dead.reason), dead.label.as_ref().map_or_else(|unreadable| unreadable.to_string(), Clone::clone));
        let text = Cell::Text;
        let (cart, delivery) = (dead.order.cart.as_str(), dead.delivery.as_str());
        table.row_of(&[text(cart), Cell::Order(&dead.order), text(&label), text(&reason), text(&since), text(delivery)]);
    }
    table.end()
}
