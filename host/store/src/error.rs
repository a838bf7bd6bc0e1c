//! The errors of the store, sorted by what to do about them.

use super::errno;
use cartage_base::fault::Fault;
use cartage_model::remedy::Remedy;
use rusqlite::{Connection, ErrorCode, ffi};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Why an operation of the store failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This program's SQLite library can lose committed writes.
    #[error("this program contains SQLite {found}, which can lose committed writes; build it with the bundled SQLite, 3.51.3 or later")]
    OldLibrary {
        /// The version of the library.
        found: &'static str,
    },
    /// There is no such file.
    #[error("there is no store at {}", .file.display())]
    Missing {
        /// The path that was opened.
        file: PathBuf,
    },
    /// The file exists and must not be overwritten.
    #[error("{} already exists and was left unchanged; name a file that does not exist", .file.display())]
    Exists {
        /// The path of the existing file.
        file: PathBuf,
    },
    /// The file is no SQLite database, or belongs to another program.
    #[error("{} is not a store of Cartage and was left unchanged", .file.display())]
    NotOurs {
        /// The path that was opened.
        file: PathBuf,
    },
    /// The file was written by a later release.
    #[error(
        "{} has schema version {found} and this release knows versions up to {known}; nothing was changed; use the release that wrote it, or \
         go back to the backup that it made before it changed the schema", .file.display()
    )]
    Newer {
        /// The path that was opened.
        file: PathBuf,
        /// The schema version of the file.
        found: u32,
        /// The newest version that this release knows.
        known: u32,
    },
    /// The file cannot be used in the write-ahead mode, in which a crash loses nothing.
    #[error("{} cannot use a write-ahead log (SQLite answered {mode}); put the data directory on a local disk", .file.display())]
    NoWriteAheadLog {
        /// The path of the database file.
        file: PathBuf,
        /// The mode that SQLite chose instead.
        mode: String,
    },
    /// A migration failed; the file is as it was before this migration.
    #[error("could not bring {} to schema version {version} ({name}); it is still at version {found}{}", .file.display(), go_back(.backup))]
    Migration {
        /// The path of the database file.
        file: PathBuf,
        /// The version that the migration leads to.
        version: u32,
        /// The migration's name.
        name: &'static str,
        /// The version that the file still has.
        found: u32,
        /// The copy made before the first migration; `None` if none was made.
        backup: Option<PathBuf>,
        /// The error of SQLite.
        #[source]
        source: Box<rusqlite::Error>,
    },
    /// Another program writes to the file.
    #[error("could not {what}: another program is writing to the file; stop that program, or open the file with `sqlite3 -readonly`")]
    Busy {
        /// The operation that was attempted.
        what: Cow<'static, str>,
    },
    /// The disk or quota is full. Nothing of this write was stored.
    #[error("could not {what}: the disk is full, and nothing was saved; free some space and try again")]
    Full {
        /// The operation that was attempted.
        what: Cow<'static, str>,
    },
    /// The file is read-only. Nothing of this write was stored.
    #[error("could not {what}: the file is read-only, and nothing was saved; give this user write permission")]
    ReadOnly {
        /// The operation that was attempted.
        what: Cow<'static, str>,
    },
    /// The file's content is damaged: it is not what SQLite or Cartage wrote.
    #[error("could not {what}: the file is damaged")]
    Damaged {
        /// The operation that was attempted.
        what: Cow<'static, str>,
        /// The error of SQLite.
        #[source]
        source: Box<rusqlite::Error>,
    },
    /// The disk failed. Whether a write was stored is unknown.
    #[error("could not {what}: the disk that holds the database failed; check the disk before you start Cartage again")]
    Disk {
        /// The operation that was attempted.
        what: Cow<'static, str>,
        /// The error of SQLite.
        #[source]
        source: Box<rusqlite::Error>,
    },
    /// The process or the machine has no file handles or memory left. Nothing of this write was stored.
    #[error(
        "could not {what}: no file handles or memory are left, and nothing was saved; try again, and raise the limit if the failure persists"
    )]
    Exhausted {
        /// The operation that was attempted.
        what: Cow<'static, str>,
    },
    /// The file was moved away, or its disk was unmounted, while it was open. Nothing of this write was stored.
    #[error("could not {what}: the database is no longer where it was; put the data directory back, or mount its disk again")]
    Gone {
        /// The operation that was attempted.
        what: Cow<'static, str>,
    },
    /// The writer did not answer in time.
    #[error("the store's writer did not answer within {after_ms} ms")]
    Silent {
        /// How long the caller waited, in milliseconds.
        after_ms: u64,
    },
    /// The store takes no more writes until it is opened again. Whether the write under way was stored is unknown.
    #[error("the store accepts no more writes: {reason}")]
    Stopped {
        /// Why the store stopped.
        reason: WriteStop,
    },
    /// A text is larger than the store accepts.
    #[error("could not {what}: it has {bytes} bytes, and at most {most} are allowed")]
    TooLarge {
        /// The operation that was attempted.
        what: &'static str,
        /// The text's size, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        most: usize,
    },
    /// SQLite refused the operation.
    #[error("could not {what}")]
    Sql {
        /// The operation that was attempted.
        what: Cow<'static, str>,
        /// The error of SQLite.
        #[source]
        source: Box<rusqlite::Error>,
    },
    /// A file beside the store could not be read or written.
    #[error("could not {what} {}", .file.display())]
    File {
        /// The operation that was attempted.
        what: &'static str,
        /// The file's path.
        file: PathBuf,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
}

/// Why a store takes no more writes until it is opened again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteStop {
    /// The disk failed, so what it holds is unknown.
    #[error("its disk failed ({0}); check the disk, then start Cartage again")]
    Disk(String),
    /// The file's content is damaged: it is not what SQLite or Cartage wrote.
    #[error("its file is damaged ({0})")]
    Damaged(String),
    /// The writer met a bug of its own.
    #[error("its writer panicked; start Cartage again, and report what the log says")]
    Panicked,
    /// The store was closed, because the program ends.
    #[error("it was closed")]
    Closed,
}

fn go_back(backup: &Option<PathBuf>) -> String {
    backup.as_deref().map_or_else(String::new, |backup| format!("; a copy from before the first step is {}", backup.display()))
}

impl WriteStop {
    /// What a person can do; `None` where the reason says it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            WriteStop::Damaged(_) => Some(Remedy::RestoreBackup),
            WriteStop::Disk(_) | WriteStop::Panicked | WriteStop::Closed => None,
        }
    }
}

impl Error {
    /// What a person can do; `None` where the message says it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Error::Missing { .. } => Some(Remedy::MakeDataDir),
            Error::Damaged { .. } => Some(Remedy::RestoreBackup),
            Error::Stopped { reason } => reason.remedy(),
            Error::OldLibrary { .. }
            | Error::Exists { .. }
            | Error::NotOurs { .. }
            | Error::Newer { .. }
            | Error::NoWriteAheadLog { .. }
            | Error::Migration { .. }
            | Error::Busy { .. }
            | Error::Full { .. }
            | Error::ReadOnly { .. }
            | Error::Disk { .. }
            | Error::Exhausted { .. }
            | Error::Gone { .. }
            | Error::Silent { .. }
            | Error::TooLarge { .. }
            | Error::Sql { .. }
            | Error::File { .. } => None,
        }
    }

    /// Classifies an error that SQLite returned on this connection while `what` was attempted. It must be the last operation on the
    /// connection.
    pub fn on(connection: &Connection, what: impl Into<Cow<'static, str>>, source: rusqlite::Error) -> Error {
        Error::new(Trouble::on(connection, &source), what.into(), source)
    }

    /// Classifies an error of SQLite whose connection is no longer at hand.
    pub fn of(what: impl Into<Cow<'static, str>>, source: rusqlite::Error) -> Error {
        Error::new(Trouble::of(&source, None), what.into(), source)
    }

    pub(super) fn new(trouble: Trouble, what: Cow<'static, str>, source: rusqlite::Error) -> Error {
        match trouble {
            Trouble::Busy => Error::Busy { what },
            Trouble::Full => Error::Full { what },
            Trouble::ReadOnly => Error::ReadOnly { what },
            Trouble::Exhausted => Error::Exhausted { what },
            Trouble::Gone => Error::Gone { what },
            Trouble::Damaged => Error::Damaged { what, source: Box::new(source) },
            Trouble::Disk => Error::Disk { what, source: Box::new(source) },
            Trouble::Other => Error::Sql { what, source: Box::new(source) },
        }
    }

    /// Whether the error may pass by itself or when a person makes room. Nothing was written.
    pub fn is_passing(&self) -> bool {
        self.reach() == Reach::Request
    }

    /// How far the error reaches beyond the caller.
    pub fn reach(&self) -> Reach {
        match self {
            Error::Busy { .. }
            | Error::Full { .. }
            | Error::ReadOnly { .. }
            | Error::Exhausted { .. }
            | Error::Gone { .. }
            | Error::Silent { .. } => Reach::Request,
            Error::Damaged { .. } | Error::Disk { .. } | Error::Stopped { .. } => Reach::Process,
            Error::OldLibrary { .. }
            | Error::Missing { .. }
            | Error::Exists { .. }
            | Error::NotOurs { .. }
            | Error::Newer { .. }
            | Error::NoWriteAheadLog { .. }
            | Error::Migration { .. }
            | Error::TooLarge { .. }
            | Error::Sql { .. }
            | Error::File { .. } => Reach::Content,
        }
    }

    /// For `map_err` on calls that concern a file.
    pub fn file(what: &'static str, file: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let file = file.to_owned();
        move |source| Error::File { what, file, source }
    }
}

/// How far an error reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// This request, now: it may succeed once the fault has passed. Nothing was written.
    Request,
    /// This request, whenever it is made: the fault is in its content or in the file that it names.
    Content,
    /// The whole process: the store is unusable until it is opened again.
    Process,
}

/// The classes of SQLite's errors that need different handling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    Busy,
    Full,
    ReadOnly,
    Exhausted,
    Gone,
    Damaged,
    /// The disk failed, so the content of the file is unknown.
    Disk,
    Other,
}

impl Trouble {
    /// The class of the last error on a connection.
    pub(super) fn on(connection: &Connection, error: &rusqlite::Error) -> Trouble {
        Trouble::of(error, errno::last(connection))
    }

    /// The class of an error, given the operating system's error number if it is known.
    pub(super) fn of(error: &rusqlite::Error, errno: Option<i32>) -> Trouble {
        let rusqlite::Error::SqliteFailure(failure, _) = error else { return Trouble::Other };
        match failure.code {
            // The last is a race for the log's locks that was lost too often.
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => Trouble::Busy,
            ErrorCode::DiskFull => Trouble::Full,
            ErrorCode::ReadOnly => Trouble::ReadOnly,
            ErrorCode::OutOfMemory => Trouble::Exhausted,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Trouble::Damaged,
            ErrorCode::SystemIoFailure | ErrorCode::CannotOpen => Trouble::of_file(failure.extended_code, errno),
            _ => Trouble::Other,
        }
    }

    /// The class of an error on a file. A failed sync is never just a full disk: earlier writes may be lost or stored.
    fn of_file(code: i32, errno: Option<i32>) -> Trouble {
        match code {
            ffi::SQLITE_IOERR_NOMEM => return Trouble::Exhausted,
            ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC => return Trouble::Disk,
            ffi::SQLITE_IOERR_SHORT_READ | ffi::SQLITE_IOERR_DATA => return Trouble::Damaged,
            _ => {}
        }
        match errno.map(Fault::numbered) {
            Some(Fault::NoRoom) => Trouble::Full,
            Some(Fault::ReadOnly) => Trouble::ReadOnly,
            Some(Fault::Exhausted) => Trouble::Exhausted,
            Some(Fault::NotThere) => Trouble::Gone,
            Some(Fault::Other | Fault::Content) | None => Trouble::Disk,
        }
    }
}

/// Refuses a text above its limit.
pub(super) fn bounded(what: &'static str, text: &str, most: usize) -> Result<(), Error> {
    if text.len() > most { Err(Error::TooLarge { what, bytes: text.len(), most }) } else { Ok(()) }
}

/// An error in the form that SQLite returns, for a fault that we found ourselves.
pub(super) fn failure(code: i32, message: &str) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some(message.to_owned()))
}
