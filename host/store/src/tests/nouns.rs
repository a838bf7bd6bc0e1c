//! The content and the limits of each table.

use super::{AT, Scratch, cart, merchant};
use crate::carts::{self, DEFINITION_BYTES_MAX, DefinitionRow, PauseRow, PluginRun};
use crate::decisions::{self, DECISION_BYTES_MAX, DECISIONS_PER_ORDER_MAX, DecisionRow};
use crate::orders::{self, LabelRow, OrderRef, OrderRow, PackageRow};
use crate::parameters::{self, ParameterRow};
use crate::receipts::{self, RECEIPT_BYTES_MAX, ReceiptRow};
use crate::{Error, Store, Tx, credentials, idempotency, plugins};
use cartage_model::id::{DeliveryId, Digest, SenderOrderNumber};
use cartage_model::parameters::Scope;

/// Writes, and fails the test on an error.
fn write<T: Send + 'static>(store: &Store, job: impl FnOnce(&Tx<'_>) -> Result<T, Error> + Send + 'static) -> T {
    store.write_blocking(job).expect("it can be written")
}

fn order(number: &str) -> OrderRef {
    OrderRef { cart: cart("seed"), number: SenderOrderNumber::new(number) }
}

fn label(line: &str, text: &str) -> LabelRow {
    LabelRow { line: line.into(), text: text.into() }
}

fn package(id: Option<&str>, number: &str) -> PackageRow {
    PackageRow { id: id.map(str::to_owned), carrier: Some("UPS".into()), number: Some(number.into()), withdrawn: false, details: None }
}

/// The packages of an order: their numbers, and whether the cart was told.
fn packages(order: &OrderRow) -> Vec<(&str, bool)> {
    let told = order.packages.iter().map(|accepted| (accepted.package.number.as_deref(), accepted.settled_at_unix_ms.is_some()));
    told.map(|(number, told)| (number.expect("the tests give each a number"), told)).collect()
}

fn definition(text: &str, plugin: Option<Digest>) -> DefinitionRow {
    DefinitionRow { cart: cart("seed"), text: text.into(), plugin, mode: "shadow".into() }
}

/// An order's last labels: of the order itself and of line 1.
fn last(order: &OrderRow) -> [Option<&str>; 2] {
    ["", "1"].map(|line| order.label(line).map(|accepted| accepted.label.text.as_str()))
}

#[test]
fn a_label_that_is_taken_back_restores_the_one_before_whatever_the_order() {
    let scratch = Scratch::new();
    let store = scratch.create();
    // Accepted 1 to 4, settled only the first; then taken back in every order.
    for (number, taken_back, left) in
        [("a", [4, 3, 2], ["C", "B", "A"]), ("b", [2, 3, 4], ["D", "D", "A"]), ("c", [3, 4, 2], ["D", "B", "A"])]
    {
        for (sequence, text) in [(1, "A"), (2, "B"), (3, "C"), (4, "D")] {
            let accepted = write(&store, move |tx| orders::accept(tx, &merchant(), &order(number), &[label("", text)], &[], AT));
            assert_eq!(accepted, sequence);
        }
        write(&store, move |tx| orders::settle(tx, &merchant(), &order(number), 1, Some("R-1"), AT + 1));
        for (sequence, text) in taken_back.into_iter().zip(left) {
            write(&store, move |tx| orders::take_back(tx, &merchant(), &order(number), sequence));
            let found = store.read_blocking(|view| orders::get(view, &merchant(), &order(number))).expect("it can be read");
            assert_eq!(last(&found.expect("it was accepted"))[0], Some(text), "order {number} after {sequence}");
        }
        // What is settled stays, and the numbers go on.
        write(&store, move |tx| orders::take_back(tx, &merchant(), &order(number), 1));
        assert_eq!(write(&store, move |tx| orders::accept(tx, &merchant(), &order(number), &[label("1", "E")], &[], AT)), 5);
        let found = store.read_blocking(|view| orders::get(view, &merchant(), &order(number))).expect("it can be read");
        let found = found.expect("it was accepted");
        assert_eq!((last(&found), found.reference.as_deref(), found.sequence), ([Some("A"), Some("E")], Some("R-1"), 5));
    }
}

#[test]
fn settling_forgets_what_was_replaced_and_nothing_else() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let (p, none) = (Some("p"), None);
    let found = write(&store, move |tx| {
        let (merchant, order) = (merchant(), order("1021"));
        orders::accept(tx, &merchant, &order, &[label("", "A"), label("1", "A1")], &[package(p, "1Z"), package(none, "3Z")], AT)?;
        orders::accept(tx, &merchant, &order, &[label("", "B")], &[package(p, "1Y"), package(p, "2Z"), package(none, "3Z")], AT)?;
        orders::accept(tx, &merchant, &order, &[label("", "C")], &[package(p, "2Z")], AT)?;
        orders::settle(tx, &merchant, &order, 2, Some("R-2"), AT + 5)?;
        orders::settle(tx, &merchant, &order, 3, None, AT + 6)?;
        orders::get(tx, &merchant, &order)
    });
    let found = found.expect("it was accepted");
    assert_eq!((last(&found), found.reference.as_deref()), ([Some("C"), Some("A1")], Some("R-2")));
    assert_eq!(found.labels.len(), 2);
    // 3Z without an id and 2Z were each replaced by their like; 1Z and 1Y differ.
    assert_eq!(packages(&found), [("1Z", false), ("1Y", true), ("3Z", true), ("2Z", true)]);
}

#[test]
fn a_package_is_told_once_it_is_settled_and_a_correction_can_be_taken_back() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let look = |tx: &Tx<'_>| Ok::<_, Error>(orders::get(tx, &merchant(), &order("1021"))?.expect("it was accepted"));
    write(&store, move |tx| {
        let (merchant, order, p) = (merchant(), order("1021"), Some("p"));
        orders::accept(tx, &merchant, &order, &[], &[package(p, "1Z")], AT)?;
        assert_eq!(packages(&look(tx)?), [("1Z", false)]);
        orders::settle(tx, &merchant, &order, 1, None, AT)?;
        orders::accept(tx, &merchant, &order, &[], &[package(p, "1Y")], AT)?;
        assert_eq!(packages(&look(tx)?), [("1Z", true), ("1Y", false)]);
        orders::take_back(tx, &merchant, &order, 2)?;
        assert_eq!(packages(&look(tx)?), [("1Z", true)]);
        Ok(())
    });
}

#[test]
fn a_line_named_twice_is_refused_and_nothing_of_it_is_kept() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let twice = store.write_blocking(|tx| orders::accept(tx, &merchant(), &order("1"), &[label("1", "A"), label("1", "B")], &[], AT));
    assert!(matches!(twice, Err(Error::Sql { .. })), "{twice:?}");
    assert_eq!(store.read_blocking(|view| orders::get(view, &merchant(), &order("1"))).expect("it can be read"), None);
    write(&store, |tx| orders::baseline(tx, &merchant(), &order("1"), &[label("", "A")], &[package(None, "1Z")], AT));
    let found = store.read_blocking(|view| orders::get(view, &merchant(), &order("1"))).expect("it can be read").expect("it is known");
    assert!(found.labels[0].settled_at_unix_ms.is_some(), "the cart knows it already");
    assert_eq!(packages(&found), [("1Z", true)]);
}

#[test]
fn decisions_are_kept_up_to_their_number_and_their_size() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let decision = |nth: u64| DecisionRow { at_unix_ms: nth, json: format!("{{\"nth\":{nth}}}") };
    for count in [DECISIONS_PER_ORDER_MAX, DECISIONS_PER_ORDER_MAX + 1] {
        let number = count.to_string();
        write(&store, move |tx| (1..=count).try_for_each(|nth| decisions::add(tx, &merchant(), &order(&number), &decision(nth))));
        let kept = store.read_blocking(|view| decisions::list(view, &merchant(), &order(&count.to_string()))).expect("it can be read");
        let expected: Vec<_> = (1..=count).rev().take(DECISIONS_PER_ORDER_MAX as usize).map(decision).collect();
        assert_eq!(kept, expected);
    }
    let sized = |bytes| {
        store
            .write_blocking(move |tx| decisions::add(tx, &merchant(), &order("s"), &DecisionRow { at_unix_ms: 0, json: "x".repeat(bytes) }))
    };
    assert!(sized(DECISION_BYTES_MAX).is_ok());
    assert!(
        matches!(sized(DECISION_BYTES_MAX + 1), Err(Error::TooLarge { bytes, most: DECISION_BYTES_MAX, .. }) if bytes == DECISION_BYTES_MAX + 1)
    );
}

#[test]
fn an_attempt_has_one_receipt_of_a_bounded_size() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let delivery = DeliveryId::new();
    let receipt = |attempt: u32, json: String| ReceiptRow {
        delivery: delivery.clone(),
        attempt,
        order: order("1"),
        sequence: 1,
        at_unix_ms: AT + u64::from(attempt),
        json,
    };
    let add = |receipt: ReceiptRow| store.write_blocking(move |tx| receipts::add(tx, &merchant(), &receipt));
    for attempt in [1, 2, 3] {
        add(receipt(attempt, attempt.to_string())).expect("it is new");
    }
    assert!(matches!(add(receipt(2, "again".into())), Err(Error::Sql { .. })), "an attempt has one receipt");
    add(receipt(4, "x".repeat(RECEIPT_BYTES_MAX))).expect("it is as large as can be");
    assert!(matches!(add(receipt(5, "x".repeat(RECEIPT_BYTES_MAX + 1))), Err(Error::TooLarge { .. })));
    let kept = store.read_blocking(|view| receipts::of_delivery(view, &merchant(), &delivery)).expect("it can be read");
    assert_eq!(kept[..3], ["1", "2", "3"]);
    assert_eq!(kept.len(), 4);
    let last = store.read_blocking(|view| receipts::of_order(view, &merchant(), &order("1"), 3)).expect("it can be read");
    assert_eq!(last[1..], ["3", "2"]);
}

#[test]
fn a_cart_keeps_its_state_when_its_definition_changes_and_goes_with_all_that_is_its_own() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    let pause = PauseRow::new("credentials", Some(AT + 60_000));
    let paused = pause.clone();
    write(&store, move |tx| {
        let (merchant, seed) = (merchant(), cart("seed"));
        carts::put(tx, &merchant, &definition("first", Some(one)), AT)?;
        assert!(carts::set_enabled(tx, &merchant, &seed, false)? && carts::set_pause(tx, &merchant, &seed, Some(&paused))?);
        assert!(!carts::set_enabled(tx, &merchant, &cart("other"), false)?);
        for (plugin, at) in [(one, 1), (two, 2), (one, 3)] {
            carts::ran(tx, &merchant, &seed, plugin, at)?;
        }
        carts::put(tx, &merchant, &definition("second", Some(two)), AT + 1)
    });
    let found = store.read_blocking(|view| carts::get(view, &merchant(), &cart("seed"))).expect("it can be read").expect("it is there");
    assert_eq!((found.definition, found.enabled, found.pause), (definition("second", Some(two)), false, Some(pause)));
    assert_eq!((found.made_at_unix_ms, found.changed_at_unix_ms), (AT, AT + 1));
    let ran = store.read_blocking(|view| carts::plugins_that_ran(view, &merchant(), &cart("seed"))).expect("it can be read");
    let run = |plugin, first, last| PluginRun { plugin, first_ran_at_unix_ms: first, last_ran_at_unix_ms: last };
    assert_eq!(ran, [run(one, 1, 3), run(two, 2, 2)]);
    let left = write(&store, |tx| {
        let (merchant, seed) = (merchant(), cart("seed"));
        for scope in [Scope::System, Scope::Cart(seed.clone())] {
            let parameter = ParameterRow { scope, name: "UseGenericStatusUpdates".into(), value: "True".into(), set_at_unix_ms: AT };
            parameters::set(tx, &merchant, &parameter)?;
        }
        orders::accept(tx, &merchant, &order("1"), &[], &[], AT)?;
        assert!(carts::remove(tx, &merchant, &seed)? && !carts::remove(tx, &merchant, &seed)?);
        assert!(carts::plugins_that_ran(tx, &merchant, &seed)?.is_empty() && credentials::list(tx, &merchant)?.is_empty());
        assert!(orders::get(tx, &merchant, &order("1"))?.is_none(), "the next cart of this id was told nothing");
        parameters::list(tx, &merchant)
    });
    assert_eq!(left.into_iter().map(|parameter| parameter.scope).collect::<Vec<_>>(), [Scope::System]);
}

#[test]
fn a_cart_that_is_made_anew_knows_nothing_of_the_one_before() {
    let scratch = Scratch::new();
    let store = scratch.create();
    write(&store, |tx| {
        let (merchant, seed, one, body) = (merchant(), cart("seed"), order("1"), Digest::of(b"body"));
        let told = |tx: &Tx<'_>, text| orders::accept(tx, &merchant, &one, &[label("", text)], &[], AT);
        let key = |tx: &Tx<'_>, answer: &str| idempotency::put(tx, &merchant, "key", body, Some(&one), answer, AT);
        carts::put(tx, &merchant, &definition("first", None), AT)?;
        assert_eq!(told(tx, "Packed")?, 1);
        orders::settle(tx, &merchant, &one, 1, Some("R-1"), AT)?;
        assert_eq!(key(tx, "first")?, idempotency::KeyState::New);
        assert!(carts::remove(tx, &merchant, &seed)?);
        carts::put(tx, &merchant, &definition("second", None), AT)?;
        assert!(orders::get(tx, &merchant, &one)?.is_none());
        assert_eq!(idempotency::get(tx, &merchant, "key", body)?, idempotency::KeyState::New);
        assert_eq!(key(tx, "second")?, idempotency::KeyState::New);
        assert_eq!(idempotency::get(tx, &merchant, "key", body)?, idempotency::KeyState::Answered { answer: "second".into() });
        // Its number goes on, so that nothing of the two is mixed up.
        assert_eq!(told(tx, "Shipped")?, 2);
        let known = orders::get(tx, &merchant, &one)?.expect("it was accepted");
        assert_eq!((known.reference, known.labels.len(), known.packages.len()), (None, 1, 0));
        // Another cart's orders are its own.
        assert_eq!(orders::forget(tx, &merchant, &one)?, 2);
        Ok(())
    });
}

#[test]
fn a_definition_is_kept_up_to_its_size() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let put = |bytes| store.write_blocking(move |tx| carts::put(tx, &merchant(), &definition(&"x".repeat(bytes), None), AT));
    assert!(put(DEFINITION_BYTES_MAX).is_ok());
    assert!(matches!(put(DEFINITION_BYTES_MAX + 1), Err(Error::TooLarge { .. })));
}

#[test]
fn a_plugin_keeps_its_first_times() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let digest = Digest::of(b"one");
    let plugin = |at, manifest: &str| plugins::PluginRow {
        digest,
        name: "seti".into(),
        version: "1".into(),
        manifest: manifest.into(),
        admitted_at_unix_ms: at,
        first_ran_at_unix_ms: None,
    };
    let (first, second) = (plugin(AT, "{}"), plugin(AT + 1, "{\"a\":1}"));
    let found = write(&store, move |tx| {
        plugins::put(tx, &merchant(), &first)?;
        plugins::ran(tx, &merchant(), digest, AT + 2)?;
        plugins::put(tx, &merchant(), &second)?;
        plugins::ran(tx, &merchant(), digest, AT + 3)?;
        plugins::get(tx, &merchant(), digest)
    });
    assert_eq!(found, Some(plugins::PluginRow { first_ran_at_unix_ms: Some(AT + 2), ..plugin(AT, "{\"a\":1}") }));
}
