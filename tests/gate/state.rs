//! All inputs of the gate, as a store would hold them: a case's `question.json` defines them, and commands change them.

use cartage::carts::Cart;
use cartage::events::{self, TriggeredEvent};
use cartage::gate::order::{Past, PastPackage};
use cartage::gate::question::CartSwitch;
use cartage::gate::{Again, ChangeCause, ChangeRule, Given, Mode, OrderRecord, PluginState, PresentCart, ProposedChange, Question};
use cartage::id::{CartId, SenderOrderNumber};
use cartage::nearest::nearest;
use cartage::parameters::{Assignments, Scope, assign};
use cartage::validate::{LineItemFields, Load};
use cartage_contract::delivery::Choice;
use cartage_contract::manifest::{About, Carriers, Features, Manifest, Pace, Statuses};
use cartage_contract::orders::{LineItem, Package, Told};
use serde::Deserialize;
use std::collections::BTreeMap;

/// All of a merchant's data that one decision needs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) cart: CartId,
    pub(crate) carts: BTreeMap<CartId, Kept>,
    /// The system's values, by parameter.
    pub(crate) parameters: BTreeMap<String, String>,
    /// The values for each cart, by parameter.
    pub(crate) cart_parameters: BTreeMap<CartId, BTreeMap<String, String>>,
    pub(crate) events: BTreeMap<String, events::Setting>,
    pub(crate) cause: CauseGiven,
    pub(crate) order: SenderOrderNumber,
    /// The label, if it is given directly; an event brings its own.
    #[serde(default)]
    pub(crate) label: Option<String>,
    #[serde(default)]
    pub(crate) packages: Vec<PastPackage>,
    #[serde(default)]
    pub(crate) line_items: Vec<LineItemFields>,
    #[serde(default)]
    pub(crate) noted: bool,
    #[serde(default)]
    pub(crate) says_notify: bool,
    pub(crate) history: Vec<Past>,
    #[serde(default)]
    pub(crate) again: Again,
}

/// A cart in the store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    pub(crate) definition: Cart,
    #[serde(default)]
    pub(crate) state: CartSwitch,
    pub(crate) mode: Mode,
    #[serde(default)]
    pub(crate) changes: ChangeRule,
    pub(crate) plugin: PluginKept,
}

/// A plugin in the store.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PluginKept {
    Admitted {
        /// The features that the plugin does not have.
        #[serde(default)]
        lacks: Vec<String>,
        #[serde(default)]
        statuses: StatusesKept,
    },
    Missing,
    Changed,
    AwaitsApproval,
    Refused(String),
}

/// The statuses of a cart.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StatusesKept {
    #[default]
    FreeText,
    Fixed(Vec<String>),
    Asked(Vec<String>),
    NotAsked,
}

/// The cause of the change.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CauseGiven {
    Event(String),
    Given(Given),
}

/// The data from which a question borrows.
pub(crate) struct Prepared {
    state: State,
    parameters: Assignments,
    raised: Option<TriggeredEvent>,
    packages: Vec<Package>,
    line_items: Vec<LineItem>,
    known: Option<OrderRecord>,
    manifest: Manifest,
    asked: Option<Vec<Choice>>,
    nearest_cart: Option<String>,
}

impl State {
    /// Prepares this state for questions.
    pub(crate) fn prepare(&self) -> Prepared {
        let raised = match &self.cause {
            CauseGiven::Event(name) => Some(events::raise(name, &self.settings()).expect("a case names an event that exists")),
            CauseGiven::Given(_) => None,
        };
        let item_label = raised.as_ref().and_then(|raised| raised.item_label.as_ref());
        let line_items = self.line_items.iter().map(|line| line_item(line, item_label.map(events::Label::as_str))).collect();
        let plugin = self.carts.get(&self.cart).map(|kept| &kept.plugin);
        let (manifest, asked) = manifest(plugin);
        let nearest_cart = nearest(self.cart.as_str(), self.carts.keys().map(CartId::as_str)).map(str::to_owned);
        Prepared {
            state: self.clone(),
            parameters: self.assignments(),
            raised,
            packages: self.packages.iter().map(package).collect(),
            line_items,
            known: OrderRecord::of(&self.history),
            manifest,
            asked,
            nearest_cart,
        }
    }

    fn assignments(&self) -> Assignments {
        let of_system = self.parameters.iter().map(|(name, value)| (name, Scope::System, value));
        let of_carts = self
            .cart_parameters
            .iter()
            .flat_map(|(cart, values)| values.iter().map(|(name, value)| (name, Scope::Cart(cart.clone()), value)));
        of_system
            .chain(of_carts)
            .map(|(name, scope, value)| assign(name, scope, value).expect("a case sets only what can be set"))
            .collect()
    }

    fn settings(&self) -> events::Settings {
        let mut settings = events::Settings::default();
        for (name, setting) in &self.events {
            settings.set(events::find(name).expect("a case names an event that exists"), setting.clone());
        }
        settings
    }
}

impl Prepared {
    /// The packages that the cart would be told of.
    pub(crate) fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The record of the order.
    pub(crate) fn known(&self) -> Option<&OrderRecord> {
        self.known.as_ref()
    }

    /// The question to the gate.
    pub(crate) fn question(&self) -> Question<'_> {
        let state = &self.state;
        let kept = state.carts.get(&state.cart);
        let (cause, label) = match (&self.raised, &state.cause) {
            (Some(raised), _) => (ChangeCause::Event(raised), raised.order_label.as_ref().map(events::Label::as_str)),
            (None, CauseGiven::Given(given)) => (ChangeCause::Given(*given), state.label.as_deref()),
            (None, CauseGiven::Event(name)) => panic!("the event {name} was not raised"),
        };
        let (packages, line_items) = (&self.packages, &self.line_items);
        let load = Load { packages, line_items, says_contents: false, noted: state.noted, says_notify: state.says_notify };
        Question {
            cart: &state.cart,
            definition: kept.map(|kept| PresentCart {
                cart: &kept.definition,
                state: kept.state,
                plugin: self.plugin(&kept.plugin),
                mode: &kept.mode,
                changes: kept.changes,
            }),
            nearest_cart: self.nearest_cart.as_deref(),
            parameters: &self.parameters,
            cause,
            change: ProposedChange { order_number: &state.order, label, load },
            known: self.known.as_ref(),
            again: state.again,
        }
    }

    fn plugin<'a>(&'a self, kept: &'a PluginKept) -> PluginState<'a> {
        match kept {
            PluginKept::Admitted { .. } => PluginState::Admitted { manifest: &self.manifest, asked: self.asked.as_deref() },
            PluginKept::Missing => PluginState::Missing,
            PluginKept::Changed => PluginState::Changed,
            PluginKept::AwaitsApproval => PluginState::AwaitsApproval,
            PluginKept::Refused(reason) => PluginState::Refused { reason },
        }
    }
}

/// All features except those with these names.
pub(crate) fn features(lacks: &[String]) -> Features {
    let has = |name: &str| !lacks.iter().any(|lack| lack == name);
    Features {
        tracking: has("tracking"),
        several_packages: has("several-packages"),
        package_contents: has("package-contents"),
        corrections: has("corrections"),
        withdrawals: has("withdrawals"),
        without_status: has("without-status"),
        line_items: has("line-items"),
        notes: has("notes"),
        customer_notification: has("customer-notification"),
        ..Features::default()
    }
}

fn manifest(plugin: Option<&PluginKept>) -> (Manifest, Option<Vec<Choice>>) {
    let listed = |values: &[String]| values.iter().map(|value| Choice { value: value.clone(), title: None }).collect::<Vec<_>>();
    let (features, statuses, asked) = match plugin {
        Some(PluginKept::Admitted { lacks, statuses }) => match statuses {
            StatusesKept::FreeText => (features(lacks), Statuses::FreeText, None),
            StatusesKept::Fixed(values) => (features(lacks), Statuses::Fixed(listed(values)), None),
            StatusesKept::Asked(values) => (features(lacks), Statuses::Asked, Some(listed(values))),
            StatusesKept::NotAsked => (features(lacks), Statuses::Asked, None),
        },
        _ => (Features::default(), Statuses::FreeText, None),
    };
    let manifest = Manifest {
        name: "seed-plugin".into(),
        version: "1.0.0".into(),
        cart: "Seed".into(),
        summary: String::new(),
        about: About { vendor: "Seed".into(), support: None, licence: None, changelog: None },
        endpoints: vec![],
        slots: vec![],
        settings: vec![],
        statuses,
        features,
        carriers: Carriers::Any,
        personal_fields: vec![],
        pace: Pace::default(),
        requires: vec![],
        extra: vec![],
    };
    (manifest, asked)
}

fn package(given: &PastPackage) -> Package {
    Package {
        id: given.id.clone(),
        tracking_number: given.tracking_number.clone(),
        tracking_url: None,
        carrier: None,
        carrier_given: given.carrier.clone(),
        method: None,
        picked_up: None,
        contents: vec![],
        told: if given.withdrawn { Told::Withdrawn } else { Told::New },
        told_number: None,
        origin: None,
        known_reference: None,
        extra: vec![],
    }
}

fn line_item(given: &LineItemFields, item_label: Option<&str>) -> LineItem {
    LineItem {
        web_line_id: given.web_line_id.clone(),
        reference_line_id: given.reference_line_id.clone(),
        sku: given.sku.clone(),
        label: given.label.clone().or(item_label.map(str::to_owned)),
        status: None,
        ordered: None,
        shipped: None,
        needed: None,
        note: None,
        packages: vec![],
        extra: vec![],
    }
}
