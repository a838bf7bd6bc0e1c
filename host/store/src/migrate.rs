//! Migration from one schema to the next: numbered files, each run in one transaction, after a copy of the file was made.

use super::error::failure;
use super::schema::Step;
use super::{Error, connect, copying};
use rusqlite::Connection;
use std::fmt;
use std::path::{Path, PathBuf};

/// The record of a migration, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The version that the file had.
    pub from: u32,
    /// The version that it has now.
    pub to: u32,
    /// The file that was migrated.
    pub file: PathBuf,
    /// The copy made before the first step.
    pub backup: PathBuf,
}

impl fmt::Display for Migrated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{file} was brought from schema version {} to {}. The file as it was is kept as {backup}. To go back to the release before, stop every \
             Cartage in this directory, remove {file}-wal and {file}-shm, and move {backup} to {file}; everything written from now on is then lost.",
            self.from,
            self.to,
            file = self.file.display(),
            backup = self.backup.display(),
        )
    }
}

/// Migrates a file to the last of these steps; `None` if the file was there already or is still empty.
pub(super) fn migrate(connection: &Connection, file: &Path, steps: &'static [Step]) -> Result<Option<Migrated>, Error> {
    let from = connect::version(connection).map_err(|source| Error::on(connection, format!("open {}", file.display()), source))?;
    let to = steps.len() as u32;
    if from >= to {
        return Ok(None);
    }
    let backup = if from == 0 { None } else { Some(copy_before(connection, file, from)?) };
    for (version, step) in (1..).zip(steps).skip(from as usize) {
        run(connection, version, step).map_err(|source| Error::Migration {
            file: file.to_owned(),
            version,
            name: step.name,
            found: version - 1,
            backup: backup.clone(),
            source: Box::new(source),
        })?;
        tracing::info!(version, name = step.name, "brought the store to a new schema version");
    }
    Ok(backup.map(|backup| Migrated { from, to, file: file.to_owned(), backup }))
}

fn run(connection: &Connection, version: u32, step: &Step) -> rusqlite::Result<()> {
    // A table is rebuilt by dropping it, which must not cascade; what refers to what is checked whole before the commit.
    connection.pragma_update(None, "foreign_keys", false)?;
    let stepped = in_transaction(connection, version, step);
    connection.pragma_update(None, "foreign_keys", true)?;
    stepped
}

fn in_transaction(connection: &Connection, version: u32, step: &Step) -> rusqlite::Result<()> {
    let tx = connection.unchecked_transaction()?;
    tx.execute_batch(step.sql)?;
    let broken: Option<String> = tx.prepare("PRAGMA foreign_key_check")?.query_map((), |row| row.get(0))?.next().transpose()?;
    if let Some(table) = broken {
        let message = format!("rows of table {table} refer to rows that do not exist");
        return Err(failure(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY, &message));
    }
    connect::set_version(&tx, version)?;
    tx.commit()
}

/// Copies the file beside itself. If an earlier attempt left a copy under the name, the next free name is used and the earlier copy stays.
fn copy_before(connection: &Connection, file: &Path, from: u32) -> Result<PathBuf, Error> {
    for nth in 1_u32.. {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".before-v{}.{nth}", from + 1));
        let copy = PathBuf::from(name);
        if !copy.exists() {
            copying::copy(connection, &copy, |_| {})?;
            return Ok(copy);
        }
    }
    unreachable!("the numbers do not end before the names on a disk do")
}
