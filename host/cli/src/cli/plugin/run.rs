//! `cartage plugin run`: sends one update with a plugin's file, to a real URL or to the demonstration cart, without a cart's file or a data directory.

mod flags;
mod next;

use super::file;
use crate::cli::update::{self, DryRun, UpdateArgs};
use crate::cli::{Failure, Verdict, attempt, client, demo, report};
use cartage::carts::Cart;
use cartage::clock::{Clock, SystemClock};
use cartage::deliver::{Attempt, CartClient, Job};
use cartage::egress::Egress;
use cartage::egress::address::ThisMachine;
use cartage::engine::Plugin;
use cartage::id::DeliveryId;
use cartage::schedule::Timeline;
use cartage::validate::{ForCart, StatusUpdate, civil_time};
use cartage_commands::quoted;
use cartage_contract::manifest::Manifest;
use cartage_contract::orders::Update;
use cartage_demo_cart::{Account, DemoCart, DemoOrder};
use flags::CartFlags;
use next::{Next, Repeats, told};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest number of attempts at one delivery.
const ATTEMPTS_MAX: i64 = 100;
/// The orders that the demonstration cart has.
const DEMO_ORDERS: [&str; 3] = ["1021", "1022", "1023"];

const EXAMPLES: &str = "\
The plugin sends one update to the cart that the flags describe, under the limits and checks of a
host. The command shows every request as it goes out, with the name of a credential in place of
its value, then the outcome and what a host would do next. Nothing is kept.

Examples:
  See the first request that a plugin would make, without opening a connection:
      cartage plugin run shop.wasm --bind api=https://shop.example/api \\
          --credential token=@token.txt --order 1021 --label \"Order Shipped\" --dry-run
  Send an update to a cart on this machine, with a secret from an environment variable:
      cartage plugin run shop.wasm --bind api=http://127.0.0.1:18072 --loopback \\
          --credential token=env:SHOP_TOKEN --setting currency=EUR --order 1021 \\
          --label \"Order Shipped\" --package \"carrier=UPS,number=1Z9876543218754187\"
  Try the same delivery three times, and keep the record of each attempt:
      cartage plugin run shop.wasm --bind api=http://127.0.0.1:18072 --loopback \\
          --credential token=env:SHOP_TOKEN --order 1021 --label \"Order Shipped\" \\
          --attempts 3 --cassette attempt.json
  Let the built-in cart answer, which speaks the classic integration script's protocol:
      cartage plugin run target/plugins/integration-script.wasm --demo-cart \\
          --order 1021 --label \"Order Shipped\"

Exit code 0: the cart has the update, or the dry run reached a request; 1: the cart does not have
it; 2: the flags do not fit the plugin.";

/// Run a plugin once, with a cart in flags, and show its requests, the outcome and what a host would do next.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The plugin's file: a WebAssembly component.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    cart: CartFlags,
    /// Let the built-in cart answer. It speaks the classic integration script's protocol, for plugins with the endpoint `script`.
    #[arg(long)]
    demo_cart: bool,
    #[command(flatten)]
    update: UpdateArgs,
    /// How often the delivery is tried. Each attempt is told of the attempts before it, as by a host.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=ATTEMPTS_MAX))]
    attempts: u32,
    /// Show the first request without opening a connection; with =reads, perform requests that only read and show the first other request.
    #[arg(long, value_name = "HOW-FAR", num_args = 0..=1, require_equals = true, default_missing_value = "nothing", conflicts_with = "attempts")]
    dry_run: Option<DryRun>,
    /// Write the record of the attempt to this file; the record of attempt 2 goes to a file with -2 in its name, and so on.
    #[arg(long, value_name = "FILE")]
    cassette: Option<PathBuf>,
}

/// The result as JSON.
#[derive(Serialize)]
struct Report {
    attempts: Vec<Tried>,
    /// The demonstration cart's orders afterwards; `None` without that cart.
    #[serde(skip_serializing_if = "Option::is_none")]
    demo_cart: Option<BTreeMap<String, DemoOrder>>,
}

#[derive(Serialize)]
struct Tried {
    #[serde(flatten)]
    attempt: Attempt,
    next: Next,
}

impl Args {
    pub(crate) fn run(self, json: bool) -> Result<Verdict, Failure> {
        let name = file::name(&self.file)?.to_owned();
        let plugin = super::admitted(&self.file)?;
        client::block_on(self.perform(&name, plugin, json))
    }

    async fn perform(mut self, name: &str, plugin: Plugin, json: bool) -> Result<Verdict, Failure> {
        let demo = if self.demo_cart { Some(self.open_demo_cart(plugin.manifest()).await?) } else { None };
        let now = civil_time(SystemClock.now_unix_ms());
        let update = StatusUpdate::new(self.update.fields()?, now).map_err(|error| Failure::wrong_use(error.to_string()))?;
        let cart = self.cart.cart(name, plugin.manifest())?;
        let client = ready(&cart, plugin)?;
        let ForCart::Send(update) = update.for_cart(&cart, client.manifest())? else {
            return Err(Failure::wrong_use(format!("nothing is sent for the label {:?}", update.label())));
        };
        let attempts = self.tries(&cart, &client, &update, json).await?;
        let done = attempts.last().is_some_and(|last| attempt::is_done(&last.attempt));
        let orders = demo.map(|demo| demo.cart.orders());
        if json {
            report::json(&Report { attempts, demo_cart: orders });
        } else {
            if let Some(orders) = orders.filter(|_| self.dry_run.is_none()) {
                demo::show_orders(&orders);
            }
            report::lines(&self.what_next(done));
        }
        Ok(if done { Verdict::Done } else { Verdict::NotDone })
    }

    /// Tries the delivery as often as the user asked.
    async fn tries(&self, cart: &Cart, client: &CartClient, update: &Update, json: bool) -> Result<Vec<Tried>, Failure> {
        let manifest = client.manifest();
        let rules = cart.delivery.with(&manifest.pace);
        let busy_ms = rules.busy_ms(client.call_ms());
        let mut repeats = Repeats::new(rules, manifest.features.full_state, busy_ms);
        let mut timeline = Timeline::default();
        let delivery = DeliveryId::new();
        let mut tried = Vec::new();
        for _ in 0..self.attempts {
            let (number, earlier, why_again) = repeats.claim();
            if let Some(why) = why_again.filter(|_| !json) {
                report::line("");
                report::heading(&format!("attempt {number} of {}: {why}", self.attempts));
                report::rows(&earlier.iter().map(|earlier| ("the plugin is told", told(earlier))).collect::<Vec<_>>());
            }
            let job = Job {
                delivery: delivery.clone(),
                sequence: 1,
                attempt: number,
                earlier,
                known_reference: None,
                update: Box::new(update.clone()),
            };
            let attempt = client.attempt(job, update::mode(self.dry_run)).await?;
            if let Some(file) = &self.cassette {
                update::keep(&attempt, &numbered(file, number))?;
            }
            let next = repeats.settle(&attempt, timeline.now(SystemClock.now_unix_ms()));
            if !json {
                attempt::show_exact(&attempt);
                report::heading("what a host would do next");
                next.words.iter().for_each(|word| report::line(&format!("  {word}")));
            }
            tried.push(Tried { attempt, next });
        }
        Ok(tried)
    }

    /// Starts the demonstration cart, and adds its URL and its credentials to the flags.
    async fn open_demo_cart(&mut self, manifest: &Manifest) -> Result<Demo, Failure> {
        let speaks = manifest.endpoint("script").is_some()
            && manifest
                .slot("account")
                .is_some_and(|slot| ["setiuser", "password", "code"].iter().all(|field| slot.field(field).is_some()));
        if !speaks {
            return Err(Failure::wrong_use(format!(
                "--demo-cart speaks the classic integration script's protocol, and the plugin {} does not have that protocol's endpoint `script` \
                 and credential slot `account`: it speaks to {:?}",
                manifest.name, manifest.cart
            ))
            .what_to_do("say where the plugin's own cart is: --bind ENDPOINT=URL, with --loopback for one on this machine"));
        }
        let account = Account { user: "cartage".to_owned(), password: DeliveryId::new().to_string(), code: "main".to_owned() };
        let mut password = tempfile::NamedTempFile::new()?;
        password.write_all(account.password.as_bytes())?;
        let cart = DemoCart::start(account.clone(), &DEMO_ORDERS).await?;
        report::talk(&format!("the demonstration cart listens at {} and knows the orders {}", cart.script_url(), DEMO_ORDERS.join(", ")));
        self.cart.bind("script", &cart.script_url());
        self.cart.supply("account", "setiuser", &account.user);
        self.cart.supply("account", "code", &account.code);
        self.cart.supply("account", "password", &format!("@{}", password.path().display()));
        Ok(Demo { cart, _password: password })
    }

    fn what_next(&self, done: bool) -> String {
        match (done, self.dry_run) {
            (true, Some(_)) => "next: leave out --dry-run to send it".to_owned(),
            (true, None) => {
                let file = quoted(&self.file.display().to_string());
                format!("next: make a cart of it, in a data directory\n  cartage cart new shop --plugin {file}")
            }
            (false, _) => "next: the message says why the cart does not have the update; --cassette FILE keeps the whole record".to_owned(),
        }
    }
}

/// A running demonstration cart, and the file with its password.
struct Demo {
    cart: DemoCart,
    _password: tempfile::NamedTempFile,
}

/// Makes the cart ready. Nothing is sent.
fn ready(cart: &Cart, plugin: Plugin) -> Result<CartClient, Failure> {
    let secrets = flags::secrets(cart, plugin.manifest())?;
    let clock = Arc::new(SystemClock);
    let egress = Egress::new(clock.clone()).at_this_machine(ThisMachine::of_environment());
    let client = CartClient::new(cart, plugin, secrets, &egress, clock).map_err(|error| {
        Failure::wrong_use(report::chain(&error)).what_to_do("change the flag; `cartage plugin inspect` shows what the plugin takes")
    })?;
    client.warnings().iter().for_each(|warning| report::talk(&format!("warning: {warning}")));
    Ok(client)
}

/// The file for an attempt's record. The first attempt uses the named file itself.
fn numbered(file: &Path, attempt: u32) -> PathBuf {
    if attempt == 1 {
        return file.to_owned();
    }
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let ending = file.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    file.with_file_name(format!("{stem}-{attempt}{ending}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attempt_s_record_has_its_own_file() {
        for (file, attempt, own) in [
            ("a/attempt.json", 1, "a/attempt.json"),
            ("a/attempt.json", 2, "a/attempt-2.json"),
            ("attempt", 10, "attempt-10"),
            ("a.b.json", 2, "a.b-2.json"),
        ] {
            assert_eq!(numbered(Path::new(file), attempt), Path::new(own));
        }
    }
}
