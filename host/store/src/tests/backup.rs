//! Copies made while the store is in use, and stores made from copies.

use super::{AT, Scratch, cart, merchant};
use crate::backup::{CartGap, CopyProgress, Gap, RESTORED, SoundCopy};
use crate::carts::{self, DefinitionRow, PauseRow};
use crate::orders::{self, LabelRow, OrderRef};
use crate::{Error, Store, Tx, View, audit, events, merchants};
use cartage_model::id::{CartId, MerchantId, SenderOrderNumber};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

fn restore(from: &Path, to: &Path, at_unix_ms: u64) -> Result<Gap, Error> {
    SoundCopy::open(from)?.restore(to, at_unix_ms)
}

fn order(cart: &CartId, number: u64) -> OrderRef {
    OrderRef { cart: cart.clone(), number: SenderOrderNumber::new(format!("{number:06}")) }
}

/// Accepts an update of an order and adds a line to the audit that names the order: both or neither, so that a torn copy is detected.
fn accept(tx: &Tx<'_>, cart: &CartId, number: u64) -> Result<u64, Error> {
    let label = LabelRow { line: String::new(), text: "Shipped".into() };
    let line =
        audit::Line { at_unix_ms: AT + number, who: "test".into(), what: "accept".into(), subject: number.to_string(), detail: None };
    audit::add(tx, &merchant(), &line)?;
    orders::accept(tx, &merchant(), &order(cart, number), &[label], &[], AT + number)
}

/// The number of audit lines, and whether exactly the orders that they name exist.
fn consistent(view: &View<'_>, cart: &CartId) -> Result<(u64, bool), Error> {
    let lines = audit::last(view, &merchant(), u32::MAX)?;
    let mut whole = true;
    for number in 0..lines.len() as u64 + 1 {
        whole &= orders::get(view, &merchant(), &order(cart, number))?.is_some() == (number < lines.len() as u64);
    }
    Ok((lines.len() as u64, whole))
}

fn define(store: &Store, name: &'static str) -> CartId {
    let definition = DefinitionRow { cart: cart(name), text: "cart".into(), plugin: None, mode: "live".into() };
    store.write_blocking(move |tx| carts::put(tx, &merchant(), &definition, AT)).expect("a new cart");
    cart(name)
}

#[test]
fn a_copy_made_under_load_restores_to_one_moment() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let seed = define(&store, "seed");
    // Enough pages for the copy to take many steps, between which there are writes.
    let wide = (0..6000_u32).map(|n| format!("{n:05} {}", "x".repeat(4000)));
    store
        .write_blocking(move |tx| wide.into_iter().try_for_each(|label| events::add_label(tx, &merchant(), &label, AT).map(drop)))
        .expect("there is room");
    let done = AtomicBool::new(false);
    let (backup, mut steps) = (scratch.path("backup.sqlite"), Vec::new());
    let (before, after) = std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            let mut number = 0;
            while !done.load(Ordering::SeqCst) {
                let seed = seed.clone();
                store.write_blocking(move |tx| accept(tx, &seed, number)).expect("it can be written");
                number += 1;
            }
            number
        });
        while store.writes_and_commits().0 < 10 {
            std::thread::yield_now();
        }
        let before = store.read_blocking(|view| consistent(view, &seed)).expect("it can be read").0;
        store
            .backup(&backup, AT + 7, |progress| {
                steps.push(progress);
                // Each step of the copy waits for another write.
                let writes = store.writes_and_commits().0;
                while store.writes_and_commits().0 == writes {
                    std::thread::yield_now();
                }
            })
            .expect("it can be copied");
        done.store(true, Ordering::SeqCst);
        (before, writer.join().expect("the writer does not panic"))
    });
    assert!(steps.len() > 1 && steps.windows(2).all(|pair| pair[0].done < pair[1].done && pair[0].total == pair[1].total), "{steps:?}");
    assert!(matches!(steps.last(), Some(CopyProgress { done, total }) if done == total));
    let restored = scratch.path("restored.sqlite");
    let gap = restore(&backup, &restored, AT + 8).expect("a sound copy");
    let store = Store::open(&restored, AT).expect("a store");
    let (lines, whole) = store.read_blocking(|view| consistent(view, &seed)).expect("it can be read");
    assert!(whole, "an order and its line are both there or neither");
    assert!((before..after).contains(&lines), "{before} {lines} {after}");
    assert_eq!((gap.backed_up_at_unix_ms, gap.doubtful_orders), (Some(AT + 7), lines));
    assert_eq!(store.read_blocking(|view| events::labels(view, &merchant())).expect("it can be read").len(), 6000);
    let names: Vec<_> =
        std::fs::read_dir(scratch.folder.path()).expect("it is there").map(|entry| entry.expect("it can be read").file_name()).collect();
    assert!(
        !names
            .iter()
            .any(|name| name.to_string_lossy().starts_with("backup.sqlite.") || name.to_string_lossy().starts_with("backup.sqlite-")),
        "{names:?}"
    );
}

#[test]
fn a_restored_store_is_paused_in_doubt_and_tells_the_gap() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let other = MerchantId::new("other").expect("a valid name");
    let (seed, idle) = (define(&store, "seed"), define(&store, "idle"));
    let (whose, seed_there) = (other.clone(), seed.clone());
    store
        .write_blocking(move |tx| {
            let pause = PauseRow::new("credentials", Some(AT));
            carts::set_pause(tx, &merchant(), &idle, Some(&pause))?;
            accept(tx, &seed_there, 1)?;
            accept(tx, &seed_there, 2)?;
            accept(tx, &seed_there, 2)?;
            orders::settle(tx, &merchant(), &order(&seed_there, 1), 1, None, AT)?;
            merchants::put(tx, &whose, AT)?;
            orders::baseline(tx, &whose, &order(&seed_there, 9), &[], &[], AT + 9)
        })
        .expect("it can be written");
    let backup = scratch.path("backup.sqlite");
    store.backup(&backup, AT + 50, |_| {}).expect("it can be copied");
    let restored = scratch.path("restored.sqlite");
    let gap = restore(&backup, &restored, AT + 60).expect("a sound copy");
    assert_eq!((gap.backed_up_at_unix_ms, gap.doubtful_orders), (Some(AT + 50), 1));
    let cart_gap = |merchant, orders, number, last_sequence, at| CartGap {
        merchant,
        cart: seed.clone(),
        orders,
        last_order: order(&seed, number).number.into(),
        last_sequence,
        last_accepted_at_unix_ms: at,
    };
    assert_eq!(gap.carts, [cart_gap(merchant(), 2, 2, 2, AT + 2), cart_gap(other, 1, 9, 1, AT + 9)]);
    let store = Store::open(&restored, AT).expect("a store");
    let carts = store.read_blocking(|view| carts::list(view, &merchant())).expect("it can be read");
    assert!(carts.iter().all(|cart| cart.pause == Some(PauseRow::new(RESTORED, None))), "{carts:?}");
    let doubtful = |number| {
        let found = store.read_blocking(|view| orders::get(view, &merchant(), &order(&seed, number))).expect("it can be read");
        found.expect("it was accepted").doubtful
    };
    assert_eq!((doubtful(1), doubtful(2)), (false, true));
    let order_two = order(&seed, 2);
    store.write_blocking(move |tx| orders::settle(tx, &merchant(), &order_two, 2, None, AT)).expect("it can be written");
    assert!(!doubtful(2), "a success ends the doubt");
}

#[test]
fn what_is_no_sound_copy_is_refused_and_nothing_is_made() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let restored = scratch.path("restored.sqlite");
    let backup = scratch.path("backup.sqlite");
    let refused = |why: &str| {
        let error = restore(&backup, &restored, AT).expect_err(why);
        assert!(!restored.exists(), "{why}");
        error
    };
    assert!(matches!(refused("no file"), Error::Missing { .. }));
    std::fs::write(&backup, "no database".repeat(100)).expect("it is ours");
    assert!(matches!(refused("a text"), Error::NotOurs { .. }));
    assert!(matches!(store.backup(&backup, AT, |_| {}), Err(Error::Exists { .. })), "a file that is there is not overwritten");
    std::fs::remove_file(&backup).expect("it is ours");
    let labels = (0..500).map(|n| format!("{n} {}", "x".repeat(500)));
    store
        .write_blocking(move |tx| labels.into_iter().try_for_each(|label| events::add_label(tx, &merchant(), &label, AT).map(drop)))
        .expect("there is room");
    store.backup(&backup, AT, |_| {}).expect("it can be copied");
    let sound = std::fs::read(&backup).expect("it was made");
    // The middle of it overwritten, and cut off.
    let mut damaged = sound.clone();
    let middle = sound.len() / 2 / 4096 * 4096;
    damaged[middle..middle + 4096].fill(0xA5);
    for (bytes, why) in [(&damaged[..], "overwritten"), (&sound[..middle], "cut off")] {
        std::fs::write(&backup, bytes).expect("it is ours");
        let error = refused(why);
        assert!(matches!(error, Error::Damaged { .. }), "{why}: {error:?}");
    }
    std::fs::write(&backup, &sound).expect("it is ours");
    restore(&backup, &restored, AT).expect("it is sound");
    assert!(matches!(restore(&backup, &restored, AT), Err(Error::Exists { .. })), "a store that is there is not overwritten");
    assert_eq!(Store::open(&restored, AT).map(|store| store.migrated().cloned()).expect("a store"), None);
}
