//! Why something could not be stored or found, by what to do about it.

use rusqlite::ErrorCode;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The SQLite in this program can lose committed writes.
    #[error("this program holds SQLite {found}, which can lose committed writes; build it with the bundled SQLite, 3.51.3 or later")]
    OldLibrary {
        /// The library's version.
        found: &'static str,
    },
    /// There is no such file.
    #[error("there is no store at {}; make a data directory with `cartage init`, or name the right one", .file.display())]
    Missing {
        /// Where it was looked for.
        file: PathBuf,
    },
    /// A file that must not be overwritten is there already.
    #[error("{} is there already and was left alone; name a file that does not exist", .file.display())]
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// The file is no SQLite database, or one of another program.
    #[error("{} is not a store of Cartage and was left alone", .file.display())]
    NotOurs {
        /// The file.
        file: PathBuf,
    },
    /// The file was written by a later release.
    #[error(
        "{} has schema version {found} and this release knows versions up to {known}; nothing was changed; use the release that wrote it, or \
         go back to the backup that it made before it changed the schema", .file.display()
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: u32,
        /// The newest that this release knows.
        known: u32,
    },
    /// The file cannot be kept in the mode in which a crash loses nothing.
    #[error("{} cannot use a write-ahead log (SQLite answered {mode}); put the data directory on a local disk", .file.display())]
    NoWriteAheadLog {
        /// The file.
        file: PathBuf,
        /// The mode that SQLite chose.
        mode: String,
    },
    /// A step from one schema to the next failed; the file is as it was before this step.
    #[error("could not bring {} to schema version {version} ({name}); it is still at version {found}{}", .file.display(), go_back(.backup))]
    Migration {
        /// The file.
        file: PathBuf,
        /// Where the step would have led.
        version: u32,
        /// The step's name.
        name: &'static str,
        /// The version that the file still has.
        found: u32,
        /// The copy made before the first step.
        backup: Option<PathBuf>,
        /// What failed.
        #[source]
        source: Box<rusqlite::Error>,
    },
    /// Another program writes to the file.
    #[error("could not {what}: another program is writing to the file; end it, or open the file with `sqlite3 -readonly`")]
    Busy {
        /// What was attempted.
        what: Cow<'static, str>,
    },
    /// There is no more room. Nothing of this write was kept.
    #[error("could not {what}: the disk is full, and nothing of it was kept; make room and try again")]
    Full {
        /// What was attempted.
        what: Cow<'static, str>,
    },
    /// The file cannot be written. Nothing of this write was kept.
    #[error("could not {what}: the file is read-only, and nothing of it was kept; give this user the right to write it")]
    ReadOnly {
        /// What was attempted.
        what: Cow<'static, str>,
    },
    /// The file's content is not what SQLite or Cartage wrote there.
    #[error("could not {what}: the file is damaged; restore the last backup with `cartage restore`")]
    Damaged {
        /// What was attempted.
        what: Cow<'static, str>,
        /// What SQLite found.
        #[source]
        source: Box<rusqlite::Error>,
    },
    /// The store takes no more writes since the disk failed under it, or it was closed. What was being written then may or may not be kept.
    #[error("the store takes no more writes: {reason}; mend the disk and start again")]
    Stopped {
        /// What ended it.
        reason: String,
    },
    /// A text is larger than the store keeps.
    #[error("could not {what}: it has {bytes} bytes and at most {most} are kept")]
    TooLarge {
        /// What was attempted.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// SQLite refused.
    #[error("could not {what}")]
    Sql {
        /// What was attempted.
        what: Cow<'static, str>,
        /// Why not.
        #[source]
        source: Box<rusqlite::Error>,
    },
    /// A file beside the store could not be read or written.
    #[error("could not {what} {}", .file.display())]
    File {
        /// What was attempted.
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

fn go_back(backup: &Option<PathBuf>) -> String {
    backup.as_deref().map_or_else(String::new, |backup| format!("; a copy from before the first step is {}", backup.display()))
}

impl Error {
    /// What an error of SQLite means for whoever attempted `what`.
    pub(crate) fn of(what: impl Into<Cow<'static, str>>, source: rusqlite::Error) -> Error {
        let what = what.into();
        match Trouble::of(&source) {
            Trouble::Busy => Error::Busy { what },
            Trouble::Full => Error::Full { what },
            Trouble::ReadOnly => Error::ReadOnly { what },
            Trouble::Damaged => Error::Damaged { what, source: Box::new(source) },
            Trouble::Disk | Trouble::Other => Error::Sql { what, source: Box::new(source) },
        }
    }

    /// Whether it may pass by itself or when a person makes room. Nothing was written.
    pub fn is_passing(&self) -> bool {
        matches!(self, Error::Busy { .. } | Error::Full { .. } | Error::ReadOnly { .. })
    }

    /// For `map_err` on calls that name a file.
    pub(crate) fn file(what: &'static str, file: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let file = file.to_owned();
        move |source| Error::File { what, file, source }
    }
}

/// The classes of SQLite's errors that ask for different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    Busy,
    Full,
    ReadOnly,
    Damaged,
    /// The disk failed: after that nothing about the file is sure.
    Disk,
    Other,
}

impl Trouble {
    pub(super) fn of(error: &rusqlite::Error) -> Trouble {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Trouble::Busy,
            Some(ErrorCode::DiskFull) => Trouble::Full,
            Some(ErrorCode::ReadOnly) => Trouble::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Trouble::Damaged,
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::FileLockingProtocolFailed) => Trouble::Disk,
            _ => Trouble::Other,
        }
    }
}

/// Refuses a text over its limit.
pub(super) fn bounded(what: &'static str, text: &str, most: usize) -> Result<(), Error> {
    if text.len() > most { Err(Error::TooLarge { what, bytes: text.len(), most }) } else { Ok(()) }
}

/// An error that SQLite would have given, had it looked.
pub(super) fn failure(code: i32, message: &str) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some(message.to_owned()))
}
