//! Writes are read back, whole or not at all.

use super::{AT, Scratch, merchant};
use crate::audit::{self, Line};
use crate::writer::Batch;
use crate::{Error, Store, View, WriteStop, events};
use std::sync::mpsc;
use std::time::Duration;

/// Every label of the merchant.
fn labels(store: &Store) -> Vec<String> {
    store.read_blocking(|view: &View<'_>| events::labels(view, &merchant())).expect("the store can be read")
}

fn add(store: &Store, label: &'static str) -> Result<bool, Error> {
    store.write_blocking(move |tx| events::add_label(tx, &merchant(), label, AT))
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    let scratch = Scratch::new();
    let store = scratch.create();
    assert_eq!(add(&store, "Shipped").ok(), Some(true));
    assert_eq!(add(&store, "Shipped").ok(), Some(false));
    assert_eq!(labels(&store), ["Shipped"]);
    drop(store);
    let store = scratch.open();
    assert_eq!(labels(&store), ["Shipped"]);
    assert!(store.migrated().is_none(), "nothing was changed about a store of this release");
    drop(store);
    assert!(!scratch.path("cartage.sqlite-wal").exists(), "closing moved the log into the database");
}

#[test]
fn a_write_that_fails_leaves_nothing_behind_and_spoils_no_other() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let (go, wait) = mpsc::channel::<()>();
    // Holds the writer until all of them wait for it, so that they share its next transaction.
    let holder = held(&store, wait);
    let writes: Vec<_> = (0..20)
        .map(|n| {
            let store = store.clone();
            std::thread::spawn(move || {
                store.write_blocking(move |tx| {
                    events::add_label(tx, &merchant(), &format!("label {n:02}"), AT)?;
                    if n % 2 == 0 { Err(Error::Stopped { reason: WriteStop::Closed }) } else { Ok(n) }
                })
            })
        })
        .collect();
    wait_for_queue(&store, 20);
    go.send(()).expect("the holder waits for it");
    holder.join().expect("the holder does not panic").expect("an empty write");
    let kept: Vec<String> =
        writes.into_iter().filter_map(|write| write.join().expect("no write panics").ok()).map(|n| format!("label {n:02}")).collect();
    assert_eq!(kept.len(), 10);
    assert_eq!(labels(&store), kept);
}

#[test]
fn a_write_that_panics_leaves_nothing_behind_and_the_writer_lives() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.write_blocking(|tx| -> Result<(), Error> {
            events::add_label(tx, &merchant(), "half", AT)?;
            panic!("as the test wants it")
        })
    }));
    assert!(panicked.is_err(), "the panic goes on where the write came from");
    assert_eq!(add(&store, "whole").ok(), Some(true));
    assert_eq!(labels(&store), ["whole"]);
}

#[test]
fn writes_share_a_transaction_up_to_its_number() {
    let scratch = Scratch::new();
    // Long enough that only the number ends a transaction; the last one waits for so long for more.
    let batch = Batch { jobs_max: 8, open_max: Duration::from_secs(1) };
    let store = Store::create_with(&scratch.file(), batch).expect("a new file");
    assert_eq!(commits_for(&store, 8, Duration::ZERO), 1);
    assert_eq!(commits_for(&store, 9, Duration::ZERO), 2);
}

#[test]
fn a_transaction_takes_no_more_writes_once_its_time_is_over() {
    let scratch = Scratch::new();
    let batch = Batch { jobs_max: 8, open_max: Duration::from_millis(50) };
    let store = Store::create_with(&scratch.file(), batch).expect("a new file");
    assert_eq!(commits_for(&store, 2, Duration::from_millis(51)), 2);
}

/// The number of transactions for this many concurrent writes, of which the first holds the writer for the given time.
fn commits_for(store: &Store, writes: usize, hold: Duration) -> u64 {
    let (writes_before, commits_before) = store.writes_and_commits();
    let (go, wait) = mpsc::channel::<()>();
    let holder = held(store, wait);
    let others: Vec<_> = (1..writes)
        .map(|_| {
            let store = store.clone();
            std::thread::spawn(move || store.write_blocking(|_| Ok::<_, Error>(())))
        })
        .collect();
    wait_for_queue(store, writes - 1);
    std::thread::sleep(hold);
    go.send(()).expect("the holder waits for it");
    for write in others.into_iter().chain([holder]) {
        write.join().expect("no write panics").expect("an empty write");
    }
    let (writes_after, commits_after) = store.writes_and_commits();
    assert_eq!(writes_after - writes_before, writes as u64);
    commits_after - commits_before
}

#[test]
fn a_snapshot_does_not_move_while_it_is_read() {
    let scratch = Scratch::new();
    let store = scratch.create();
    store
        .read_blocking(|view| {
            let before = events::labels(view, &merchant())?;
            add(&store, "later")?;
            assert_eq!(events::labels(view, &merchant())?, before);
            Ok::<_, Error>(())
        })
        .expect("the store can be read and written at once");
    assert_eq!(labels(&store), ["later"]);
}

#[test]
fn a_view_cannot_write() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let line = Line { at_unix_ms: AT, who: "test".into(), what: "try".into(), subject: "audit".into(), detail: None };
    let error = store.read_blocking(|view| {
        // A transaction over a reader's connection, as only the store itself could make one.
        view.as_tx(|tx| audit::add(tx, &merchant(), &line))
    });
    assert!(matches!(error, Err(Error::ReadOnly { .. })), "{error:?}");
}

/// A write that stays in the writer until the test releases it.
fn held(store: &Store, wait: mpsc::Receiver<()>) -> std::thread::JoinHandle<Result<(), Error>> {
    let (begun, has_begun) = mpsc::channel();
    let store = store.clone();
    let holder = std::thread::spawn(move || {
        store.write_blocking(move |_| {
            begun.send(()).expect("the test waits for it");
            wait.recv().expect("the test lets go");
            Ok(())
        })
    });
    has_begun.recv().expect("the writer takes it");
    holder
}

fn wait_for_queue(store: &Store, jobs: usize) {
    while store.waiting() < jobs {
        std::thread::yield_now();
    }
}
