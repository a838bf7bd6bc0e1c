//! The tables that came with the outbox: keys, tokens, alerts, cassettes, and orders whose updates are merged.

use super::{AT, Scratch, cart, merchant};
use crate::alerts::{self, Alert, Said};
use crate::carts::{self, DefinitionRow, PauseRow};
use crate::cassettes::{self, CASSETTE_BYTES_MAX, CassetteRow, Personal, Tape};
use crate::idempotency::{self, ANSWER_BYTES_MAX, KEY_BYTES_MAX, KeyState};
use crate::orders::{self, LabelRow, OrderRef, PackageRow};
use crate::retention::{self, RecordKind};
use crate::tokens::{self, TokenRow};
use crate::{Error, Store, Tx};
use cartage_model::alerts::Subject;
use cartage_model::id::{DeliveryId, Digest, SenderOrderNumber};
use cartage_model::remedy::Remedy;

fn write<T: Send + 'static>(store: &Store, job: impl FnOnce(&Tx<'_>) -> Result<T, Error> + Send + 'static) -> T {
    store.write_blocking(job).expect("it can be written")
}

#[test]
fn a_key_gives_its_answer_again_and_refuses_another_body() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let (body, other) = (Digest::of(b"body"), Digest::of(b"other"));
    write(&store, move |tx| {
        let (merchant, known) = (merchant(), |answer: &str| KeyState::Answered { answer: answer.into() });
        assert_eq!(idempotency::get(tx, &merchant, "k", body)?, KeyState::New);
        assert_eq!(idempotency::put(tx, &merchant, "k", body, None, "first", AT)?, KeyState::New);
        assert_eq!(idempotency::get(tx, &merchant, "k", body)?, known("first"));
        assert_eq!(idempotency::get(tx, &merchant, "k", other)?, KeyState::OtherBody);
        assert_eq!(idempotency::put(tx, &merchant, "k", body, None, "second", AT)?, known("first"));
        assert_eq!(idempotency::put(tx, &merchant, "k", other, None, "third", AT)?, KeyState::OtherBody);
        assert_eq!(idempotency::get(tx, &merchant, "k", body)?, known("first"), "what was answered stays");
        // By age, the oldest first, never more than asked.
        for (nth, key) in ["a", "b", "c"].into_iter().enumerate() {
            idempotency::put(tx, &merchant, key, body, None, key, AT + 1 + nth as u64)?;
        }
        assert_eq!(retention::delete(tx, &merchant, RecordKind::IdempotencyKeys, &(0..AT), 9)?, 0, "none came before the first");
        assert_eq!(retention::delete(tx, &merchant, RecordKind::IdempotencyKeys, &(0..AT + 3), 2)?, 2);
        let left = ["k", "a", "b", "c"].map(|key| idempotency::get(tx, &merchant, key, body).expect("it can be read") != KeyState::New);
        assert_eq!(left, [false, false, true, true]);
        assert_eq!(retention::delete(tx, &merchant, RecordKind::IdempotencyKeys, &(0..AT + 3), 2)?, 1);
        Ok(())
    });
    let put = |key: usize, answer: usize| {
        store.write_blocking(move |tx| idempotency::put(tx, &merchant(), &"x".repeat(key), body, None, &"y".repeat(answer), AT))
    };
    assert!(put(KEY_BYTES_MAX, ANSWER_BYTES_MAX).is_ok());
    assert!(matches!(put(KEY_BYTES_MAX + 1, 1), Err(Error::TooLarge { .. })));
    assert!(matches!(put(1, ANSWER_BYTES_MAX + 1), Err(Error::TooLarge { .. })));
}

#[test]
fn a_token_is_found_by_its_digest_until_it_is_removed() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let token = |name: &str, carts| TokenRow {
        name: name.into(),
        digest: Digest::of(name.as_bytes()),
        role: "sender".into(),
        carts,
        made_at_unix_ms: AT,
        used_at_unix_ms: None,
    };
    let (wide, narrow) = (token("wide", None), token("narrow", Some(vec![cart("seed"), cart("leaf")])));
    let again = TokenRow { digest: Digest::of(b"again"), ..wide.clone() };
    write(&store, move |tx| {
        let merchant = merchant();
        assert!(tokens::put(tx, &merchant, &wide)? && tokens::put(tx, &merchant, &narrow)?);
        assert!(!tokens::put(tx, &merchant, &again)?, "the name is taken");
        assert_eq!(tokens::find(tx, again.digest)?, None);
        assert_eq!(tokens::find(tx, narrow.digest)?, Some((merchant.clone(), narrow.clone())));
        tokens::used(tx, &merchant, "wide", AT + 9)?;
        assert_eq!(tokens::list(tx, &merchant)?, [narrow, TokenRow { used_at_unix_ms: Some(AT + 9), ..wide.clone() }]);
        assert!(tokens::remove(tx, &merchant, "wide")? && !tokens::remove(tx, &merchant, "wide")?);
        assert_eq!(tokens::find(tx, wide.digest)?, None);
        Ok(())
    });
    let stolen = TokenRow { name: "stolen".into(), ..token("narrow", None) };
    let twice = store.write_blocking(move |tx| tokens::put(tx, &merchant(), &stolen));
    assert!(matches!(twice, Err(Error::Sql { .. })), "a token has one name: {twice:?}");
}

#[test]
fn an_alert_of_an_earlier_release_has_no_remedies() {
    let scratch = Scratch::new();
    let store = scratch.create();
    // What the schema before `remedies` had, which the migration fills up.
    let sql = "INSERT INTO alerts (merchant, kind, subject, detail, raised_at) VALUES (?1, 'cart-gone', 'cart seed', 'gone; see `it`', ?2)";
    write(&store, |tx| tx.run("write an old alert", sql, (merchant(), AT)).map(drop));
    let open = store.read_blocking(|view| alerts::open(view, &merchant())).expect("it can be read");
    assert_eq!(open.iter().map(|alert| (alert.detail.as_str(), alert.remedies.len())).collect::<Vec<_>>(), [("gone; see `it`", 0)]);
}

#[test]
fn an_alert_is_raised_once_and_told_until_it_is_cleared() {
    let scratch = Scratch::new();
    let store = scratch.create();
    write(&store, |tx| {
        let merchant = merchant();
        let cart = |id: &str| Subject::of_text(&format!("cart {id}"));
        let said = |detail| Said { detail, remedies: &[Remedy::ListCarts] };
        let alert = |subject: &str, detail: &str, at, told| Alert {
            kind: "cart-paused".into(),
            subject: cart(subject),
            detail: detail.into(),
            remedies: vec![Remedy::ListCarts],
            raised_at_unix_ms: at,
            told_at_unix_ms: told,
            cleared_at_unix_ms: None,
        };
        assert!(alerts::raise(tx, &merchant, "cart-paused", &cart("seed"), said("credentials"), AT)?);
        assert!(alerts::raise(tx, &merchant, "cart-paused", &cart("leaf"), said("credentials"), AT + 1)?);
        assert!(!alerts::raise(tx, &merchant, "cart-paused", &cart("seed"), said("a secret was given back"), AT + 2)?);
        let seed = alert("seed", "a secret was given back", AT, None);
        assert_eq!(alerts::open(tx, &merchant)?, [seed.clone(), alert("leaf", "credentials", AT + 1, None)]);
        assert!(alerts::told(tx, &merchant, &seed, AT + 10)?);
        assert!(!alerts::told(tx, &merchant, &alert("nobody", "", AT, None), AT + 10)?);
        let told = Alert { told_at_unix_ms: Some(AT + 10), ..seed };
        assert_eq!(alerts::clear(tx, &merchant, "cart-paused", &cart("seed"), AT + 12)?, Some(told.clone()));
        assert_eq!(alerts::clear(tx, &merchant, "cart-paused", &cart("seed"), AT + 13)?, None);
        assert_eq!(alerts::clear(tx, &merchant, "cart-paused", &cart("leaf"), AT + 13)?.map(|alert| alert.subject), Some(cart("leaf")));
        assert_eq!(alerts::open(tx, &merchant)?, []);
        let ended = Alert { cleared_at_unix_ms: Some(AT + 12), ..told };
        assert_eq!(
            alerts::on_record(tx, &merchant)?,
            std::slice::from_ref(&ended),
            "whoever was told of it is told of its end; of the other nobody was"
        );
        assert!(!alerts::raise(tx, &merchant, "cart-paused", &cart("seed"), said("again"), AT + 14)?, "nobody was told that it had ended");
        assert!(!alerts::told(tx, &merchant, &ended, AT + 15)?, "it is back, so its end is not noted as told");
        alerts::clear(tx, &merchant, "cart-paused", &cart("seed"), AT + 16)?;
        assert!(alerts::told(tx, &merchant, &ended, AT + 17)?);
        assert_eq!(alerts::on_record(tx, &merchant)?, []);
        assert!(
            alerts::raise(tx, &merchant, "cart-paused", &cart("seed"), said("again"), AT + 20)?,
            "what was cleared is new when it comes back"
        );
        Ok(())
    });
}

#[test]
fn cassettes_of_failures_are_kept_longer() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let delivery = DeliveryId::new();
    let id = delivery.clone();
    let cassette = move |attempt: u32, failed, json: &str| CassetteRow {
        delivery: id.clone(),
        attempt,
        at_unix_ms: AT + u64::from(attempt),
        failed,
        tape: Tape::redacted(json),
    };
    let made = cassette.clone();
    write(&store, move |tx| {
        let merchant = merchant();
        for attempt in 1..=6 {
            cassettes::put(tx, &merchant, &made(attempt, attempt % 2 == 0, "{}"))?;
        }
        cassettes::put(tx, &merchant, &made(1, false, "{\"again\":1}"))?;
        assert_eq!(cassettes::get(tx, &merchant, &delivery, 1)?, Some(made(1, false, "{\"again\":1}")));
        assert_eq!(cassettes::get(tx, &merchant, &delivery, 7)?, None);
        let gone = |kind, before, most| retention::delete(tx, &merchant, kind, &(0..before), most).expect("it can be written");
        assert_eq!(
            [gone(RecordKind::Cassettes, AT + 1, 9), gone(RecordKind::FailedCassettes, AT + 2, 9)],
            [0, 0],
            "the last that are kept"
        );
        assert_eq!([gone(RecordKind::Cassettes, AT + 6, 2), gone(RecordKind::FailedCassettes, AT + 3, 2)], [2, 1]);
        assert_eq!(cassettes::attempts(tx, &merchant, &delivery)?, [4, 5, 6]);
        let raw = |attempt| {
            let tape = Tape { json: "{}".into(), personal: Personal::Raw };
            CassetteRow { tape, ..made(attempt, true, "{}") }
        };
        cassettes::put(tx, &merchant, &raw(7))?;
        cassettes::put(tx, &merchant, &raw(8))?;
        assert_eq!(cassettes::get(tx, &merchant, &delivery, 7)?, Some(raw(7)));
        assert_eq!([gone(RecordKind::RawCassettes, AT + 7, 9), gone(RecordKind::RawCassettes, AT + 8, 9)], [0, 1]);
        assert_eq!(cassettes::attempts(tx, &merchant, &delivery)?, [4, 5, 6, 8]);
        Ok(())
    });
    let sized = |bytes| {
        let cassette = cassette(9, false, &"x".repeat(bytes));
        store.write_blocking(move |tx| cassettes::put(tx, &merchant(), &cassette))
    };
    assert!(sized(CASSETTE_BYTES_MAX).is_ok());
    assert!(matches!(sized(CASSETTE_BYTES_MAX + 1), Err(Error::TooLarge { .. })));
}

#[test]
fn a_pause_is_never_shortened_by_another() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let pause = |why: &str, until_unix_ms| PauseRow::new(why, until_unix_ms);
    let (short, long, open) = (pause("short", Some(AT)), pause("long", Some(AT + 1)), pause("open", None));
    for (first, second, left) in [
        (&short, &long, &long),
        (&long, &short, &long),
        (&long, &long, &long),
        (&long, &open, &open),
        (&open, &long, &open),
        (&open, &pause("other", None), &open),
    ] {
        let (first, second, expected) = (first.clone(), second.clone(), left.clone());
        let found = write(&store, move |tx| {
            let (merchant, seed) = (merchant(), cart("seed"));
            let definition = DefinitionRow { cart: seed.clone(), text: String::new(), plugin: None, mode: "live".into() };
            carts::put(tx, &merchant, &definition, AT)?;
            carts::set_pause(tx, &merchant, &seed, None)?;
            assert!(carts::pause_longer(tx, &merchant, &seed, &first)?);
            assert_eq!(carts::pause_longer(tx, &merchant, &seed, &second)?, second == expected && first != second);
            carts::get(tx, &merchant, &seed)
        });
        assert_eq!(found.and_then(|cart| cart.pause).as_ref(), Some(left));
    }
}

#[test]
fn a_later_update_brings_what_an_earlier_one_brought() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let label = |line: &str, text: &str| LabelRow { line: line.into(), text: text.into() };
    let package = |id: Option<&str>, number: &str| PackageRow {
        id: id.map(str::to_owned),
        carrier: None,
        number: Some(number.into()),
        withdrawn: false,
        details: None,
    };
    write(&store, move |tx| {
        let (merchant, order) = (merchant(), OrderRef { cart: cart("seed"), number: SenderOrderNumber::new("1021") });
        let accept = |labels: &[LabelRow], packages: &[PackageRow]| orders::accept(tx, &merchant, &order, labels, packages, AT);
        accept(&[label("", "A"), label("1", "A1"), label("2", "A2")], &[package(Some("p"), "1"), package(None, "2"), package(None, "3")])?;
        accept(&[label("", "B"), label("1", "B1")], &[package(Some("p"), "4"), package(Some("q"), "5")])?;
        let before = orders::brought(tx, &merchant, &order, 1)?;
        orders::move_on(tx, &merchant, &order, 1, 2)?;
        assert_eq!(orders::brought(tx, &merchant, &order, 1)?, (vec![], vec![]));
        let (labels, packages) = orders::brought(tx, &merchant, &order, 2)?;
        assert_eq!(labels, [label("", "B"), label("1", "B1"), label("2", "A2")]);
        assert_eq!(packages, [package(None, "2"), package(None, "3"), package(Some("p"), "4"), package(Some("q"), "5")]);
        // Taking it back takes all of it; bringing it again gives all of it.
        orders::take_back(tx, &merchant, &order, 2)?;
        assert_eq!(orders::brought(tx, &merchant, &order, 2)?, (vec![], vec![]));
        orders::bring(tx, &merchant, &order, 1, &before.0, &before.1)?;
        assert_eq!(orders::brought(tx, &merchant, &order, 1)?, before);
        orders::settle(tx, &merchant, &order, 1, Some("R-1"), AT)?;
        orders::move_on(tx, &merchant, &order, 1, 2)?;
        assert_eq!(orders::brought(tx, &merchant, &order, 2)?, (vec![], vec![]), "what was told does not move");
        orders::set_busy(tx, &merchant, &order, (AT, AT + 1))?;
        let standing = orders::OrderState { reference: Some("R-1".into()), doubtful: false, busy: (AT, AT + 1) };
        assert_eq!(orders::standing(tx, &merchant, &order)?, standing);
        Ok(())
    });
}
