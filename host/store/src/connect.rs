//! Opening the store's file: the checks before anything is written to it, and the settings of each connection.

use super::{Error, schema};
use cartage_base::fault::Fault;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// The application id in the file's header: the bytes `Cart`.
const APPLICATION_ID: i32 = 0x4361_7274;
/// The first SQLite release that never loses a committed write when two connections checkpoint and commit at once.
const LIBRARY_MIN: i32 = 3_051_003;
/// How long a connection waits for another program's lock.
const BUSY_WAIT: Duration = Duration::from_secs(2);
/// The number of pages in the log after which a commit moves them into the database.
const LOG_PAGES_MAX: u32 = 4_000;
/// The size to which the log's file is cut back after a long read let it grow: 64 MiB.
const LOG_BYTES_KEPT: u32 = 64 << 20;
/// The writer's page cache: the inner pages of every table and index of a long queue fit into it.
const WRITER_CACHE_KIB: i32 = 16 << 10;

pub(super) fn assert_library() -> Result<(), Error> {
    if new_enough(rusqlite::version_number()) { Ok(()) } else { Err(Error::OldLibrary { found: rusqlite::version() }) }
}

fn new_enough(version: i32) -> bool {
    version >= LIBRARY_MIN
}

/// The writer's connection to an existing file. Opening changes nothing in the file.
pub(super) fn read_write(file: &Path) -> Result<Connection, Error> {
    assert_library()?;
    let metadata = std::fs::metadata(file).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::Missing { file: file.to_owned() },
        _ => Error::File { what: "look at", file: file.to_owned(), source },
    })?;
    // Asked for by its mode as well, since an administrator may write what the mode forbids.
    if metadata.permissions().readonly() {
        return Err(read_only_file(file));
    }
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).map_err(|source| failed(&connection, file, source))?;
    assert_ours(&connection, file)?;
    if connection.is_readonly(rusqlite::MAIN_DB).map_err(|source| failed(&connection, file, source))? {
        return Err(read_only_file(file));
    }
    assert_alone(&connection).map_err(|source| failed(&connection, file, source))?;
    Ok(connection)
}

fn read_only_file(file: &Path) -> Error {
    Error::ReadOnly { what: format!("open {}", file.display()).into() }
}

/// A read-only connection to an existing file.
pub(super) fn read_only(file: &Path) -> Result<Connection, Error> {
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "query_only", true).map_err(|source| failed(&connection, file, source))?;
    Ok(connection)
}

/// A connection to a new file; fails if the file exists.
pub(super) fn new_file(file: &Path) -> Result<Connection, Error> {
    assert_library()?;
    // SQLite itself would take an existing file; its own files beside it get the same mode.
    let made = options_for_new().open(file);
    made.map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => Error::Exists { file: file.to_owned() },
        _ => Error::File { what: "make", file: file.to_owned(), source },
    })?;
    open(file, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

fn options_for_new() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn open(file: &Path, access: OpenFlags) -> Result<Connection, Error> {
    // A path is a path: no URI is read from it.
    let connection =
        Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(|source| unopened(file, source))?;
    set(&connection).map_err(|source| failed(&connection, file, source))?;
    Ok(connection)
}

fn set(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_WAIT)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // What was deleted is overwritten, a sealed credential or a forgotten order among it, also in pages that are free then.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    // What a write that fails must undo is kept in memory, never in a file of its own.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// Finds out why a file could not be opened. SQLite says only that it could not, so the file is opened once more without SQLite.
fn unopened(file: &Path, source: rusqlite::Error) -> Error {
    let what = format!("open {}", file.display()).into();
    match std::fs::File::open(file).map_err(|error| Fault::of(&error)) {
        Err(Fault::NotThere) => Error::Gone { what },
        Err(Fault::Exhausted) => Error::Exhausted { what },
        Err(Fault::NoRoom | Fault::ReadOnly | Fault::Other | Fault::Content) | Ok(_) => Error::of(what, source),
    }
}

/// Moves the whole log into the database and truncates the log's file. `false` if a reader prevented it.
pub(super) fn empty_log(file: &Path) -> Result<bool, Error> {
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get::<_, bool>(0));
    busy.map(|busy| !busy).map_err(|source| Error::on(&connection, "move the store's log into the database", source))
}

/// Classifies an error on a file that is not yet known to be a store.
fn failed(connection: &Connection, file: &Path, source: rusqlite::Error) -> Error {
    match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => Error::NotOurs { file: file.to_owned() },
        _ => Error::on(connection, format!("open {}", file.display()), source),
    }
}

/// Accepts a store, or a file that is still empty, and refuses any other file and any schema of a later release.
pub(super) fn assert_ours(connection: &Connection, file: &Path) -> Result<(), Error> {
    let failed = |source| failed(connection, file, source);
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(failed)?;
    let found = version(connection).map_err(failed)?;
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0)).map_err(failed)?;
    if id != APPLICATION_ID && (id, found, tables) != (0, 0, 0) {
        return Err(Error::NotOurs { file: file.to_owned() });
    }
    let known = schema::KNOWN;
    if found > known { Err(Error::Newer { file: file.to_owned(), found, known }) } else { Ok(()) }
}

/// The schema version in a file's header.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Marks a file as a store of this version, within the transaction that creates or migrates it.
pub(super) fn set_version(connection: &Connection, version: u32) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", version)
}

/// Fails while another program holds the write lock.
fn assert_alone(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")
}

/// Turns on the write-ahead log, which lets readers read while the writer writes.
pub(super) fn write_ahead(connection: &Connection, file: &Path) -> Result<(), Error> {
    let failed = |source| failed(connection, file, source);
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        return Err(Error::NoWriteAheadLog { file: file.to_owned(), mode });
    }
    let set = |name, value: u32| connection.pragma_update_and_check(None, name, value, |_| Ok(())).map_err(failed);
    set("wal_autocheckpoint", LOG_PAGES_MAX)?;
    set("journal_size_limit", LOG_BYTES_KEPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_new_enough_and_the_one_before_is_not() {
        assert!(assert_library().is_ok());
        assert!(new_enough(3_051_003) && !new_enough(3_051_002));
    }
}
