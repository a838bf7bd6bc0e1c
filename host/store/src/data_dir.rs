//! The data directory: everything that an installation keeps, in one place. One Cartage process at a time works in the directory.
//!
//! `cartage init` makes the directory. Opening it takes a lock that lasts as long as the [`DataDir`] value. Before that, the owner and the
//! permissions are checked, and that the directory lies on a local disk: SQLite's locks cannot be trusted over a network. The directory's own
//! README.txt lists the files and says what to back up.

mod checks;
pub mod copy;
mod lock;
pub mod disk_level;

#[cfg(test)]
mod tests;

use crate::backup::{Gap, SoundCopy};
use crate::vault::{self, Key, Vault};
use crate::{self as store, Store};
use cartage_base::clock::Reading;
use cartage_base::fault::{Fault, Identity};
use cartage_model::remedy::Remedy;
use std::fs::File;
use std::path::{Path, PathBuf};

const DATABASE: &str = "cartage.sqlite";
const KEY: &str = "key";
const PLUGINS: &str = "plugins";
const LOCK: &str = "lock";
const README: &str = "README.txt";
const API_SOCKET: &str = "api.sock";
const UNDER_WAY: &str = "under-way";
/// The database's file name until the directory is complete.
const DATABASE_BEGUN: &str = "cartage.sqlite.new";

const README_TEXT: &str = "\
This is a data directory of Cartage. Only one Cartage at a time works in this directory. Do not edit these files by hand.

cartage.sqlite        carts, parameters, events, orders, receipts; credentials, sealed
cartage.sqlite-wal    the last writes, which are not yet in cartage.sqlite; keep the two files together
cartage.sqlite-shm    shared memory of the two files above; of no value by itself
key                   opens the sealed credentials; whoever has this file and the database can read the credentials
plugins/              the plugins' files, each named by its digest: a cart runs the file of the digest that it is pinned to
lock                  names the process that works here
api.sock              the HTTP API of the daemon while it runs, for commands and other programs of this directory's owner, without a token
under-way             the work in progress: after a crash, the next process knows what was running; of no value by itself

Back up with `cartage backup FILE`, also while Cartage runs; a copy of cartage.sqlite made in any other way may be broken. Keep a copy of
`key` somewhere else than the backups: the key changes only with `cartage key rotate`. Without the key everything can be restored except the
credentials, which must then be set again. Copy plugins/ as it is: a backup does not hold it, and `cartage restore --plugins` takes the files
from the copy.

cartage.sqlite.before-vN.M is a copy from before a new release changed the database, and can be removed once that release has proved good.
";

/// A data directory that is locked for this process.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// The identity of the database's file, by which another directory at the same path is recognised. `None` while the directory is being made.
    database: Option<Identity>,
    /// The lock file, locked for as long as this value lives.
    _lock: File,
}

/// Why a data directory could not be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The path is a data directory already.
    #[error("{} is already a data directory and was left unchanged; use it, or name another directory", .path.display())]
    AlreadyThere {
        /// The path that was to become a data directory.
        path: PathBuf,
    },
    /// The directory holds files that are not Cartage's.
    #[error("{} is not empty ({found} is in it) and was left unchanged; name a new or an empty directory", .path.display())]
    NotEmpty {
        /// The path that was to become a data directory.
        path: PathBuf,
        /// The name of one of the files in the directory.
        found: String,
    },
    /// The path is not a data directory: it holds no database.
    #[error("{} is not a data directory: it has no {DATABASE}", .path.display())]
    NotADataDir {
        /// The path at which no database was found.
        path: PathBuf,
    },
    /// The data directory is no longer at the path where it was opened.
    #[error("the data directory is no longer at {}: it was moved, or its disk was unmounted; put it back, or stop Cartage and start it with the \
         directory's new path", .path.display())]
    Moved {
        /// The path at which the directory was opened.
        path: PathBuf,
    },
    /// Another process holds the directory's lock.
    #[error(
        "{} is in use by {}; use that process, or stop it first", .path.display(),
        .pid.map_or_else(|| "another Cartage".to_owned(), |pid| format!("the Cartage with process id {pid}"))
    )]
    InUse {
        /// The locked data directory.
        path: PathBuf,
        /// The id of the process that holds the lock; `None` if the lock file does not say.
        pid: Option<u32>,
    },
    /// The directory lies on a file system where SQLite's locks and syncs cannot be trusted.
    #[error("{} is on a network or foreign file system ({kind}), where a crash could lose accepted updates; use a local disk", .path.display())]
    NetworkFileSystem {
        /// The data directory.
        path: PathBuf,
        /// The file system's type, such as NFS.
        kind: &'static str,
    },
    /// A file or directory belongs to another user.
    #[error(
        "{} belongs to user {owner} and this process runs as user {user}; run Cartage as the owner, or change the owner with `chown {user} {}`",
        .path.display(), .path.display()
    )]
    WrongOwner {
        /// The file or directory with the wrong owner.
        path: PathBuf,
        /// The user id of the owner.
        owner: u32,
        /// The user id of this process.
        user: u32,
    },
    /// Users other than the owner may read or write the file or directory.
    #[error("users other than the owner may access {} (mode {mode:04o}); restrict access with `chmod {wanted:04o} {}`", .path.display(), .path.display())]
    TooOpen {
        /// The file or directory whose mode is too wide.
        path: PathBuf,
        /// The permission bits of the file or directory.
        mode: u32,
        /// The permission bits that it should have.
        wanted: u32,
    },
    /// A file or directory could not be used.
    #[error("could not {what} {}", .path.display())]
    File {
        /// The attempted operation as a verb, such as `write`.
        what: &'static str,
        /// The file or directory that was used.
        path: PathBuf,
        /// The system's reason, for example a missing permission.
        #[source]
        source: std::io::Error,
    },
    /// The database could not be created, opened or restored.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The key file could not be read, written or used.
    #[error(transparent)]
    Vault(#[from] vault::Error),
}

impl Error {
    /// What a person can do; `None` where the message says it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Error::NotADataDir { .. } => Some(Remedy::MakeDataDir),
            Error::Store(error) => error.remedy(),
            Error::Vault(error) => error.remedy(),
            Error::AlreadyThere { .. }
            | Error::NotEmpty { .. }
            | Error::Moved { .. }
            | Error::InUse { .. }
            | Error::NetworkFileSystem { .. }
            | Error::WrongOwner { .. }
            | Error::TooOpen { .. }
            | Error::File { .. } => None,
        }
    }

    fn file(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::File { what, path, source }
    }
}

impl DataDir {
    /// Makes a data directory with an empty store and a new key. A directory whose making was cut off is completed.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyThere`], [`Error::NotEmpty`], [`Error::NetworkFileSystem`], [`Error::InUse`], [`Error::File`].
    pub fn init(path: &Path, now: impl Into<Reading>) -> Result<DataDir, Error> {
        let dir = DataDir::begin(path)?;
        dir.add_key()?;
        drop(Store::create(&dir.path.join(DATABASE_BEGUN), now)?);
        dir.complete()
    }

    /// Makes a data directory from a backup of the store, with every cart paused. `key` is a copy of the key file; without it a new key is
    /// made, and the credentials must be set again. Plugins' files are not in a backup: the
    /// service takes them from a copy of their folder, and says which are missing.
    ///
    /// # Errors
    ///
    /// As [`DataDir::init`], [`Error::Store`] if the backup is not a sound store, and [`Error::Vault`] if the key file holds no key.
    pub fn restore(path: &Path, backup: &Path, key: Option<&Path>, now: impl Into<Reading>) -> Result<(DataDir, Gap), Error> {
        // Both are looked at before anything is made.
        let key = key.map(Key::read).transpose()?;
        let backup = SoundCopy::open(backup)?;
        let dir = DataDir::begin(path)?;
        match key {
            Some(key) => dir.replace_key(&key)?,
            None => dir.add_key()?,
        }
        let gap = backup.restore(&dir.path.join(DATABASE_BEGUN), now)?;
        Ok((dir.complete()?, gap))
    }

    /// Opens a data directory and locks it.
    ///
    /// # Errors
    ///
    /// [`Error::NotADataDir`], [`Error::NetworkFileSystem`], [`Error::WrongOwner`], [`Error::TooOpen`], [`Error::InUse`], [`Error::File`].
    pub fn open(path: &Path) -> Result<DataDir, Error> {
        if !path.join(DATABASE).is_file() {
            return Err(Error::NotADataDir { path: path.to_owned() });
        }
        checks::local(path)?;
        checks::closed(path, 0o700)?;
        checks::closed(&path.join(DATABASE), 0o600)?;
        // A lost key loses the credentials only: the vault says so when it is opened.
        let key = path.join(KEY);
        if key.exists() {
            checks::closed(&key, 0o600)?;
        }
        let lock = lock::take(path, &path.join(LOCK))?;
        let database = path.join(DATABASE);
        let database = Identity::of(&database).map_err(Error::file("look at", &database))?;
        Ok(DataDir { path: path.to_owned(), database: Some(database), _lock: lock })
    }

    /// The path of the socket by which commands and other programs of the directory's owner reach the API of the daemon that works in a data directory.
    pub fn api_socket(path: &Path) -> PathBuf {
        path.join(API_SOCKET)
    }

    /// The path of the file that records which attempts the process is working on.
    pub fn under_way(&self) -> PathBuf {
        self.path.join(UNDER_WAY)
    }

    /// Opens the store in this directory.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub fn store(&self, now: impl Into<Reading>) -> Result<Store, store::Error> {
        Store::open(&self.path.join(DATABASE), now)
    }

    /// Opens the vault that seals the store's credentials.
    ///
    /// # Errors
    ///
    /// As [`Vault::open`].
    pub fn vault(&self, store: &Store) -> Result<Vault, vault::Error> {
        Vault::open(store.clone(), &self.key_file())
    }

    /// Checks that the directory is still where it was opened: its database, and the plugins' directory beside that.
    ///
    /// # Errors
    ///
    /// [`Error::Moved`], and [`Error::File`] where the check itself failed.
    pub fn in_place(&self) -> Result<(), Error> {
        let database = self.path.join(DATABASE);
        match Identity::of(&database) {
            Ok(found) if self.database.is_none_or(|opened| opened == found) => {}
            Err(source) if Fault::of(&source) != Fault::NotThere => return Err(Error::file("look at", &database)(source)),
            Ok(_) | Err(_) => return Err(Error::Moved { path: self.path.clone() }),
        }
        Identity::of(&self.plugins()).map(drop).map_err(Error::file("look at", &self.plugins()))
    }

    /// The path at which the directory was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key file, which a backup does not hold.
    pub fn key_file(&self) -> PathBuf {
        DataDir::key_file_in(&self.path)
    }

    /// The directory that holds the plugins' files.
    pub fn plugins(&self) -> PathBuf {
        DataDir::plugins_in(&self.path)
    }

    /// The path of the key file of a data directory.
    pub fn key_file_in(path: &Path) -> PathBuf {
        path.join(KEY)
    }

    /// The path of the plugins' files of a data directory.
    pub fn plugins_in(path: &Path) -> PathBuf {
        path.join(PLUGINS)
    }

    /// Makes and locks the directory. An empty directory, or one whose making was cut off, is taken over.
    fn begin(path: &Path) -> Result<DataDir, Error> {
        if path.join(DATABASE).exists() {
            return Err(Error::AlreadyThere { path: path.to_owned() });
        }
        make_closed(path)?;
        for entry in std::fs::read_dir(path).map_err(Error::file("look into", path))? {
            let name = entry.map_err(Error::file("look into", path))?.file_name();
            let found = name.to_string_lossy().into_owned();
            // What was begun and not completed is ours.
            if ![KEY, PLUGINS, LOCK, README].contains(&found.as_str()) && !found.starts_with(DATABASE_BEGUN) {
                return Err(Error::NotEmpty { path: path.to_owned(), found });
            }
        }
        checks::local(path)?;
        checks::close(path)?;
        let dir = DataDir { path: path.to_owned(), database: None, _lock: lock::take(path, &path.join(LOCK))? };
        make_closed(&dir.plugins())?;
        let readme = path.join(README);
        std::fs::write(&readme, README_TEXT).map_err(Error::file("write", &readme))?;
        for rest in ["", "-wal", "-shm", "-journal"].map(|end| path.join(format!("{DATABASE_BEGUN}{end}"))) {
            if rest.exists() {
                std::fs::remove_file(&rest).map_err(Error::file("remove", &rest))?;
            }
        }
        Ok(dir)
    }

    /// Adds a new key, unless an earlier, unfinished run left one.
    fn add_key(&self) -> Result<(), Error> {
        let file = self.key_file();
        if file.exists() {
            Key::read(&file)?;
        } else {
            Key::generate()?.write_new(&file)?;
        }
        Ok(())
    }

    /// Writes a key in place of one that an earlier, unfinished run left. That one has sealed nothing.
    fn replace_key(&self, key: &Key) -> Result<(), Error> {
        let file = self.key_file();
        if file.exists() {
            std::fs::remove_file(&file).map_err(Error::file("remove", &file))?;
        }
        Ok(key.write_new(&file)?)
    }

    /// The last step: renames the database to its final name, which makes the directory a data directory.
    fn complete(self) -> Result<DataDir, Error> {
        let database = self.path.join(DATABASE);
        let renamed = std::fs::rename(self.path.join(DATABASE_BEGUN), &database);
        let completed = renamed.and_then(|()| File::open(&self.path)?.sync_all()).and_then(|()| Identity::of(&database));
        let completed = completed.map_err(Error::file("complete", &database))?;
        Ok(DataDir { database: Some(completed), ..self })
    }
}

/// Makes a directory that only its owner may use, unless it exists.
fn make_closed(path: &Path) -> Result<(), Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(Error::file("make", path))
}
