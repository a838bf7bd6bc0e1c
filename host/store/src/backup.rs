//! Backups of the store: a copy that is consistent while the store is in use, and the restore from a copy.
//!
//! A copy holds the credentials sealed and never the key that opens them. Whoever has both has the secrets, so keep them apart.

pub use super::copying::CopyProgress;
use super::error::failure;

use super::copying::copy;
use super::{Error, Store, Tx, View, clock, connect, migrate, schema};
use cartage_base::clock::Reading;
use cartage_model::id::{CartId, MerchantId};
use rusqlite::Connection;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The reason of the pause that a restore sets on every cart.
pub const RESTORED: &str = "restored";

/// What a backup cannot know after a restore: what happened at the carts between the backup and now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// When the backup was made; nothing later is in it. `None` if the store does not come from a backup.
    pub backed_up_at_unix_ms: Option<u64>,
    /// The number of orders with an update that was not settled: an earlier attempt may have reached the cart.
    pub doubtful_orders: u64,
    /// Each cart that ever accepted an update.
    pub carts: Vec<CartGap>,
}

/// Where the backup's knowledge of a cart ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartGap {
    /// The merchant who owns the cart.
    pub merchant: MerchantId,
    /// The cart that is described.
    pub cart: CartId,
    /// The number of the cart's orders that are known.
    pub orders: u64,
    /// The order whose update was accepted last.
    pub last_order: String,
    /// The sequence number of that update.
    pub last_sequence: u64,
    /// When that update was accepted.
    pub last_accepted_at_unix_ms: u64,
}

impl Store {
    /// Copies the store: see [`BackupSource::copy`].
    ///
    /// # Errors
    ///
    /// As [`BackupSource::copy`].
    pub fn backup(&self, to: &Path, at_unix_ms: u64, progress: impl FnMut(CopyProgress)) -> Result<(), Error> {
        BackupSource::open(&self.inner.file)?.copy(to, at_unix_ms, progress)
    }
}

/// A store's file that is to be copied, while others read and write it.
#[derive(Debug)]
pub struct BackupSource {
    file: PathBuf,
    connection: Connection,
}

impl BackupSource {
    /// Opens a store's file for reading.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::NotOurs`], [`Error::Newer`].
    pub fn open(file: &Path) -> Result<BackupSource, Error> {
        if !file.exists() {
            return Err(Error::Missing { file: file.to_owned() });
        }
        let connection = connect::read_only(file)?;
        connect::assert_ours(&connection, file)?;
        Ok(BackupSource { file: file.to_owned(), connection })
    }

    /// The size of a copy, in bytes.
    ///
    /// # Errors
    ///
    /// [`Error`] if the read fails.
    pub fn bytes(&self) -> Result<u64, Error> {
        let asked = |pragma| self.connection.query_row(pragma, (), |row| row.get::<_, u64>(0));
        let bytes = asked("PRAGMA page_count").and_then(|pages| Ok(pages.saturating_mul(asked("PRAGMA page_size")?)));
        bytes.map_err(|source| Error::on(&self.connection, format!("look at {}", self.file.display()), source))
    }

    /// Copies the store to a new file, as it is when the copy begins, while the store stays in use. The copy is complete under its name or
    /// not there at all. The copy does not include the key file.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`], [`Error::Damaged`] if a page of the store is damaged, or another [`Error`] if the copy could not be read or
    /// written.
    pub fn copy(&self, to: &Path, at_unix_ms: u64, progress: impl FnMut(CopyProgress)) -> Result<(), Error> {
        if to.exists() {
            return Err(Error::Exists { file: to.to_owned() });
        }
        let partial = partial(to);
        // What an earlier backup that was cut off left behind.
        if partial.exists() {
            std::fs::remove_file(&partial).map_err(Error::file("remove", &partial))?;
        }
        let copied = copy(&self.connection, &partial, progress)
            .and_then(|()| self.assert_copy_is_sound(&partial))
            .and_then(|()| date(&partial, at_unix_ms));
        if let Err(error) = copied {
            // It is of no use to anybody, and may fill the disk.
            let _ = std::fs::remove_file(&partial);
            return Err(error);
        }
        publish(&partial, to)
    }

    /// Checks the copy, which holds what the store holds, so that a damaged page of the store is found.
    fn assert_copy_is_sound(&self, copy: &Path) -> Result<(), Error> {
        let connection = connect::read_only(copy)?;
        assert_sound(&connection).map_err(|source| Error::of(format!("copy the store {}", self.file.display()), source))
    }
}

/// A backup whose pages were checked and found sound.
#[derive(Debug)]
pub struct SoundCopy {
    file: PathBuf,
    connection: Connection,
}

impl SoundCopy {
    /// Opens and checks a backup.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::NotOurs`], [`Error::Newer`], [`Error::Damaged`].
    pub fn open(file: &Path) -> Result<SoundCopy, Error> {
        if !file.exists() {
            return Err(Error::Missing { file: file.to_owned() });
        }
        connect::assert_library()?;
        let connection = connect::read_only(file)?;
        connect::assert_ours(&connection, file)?;
        assert_sound(&connection).map_err(|source| Error::on(&connection, format!("restore {}", file.display()), source))?;
        Ok(SoundCopy { file: file.to_owned(), connection })
    }

    /// Restores the backup as a new file: every cart paused, every order with an unsettled update in doubt.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`], or another [`Error`] if the write fails.
    pub fn restore(&self, to: &Path, now: impl Into<Reading>) -> Result<Gap, Error> {
        let now = now.into();
        copy(&self.connection, to, |_| {})?;
        let restored = connect::read_write(to)?;
        migrate::migrate(&restored, to, schema::STEPS)?;
        clock::restore(&Tx::new(&restored), &now)?;
        pause(&restored, now.wall_unix_ms).map_err(|source| Error::on(&restored, format!("restore {}", self.file.display()), source))?;
        gap(&View::new(&restored))
    }
}

/// Pauses every cart, so that nothing out of a backup is sent before a person has looked.
fn pause(restored: &Connection, at_unix_ms: u64) -> rusqlite::Result<()> {
    let tx = restored.unchecked_transaction()?;
    tx.execute("UPDATE store SET restored_at = ?1", (at_unix_ms,))?;
    tx.execute(
        "UPDATE carts SET paused_why = ?1, paused_until = NULL, paused_said = NULL, paused_with_all = 0, own_paused_why = NULL,
            own_paused_until = NULL, own_paused_said = NULL",
        (RESTORED,),
    )?;
    tx.execute_batch(
        "UPDATE orders SET doubtful = 1 WHERE (merchant, cart, order_number) IN (
            SELECT merchant, cart, order_number FROM order_labels WHERE settled_at IS NULL
            UNION SELECT merchant, cart, order_number FROM order_packages WHERE settled_at IS NULL
            UNION SELECT merchant, cart, order_number FROM lanes
            UNION SELECT merchant, cart, order_number FROM dead_letters);
        UPDATE deliveries SET restored = 1, doubted = 0;
        UPDATE dead_letters SET restored = 1, doubted = 0;",
    )?;
    tx.commit()
}

/// Reads where the knowledge of a restored store ends.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn gap(view: &View<'_>) -> Result<Gap, Error> {
    let what = "find the gap after a backup";
    let backed_up_at_unix_ms = view.one(what, "SELECT backed_up_at FROM store", (), |row| row.get(0))?.flatten();
    let doubtful = view.one(what, "SELECT count(*) FROM orders WHERE doubtful = 1", (), |row| row.get(0))?;
    // With max(), the other columns are those of the row that has it.
    let sql = "SELECT merchant, cart, count(*), order_number, sequence, max(accepted_at) FROM orders GROUP BY merchant, cart";
    let carts = view.all(what, sql, (), |row| {
        Ok(CartGap {
            merchant: row.get(0)?,
            cart: row.get(1)?,
            orders: row.get(2)?,
            last_order: row.get(3)?,
            last_sequence: row.get(4)?,
            last_accepted_at_unix_ms: row.get(5)?,
        })
    })?;
    Ok(Gap { backed_up_at_unix_ms, doubtful_orders: doubtful.unwrap_or(0), carts })
}

fn assert_sound(backup: &Connection) -> rusqlite::Result<()> {
    let found: String = backup.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))?;
    if found == "ok" {
        return Ok(());
    }
    Err(failure(rusqlite::ffi::SQLITE_CORRUPT, &found))
}

fn date(copy: &Path, at_unix_ms: u64) -> Result<(), Error> {
    let connection = connect::read_write(copy)?;
    let dated = connection.execute("UPDATE store SET backed_up_at = ?1", (at_unix_ms,));
    dated.map(drop).map_err(|source| Error::on(&connection, format!("write the time of the backup to {}", copy.display()), source))
}

fn partial(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// Renames a finished file to its name in a way that survives a loss of power.
fn publish(partial: &Path, to: &Path) -> Result<(), Error> {
    std::fs::rename(partial, to).map_err(Error::file("rename the copy to", to))?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file("sync", folder))
}
