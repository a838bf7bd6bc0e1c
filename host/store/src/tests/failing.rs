//! Disks that fill up or cannot be written, and processes that are killed: nothing is accepted that is not stored.

use super::{AT, Scratch, merchant};
use crate::{Error, Store, View, events};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The variable that tells a child process of a test where its store is.
pub(super) const CHILD: &str = "CARTAGE_TEST_CHILD_STORE";

pub(super) fn labels(store: &Store) -> Vec<String> {
    store.read_blocking(|view: &View<'_>| events::labels(view, &merchant())).expect("the store can be read")
}

pub(super) fn add(store: &Store, label: String) -> Result<(), Error> {
    store.write_blocking(move |tx| events::add_label(tx, &merchant(), &label, AT).map(drop))
}

/// Changes a setting of SQLite on the writer's connection.
fn pragma(store: &Store, sql: &'static str) {
    store.write_blocking(move |tx| tx.one("set the writer", sql, (), |_| Ok(()))).expect("it can be set");
}

#[test]
fn a_full_disk_is_said_so_costs_only_what_did_not_fit_and_recovers() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let pages = store.read_blocking(|view| view.one("count", "PRAGMA page_count", (), |row| row.get::<_, u32>(0)));
    let pages = pages.expect("it can be counted").expect("there is one count");
    let limit: &'static str = format!("PRAGMA max_page_count = {}", pages + 3).leak();
    pragma(&store, limit);
    let mut kept = Vec::new();
    let error = loop {
        let label = format!("{:04} {}", kept.len(), "x".repeat(1000));
        match add(&store, label.clone()) {
            Ok(()) => kept.push(label),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Full { .. }), "{error}");
    assert!(!kept.is_empty(), "there was a little room");
    assert_eq!(labels(&store), kept, "what was answered with Ok, and nothing else");
    let again = add(&store, format!("{:04} {}", kept.len(), "x".repeat(1000))).expect_err("there is still no room");
    assert!(matches!(again, Error::Full { .. }), "{again}");
    pragma(&store, "PRAGMA max_page_count = 100000");
    add(&store, "there is room again".into()).expect("there is room again");
    drop(store);
    kept.push("there is room again".into());
    assert_eq!(labels(&scratch.open()), kept);
}

#[test]
fn a_file_that_becomes_read_only_accepts_nothing_and_recovers() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let inside = store.write_blocking(|tx| {
        let set = |sql| tx.one("set the writer", sql, (), |_| Ok(()));
        set("PRAGMA query_only = 1")?;
        let added = events::add_label(tx, &merchant(), "Shipped", AT);
        set("PRAGMA query_only = 0")?;
        added
    });
    assert!(matches!(inside, Err(Error::ReadOnly { .. })), "{inside:?}");
    assert!(labels(&store).is_empty());
    add(&store, "Shipped".into()).expect("it can be written again");
    pragma(&store, "PRAGMA query_only = 1");
    for _ in 0..2 {
        let error = add(&store, "Packed".into()).expect_err("it cannot be written any more");
        assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
    }
    assert_eq!(labels(&store), ["Shipped"]);
}

#[test]
fn a_file_that_another_program_holds_accepts_nothing_and_recovers() {
    let scratch = Scratch::new();
    let store = scratch.create();
    let other = rusqlite::Connection::open(scratch.file()).expect("it can be opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("the writer is idle");
    let error = add(&store, "Shipped".into()).expect_err("the file is held");
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    other.execute_batch("ROLLBACK").expect("it was begun");
    add(&store, "Shipped".into()).expect("the file is free");
    assert_eq!(labels(&store), ["Shipped"]);
}

/// The command that runs the test of this name again in a process of its own, behind this shell prefix.
pub(super) fn child(test: &str, file: &Path, prefix: &str) -> Command {
    let mut command = Command::new("sh");
    let program = std::env::current_exe().expect("a running program has a file");
    command.arg("-c").arg(format!("{prefix} exec \"$0\" \"$@\"")).arg(program);
    command.args(["--exact", &format!("tests::{test}"), "--nocapture", "--test-threads=1"]);
    command.env(CHILD, file).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Prints without a buffer, because a killed process flushes nothing.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("the parent reads");
}

/// The parent kills the child at random points of its writing, again and again. The store always holds exactly what was acknowledged, and
/// at most what was being written at that moment.
#[cfg(unix)]
#[test]
fn a_killed_process_has_kept_what_it_acknowledged() {
    if let Some(file) = std::env::var_os(CHILD) {
        return write_until_killed(Path::new(&file));
    }
    let scratch = Scratch::new();
    drop(scratch.create());
    let mut acknowledged = BTreeSet::new();
    let mut unsure = BTreeSet::new();
    for round in 0..5_usize {
        let writer = child("failing::a_killed_process_has_kept_what_it_acknowledged", &scratch.file(), "").spawn().expect("sh is there");
        kill_after(writer, 20 + 13 * round, &mut acknowledged, &mut unsure);
        let kept: BTreeSet<String> = labels(&scratch.open()).into_iter().collect();
        assert!(acknowledged.is_subset(&kept), "lost: {:?}", acknowledged.difference(&kept));
        let more: Vec<_> = kept.difference(&acknowledged).filter(|label| !unsure.contains(*label)).collect();
        assert!(more.is_empty(), "nobody wrote {more:?}");
    }
}

/// Reads the output of a child until the child has acknowledged this many labels, and kills it.
#[cfg(unix)]
pub(super) fn kill_after(mut writer: Child, acks_wanted: usize, acknowledged: &mut BTreeSet<String>, unsure: &mut BTreeSet<String>) {
    let lines = BufReader::new(writer.stdout.take().expect("it is piped")).lines();
    let mut acks = 0;
    for line in lines {
        let line = line.expect("the child prints text");
        if let Some(label) = line.strip_prefix("begin ") {
            unsure.insert(label.to_owned());
        } else if let Some(label) = line.strip_prefix("kept ") {
            unsure.remove(label);
            acknowledged.insert(label.to_owned());
            acks += 1;
            if acks == acks_wanted {
                writer.kill().expect("it runs");
            }
        }
    }
    writer.wait().expect("it was started");
    assert!(acks >= acks_wanted, "the child wrote until it was killed");
}

/// Uses eight threads, so that transactions are shared. The log is often moved into the database, so that this is interrupted as well.
pub(super) fn write_until_killed(file: &Path) {
    // Ends the line that the test runner began.
    say("");
    let store = Store::open(file, AT).expect("the parent made it");
    pragma(&store, "PRAGMA wal_autocheckpoint = 20");
    let writers = (0..8).map(|thread| {
        let store = store.clone();
        std::thread::spawn(move || {
            for n in 0.. {
                let label = format!("{} {thread} {n}", std::process::id());
                say(&format!("begin {label}"));
                add(&store, label.clone()).expect("the disk is well");
                say(&format!("kept {label}"));
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.join().expect("it ends with the process");
    }
}
