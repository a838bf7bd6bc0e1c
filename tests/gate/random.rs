//! Random states: the gate agrees with a simple second implementation on each condition, never sends if one is false, and its remedies help.

use crate::commands;
use crate::state::{CauseGiven, Kept, PluginKept, State, StatusesKept, features};
use cartage::carts::{Cart, LabelTarget, UnlistedLabels};
use cartage::events::{Label, Setting};
use cartage::gate::explain::explain;
use cartage::gate::order::{Past, PastFate, PastPackage};
use cartage::gate::question::CartSwitch;
use cartage::gate::{Again, ChangeRule, Condition, Given, Mode, Verdict, decide};
use cartage::id::{CartId, SenderOrderNumber};
use cartage::validate::LineItemFields;
use libtest_mimic::{Failed, Trial};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::Value;
use std::collections::BTreeMap;

/// The tests in this file.
pub(crate) fn trials(base: &Value) -> Vec<Trial> {
    let base: State = serde_json::from_value(base.clone()).expect("the first case is a whole state");
    let trial = |name: &str, test: fn(State) -> Result<(), TestCaseError>| {
        let base = base.clone();
        Trial::test(format!("random::{name}"), move || run(&base, test))
    };
    vec![
        trial("a_second_opinion_agrees_with_every_answer", second_opinion_agrees),
        trial("remedies_help", remedies_help),
        trial("again_passes_condition_3_only", again_passes_condition_3_only),
    ]
}

fn run(base: &State, test: fn(State) -> Result<(), TestCaseError>) -> Result<(), Failed> {
    let config = Config { cases: 1_500, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&states(base.clone()), test).map_err(|error| error.to_string().into())
}

fn second_opinion_agrees(state: State) -> Result<(), TestCaseError> {
    let prepared = state.prepare();
    let decision = decide(&prepared.question());
    crate::sound(&decision, &explain(&decision)).map_err(TestCaseError::fail)?;
    let opinion = opinion(&state);
    let found = decision.answers.each_ref().map(|answer| answer.held());
    prop_assert_eq!(found, opinion, "{:#?}", decision);
    if decision.verdict == Verdict::Send {
        let sends = match &state.carts[&state.cart].mode {
            Mode::Live => true,
            Mode::OnlyOrders(named) => named.contains(&state.order),
            Mode::Shadow => false,
        };
        prop_assert!(sends && opinion == [true; 6]);
    }
    Ok(())
}

fn remedies_help(state: State) -> Result<(), TestCaseError> {
    crate::remedies_help(&state).map_err(|failed| TestCaseError::fail(format!("{failed:?}")))?;
    // All suggested commands together, in the order in which they are printed, make every condition hold.
    let mut mended = state;
    for condition in Condition::ALL {
        let decision = decide(&mended.prepare().question());
        decision.answer(condition).remedies.iter().for_each(|remedy| commands::run(&mut mended, &cartage_commands::command(remedy)));
    }
    let decision = decide(&mended.prepare().question());
    prop_assert!(decision.answers.iter().all(|answer| answer.held()), "{:#?}", decision);
    Ok(())
}

fn again_passes_condition_3_only(state: State) -> Result<(), TestCaseError> {
    let with = |again| decide(&State { again, ..state.clone() }.prepare().question());
    let (once, again) = (with(Again::No), with(Again::Yes));
    prop_assert!(again.answer(Condition::Changed).held() && again.again == Again::Yes);
    for condition in Condition::ALL.into_iter().filter(|condition| *condition != Condition::Changed) {
        prop_assert_eq!(once.answer(condition), again.answer(condition));
    }
    Ok(())
}

/// A second implementation of the six conditions, as simple as possible, straight from the state.
fn opinion(state: &State) -> [bool; 6] {
    let kept = state.carts.get(&state.cart);
    let of_cart = state.cart_parameters.get(&state.cart).and_then(|values| values.get("UseGenericStatusUpdates"));
    let setting = match &state.cause {
        CauseGiven::Event(name) => Some(state.events.get(name).cloned().unwrap_or_default()),
        CauseGiven::Given(_) => None,
    };
    let label = match &setting {
        Some(setting) => setting.order_label.as_ref().map(Label::to_string),
        None => state.label.clone(),
    };
    let item_label = setting.as_ref().and_then(|setting| setting.item_label.as_ref()).map(Label::to_string);
    let lines: Vec<(Option<String>, Option<String>)> = (state.line_items.iter())
        .map(|line| (line.sku.as_ref().map(|sku| format!("sku {sku}")), line.label.clone().or(item_label.clone())))
        .collect();
    [
        state.parameters.get("UseStatusUpdates").is_some_and(|value| value == "True"),
        setting.is_none_or(|setting| setting.notify_cart && (setting.order_label.is_some() || setting.item_label.is_some())),
        changed(state, kept, label.as_deref(), &lines),
        of_cart.is_some_and(|value| value == "True"),
        kept.is_some_and(|kept| ready(state, kept, label.as_deref())),
        kept.is_some_and(|kept| mapped(state, kept, label.as_deref(), &lines)),
    ]
}

fn changed(state: &State, kept: Option<&Kept>, label: Option<&str>, lines: &[(Option<String>, Option<String>)]) -> bool {
    let standing = || state.history.iter().rev().filter(|past| past.fate != PastFate::Lapsed);
    let last = standing().find_map(|past| past.label.as_deref());
    let of_label = label.is_some() && label != last;
    let of_lines = lines.iter().any(|(key, label)| match (key, label) {
        (Some(key), Some(label)) => standing().find_map(|past| past.lines.get(key)) != Some(label),
        _ => false,
    });
    let is_news = |package: &PastPackage| match entries(state, package).first() {
        None => !package.withdrawn,
        Some(entry) if package.withdrawn || entry.withdrawn => package.withdrawn != entry.withdrawn,
        Some(_) => says_otherwise(state, package),
    };
    let by_label_alone = kept.is_some_and(|kept| kept.changes == ChangeRule::LabelOnly);
    let of_packages = !by_label_alone && state.packages.iter().any(is_news);
    state.again == Again::Yes || state.history.is_empty() || of_label || of_lines || of_packages
}

fn fold(text: &Option<String>) -> String {
    text.clone().unwrap_or_default().replace([' ', '-'], "").to_lowercase()
}

/// The valid entries for the same package, the newest first.
fn entries<'s>(state: &'s State, package: &PastPackage) -> Vec<&'s PastPackage> {
    let same = |other: &&PastPackage| match (&package.id, &other.id) {
        (Some(one), Some(other)) => one == other,
        _ => fold(&package.carrier) == fold(&other.carrier) && fold(&package.tracking_number) == fold(&other.tracking_number),
    };
    let standing = state.history.iter().rev().filter(|past| past.fate != PastFate::Lapsed);
    standing.flat_map(|past| past.packages.iter().rev()).filter(same).collect()
}

/// Whether a package's carrier or number differs from the last one that was reported for it.
fn says_otherwise(state: &State, package: &PastPackage) -> bool {
    let last = |of: fn(&PastPackage) -> &Option<String>| entries(state, package).into_iter().find_map(|entry| of(entry).clone());
    let differs = |of: fn(&PastPackage) -> &Option<String>| of(package).is_some() && fold(of(package)) != fold(&last(of));
    differs(|package| &package.tracking_number) || differs(|package| &package.carrier)
}

fn ready(state: &State, kept: &Kept, label: Option<&str>) -> bool {
    let PluginKept::Admitted { lacks, .. } = &kept.plugin else { return false };
    let has = features(lacks);
    let stands = |package: &PastPackage| entries(state, package).first().map(|entry| entry.withdrawn);
    let corrected = |package: &PastPackage| !package.withdrawn && stands(package) == Some(false) && says_otherwise(state, package);
    let withdrawn = |package: &PastPackage| package.withdrawn && stands(package).is_some();
    let target = label.map(|label| (kept.definition.labels.get(label), kept.definition.unlisted_labels));
    let sets_none = matches!(target, Some((Some(LabelTarget::TrackingOnly), _) | (None, UnlistedLabels::TrackingOnly)));
    kept.state == CartSwitch::Enabled
        && (has.tracking || state.packages.iter().all(|package| package.tracking_number.is_none()))
        && (has.several_packages || state.packages.len() < 2)
        && (has.line_items || state.line_items.is_empty())
        && (has.notes || !state.noted)
        && (has.customer_notification || !state.says_notify)
        && (has.corrections || !state.packages.iter().any(corrected))
        && (has.withdrawals || !state.packages.iter().any(withdrawn))
        && (has.without_status || !sets_none)
}

fn mapped(state: &State, kept: &Kept, label: Option<&str>, lines: &[(Option<String>, Option<String>)]) -> bool {
    let known = match &kept.plugin {
        PluginKept::Admitted { statuses: StatusesKept::Fixed(known) | StatusesKept::Asked(known), .. } => Some(known),
        _ => None,
    };
    let target = |label: &str| match (kept.definition.labels.get(label), kept.definition.unlisted_labels) {
        (Some(target), _) => Some(target.clone()),
        (None, UnlistedLabels::Same) => Some(LabelTarget::Status(label.to_owned())),
        (None, UnlistedLabels::TrackingOnly) => Some(LabelTarget::TrackingOnly),
        (None, UnlistedLabels::Ignore) => Some(LabelTarget::Ignore),
        (None, UnlistedLabels::Refuse) => None,
    };
    let labels: Vec<&str> = label.into_iter().chain(lines.iter().filter_map(|(_, label)| label.as_deref())).collect();
    let targets: Vec<Option<LabelTarget>> = labels.iter().map(|label| target(label)).collect();
    let accepted = targets.iter().all(|target| match (target, known) {
        (Some(LabelTarget::Status(status)), Some(known)) => known.contains(status),
        (target, _) => target.is_some(),
    });
    let ignored = label.is_some() && targets[0] == Some(LabelTarget::Ignore);
    let something = !state.packages.is_empty() || state.noted || !state.line_items.is_empty();
    let speaks = targets.iter().any(|target| matches!(target, Some(LabelTarget::Status(_))));
    !labels.is_empty() && accepted && !ignored && (speaks || something)
}

const LABELS: [&str; 4] = ["Order Packed", "Order Shipped", "-odd", "It's \"$5\"!"];
const EVENT: &str = "Tracking Number Imported";

fn label() -> impl Strategy<Value = String> {
    select(&LABELS[..]).prop_map(str::to_owned)
}

fn package() -> impl Strategy<Value = PastPackage> {
    let some = |texts: &'static [&'static str]| prop::option::of(select(texts).prop_map(str::to_owned));
    (some(&["P1", "P2"]), some(&["UPS", "u-ps", "FX"]), some(&["1Z1", "1z 1", "1Z2"]), prop::bool::weighted(0.2)).prop_map(
        |(id, carrier, tracking_number, withdrawn)| PastPackage { id, carrier, tracking_number, withdrawn, ..PastPackage::default() },
    )
}

fn past() -> impl Strategy<Value = Past> {
    let lines = prop::collection::btree_map(select(&["sku SHIRT", "sku MUG"][..]).prop_map(str::to_owned), label(), 0..3);
    let fate = select(&[PastFate::Waiting, PastFate::Applied, PastFate::Applied, PastFate::Lapsed][..]);
    (prop::option::weighted(0.9, label()), lines, prop::collection::vec(package(), 0..3), fate)
        .prop_map(|(label, lines, packages, fate)| Past { label, lines, packages, fate })
}

fn line() -> impl Strategy<Value = LineItemFields> {
    let sku = prop::option::weighted(0.9, select(&["SHIRT", "MUG"][..]).prop_map(str::to_owned));
    (sku, prop::option::of(label())).prop_map(|(sku, label)| LineItemFields { sku, label, ..LineItemFields::default() })
}

fn plugin() -> impl Strategy<Value = PluginKept> {
    let lists = select(vec![vec!["Order Shipped".to_owned(), "Shipped".to_owned()], vec!["Complete".to_owned(), "Closed".to_owned()]]);
    let statuses = prop_oneof![
        3 => Just(StatusesKept::FreeText),
        1 => lists.clone().prop_map(StatusesKept::Fixed),
        1 => lists.prop_map(StatusesKept::Asked),
        1 => Just(StatusesKept::NotAsked),
    ];
    let all = vec![
        "tracking",
        "several-packages",
        "corrections",
        "withdrawals",
        "line-items",
        "notes",
        "without-status",
        "customer-notification",
    ];
    let lacks = subsequence(all, 0..=2);
    let lacks = prop_oneof![2 => Just(vec![]), 1 => lacks];
    let admitted = (lacks, statuses)
        .prop_map(|(lacks, statuses)| PluginKept::Admitted { lacks: lacks.into_iter().map(str::to_owned).collect(), statuses });
    prop_oneof![
        8 => admitted,
        1 => Just(PluginKept::Missing),
        1 => Just(PluginKept::Changed),
        1 => Just(PluginKept::AwaitsApproval),
        1 => Just(PluginKept::Refused("it imports wasi:sockets".to_owned())),
    ]
}

fn kept(definition: Cart) -> impl Strategy<Value = Kept> {
    let target = prop_oneof![
        select(&["Shipped", "Complete", "Order Shipped"][..]).prop_map(|status| LabelTarget::Status(status.to_owned())),
        Just(LabelTarget::TrackingOnly),
        Just(LabelTarget::Ignore),
    ];
    let unlisted = select(&[UnlistedLabels::Same, UnlistedLabels::TrackingOnly, UnlistedLabels::Ignore, UnlistedLabels::Refuse][..]);
    let state = prop_oneof![4 => Just(CartSwitch::Enabled), 1 => Just(CartSwitch::Disabled)];
    let named = |order: &str| Mode::OnlyOrders([SenderOrderNumber::new(order)].into());
    let mode = select(vec![Mode::Live, Mode::Live, Mode::Shadow, named("1021"), named("1022")]);
    let changes = select(&[ChangeRule::LabelOrPackages, ChangeRule::LabelOnly][..]);
    let labels = prop::collection::btree_map(label(), target, 0..3);
    (labels, unlisted, state, mode, changes, plugin()).prop_map(move |(labels, unlisted_labels, state, mode, changes, plugin)| {
        let mut definition = definition.clone();
        (definition.labels, definition.unlisted_labels) = (labels, unlisted_labels);
        Kept { definition, state, mode, changes, plugin }
    })
}

fn setting() -> impl Strategy<Value = Setting> {
    let some = || prop::option::of(label().prop_map(|label| Label::new(&label).expect("the labels are valid")));
    (some(), some(), any::<bool>()).prop_map(|(order_label, item_label, notify_cart)| Setting { order_label, item_label, notify_cart })
}

fn states(base: State) -> impl Strategy<Value = State> {
    let cart = base.cart.clone();
    let value = || prop_oneof![1 => Just(None), 1 => Just(Some("False")), 4 => Just(Some("True"))];
    let set =
        |name: &str, value: Option<&str>| value.map(|value| (name.to_owned(), value.to_owned())).into_iter().collect::<BTreeMap<_, _>>();
    let given = select(&[Given::ByHand, Given::Api, Given::Seti][..]).prop_map(CauseGiven::Given);
    let cause = prop_oneof![Just(CauseGiven::Event(EVENT.to_owned())), given];
    let again = prop_oneof![4 => Just(Again::No), 1 => Just(Again::Yes)];
    let settings = (value(), value(), prop::option::weighted(0.8, setting()), cause, again);
    let change = (label(), prop::collection::vec(package(), 0..3), prop::collection::vec(line(), 0..3), any::<bool>(), any::<bool>());
    let definition = base.carts[&cart].definition.clone();
    let known = (prop::option::weighted(0.9, kept(definition)), prop::collection::vec(past(), 0..4));
    (settings, change, known).prop_map(move |(settings, change, (kept, history))| {
        let (updates_on, cart_updates_on, setting, cause, again) = settings;
        let (label, packages, line_items, noted, says_notify) = change;
        State {
            carts: kept.map(|kept| (cart.clone(), kept)).into_iter().collect::<BTreeMap<CartId, Kept>>(),
            parameters: set("UseStatusUpdates", updates_on),
            // Values for another cart have no effect on this one.
            cart_parameters: BTreeMap::from([
                (cart.clone(), set("UseGenericStatusUpdates", cart_updates_on)),
                (CartId::new("another-shop").expect("a valid Cart ID"), set("UseGenericStatusUpdates", Some("True"))),
            ]),
            events: setting.map(|setting| (EVENT.to_owned(), setting)).into_iter().collect(),
            label: matches!(cause, CauseGiven::Given(_)).then_some(label),
            cause,
            packages,
            line_items,
            noted,
            says_notify,
            history,
            again,
            ..base.clone()
        }
    })
}
