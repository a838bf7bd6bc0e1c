//! Errors of the operating system under the store: passing ones fail only the calls that they hit, and the others stop the store for good.
//!
//! A library that is preloaded into the child makes the calls fail; SQLite itself is not changed.

use super::failing::{CHILD, add, child, labels};
use super::{AT, Scratch};
use crate::{Error, Reach, Store, Tx, View, WriteStop};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs the test of this name again in a child whose calls fail as the file says that [`set`] writes.
fn in_child(test: &str, prefix: &str) {
    let scratch = Scratch::new();
    drop(scratch.create());
    let shim = scratch.path("faults.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/faults.c");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([shim.as_os_str(), source.as_ref()]).status();
    assert!(made.expect("a C compiler built SQLite").success());
    let control = control(&scratch.file());
    let prefix = format!(
        "{prefix} export CARTAGE_TEST_FAULT='{}' CARTAGE_TEST_FAULT_AT=.sqlite; export LD_PRELOAD='{}';",
        control.display(),
        shim.display()
    );
    let done = child(&format!("faults::{test}"), &scratch.file(), &prefix).stderr(Stdio::piped()).output().expect("sh is there");
    assert!(done.status.success(), "{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
}

fn control(file: &Path) -> PathBuf {
    file.with_extension("fault")
}

/// Lets calls of this kind fail from now on; `None` ends all failures.
fn set(file: &Path, fault: Option<(&str, Errno)>) {
    let text = fault.map_or_else(String::new, |(call, errno)| format!("{call} {}", errno.raw_os_error()));
    std::fs::write(control(file), text).expect("the folder can be written");
}

fn here() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

fn open(file: &Path) -> Store {
    let store = Store::open(file, AT).expect("the parent made it");
    add(&store, "before".into()).expect("all is well");
    assert_eq!(labels(&store), ["before"]);
    store
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("it is one thread").block_on(future)
}

fn ping(store: &Store) -> Result<(), Error> {
    wait(store.ping_writer(Duration::from_secs(10)))
}

fn stopped(store: &Store) -> Option<WriteStop> {
    wait(async { tokio::time::timeout(Duration::from_millis(50), store.stopped()).await.ok() })
}

#[test]
fn a_full_quota_or_a_busy_machine_costs_what_it_hits_and_passes() {
    let Some(file) = here() else { return in_child("a_full_quota_or_a_busy_machine_costs_what_it_hits_and_passes", "") };
    let store = open(&file);
    let mut kept = vec!["before".to_owned()];
    for (errno, is_expected) in [
        (Errno::NOSPC, (|error| matches!(error, Error::Full { .. })) as fn(&Error) -> bool),
        (Errno::DQUOT, |error| matches!(error, Error::Full { .. })),
        (Errno::FBIG, |error| matches!(error, Error::Full { .. })),
        (Errno::ROFS, |error| matches!(error, Error::ReadOnly { .. })),
        (Errno::NOMEM, |error| matches!(error, Error::Exhausted { .. })),
    ] {
        set(&file, Some(("write", errno)));
        for _ in 0..2 {
            let error = add(&store, "lost".into()).expect_err("it cannot be written");
            assert!(is_expected(&error) && error.is_passing(), "{errno:?}: {error:?}");
        }
        assert_eq!(labels(&store), kept, "{errno:?}: reading goes on, and nothing was kept");
        ping(&store).expect("the writer lives: nothing need be written to know that");
        set(&file, None);
        let label = format!("after {errno:?}");
        add(&store, label.clone()).expect("it has passed");
        kept.push(label);
        kept.sort();
        assert_eq!(labels(&store), kept);
    }
    assert_eq!(stopped(&store), None);
    drop(store);
    assert_eq!(labels(&Store::open(&file, AT).expect("it is sound")), kept);
}

#[test]
fn a_limit_on_the_size_of_files_is_a_full_disk_until_it_is_lifted() {
    let prefix = "trap '' XFSZ; ulimit -S -f 1000;";
    let Some(file) = here() else { return in_child("a_limit_on_the_size_of_files_is_a_full_disk_until_it_is_lifted", prefix) };
    let store = open(&file);
    let large = |n: usize| format!("{n:04} {}", "x".repeat(8000));
    let (n, error) = (0..1000).find_map(|n| add(&store, large(n)).err().map(|error| (n, error))).expect("1000 blocks are soon full");
    assert!(n > 10 && matches!(error, Error::Full { .. }), "{n}: {error:?}");
    let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: maximum, maximum }).expect("the hard limit was not lowered");
    add(&store, large(n)).expect("there is room again");
    assert_eq!(labels(&store).len(), n + 2, "each that was answered with Ok, and the first");
    assert_eq!(stopped(&store), None);
}

#[test]
fn without_file_handles_a_look_fails_and_the_next_succeeds() {
    let Some(file) = here() else { return in_child("without_file_handles_a_look_fails_and_the_next_succeeds", "") };
    let store = open(&file);
    // Another look meanwhile has the connection that is kept.
    let nested = store.read_blocking(|_: &View<'_>| {
        set(&file, Some(("open", Errno::MFILE)));
        let within = store.read_blocking(|view: &View<'_>| view.one("look", "SELECT 1", (), |_| Ok(())));
        set(&file, None);
        within
    });
    let error = nested.expect_err("there is no handle for another connection");
    assert!(matches!(error, Error::Exhausted { .. }), "{error:?}");
    assert_eq!(labels(&store), ["before"]);
    assert_eq!(stopped(&store), None);
}

#[test]
fn a_disk_that_fails_a_write_stops_the_store_for_good() {
    let Some(file) = here() else { return in_child("a_disk_that_fails_a_write_stops_the_store_for_good", "") };
    stops(&file, ("write", Errno::IO), |store| add(store, "lost".into()));
}

#[test]
fn a_sync_that_fails_stops_the_store_for_good_also_for_want_of_room() {
    let Some(file) = here() else { return in_child("a_sync_that_fails_stops_the_store_for_good_also_for_want_of_room", "") };
    stops(&file, ("sync", Errno::DQUOT), |store| add(store, "lost".into()));
}

/// A read that finds a failing disk stops the writer too.
#[test]
fn a_disk_that_fails_a_look_stops_the_store_for_good() {
    let Some(file) = here() else { return in_child("a_disk_that_fails_a_look_stops_the_store_for_good", "") };
    // Within another look, so that it needs a connection of its own, which has no page in memory.
    let look = |store: &Store| store.read_blocking(|_: &View<'_>| store.read_blocking(labels_of).map(drop));
    stops(&file, ("read", Errno::IO), look);
}

fn labels_of(view: &View<'_>) -> Result<Vec<()>, Error> {
    view.all("look", "SELECT label FROM status_labels", (), |_| Ok(()))
}

fn stops(file: &Path, fault: (&str, Errno), act: impl Fn(&Store) -> Result<(), Error>) {
    let store = open(file);
    set(file, Some(fault));
    let error = act(&store).expect_err("the disk fails");
    assert_eq!(error.reach(), Reach::Process, "{error:?}");
    set(file, None);
    assert!(matches!(stopped(&store), Some(WriteStop::Disk(_))), "{:?}", stopped(&store));
    for late in [add(&store, "late".into()), ping(&store)] {
        assert!(matches!(late, Err(Error::Stopped { reason: WriteStop::Disk(_) })), "{late:?}");
    }
    drop(store);
    let kept = labels(&Store::open(file, AT).expect("it is sound"));
    assert!(!kept.contains(&"late".to_owned()) && kept.contains(&"before".to_owned()), "{kept:?}");
}

#[test]
fn a_damaged_page_stops_the_store_for_good_whoever_finds_it() {
    type Act = fn(&Store) -> Result<(), Error>;
    let acts: [Act; 2] =
        [|store| store.read_blocking(labels_of).map(drop), |store| store.write_blocking(|tx: &Tx<'_>| labels_of(tx).map(drop))];
    for act in acts {
        let scratch = Scratch::new();
        drop(scratch.create());
        damage(&scratch.file(), "status_labels");
        let store = scratch.open();
        let error = act(&store).expect_err("the page is no page");
        assert!(matches!(error, Error::Damaged { .. } | Error::Stopped { .. }), "{error:?}");
        assert!(matches!(stopped(&store), Some(WriteStop::Damaged(_))), "{:?}", stopped(&store));
        let late = add(&store, "late".into());
        assert!(matches!(late, Err(Error::Stopped { reason: WriteStop::Damaged(_) })), "{late:?}");
    }
}

/// Overwrites the first page of a table.
pub(super) fn damage(file: &Path, table: &str) {
    use std::os::unix::fs::FileExt as _;
    let connection = rusqlite::Connection::open(file).expect("it can be opened");
    let page: u64 =
        connection.query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", (table,), |row| row.get(0)).expect("the table is there");
    let size: u64 = connection.query_row("PRAGMA page_size", (), |row| row.get(0)).expect("it has a size");
    drop(connection);
    let open = std::fs::OpenOptions::new().write(true).open(file).expect("it is ours");
    open.write_all_at(&vec![0xa5; usize::try_from(size).expect("it is small")], (page - 1) * size).expect("it is ours");
}

#[test]
fn a_store_that_was_moved_away_is_not_read_from_what_lies_in_its_place() {
    let scratch = Scratch::new();
    let store = scratch.create();
    add(&store, "ours".into()).expect("all is well");
    let moved = scratch.path("moved");
    std::fs::create_dir(&moved).expect("it is ours");
    let files = |from: &Path, to: &Path| {
        for end in ["", "-wal", "-shm"] {
            let name = format!("cartage.sqlite{end}");
            std::fs::rename(from.join(&name), to.join(&name)).expect("it is there");
        }
    };
    let new_look = || store.read_blocking(|_: &View<'_>| store.read_blocking(labels_of));
    files(scratch.folder.path(), &moved);
    for _ in ["nothing in its place", "another store in its place"] {
        let error = new_look().expect_err("it is elsewhere");
        assert!(matches!(error, Error::Gone { .. }) && error.is_passing(), "{error:?}");
        let _ = Store::create(&scratch.file(), AT);
    }
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(scratch.path(&format!("cartage.sqlite{end}")));
    }
    files(&moved, scratch.folder.path());
    assert_eq!(new_look().expect("it is back").len(), 1);
    add(&store, "after".into()).expect("it is back");
    assert_eq!(stopped(&store), None);
}

#[test]
fn a_panic_of_the_writer_itself_is_told() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "dropped by the writer, as nobody waited for it");
        }
    }
    let scratch = Scratch::new();
    let store = scratch.create();
    let (begin, begun) = std::sync::mpsc::channel::<()>();
    let waiting = store.clone();
    wait(async {
        let write = waiting.write(move |_: &Tx<'_>| {
            begun.recv().expect("the test lets it go on");
            Ok::<_, Error>(Bomb)
        });
        // It is begun, and nobody waits for its answer.
        let _ = tokio::time::timeout(Duration::from_millis(50), write).await;
    });
    begin.send(()).expect("the write waits");
    assert_eq!(wait(store.stopped()), WriteStop::Panicked);
    let late = add(&store, "late".into());
    assert!(matches!(late, Err(Error::Stopped { reason: WriteStop::Panicked })), "{late:?}");
}

#[test]
fn a_ping_tells_a_writer_that_lives_from_one_that_does_not() {
    let scratch = Scratch::new();
    let store = scratch.create();
    ping(&store).expect("it lives");
    let commits = store.writes_and_commits();
    let other = rusqlite::Connection::open(scratch.file()).expect("it can be opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("the writer is idle");
    let held = ping(&store);
    assert!(matches!(held, Err(Error::Busy { .. })), "{held:?}");
    let impatient = wait(store.ping_writer(Duration::from_millis(20)));
    assert!(matches!(impatient, Err(Error::Silent { after_ms: 20 })), "{impatient:?}");
    other.execute_batch("ROLLBACK").expect("it was begun");
    ping(&store).expect("it is free again");
    assert!(commits.1 >= 1);
}
