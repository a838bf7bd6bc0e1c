//! Merchants cannot see each other's rows: a merchant sees the same in a shared store as in a store of its own.

use super::{Scratch, cart};
use crate::carts::{DefinitionRow, PauseRow};
use crate::credentials::{CredentialRef, Generation, Sealed};
use crate::decisions::DecisionRow;
use crate::events::StatusEvent;
use crate::orders::{LabelRow, OrderRef, PackageRow};
use crate::parameters::ParameterRow;
use crate::receipts::ReceiptRow;
use crate::retention::{self, RecordKind};
use crate::{
    Error, Store, Tx, View, alerts, audit, carts, cassettes, credentials, decisions, events, idempotency, merchants, orders, parameters,
    plugins, receipts, recordings, tokens,
};
use cartage_model::alerts::Subject;
use cartage_model::carts::BoundTo;
use cartage_model::id::{DeliveryId, Digest, MerchantId, SenderOrderNumber};
use cartage_model::parameters::Scope;
use proptest::prelude::*;

/// Only a few names, so that merchants get into each other's way if they can.
const NAMES: [&str; 3] = ["a", "b", "c"];

/// The number of kinds of writes.
const KINDS: u8 = 36;

/// One write to any table; the numbers choose among a few names and values.
#[derive(Debug, Clone)]
struct Operation {
    merchant: usize,
    kind: u8,
    name: usize,
    value: u8,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let one = (0..2_usize, 0..KINDS, 0..NAMES.len(), 0..4_u8);
    let one = one.prop_map(|(merchant, kind, name, value)| Operation { merchant, kind, name, value });
    prop::collection::vec(one, 1..180)
}

fn merchant(nth: usize) -> MerchantId {
    MerchantId::new(["default", "other"][nth]).expect("valid names")
}

fn order(name: &str) -> OrderRef {
    OrderRef { cart: cart(name), number: SenderOrderNumber::new("1021") }
}

impl Operation {
    fn apply(&self, tx: &Tx<'_>, nth: u64) -> Result<(), Error> {
        let (merchant, name, value) = (&merchant(self.merchant), NAMES[self.name], self.value);
        let (cart, order, text, at) = (&cart(name), &order(name), value.to_string(), nth);
        let (digest, sequence) = (Digest::of(&[value]), u64::from(value));
        let place = CredentialRef { cart: cart.clone(), slot: "account".into(), field: text.clone() };
        match self.kind {
            0 | 1 => {
                let definition = DefinitionRow { cart: cart.clone(), text, plugin: Some(digest), mode: "live".into() };
                carts::put(tx, merchant, &definition, at)
            }
            2 => carts::set_enabled(tx, merchant, cart, value % 2 == 0).map(drop),
            3 => carts::set_pause(tx, merchant, cart, Some(&PauseRow::new(text, Some(at)))).map(drop),
            4 => carts::ran(tx, merchant, cart, digest, at),
            5 => carts::remove(tx, merchant, cart).map(drop),
            6 => {
                let scope = if value == 0 { Scope::System } else { Scope::Cart(cart.clone()) };
                parameters::set(tx, merchant, &ParameterRow { scope, name: name.into(), value: text, set_at_unix_ms: at })
            }
            7 => parameters::unset(tx, merchant, &Scope::Cart(cart.clone()), name).map(drop),
            8 => {
                let event = StatusEvent {
                    event: name.into(),
                    item_label: None,
                    order_label: Some(text),
                    notify_cart: value > 1,
                    changed_at_unix_ms: at,
                };
                events::set(tx, merchant, &event)
            }
            9 | 10 => events::add_label(tx, merchant, &text, at).map(drop),
            11 => {
                let label = LabelRow { line: if value < 2 { String::new() } else { text.clone() }, text: text.clone() };
                let package = PackageRow { id: Some(text), carrier: None, number: None, withdrawn: value == 3, details: None };
                orders::accept(tx, merchant, order, &[label], &[package], at).map(drop)
            }
            12 => orders::settle(tx, merchant, order, sequence, Some(&text), at),
            13 => orders::take_back(tx, merchant, order, sequence),
            14 => decisions::add(tx, merchant, order, &DecisionRow { at_unix_ms: at, json: text }),
            15 => {
                let seal = vec![value; 8];
                let sealed = Sealed {
                    place,
                    generation: [Generation::Current, Generation::Next][self.name % 2],
                    bound_to: BoundTo::stored("shop.example".to_owned()),
                    key_id: "k".into(),
                    nonce: seal.clone(),
                    sealed: seal,
                    set_at_unix_ms: at,
                };
                credentials::put(tx, merchant, &sealed)
            }
            16 => credentials::promote(tx, merchant, cart, "account").map(drop),
            17 if value % 2 == 0 => credentials::forget_next(tx, merchant, &place).map(drop),
            17 => credentials::forget(tx, merchant, &place).map(drop),
            18 => receipts::add(
                tx,
                merchant,
                &ReceiptRow { delivery: delivery(name), attempt: nth as u32, order: order.clone(), sequence, at_unix_ms: at, json: text },
            ),
            19 => {
                audit::add(tx, merchant, &audit::Line { at_unix_ms: at, who: name.into(), what: text, subject: name.into(), detail: None })
            }
            20 => {
                let plugin = plugins::PluginRow {
                    digest,
                    name: name.into(),
                    version: text,
                    manifest: "{}".into(),
                    admitted_at_unix_ms: at,
                    first_ran_at_unix_ms: None,
                };
                plugins::put(tx, merchant, &plugin)?;
                plugins::ran(tx, merchant, digest, at)
            }
            21 | 22 => {
                let tape = cassettes::Tape::redacted(text);
                let cassette =
                    cassettes::CassetteRow { delivery: delivery(name), attempt: value.into(), at_unix_ms: at, failed: value > 1, tape };
                cassettes::put(tx, merchant, &cassette)
            }
            23 => retention::delete(tx, merchant, RecordKind::FailedCassettes, &(0..at.saturating_sub(20)), 2).map(drop),
            24 => {
                alerts::raise(tx, merchant, name, &Subject::Cart(cart.clone()), alerts::Said { detail: &text, remedies: &[] }, at).map(drop)
            }
            25 => {
                let all = alerts::on_record(tx, merchant)?;
                all.iter().filter(|alert| alert.kind == name).try_for_each(|alert| alerts::told(tx, merchant, alert, at).map(drop))
            }
            26 => alerts::clear(tx, merchant, name, &Subject::Cart(cart.clone()), at).map(drop),
            27 => idempotency::put(tx, merchant, name, digest, None, &at.to_string(), at).map(drop),
            28 => retention::delete(tx, merchant, RecordKind::IdempotencyKeys, &(0..at.saturating_sub(30)), 2).map(drop),
            29 => {
                // Nobody has the token of another.
                let digest = Digest::of(format!("{merchant} {name} {nth}").as_bytes());
                let carts = (value > 1).then(|| vec![cart.clone()]);
                let token = tokens::TokenRow { name: name.into(), digest, role: text, carts, made_at_unix_ms: at, used_at_unix_ms: None };
                tokens::put(tx, merchant, &token).map(drop)
            }
            30 => tokens::used(tx, merchant, name, at),
            31 => tokens::remove(tx, merchant, name).map(drop),
            32 => carts::pause_longer(tx, merchant, cart, &PauseRow::new(text, (value > 0).then_some(at))).map(drop),
            33 => recordings::set_raw_until(tx, merchant, cart, (value > 0).then_some(at)),
            34 => RecordKind::ALL
                .into_iter()
                .try_for_each(|kind| retention::delete(tx, merchant, kind, &(0..at.saturating_sub(40)), 2).map(drop)),
            // Only to an update that was accepted: that of the highest number.
            _ => {
                let accepted = orders::get(tx, merchant, order)?.map_or(0, |order| order.sequence);
                if sequence < accepted { orders::move_on(tx, merchant, order, sequence, accepted) } else { Ok(()) }
            }
        }
    }
}

/// A delivery id. Two merchants may have the same one, as if one guessed or copied the other's.
fn delivery(name: &str) -> DeliveryId {
    serde_json::from_value(name.into()).expect("an id is a text")
}

/// Everything that a merchant can see.
fn seen(view: &View<'_>, merchant: &MerchantId) -> Result<String, Error> {
    let mut seen = format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n",
        carts::list(view, merchant)?,
        parameters::list(view, merchant)?,
        events::list(view, merchant)?,
        events::labels(view, merchant)?,
        plugins::list(view, merchant)?,
        credentials::list(view, merchant)?,
        audit::last(view, merchant, 1000)?,
    );
    seen.push_str(&format!("{:?}\n{:?}\n", alerts::open(view, merchant)?, alerts::on_record(view, merchant)?));
    seen.push_str(&format!("{:?}\n", tokens::list(view, merchant)?));
    for name in NAMES {
        let (cart, order) = (cart(name), order(name));
        let place = CredentialRef { cart: cart.clone(), slot: "account".into(), field: "1".into() };
        seen.push_str(&format!(
            "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n",
            recordings::raw_until(view, merchant, &cart)?,
            carts::get(view, merchant, &cart)?,
            carts::plugins_that_ran(view, merchant, &cart)?,
            parameters::for_cart(view, merchant, &cart)?,
            orders::get(view, merchant, &order)?,
            decisions::list(view, merchant, &order)?,
            receipts::of_order(view, merchant, &order, 1000)?,
            receipts::of_delivery(view, merchant, &delivery(name))?,
            credentials::get(view, merchant, &place, Generation::Current)?,
            plugins::get(view, merchant, Digest::of(&[1]))?,
        ));
        seen.push_str(&format!("{:?}\n", orders::standing(view, merchant, &order)?));
        for value in 0..4 {
            seen.push_str(&format!(
                "{:?}\n{:?}\n{:?}\n",
                orders::brought(view, merchant, &order, value)?,
                cassettes::get(view, merchant, &delivery(name), value as u32)?,
                idempotency::get(view, merchant, name, Digest::of(&[value as u8]))?,
            ));
        }
    }
    Ok(seen)
}

/// What this merchant sees after these operations.
fn after(operations: &[Operation], merchants_in: &[usize]) -> [String; 2] {
    let scratch = Scratch::new();
    let store: Store = scratch.create();
    let numbered: Vec<_> = (0..).zip(operations).filter(|(_, operation)| merchants_in.contains(&operation.merchant)).collect();
    let numbered: Vec<(u64, Operation)> = numbered.into_iter().map(|(nth, operation)| (nth, operation.clone())).collect();
    store
        .write_blocking(move |tx| {
            merchants::put(tx, &merchant(1), 0)?;
            numbered.iter().try_for_each(|(nth, operation)| operation.apply(tx, *nth))
        })
        .expect("every operation is valid");
    [0, 1].map(|nth| store.read_blocking(|view| seen(view, &merchant(nth))).expect("it can be read"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_shared_store_looks_like_a_store_of_ones_own(operations in operations()) {
        let shared = after(&operations, &[0, 1]);
        let [first, _] = after(&operations, &[0]);
        let [_, second] = after(&operations, &[1]);
        prop_assert_eq!(shared, [first, second]);
    }
}

#[test]
fn a_merchant_that_is_not_known_can_keep_nothing() {
    let scratch = Scratch::new();
    let store = scratch.create();
    for kind in (0..KINDS).filter(|kind| ![2, 3, 5, 7, 10, 12, 13, 16, 17, 23, 25, 26, 28, 30, 31, 32, 34, 35].contains(kind)) {
        let operation = Operation { merchant: 1, kind, name: 0, value: 1 };
        let kept = store.write_blocking(move |tx| operation.apply(tx, 1));
        assert!(matches!(kept, Err(Error::Sql { .. })), "operation {kind}: {kept:?}");
    }
}
