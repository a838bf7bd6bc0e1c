//! Which files can be opened, and how an older schema becomes a newer one.

use super::{AT, Scratch, cart, merchant};
use crate::migrate::{Migrated, migrate};
use crate::orders::OrderRef;
use crate::schema::{KNOWN, STEPS, Step};
use crate::{Error, Store, Tx, View, carts, connect, events, idempotency, merchants};
use cartage_model::id::SenderOrderNumber;
use rusqlite::Connection;
use std::path::Path;

const TWO_STEPS: &[Step] = &[
    Step { name: "first", sql: "CREATE TABLE words (word TEXT PRIMARY KEY) STRICT; INSERT INTO words VALUES ('cart');" },
    Step { name: "longer words", sql: "UPDATE words SET word = word || 'age';" },
];
const SECOND_FAILS: &[Step] =
    &[Step { name: "first", sql: TWO_STEPS[0].sql }, Step { name: "impossible", sql: "DELETE FROM words; INSERT INTO absent VALUES (1);" }];
const SECOND_ORPHANS: &[Step] = &[
    Step {
        name: "first",
        sql: "CREATE TABLE a (n INTEGER PRIMARY KEY); CREATE TABLE b (n REFERENCES a); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);",
    },
    Step { name: "orphans", sql: "DELETE FROM a;" },
];

/// A file at version 1 of these steps.
fn at_first(scratch: &Scratch, steps: &'static [Step]) -> Connection {
    let connection = connect::new_file(&scratch.file()).expect("a new file");
    assert_eq!(migrate(&connection, &scratch.file(), &steps[..1]).expect("an empty file takes the first step"), None);
    connection
}

fn word(connection: &Connection) -> String {
    connection.query_row("SELECT word FROM words", (), |row| row.get(0)).expect("the first step made it")
}

fn raw(file: &Path) -> Connection {
    Connection::open(file).expect("it can be opened")
}

#[test]
fn every_earlier_schema_becomes_this_one() {
    for version in 0..KNOWN {
        let scratch = Scratch::new();
        let connection = connect::new_file(&scratch.file()).expect("a new file");
        migrate(&connection, &scratch.file(), &STEPS[..version as usize]).expect("each step runs after those before it");
        drop(connection);
        let store = scratch.open();
        assert_eq!(store.migrated().map(|migrated| migrated.from), (version > 0).then_some(version));
        store.read_blocking(|view: &View<'_>| carts::list(view, &merchant())).expect("every table is there");
        assert_eq!(store.read_blocking(|view: &View<'_>| merchants::list(view)).expect("it can be read"), [merchant()]);
    }
}

#[test]
fn an_answer_that_was_kept_before_is_found_by_its_order() {
    let scratch = Scratch::new();
    let connection = connect::new_file(&scratch.file()).expect("a new file");
    migrate(&connection, &scratch.file(), &STEPS[..9]).expect("each step runs after those before it");
    connection.execute("INSERT INTO merchants (merchant, made_at) VALUES ('default', 1)", ()).expect("there is room");
    let answer =
        |order: &str, label: &str| format!("{{\"decision\":{{\"cart\":\"seed\",\"order_number\":\"{order}\",\"label\":\"{label}\"}}}}");
    for (key, answer) in
        [("of-10", answer("10", "11")), ("of-11", answer("11", "10")), ("batch", "{}".to_owned()), ("odd", "not JSON".to_owned())]
    {
        let sql = "INSERT INTO idempotency_keys (merchant, key, body_digest, answer, at) VALUES ('default', ?1, '', ?2, 1)";
        connection.execute(sql, (key, answer)).expect("there is room");
    }
    drop(connection);
    let order = OrderRef { cart: cart("seed"), number: SenderOrderNumber::new("10") };
    let forgot = scratch.open().write_blocking(move |tx: &Tx<'_>| idempotency::forget(tx, &merchant(), &order));
    assert_eq!(forgot.expect("it can be written"), 1);
    let left = raw(&scratch.file())
        .prepare("SELECT key FROM idempotency_keys ORDER BY key")
        .and_then(|mut left| left.query_map((), |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>());
    assert_eq!(left.expect("it can be read"), ["batch", "odd", "of-11"]);
}

#[test]
fn a_step_keeps_a_copy_and_says_how_to_go_back() {
    let scratch = Scratch::new();
    let connection = at_first(&scratch, TWO_STEPS);
    let backup = scratch.path("cartage.sqlite.before-v2.1");
    let migrated = migrate(&connection, &scratch.file(), TWO_STEPS).expect("the second step runs").expect("there was something to do");
    assert_eq!(migrated, Migrated { from: 1, to: 2, file: scratch.file(), backup: backup.clone() });
    assert_eq!((word(&connection), connect::version(&connection).ok()), ("cartage".into(), Some(2)));
    assert_eq!(migrate(&connection, &scratch.file(), TWO_STEPS).expect("nothing to do"), None);
    drop(connection);
    // As the message says.
    assert!(migrated.to_string().contains(&format!("move {} to {}", backup.display(), scratch.file().display())), "{migrated}");
    std::fs::rename(&backup, scratch.file()).expect("it is ours");
    let connection = raw(&scratch.file());
    assert_eq!((word(&connection), connect::version(&connection).ok()), ("cart".into(), Some(1)));
}

#[test]
fn a_step_that_fails_leaves_the_version_before_whole() {
    for (steps, named) in [(SECOND_FAILS, "impossible"), (SECOND_ORPHANS, "orphans")] {
        let scratch = Scratch::new();
        let connection = at_first(&scratch, steps);
        for attempt in 1..=2 {
            let error = migrate(&connection, &scratch.file(), steps).expect_err("the second step cannot run");
            let Error::Migration { version: 2, name, found: 1, backup: Some(backup), .. } = error else { panic!("{error}") };
            assert_eq!((name, backup), (named, scratch.path(&format!("cartage.sqlite.before-v2.{attempt}"))));
            assert_eq!(connect::version(&connection).ok(), Some(1));
        }
        let rows: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0)).expect("it can be read");
        assert!(rows > 0);
        let left: u32 = connection
            .query_row(if named == "orphans" { "SELECT count(*) FROM a" } else { "SELECT count(*) FROM words" }, (), |row| row.get(0))
            .expect("the first step made it");
        assert_eq!(left, 1, "what the step deleted is there again");
    }
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    drop(scratch.create());
    raw(&scratch.file()).pragma_update(None, "user_version", KNOWN + 1).expect("it is ours");
    let before = std::fs::read(scratch.file()).expect("it is there");
    let error = Store::open(&scratch.file(), AT).expect_err("the version is one too high");
    assert!(matches!(error, Error::Newer { found, known: KNOWN, .. } if found == KNOWN + 1), "{error}");
    assert_eq!(std::fs::read(scratch.file()).expect("it is there"), before);
    raw(&scratch.file()).pragma_update(None, "user_version", KNOWN).expect("it is ours");
    scratch.open();
}

#[test]
fn what_is_no_store_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    let open = || Store::open(&scratch.file(), AT).map(drop);
    assert!(matches!(open(), Err(Error::Missing { .. })), "no file");
    std::fs::write(scratch.file(), "this is a text and no database, and it is longer than the header of one would be".repeat(20))
        .expect("it is ours");
    assert!(matches!(open(), Err(Error::NotOurs { .. })), "a text");
    std::fs::remove_file(scratch.file()).expect("it is ours");
    raw(&scratch.file()).execute_batch("CREATE TABLE theirs (n)").expect("it is ours");
    let before = std::fs::read(scratch.file()).expect("it is there");
    assert!(matches!(open(), Err(Error::NotOurs { .. })), "another program's database");
    assert!(matches!(Store::create(&scratch.file(), AT), Err(Error::Exists { .. })), "a file that is there is not made anew");
    assert_eq!(std::fs::read(scratch.file()).expect("it is there"), before);
}

#[test]
fn a_file_that_somebody_else_writes_is_refused() {
    let scratch = Scratch::new();
    drop(scratch.create());
    let other = raw(&scratch.file());
    other.execute_batch("BEGIN IMMEDIATE").expect("nobody else has it open");
    let error = Store::open(&scratch.file(), AT).expect_err("another program writes to it");
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    other.execute_batch("ROLLBACK").expect("it was begun");
    scratch.open();
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = Scratch::new();
    drop(scratch.create());
    let set = |mode| std::fs::set_permissions(scratch.file(), std::fs::Permissions::from_mode(mode)).expect("it is ours");
    set(0o400);
    let error = Store::open(&scratch.file(), AT).expect_err("nobody may write it");
    assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
    set(0o600);
    scratch.open();
}

#[test]
fn a_file_in_use_by_a_store_can_be_read_beside_it() {
    let scratch = Scratch::new();
    let store = scratch.create();
    store.write_blocking(|tx| events::add_label(tx, &merchant(), "Shipped", AT)).expect("a new label");
    let label: String =
        raw(&scratch.file()).query_row("SELECT label FROM status_labels", (), |row| row.get(0)).expect("a reader is welcome");
    assert_eq!(label, "Shipped");
}
