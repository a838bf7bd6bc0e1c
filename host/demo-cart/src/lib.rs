//! A shopping cart on loopback that speaks SETI, for the demonstration and for tests.
//!
//! The cart answers `sendversion` and `updatestatus` in both encodings, as real integration scripts do: a refusal has status 200, and only the body tells it
//! from a success. The cart keeps its orders in memory and shows them as the cart's own staff would see them. It follows the protocol as implementers'
//! scripts do: one package without a suffix, several numbered from 1, and in XML `TrackNum` before `TrackingID`.

pub mod scripted;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::routing::any;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

/// The version that the demonstration cart's script reports.
pub const SCRIPT_VERSION: &str = "1.000";

/// The account that posts to the cart must name.
#[derive(Debug, Clone)]
pub struct Account {
    /// The field `setiuser`: the user name.
    pub user: String,
    /// The field `password`, in clear text as SETI requires.
    pub password: String,
    /// The field `code`: the store code.
    pub code: String,
}

/// An order as the cart keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DemoOrder {
    /// The status, in the cart's words.
    pub status: String,
    /// The Order Manager's number of the order; empty until an update names it.
    pub reference: String,
    /// The note of the last update.
    pub note: String,
    /// All packages that the cart was told of, oldest first.
    pub packages: Vec<DemoPackage>,
    /// The order's lines that updates named, by web line id.
    pub lines: BTreeMap<String, DemoLine>,
    /// How many updates the cart has taken for this order.
    pub updates: u32,
}

/// A package as the cart keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DemoPackage {
    /// The tracking number, by which packages are told apart.
    pub number: String,
    /// The carrier's name as it was posted.
    pub carrier: String,
    /// The day of the pick-up as it was posted.
    pub picked_up: String,
}

/// An order's line as the cart keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DemoLine {
    /// The line's status, in the cart's words.
    pub status: String,
    /// The quantity shipped as it was posted.
    pub shipped: String,
}

struct Shop {
    account: Account,
    orders: BTreeMap<String, DemoOrder>,
    requests: u32,
}

/// A running demonstration cart. It stops when this value is dropped.
pub struct DemoCart {
    address: SocketAddr,
    shop: Arc<Mutex<Shop>>,
    server: tokio::task::JoinHandle<()>,
}

impl DemoCart {
    /// Starts a cart on a free port of 127.0.0.1 that knows the given orders.
    ///
    /// # Errors
    ///
    /// The system's error if no port is free.
    pub async fn start(account: Account, order_numbers: &[&str]) -> io::Result<DemoCart> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let new_order = || DemoOrder { status: "Processing".to_owned(), ..DemoOrder::default() };
        let orders = order_numbers.iter().map(|number| ((*number).to_owned(), new_order())).collect();
        let shop = Arc::new(Mutex::new(Shop { account, orders, requests: 0 }));
        let router = axum::Router::new().fallback(any(script)).with_state(shop.clone());
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the demonstration cart stopped");
            }
        });
        Ok(DemoCart { address, shop, server })
    }

    /// The URL of the cart's integration script.
    pub fn script_url(&self) -> String {
        format!("http://{}/seti.php", self.address)
    }

    /// A copy of all orders, by order number.
    pub fn orders(&self) -> BTreeMap<String, DemoOrder> {
        locked(&self.shop).orders.clone()
    }

    /// Changes the password that posts must name.
    pub fn set_password(&self, password: &str) {
        locked(&self.shop).account.password = password.to_owned();
    }

    /// The number of requests since the cart started.
    pub fn requests(&self) -> u32 {
        locked(&self.shop).requests
    }
}

impl Drop for DemoCart {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Locks the shop. A panic while the lock was held cannot leave an order half changed, because orders are replaced whole.
fn locked(shop: &Mutex<Shop>) -> MutexGuard<'_, Shop> {
    shop.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

async fn script(State(shop): State<Arc<Mutex<Shop>>>, RawQuery(query): RawQuery, body: Bytes) -> String {
    let mut fields = HashMap::new();
    for source in [query.unwrap_or_default().as_bytes(), &body] {
        fields.extend(url::form_urlencoded::parse(source).into_owned());
    }
    locked(&shop).answer(&fields)
}

type FormFields = HashMap<String, String>;

fn field<'a>(fields: &'a FormFields, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

impl Shop {
    fn answer(&mut self, fields: &FormFields) -> String {
        self.requests += 1;
        match field(fields, "setifunction").to_ascii_lowercase().as_str() {
            "sendversion" => format!("SETIResponse: version={SCRIPT_VERSION}"),
            "updatestatus" if !self.admits(fields) => {
                "SETIError: Access denied. Check the user, the password and the store code.".to_owned()
            }
            "updatestatus" => match self.update_status(fields) {
                Ok(()) => "SETIResponse: update=OK;Notes=".to_owned(),
                Err(reason) => format!("SETIResponse: update=False;Notes={reason}"),
            },
            other => format!("SETIError: unknown function {other:?}"),
        }
    }

    fn admits(&self, fields: &FormFields) -> bool {
        field(fields, "setiuser") == self.account.user
            && field(fields, "password") == self.account.password
            && field(fields, "code") == self.account.code
    }

    fn update_status(&mut self, fields: &FormFields) -> Result<(), String> {
        match field(fields, "update") {
            "" => self.take(field(fields, "ordernumber"), |order| {
                order.status = field(fields, "orderstatus").to_owned();
                order.reference = field(fields, "refnumber").to_owned();
                order.note = field(fields, "orderdetail").to_owned();
                delimited_packages(fields).into_iter().for_each(|package| order.tell(package));
            }),
            xml => self.update_from_xml(xml),
        }
    }

    fn update_from_xml(&mut self, xml: &str) -> Result<(), String> {
        let document = roxmltree::Document::parse(xml).map_err(|error| format!("the XML could not be read: {error}"))?;
        for element in document.root_element().children().filter(|node| node.has_tag_name("Order")) {
            self.take(&text(element, "OrderNumber"), |order| {
                order.status = text(element, "Status");
                order.reference = text(element, "ReferenceNumber");
                order.note = text(element, "Notes");
                for package in grandchildren(element, "Packages", "Package") {
                    let number = [text(package, "TrackNum"), text(package, "TrackingID")].into_iter().find(|text| !text.is_empty());
                    let (carrier, picked_up) = (text(package, "Shipper"), text(package, "PickupDate"));
                    order.tell(DemoPackage { number: number.unwrap_or_default(), carrier, picked_up });
                }
                for item in grandchildren(element, "Items", "Item") {
                    let line = DemoLine { status: text(item, "Status"), shipped: text(item, "Shipped") };
                    order.lines.insert(text(item, "ItemNumber"), line);
                }
            })?;
        }
        Ok(())
    }

    fn take(&mut self, number: &str, change: impl FnOnce(&mut DemoOrder)) -> Result<(), String> {
        let order = self.orders.get_mut(number).ok_or_else(|| format!("Unable to find order #{number}"))?;
        order.updates += 1;
        change(order);
        Ok(())
    }
}

impl DemoOrder {
    /// Adds a package, or replaces the one with the same number.
    fn tell(&mut self, package: DemoPackage) {
        match self.packages.iter_mut().find(|known| known.number == package.number) {
            Some(known) => *known = package,
            None => self.packages.push(package),
        }
    }
}

/// The packages of a post: one package has fields without a suffix, two or more are numbered from 1.
fn delimited_packages(fields: &FormFields) -> Vec<DemoPackage> {
    let package = |suffix: &str| DemoPackage {
        number: field(fields, &format!("tracknum{suffix}")).to_owned(),
        carrier: field(fields, &format!("trackcarrier{suffix}")).to_owned(),
        picked_up: field(fields, &format!("trackpickupdate{suffix}")).to_owned(),
    };
    match field(fields, "trackcount").parse::<usize>() {
        Ok(1) => vec![package("")],
        Ok(count) => (1..=count.min(100)).map(|number| package(&number.to_string())).collect(),
        Err(_) => Vec::new(),
    }
}

fn text(parent: roxmltree::Node<'_, '_>, name: &str) -> String {
    parent.children().find(|node| node.has_tag_name(name)).and_then(|node| node.text()).unwrap_or_default().to_owned()
}

fn grandchildren<'a, 'input>(
    parent: roxmltree::Node<'a, 'input>,
    list: &'static str,
    name: &'static str,
) -> impl Iterator<Item = roxmltree::Node<'a, 'input>> {
    parent
        .children()
        .filter(move |node| node.has_tag_name(list))
        .flat_map(|node| node.children())
        .filter(move |node| node.has_tag_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> Shop {
        let account = Account { user: "seed".into(), password: "correct horse battery".into(), code: String::new() };
        Shop { account, orders: [("1021".to_owned(), DemoOrder::default())].into(), requests: 0 }
    }

    fn ask(shop: &mut Shop, body: &str) -> String {
        shop.answer(&url::form_urlencoded::parse(body.as_bytes()).into_owned().collect())
    }

    const KNOWN: &str = "setiuser=seed&password=correct+horse+battery&code=";

    #[test]
    fn only_sendversion_needs_no_password() {
        let mut shop = shop();
        assert_eq!(ask(&mut shop, "setifunction=SendVersion"), "SETIResponse: version=1.000");
        assert!(ask(&mut shop, "setifunction=updatestatus&ordernumber=1021").starts_with("SETIError: Access denied"));
        assert_eq!(shop.orders["1021"].updates, 0);
        assert!(ask(&mut shop, "setifunction=ordercount").starts_with("SETIError: unknown function"));
    }

    #[test]
    fn delimited_packages_have_a_suffix_only_if_there_are_several() {
        let mut shop = shop();
        let body = |rest: &str| format!("setifunction=updatestatus&{KNOWN}&ordernumber=1021&orderstatus=Shipped&{rest}");
        assert_eq!(ask(&mut shop, &body("trackcount=1&tracknum=A&tracknum1=wrong")), "SETIResponse: update=OK;Notes=");
        ask(&mut shop, &body("trackcount=2&tracknum1=A&tracknum2=B&trackcarrier2=UPS"));
        let numbers: Vec<_> = shop.orders["1021"].packages.iter().map(|package| package.number.as_str()).collect();
        assert_eq!(numbers, ["A", "B"]);
    }

    #[test]
    fn xml_updates_an_order_or_names_the_one_it_lacks() {
        let mut shop = shop();
        let mut update = |number: &str| {
            let xml = format!(
                "<Orders><Order><OrderNumber>{number}</OrderNumber><Status>Shipped</Status><Notes>a &amp; &#233;</Notes>\
                 <Packages><Package><TrackNum>1Z</TrackNum><TrackingID>1Z</TrackingID></Package></Packages>\
                 <Items><Item><ItemNumber>7</ItemNumber><Shipped>2</Shipped><Packages><Package><PackageID>P</PackageID></Package></Packages></Item></Items>\
                 </Order></Orders>"
            );
            let form: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("update", &xml).finish();
            ask(&mut shop, &format!("setifunction=updatestatus&{KNOWN}&{form}"))
        };
        assert_eq!(update("9"), "SETIResponse: update=False;Notes=Unable to find order #9");
        assert_eq!(update("1021"), "SETIResponse: update=OK;Notes=");
        let order = &shop.orders["1021"];
        assert_eq!((order.note.as_str(), order.packages.len(), order.lines["7"].shipped.as_str()), ("a & é", 1, "2"));
    }
}
