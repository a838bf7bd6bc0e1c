//! A scripted cart, for plain `cargo test`.
//!
//! A [`Cart`] stands for the host and for the shop behind it. It checks the update of a test as the host would, so that no test passes with an update that
//! never arrives in production. It checks every request of the plugin against the plugin's own manifest with the code that the host uses, so that an
//! undeclared header fails the test as it would fail in production. Requests that pass are compared with those that the test [expects](Cart::expect), in
//! order, and all others are answered by a [rule](Cart::rule). Secrets have placeholders, including the tokens of log-ins and OAuth, and a request is shown
//! with `[slot.field]` in their places, so that it can be kept as a [golden file](Seen::assert_golden). A [`Shop`] remembers what it was told, for tests of
//! consecutive updates, lost replies and repeated attempts. A shop can behave as the plugin's [cart script](Cart::of_script) says, and [`run_cases`] runs
//! the script's own cases, which `cartage plugin test` runs against the built file.
//!
//! ```
//! use cartage_sdk::http::{Method, Request};
//! use cartage_sdk::manifest::{Endpoint, Slot};
//! use cartage_sdk::testing::{Cart, Expect, Reply, update};
//! use cartage_sdk::{Applied, Context, Delivery, Failure, FailureKind, Manifest, OrderKey, Plugin, Report, Update, serde_json::json};
//!
//! struct Example;
//!
//! impl Plugin for Example {
//!     fn describe() -> Manifest {
//!         Manifest::new("example", "1.0.0")
//!             .cart("Example Shop")
//!             .summary("Sets the status.")
//!             .vendor("Example Ltd")
//!             .endpoint(
//!                 Endpoint::new("api", "the shop's interface", "https://shop.example/api")
//!                     .methods([Method::Put])
//!                     .paths(["/orders"])
//!                     .request_types(["application/json"]),
//!             )
//!             .slot(Slot::bearer("token", "made in the shop's back office").for_endpoints(["api"]))
//!     }
//!
//!     fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
//!         Ok(Report::new())
//!     }
//!
//!     fn send_order_status(update: Update, _: Delivery, _: Context) -> Result<Applied, Failure> {
//!         let request = Request::put("api").path_of("/orders/{}", [&update.order_number])?.auth("token");
//!         match request.json(json!({"status": update.status})).send()? {
//!             answer if answer.is_success() => Ok(Applied::done()),
//!             answer if answer.status == 404 => Err(Failure::order_not_found(answer.excerpt())),
//!             answer => Err(Failure::protocol(format!("HTTP {}: {}", answer.status, answer.excerpt()))),
//!         }
//!     }
//! }
//!
//! let run = Cart::<Example>::new()
//!     .expect(Expect::put("https://shop.example/api/orders/7").json(json!({"status": "Shipped"})), Reply::status(200))
//!     .send(&update("7", "Shipped"));
//! assert_eq!(run.requests[0].header("authorization"), Some("Bearer [token.token]"));
//! run.succeeded();
//!
//! let gone = Cart::<Example>::new().rule(|_| Reply::text(404, "no such order")).send(&update("8", "Shipped")).failed();
//! assert_eq!(gone.kind, FailureKind::OrderNotFound);
//! ```

mod expect;
mod placeholders;
mod reply;
mod sample;
mod script;
mod seen;
mod shop;
mod shown;
mod signatures;
mod stage;

pub use expect::Expect;
pub use reply::{NotAReply, Reply};
pub use sample::{DELIVERY_ID, ENTROPY, NOW_UNIX_MS, delivery, package, update};
pub use script::{ScriptedShop, run_cases};
pub use seen::Seen;
pub use shop::{Shop, after};
pub use shown::Shown;
pub(crate) use stage::imports;

use crate::contract::{delivery as d, grants, log, manifest as m};
use crate::http::Reach;
use crate::{Applied, Choice, ChoicesOf, Context, Delivery, Failure, OrderKey, Plugin, Report, Update};
use stage::{Denials, Stage};
use std::marker::PhantomData;

/// The limits of a call if the test sets none: those of the host. The manifest's pace takes precedence.
const LIMITS: grants::RequestLimits = grants::RequestLimits { requests: 20, request_bytes: 1 << 20 };
/// The same limits, as the plugin sees them in its context.
const CALL_LIMITS: d::Limits =
    d::Limits { requests: LIMITS.requests, request_bytes: 1 << 20, response_bytes: 2 << 20, request_ms: 30_000, call_ms: 60_000 };

/// A cart that answers as the test says, behind a host that checks requests as the real host does.
///
/// Each endpoint is bound to its example URL, each credential slot holds a placeholder in each field, and each setting has its default.
#[derive(Debug)]
pub struct Cart<P> {
    stage: Stage,
    settings: Vec<d::Setting>,
    any_update: bool,
    plugin: PhantomData<P>,
}

impl<P: Plugin> Default for Cart<P> {
    fn default() -> Cart<P> {
        Cart::new()
    }
}

impl<P: Plugin> Cart<P> {
    /// A cart for a plugin.
    ///
    /// # Panics
    /// If the manifest breaks a rule, or an example is not a base URL. The host would refuse such a plugin.
    pub fn new() -> Cart<P> {
        let manifest = m::Manifest::from(P::describe());
        if let Err(error) = manifest.check() {
            let problems: Vec<_> = error.problems.iter().map(|problem| format!("  {}: {}", problem.item, problem.rule)).collect();
            panic!("{error}:\n{}", problems.join("\n"));
        }
        let endpoints = manifest.endpoints.iter().map(|endpoint| (endpoint.name.clone(), bound(&endpoint.example)));
        let slots = manifest.slots.iter().map(|slot| (slot.name.clone(), slot.fields.iter().map(|field| field.name.clone()).collect()));
        let limits = grants::RequestLimits { requests: manifest.pace.requests_per_call.unwrap_or(LIMITS.requests), ..LIMITS };
        let grants = grants::Grants { endpoints: endpoints.collect(), slots: slots.collect(), limits };
        Cart { stage: Stage::new(manifest, grants), settings: Vec::new(), any_update: false, plugin: PhantomData }
    }

    /// Binds an endpoint to another base URL. Over plain http, only values made with a secret may be sent and no secret itself, as in production.
    ///
    /// # Panics
    /// If the text is not a base URL, or not one that the manifest allows for the endpoint.
    #[must_use]
    pub fn bind(mut self, endpoint: &str, base_url: &str) -> Cart<P> {
        let bound = bound(base_url);
        let declared = self.stage.manifest.endpoint(endpoint).unwrap_or_else(|| panic!("the manifest has no endpoint {endpoint}"));
        assert!(bound.base.fits(&declared.base), "the manifest does not allow endpoint {endpoint} to be bound to {base_url}");
        self.stage.grants.endpoints.insert(endpoint.to_owned(), bound);
        self
    }

    /// Leaves an endpoint unbound.
    #[must_use]
    pub fn without_endpoint(mut self, endpoint: &str) -> Cart<P> {
        self.stage.grants.endpoints.remove(endpoint);
        self
    }

    /// Leaves a credential slot without a value.
    #[must_use]
    pub fn without_slot(mut self, slot: &str) -> Cart<P> {
        self.stage.grants.slots.remove(slot);
        self
    }

    /// Leaves a field of a slot without a value.
    #[must_use]
    pub fn without_field(mut self, slot: &str, field: &str) -> Cart<P> {
        if let Some(fields) = self.stage.grants.slots.get_mut(slot) {
            fields.remove(field);
        }
        self
    }

    /// Gives a field of a slot the test's own value, such as a known key, or a value that has to be escaped.
    #[must_use]
    pub fn secret(mut self, slot: &str, field: &str, value: &str) -> Cart<P> {
        self.stage.secrets.set(slot, field, value);
        self
    }

    /// Sets a setting: a text, an integer, a boolean, or the pairs of a map.
    ///
    /// # Panics
    /// If the manifest has no such setting, or the setting does not accept the value.
    #[must_use]
    pub fn set(self, setting: &str, value: impl Into<crate::manifest::Default>) -> Cart<P> {
        let value = value.into();
        self.set_as(setting, |declared| value.of_kind(&declared.kind))
    }

    /// As [`Cart::set`], with a value in the form in which a file writes it.
    fn set_plain(self, setting: &str, value: &m::Plain) -> Cart<P> {
        self.set_as(setting, |declared| {
            declared.read(value.clone()).unwrap_or_else(|error| panic!("setting {setting} does not take the cart script's value: {error}"))
        })
    }

    fn set_as(mut self, setting: &str, value: impl FnOnce(&m::Setting) -> d::SettingValue) -> Cart<P> {
        let declared = self.stage.manifest.setting(setting).unwrap_or_else(|| panic!("the manifest has no setting {setting}"));
        let value = value(declared);
        if let Err(error) = declared.accept(&value) {
            panic!("setting {setting} does not take {}: {error}", shown::value(&value));
        }
        self.settings.retain(|given| given.name != setting);
        self.settings.push(d::Setting { name: setting.to_owned(), value });
        self
    }

    /// Expects a request, after the requests expected before, and answers it.
    #[must_use]
    pub fn expect(mut self, expected: Expect, reply: Reply) -> Cart<P> {
        self.stage.script.push_back((expected, reply));
        self
    }

    /// Answers every request that is not [expected](Cart::expect).
    #[must_use]
    pub fn rule(mut self, rule: impl Fn(&Seen) -> Reply + 'static) -> Cart<P> {
        self.stage.rule = Some(Box::new(rule));
        self
    }

    /// Sets the number of requests that a call may make, instead of the number in the manifest's pace or the host's own.
    #[must_use]
    pub fn requests(mut self, requests: u32) -> Cart<P> {
        self.stage.grants.limits.requests = requests;
        self
    }

    /// Lets the host deny a request or a signature without failing the test, to test how the plugin handles a denial.
    #[must_use]
    pub fn allow_denials(mut self) -> Cart<P> {
        self.stage.denials = Denials::Allowed;
        self
    }

    /// Loses the reply to a request (its number in the call, from 1) after the shop has acted on it. The plugin sees that no answer arrived.
    #[must_use]
    pub fn lose_reply(mut self, request: usize) -> Cart<P> {
        self.stage.lost.insert(request);
        self
    }

    /// Accepts an update that no host would send, such as a status that the manifest does not list, to test how the plugin handles it.
    #[must_use]
    pub fn allow_any_update(mut self) -> Cart<P> {
        self.any_update = true;
        self
    }

    /// The context that the plugin gets besides the update.
    ///
    /// # Panics
    /// If a required setting has no default and was not [set](Cart::set).
    pub fn context(&self) -> Context {
        let manifest = &self.stage.manifest;
        let settings = manifest.settings_from(self.settings.clone()).unwrap_or_else(|errors| {
            let problems: Vec<_> = errors.problems.iter().map(|problem| format!("  {problem}")).collect();
            panic!("{errors}:\n{}", problems.join("\n"));
        });
        let bound = |endpoint: &m::Endpoint| {
            let base_url = self.stage.grants.endpoints.get(&endpoint.name)?.base.as_str().to_owned();
            Some(d::BoundEndpoint { name: endpoint.name.clone(), base_url })
        };
        let slots = manifest.slots.iter().map(|slot| slot.name.clone()).filter(|slot| self.stage.grants.slots.contains_key(slot));
        let limits = d::Limits {
            requests: self.stage.grants.limits.requests,
            response_bytes: manifest.pace.response_bytes.unwrap_or(CALL_LIMITS.response_bytes),
            ..CALL_LIMITS
        };
        let context = d::Context {
            now_unix_ms: NOW_UNIX_MS,
            entropy: ENTROPY.to_vec(),
            settings,
            endpoints: manifest.endpoints.iter().filter_map(bound).collect(),
            bound_slots: slots.collect(),
            limits,
            extra: Vec::new(),
        };
        context.into()
    }

    /// Sends an update as the first attempt of a delivery.
    ///
    /// # Panics
    /// If no host would send the update, or if the plugin makes a request that is unexpected or denied, or does not make all expected requests. The other calls
    /// panic likewise.
    pub fn send(self, update: &Update) -> Run<Applied> {
        self.attempt(update, &delivery())
    }

    /// Sends an update as any attempt of any delivery; [`after`] makes a later attempt.
    pub fn attempt(self, update: &Update, delivery: &Delivery) -> Run<Applied> {
        self.attempt_at(update, delivery).0
    }

    /// Calls the plugin's `check`, optionally with an order's number.
    pub fn check(self, order_number: Option<&str>) -> Run<Report> {
        self.check_order(order_number.map(|number| OrderKey { order_number: number.to_owned(), known_reference: None })).0
    }

    /// Calls the plugin's `list_choices` for a list of the shop's own values.
    pub fn list_choices(self, of: ChoicesOf) -> Run<Vec<Choice>> {
        self.run(|context| P::list_choices(of, context)).0
    }

    fn attempt_at(mut self, update: &Update, delivery: &Delivery) -> (Run<Applied>, Cart<P>) {
        if let Err(error) = update.check(&self.stage.manifest)
            && !self.any_update
        {
            panic!("no host sends this update to plugin {}:\n  {}", error.plugin, error.problems.join("\n  "));
        }
        self.stage.delivery = Some(delivery.id.clone());
        let (update, delivery) = (update.clone(), delivery.clone());
        self.run(|context| P::send_order_status(update, delivery, context))
    }

    fn check_order(mut self, order: Option<OrderKey>) -> (Run<Report>, Cart<P>) {
        self.stage.delivery = None;
        self.run(|context| P::check(order, context))
    }

    fn run<T>(self, call: impl FnOnce(Context) -> Result<T, Failure>) -> (Run<T>, Cart<P>) {
        let context = self.context();
        let (outcome, mut stage) = stage::perform(self.stage, || call(context));
        stage.finish(outcome.as_ref().err());
        let (requests, log, reach) = stage.clear();
        (Run { outcome, requests, reach, log }, Cart { stage, ..self })
    }
}

/// The result of a call.
#[derive(Debug)]
#[must_use]
pub struct Run<T> {
    /// What the plugin returned.
    pub outcome: Result<T, Failure>,
    /// The requests that were sent, in order.
    pub requests: Vec<Seen>,
    /// How far the plugin's writes got, as an [`EarlierAttempt`](crate::EarlierAttempt) tells the next attempt.
    pub reach: Reach,
    /// The lines that were logged, in order.
    pub log: Vec<(log::Level, String)>,
}

impl<T: Shown> Run<T> {
    /// The value that the plugin returned.
    ///
    /// # Panics
    /// If the plugin returned a failure; the message shows the failure and the requests.
    pub fn succeeded(self) -> T {
        match self.outcome {
            Ok(value) => value,
            Err(failure) => panic!("the call failed: {}\n{}", failure.shown(), seen::list(&self.requests)),
        }
    }

    /// The failure that the plugin returned.
    ///
    /// # Panics
    /// If the plugin returned no failure; the message shows the value and the requests.
    pub fn failed(self) -> Failure {
        match self.outcome {
            Ok(value) => panic!("the call succeeded with {}\n{}", value.shown(), seen::list(&self.requests)),
            Err(failure) => failure,
        }
    }
}

fn bound(base_url: &str) -> grants::BoundEndpoint {
    let base = grants::BaseUrl::parse(base_url).unwrap_or_else(|error| panic!("{base_url} is not a base URL: {error}"));
    let secrets = if base.is_https() { grants::SecretsInClear::Accepted } else { grants::SecretsInClear::Denied };
    grants::BoundEndpoint { base, secrets, signed: None }
}

#[cfg(test)]
mod tests;
