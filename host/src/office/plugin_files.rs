//! Plugins' files in the data directory: read, kept under their digests, and looked at for damage.
//!
//! That a file is not there says something about a cart. That it cannot be read now (no file handle, a failing disk, a directory that was moved
//! away), or that the copy under a digest has another content than that digest, says something about this machine: it is an error here, and
//! never an answer of the gate.

use super::{Error, Office};
use crate::carts::Cart;
use crate::fault::Fault;
use crate::id::Digest;
use crate::plugin::file::{self, PluginDir};
use crate::store;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// A copy whose file seems the same is read again after this time: a disk can change what it holds without a word.
const READ_AGAIN: Duration = Duration::from_secs(60 * 60);

/// A plugin's file as it was read.
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    pub(super) digest: Digest,
}

/// How the copy of a plugin's file is, by its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Copy {
    /// It is what it should be, or could not be looked at now.
    Sound,
    Missing,
    Damaged,
}

/// By what a file is known to be the same: when it was changed last, and its length.
pub(super) type Stamp = (SystemTime, u64);

/// What was found of copies before, so that they are not read again and again.
#[derive(Default)]
pub(super) struct Copies(Mutex<BTreeMap<Digest, (Stamp, Instant, Copy)>>);

impl Office {
    /// Reads a plugin's file from the data directory.
    ///
    /// # Errors
    ///
    /// [`Error::PluginFile`].
    pub fn plugin_file(&self, name: &str) -> Result<Vec<u8>, Error> {
        let folder = self.shared.dir.plugins();
        PluginDir::open(&folder).and_then(|plugins| plugins.read(name)).map_err(|source| Error::PluginFile {
            plugin: name.to_owned(),
            folder: folder.display().to_string(),
            source,
        })
    }

    /// Reads a cart's plugin: the copy that `cartage apply` made under its digest, else the file of the name that the cart gives. None: neither is
    /// there.
    ///
    /// # Errors
    ///
    /// [`Error::PluginFile`], [`Error::PluginDamaged`], and [`Error::DataDir`] where the whole directory is gone.
    pub(super) async fn find_plugin_file(&self, cart: &Cart, pinned: Option<Digest>) -> Result<Option<Found>, Error> {
        let (office, name) = (self.clone(), cart.plugin.clone());
        let read = tokio::task::spawn_blocking(move || {
            let copy = pinned.map(|pinned| office.read_copy(pinned)).transpose()?.flatten();
            let found = match copy {
                Some(found) => Some(found),
                None => office.present(&name)?.map(|bytes| Found { digest: Digest::of(&bytes), bytes }),
            };
            Ok(found)
        });
        read.await.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::Store(store::Error::Stopped { reason: store::Stop::Closed })),
        })
    }

    /// The same where there must be one.
    ///
    /// # Errors
    ///
    /// As [`Office::find_plugin_file`].
    pub(super) async fn plugin_file_of(&self, cart: &Cart, pinned: Option<Digest>) -> Result<Found, Error> {
        match self.find_plugin_file(cart, pinned).await? {
            Some(found) => Ok(found),
            // It says that it is not there, and where it was looked for.
            None => self.plugin_file(&cart.plugin).map(|bytes| Found { digest: Digest::of(&bytes), bytes }),
        }
    }

    fn read_copy(&self, pinned: Digest) -> Result<Option<Found>, Error> {
        let damaged = |found| Error::PluginDamaged { file: self.shared.dir.plugins().join(kept_name(pinned)), found };
        match self.present(&kept_name(pinned)) {
            Ok(Some(bytes)) => match Digest::of(&bytes) {
                digest if digest == pinned => Ok(Some(Found { bytes, digest })),
                other => Err(damaged(Some(other))),
            },
            Ok(None) => Ok(None),
            // Too large a file, or a folder in its place: nobody put that there on purpose.
            Err(Error::PluginFile { source, .. }) if source.fault().is_none() => Err(damaged(None)),
            Err(other) => Err(other),
        }
    }

    /// The bytes of a file. None: it is not there, while the data directory is.
    fn present(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.plugin_file(name) {
            Err(Error::PluginFile { source, .. }) if is_missing(&source) => {
                self.shared.dir.in_place()?;
                Ok(None)
            }
            Err(Error::PluginFile { plugin, folder, source }) => {
                // That the directory is gone says more than which of its files could not be read.
                self.shared.dir.in_place()?;
                Err(Error::PluginFile { plugin, folder, source })
            }
            read => read.map(Some),
        }
    }

    /// Keeps a copy of a plugin's file under its digest, so that the operator's own file may come and go. One that is there is written again:
    /// it may have been damaged.
    pub(super) fn keep_plugin_file(&self, digest: Digest, bytes: &[u8]) -> Result<(), Error> {
        let file = self.shared.dir.plugins().join(kept_name(digest));
        let partial = file.with_extension("partial");
        let written = std::fs::File::create(&partial).and_then(|mut open| {
            open.write_all(bytes)?;
            open.sync_all()?;
            std::fs::rename(&partial, &file)?;
            std::fs::File::open(self.shared.dir.plugins())?.sync_all()
        });
        written.map_err(|source| Error::KeepPlugin { file, source })
    }

    /// Looks at the copy of a plugin's file, and reads it where it may have changed. It waits for the disk.
    pub(super) fn look_at_copy(&self, digest: Digest) -> Copy {
        let file = self.shared.dir.plugins().join(kept_name(digest));
        let stamp = stamp(&file);
        let known = self.shared.copies.0.lock().expect("nobody panics while holding it").get(&digest).copied();
        if let Some((_, _, copy)) = known.filter(|(known, at, _)| Some(*known) == stamp && at.elapsed() < READ_AGAIN) {
            return copy;
        }
        let copy = match self.read_copy(digest) {
            Ok(Some(_)) => Copy::Sound,
            Ok(None) => return Copy::Missing,
            Err(Error::PluginDamaged { .. }) => Copy::Damaged,
            Err(_) => return Copy::Sound,
        };
        if let Some(stamp) = stamp {
            self.shared.copies.0.lock().expect("nobody panics while holding it").insert(digest, (stamp, Instant::now(), copy));
        }
        copy
    }
}

/// The name of the copy of a plugin's file.
pub(super) fn kept_name(digest: Digest) -> String {
    format!("{}.wasm", digest.to_string().replace(':', "-"))
}

/// By what a file is known to be the same. None: it cannot be looked at.
pub(super) fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Whether a file was not read because it is not there.
fn is_missing(error: &file::Error) -> bool {
    error.fault() == Some(Fault::NotThere)
}
