//! `cartage demo`: the whole path on this machine, from a plugin's source to a cart's own view of its orders, first by single commands, then by the daemon.

mod story;

use super::{Failure, Verdict, attempt, client, plugin, report};
use cartage::deliver::{Attempt, Job};
use cartage::egress::SendMode;
use cartage::id::DeliveryId;
use cartage::receipt::Fate;
use cartage::validate::{Fields, ForCart, LineItemFields, PackageFields, StatusUpdate};
use cartage_contract::orders::{CivilDate, CivilTime};
use cartage_demo_cart::{Account, DemoCart, DemoLine, DemoOrder, DemoPackage};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

const ABOUT: &str = "\
Builds the plugin for classic integration scripts, starts a cart on this machine that speaks SETI,
sends it three updates through the plugin, and shows each request with the password hidden, each
receipt, and the cart's own view of its orders. Then it tells the daemon's story: a status that
must not go yet, one that goes, one that waits while the daemon is killed, and one that an Order
Manager posts.

Examples:
  Build the plugin in a checkout of Cartage, and show all of it:
      cartage demo
  Take a plugin that is built:
      cartage demo --plugin target/plugins/integration-script.wasm";

/// The folder of the plugin's crate, relative to the repository's root.
const PLUGIN_CRATE: &str = "plugins/integration-script";

/// Demonstrate the whole path on this machine.
#[derive(Debug, clap::Args)]
#[command(after_long_help = ABOUT)]
pub(crate) struct Args {
    /// Take this plugin file instead of building one.
    #[arg(long, value_name = "FILE")]
    plugin: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not start the demonstration cart on 127.0.0.1")]
    Cart(#[source] std::io::Error),
    #[error("could not write {0} for the demonstration")]
    Folder(PathBuf, #[source] std::io::Error),
    #[error("update {number} of the demonstration did not arrive: {fate}")]
    NotDelivered { number: usize, fate: String },
    #[error("the demonstration cart's order {number} is not as it should be: it is {is:?}, but should be {should:?}")]
    OrderDiffers { number: String, is: Box<DemoOrder>, should: Box<DemoOrder> },
    #[error("the password of the demonstration cart was found in the record of an attempt")]
    PasswordShown,
    #[error("`{command}` ended with {ended}, but should have ended with {exit}")]
    Ended { command: String, ended: i32, exit: i32 },
    #[error("the daemon of the demonstration ended before it served: {log}")]
    NoDaemon { log: String },
    #[error("the daemon did not take the demonstration's post: it answered {answer:?}")]
    NotTaken { answer: String },
    #[error("the demonstration cart took {updates} updates of order {number}, but should have taken {should}")]
    Told { number: String, updates: u32, should: u32 },
}

/// The demonstration's result as JSON.
#[derive(serde::Serialize)]
struct Shown {
    attempts: Vec<Attempt>,
    orders: std::collections::BTreeMap<String, DemoOrder>,
    /// The daemon's story: each typed command and its output.
    story: Vec<story::Said>,
}

impl Args {
    pub(crate) fn run(self, json: bool) -> Result<Verdict, Failure> {
        let file = match self.plugin {
            Some(file) => file,
            None => plugin::build_one(Path::new(PLUGIN_CRATE))?,
        };
        client::block_on(demonstrate(&file, json))
    }
}

async fn demonstrate(plugin: &Path, json: bool) -> Result<Verdict, Failure> {
    let account = Account { user: "cartage".to_owned(), password: password(), code: "main".to_owned() };
    let numbers = ["1021", "1022", "1023"].into_iter().chain(story::ORDERS).collect::<Vec<_>>();
    let cart = DemoCart::start(account.clone(), &numbers).await.map_err(Error::Cart)?;
    report::talk(&format!("the demonstration cart listens at {}", cart.script_url()));
    let folder = tempfile::tempdir()?;
    let definition = define(folder.path(), &cart, plugin, &account)?;
    let ready = client::ready(&definition, plugin.parent()).await?;
    let mut attempts = Vec::new();
    for (number, (what, fields)) in updates().into_iter().enumerate() {
        if !json {
            report::line("");
            report::heading(&format!("update {}: {what}", number + 1));
        }
        let attempt = send(&ready, fields).await?;
        check_attempt(number + 1, &attempt, &account.password)?;
        if !json {
            attempt::show(&attempt);
        }
        attempts.push(attempt);
    }
    let mut orders = cart.orders();
    orders.retain(|number, _| !story::ORDERS.contains(&number.as_str()));
    for (number, should) in expected() {
        let is = orders.get(&number).cloned().unwrap_or_default();
        if is != should {
            return Err(Error::OrderDiffers { number, is: Box::new(is), should: Box::new(should) }.into());
        }
    }
    if !json {
        show_orders(&orders);
        report::lines("\nAll three updates arrived, and the cart's orders are as they should be.");
    }
    let plugins = definition.parent().unwrap_or(Path::new("."));
    fs::copy(plugin, plugins.join(plugin.file_name().unwrap_or_default())).map_err(failed(plugins))?;
    let story = story::tell(&definition, plugins, &cart, &account.password, !json).await?;
    if json {
        report::json(&Shown { attempts, orders: cart.orders(), story });
    } else {
        report::lines("\nEvery update of the story arrived once, and the one that must not go did not.");
        report::line("next: describe your own cart as in docs/examples/seed-shop.toml, and try `cartage send --help`");
    }
    Ok(Verdict::Done)
}

/// A random password. Finding it in a record proves that the record leaks secrets.
fn password() -> String {
    cartage::id::DeliveryId::new().as_str().replace('-', "")
}

/// Writes the cart's definition as an operator would, with the password in a file of its own.
fn define(folder: &Path, cart: &DemoCart, plugin: &Path, account: &Account) -> Result<PathBuf, Error> {
    let secret = folder.join("password");
    let file = folder.join("demo-shop.toml");
    private(&secret).and_then(|mut secret| secret.write_all(account.password.as_bytes())).map_err(failed(&secret))?;
    let text = format!(
        "cart = \"demo-shop\"\nplugin = {plugin:?}\nmode = \"live\"\n\n\
         [endpoints.script]\nbase_url = {url:?}\n\
         private = [{{ name = \"the demonstration cart on this machine\", allow = \"127.0.0.1/32\" }}]\n\n\
         [settings]\nencoding = \"xml\"\nsend-line-items = true\n\n\
         [credentials.account]\nsetiuser = {{ text = {user:?} }}\ncode = {{ text = {code:?} }}\npassword = {{ file = {secret:?} }}\n\n\
         [labels]\n\"Order Shipped\" = \"Shipped\"\n\n\
         [carriers]\nFX = \"FedEx\"\n\n\
         [seti]\nuser = \"om\"\n",
        plugin = plugin.file_name().unwrap_or_default().to_string_lossy(),
        url = cart.script_url(),
        user = account.user,
        code = account.code,
    );
    fs::write(&file, text).map_err(failed(&file))?;
    Ok(file)
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Folder(path, source)
}

#[cfg(unix)]
fn private(path: &Path) -> std::io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

async fn send(ready: &client::Ready, fields: Fields) -> Result<Attempt, Failure> {
    let update = StatusUpdate::new(fields, AT)?;
    let ForCart::Send(update) = update.for_cart(&ready.cart, ready.client.manifest())? else {
        return Err(Failure::wrong_use("the demonstration's labels are not to be ignored"));
    };
    let job = Job { delivery: DeliveryId::new(), sequence: 1, attempt: 1, earlier: Vec::new(), known_reference: None, update };
    Ok(ready.client.attempt(job, SendMode::Live).await?)
}

fn check_attempt(number: usize, attempt: &Attempt, password: &str) -> Result<(), Error> {
    if attempt.receipt.fate != Fate::Delivered {
        return Err(Error::NotDelivered { number, fate: attempt::fate(attempt.receipt.fate) });
    }
    let record = serde_json::to_string(attempt).expect("an attempt is plain data");
    if record.contains(password) { Err(Error::PasswordShown) } else { Ok(()) }
}

const AT: CivilTime =
    CivilTime { date: CivilDate { year: 2026, month: 11, day: 23 }, hour: 13, minute: 11, second: 51, utc_offset_minutes: None };

/// The three updates: a status alone; a status with one package; a status with two packages, a note with characters that need escaping, and line items.
fn updates() -> [(&'static str, Fields); 3] {
    let text = |text: &str| Some(text.to_owned());
    let base = |order: &str, label: &str| Fields { order_number: order.to_owned(), label: label.to_owned(), ..Fields::default() };
    let package = |id: &str, carrier: &str, number: &str| PackageFields {
        id: text(id),
        carrier: text(carrier),
        tracking_number: text(number),
        method: text("Ground"),
        picked_up: text("2026-11-23"),
        ..PackageFields::default()
    };
    let line = |id: &str, shipped: &str| LineItemFields {
        web_line_id: text(id),
        sku: text("SHRT"),
        label: text("Item Shipped"),
        ordered: text(shipped),
        shipped: text(shipped),
        needed: text("0"),
        ..LineItemFields::default()
    };
    [
        ("a status alone", Fields { reference_number: text("501"), ..base("1021", "Payment Received") }),
        (
            "a status with one package",
            Fields { packages: vec![package("P1", "UPS", "1Z9876543218754187")], ..base("1022", "Order Shipped") },
        ),
        (
            "a status with two packages, a note and line items",
            Fields {
                note: text("Left with café & bar <rear door>"),
                packages: vec![package("P1", "FX", "986543210"), package("P2", "USPS", "9400111899223344556677")],
                line_items: vec![line("7", "2"), line("8", "0.5")],
                ..base("1023", "Order Shipped")
            },
        ),
    ]
}

/// The expected state of the cart's orders after the updates.
fn expected() -> [(String, DemoOrder); 3] {
    let package = |number: &str, carrier: &str| DemoPackage {
        number: number.to_owned(),
        carrier: carrier.to_owned(),
        picked_up: "11/23/2026".to_owned(),
    };
    let line = |shipped: &str| DemoLine { status: "Item Shipped".to_owned(), shipped: shipped.to_owned() };
    let shipped = || DemoOrder { status: "Shipped".to_owned(), updates: 1, ..DemoOrder::default() };
    [
        ("1021".to_owned(), DemoOrder { status: "Payment Received".to_owned(), reference: "501".to_owned(), ..shipped() }),
        ("1022".to_owned(), DemoOrder { packages: vec![package("1Z9876543218754187", "UPS")], ..shipped() }),
        (
            "1023".to_owned(),
            DemoOrder {
                note: "Left with café & bar <rear door>".to_owned(),
                packages: vec![package("986543210", "FedEx"), package("9400111899223344556677", "USPS")],
                lines: [("7".to_owned(), line("2")), ("8".to_owned(), line("0.5"))].into(),
                ..shipped()
            },
        ),
    ]
}

/// Prints the cart's own view of its orders.
pub(super) fn show_orders(orders: &std::collections::BTreeMap<String, DemoOrder>) {
    report::line("");
    report::heading("the cart's own view of its orders");
    for (number, order) in orders {
        let mut text = format!("{}, {} taken", order.status, cartage::counted::counted(order.updates, "update"));
        for package in &order.packages {
            text.push_str(&format!("\npackage {} with {}, picked up {}", package.number, package.carrier, package.picked_up));
        }
        for (line, state) in &order.lines {
            text.push_str(&format!("\nline {line}: {}, {} shipped", state.status, state.shipped));
        }
        if !order.note.is_empty() {
            text.push_str(&format!("\nnote: {}", order.note));
        }
        report::rows(&[(number.as_str(), text)]);
    }
}
