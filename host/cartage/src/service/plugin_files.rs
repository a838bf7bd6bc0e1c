//! Plugin files in the data directory: reading them, storing them under their digests, and detecting damage.
//!
//! A file that is absent is a fact about a cart. A file that cannot be read now (no file handle, a failing disk, a directory that was moved
//! away), or a copy whose content does not match its digest, is a fact about this machine: it is an error here, and never an answer of the
//! gate.

use super::Error;
use super::blocking::blocking;
use cartage_base::fault::Fault;
use cartage_engine::file::{self, PluginDir};
use cartage_model::carts::Cart;
use cartage_model::id::Digest;
use cartage_store::data_dir::DataDir;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// A copy that seems unchanged is read again after this time, because a disk can change content silently.
const READ_AGAIN: Duration = Duration::from_secs(60 * 60);

/// A plugin's file as it was read.
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    pub(super) digest: Digest,
}

/// The state of the stored copy of a plugin's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Copy {
    /// The copy is intact, or could not be examined now.
    Sound,
    Missing,
    Damaged,
}

/// What identifies the content of a file without reading it: the time of its last change, and its length.
pub(super) type Stamp = (SystemTime, u64);

/// Earlier findings about copies, so that they are not read again and again.
#[derive(Default)]
pub(super) struct Copies(Mutex<BTreeMap<Digest, (Stamp, Instant, Copy)>>);

impl Copies {
    /// Drops what was found of copies of plugins that are not among these.
    pub(super) fn keep_only(&self, plugins: &BTreeSet<Digest>) {
        self.0.lock().expect("nobody panics while holding it").retain(|digest, _| plugins.contains(digest));
    }
}

/// The plugin files in the data directory.
#[derive(Clone)]
pub(super) struct PluginFiles {
    pub(super) dir: Arc<DataDir>,
    pub(super) copies: Arc<Copies>,
}

impl PluginFiles {
    /// Reads a plugin's file from the data directory. Blocks on the disk.
    ///
    /// # Errors
    ///
    /// [`Error::PluginFile`].
    fn read(&self, name: &str) -> Result<Vec<u8>, Error> {
        let folder = self.dir.plugins();
        PluginDir::open(&folder).and_then(|plugins| plugins.read(name)).map_err(|source| Error::PluginFile {
            plugin: name.to_owned(),
            folder: folder.display().to_string(),
            source,
        })
    }

    /// Reads a cart's plugin: the copy under its digest that `cartage apply` made, else the file of the name that the cart gives. `None` if
    /// there is neither.
    ///
    /// # Errors
    ///
    /// [`Error::PluginFile`], [`Error::PluginDamaged`], and [`Error::DataDir`] if the whole directory is gone.
    pub(super) async fn find(&self, cart: &Cart, pinned: Option<Digest>) -> Result<Option<Found>, Error> {
        let (files, name) = (self.clone(), cart.plugin.clone());
        blocking(move || {
            let copy = pinned.map(|pinned| files.read_copy(pinned)).transpose()?.flatten();
            match copy {
                Some(found) => Ok(Some(found)),
                None => Ok(files.present(&name)?.map(|bytes| Found { digest: Digest::of(&bytes), bytes })),
            }
        })
        .await
    }

    /// As [`PluginFiles::find`], but a missing file is an error.
    ///
    /// # Errors
    ///
    /// As [`PluginFiles::find`].
    pub(super) async fn of(&self, cart: &Cart, pinned: Option<Digest>) -> Result<Found, Error> {
        match self.find(cart, pinned).await? {
            Some(found) => Ok(found),
            // The error of reading says that the file is not there, and where it was looked for.
            None => {
                let (files, name) = (self.clone(), cart.plugin.clone());
                blocking(move || files.read(&name).map(|bytes| Found { digest: Digest::of(&bytes), bytes })).await
            }
        }
    }

    /// Reads the copy that is stored under a digest.
    ///
    /// # Errors
    ///
    /// [`Error::PluginFile`].
    pub(super) async fn kept(&self, digest: Digest) -> Result<Vec<u8>, Error> {
        let files = self.clone();
        blocking(move || files.read(&kept_name(digest))).await
    }

    fn read_copy(&self, pinned: Digest) -> Result<Option<Found>, Error> {
        let damaged = |found| Error::PluginDamaged { file: self.dir.plugins().join(kept_name(pinned)), found };
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

    /// The bytes of a file; `None` if the file is absent while the data directory is there.
    fn present(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.read(name) {
            Err(Error::PluginFile { source, .. }) if is_missing(&source) => {
                self.dir.in_place()?;
                Ok(None)
            }
            Err(Error::PluginFile { plugin, folder, source }) => {
                // That the directory is gone says more than which of its files could not be read.
                self.dir.in_place()?;
                Err(Error::PluginFile { plugin, folder, source })
            }
            read => read.map(Some),
        }
    }

    /// Stores a copy of a plugin's file under its digest, so that the operator's own file may be removed. An existing copy is written
    /// again, because it may have been damaged.
    ///
    /// # Errors
    ///
    /// [`Error::KeepPlugin`].
    pub(super) async fn keep(&self, digest: Digest, bytes: Vec<u8>) -> Result<(), Error> {
        let files = self.clone();
        blocking(move || files.write(digest, &bytes)).await
    }

    /// As [`PluginFiles::keep`]. Blocks on the disk.
    pub(super) fn write(&self, digest: Digest, bytes: &[u8]) -> Result<(), Error> {
        let file = self.dir.plugins().join(kept_name(digest));
        let partial = file.with_extension("partial");
        let written = std::fs::File::create(&partial).and_then(|mut open| {
            open.write_all(bytes)?;
            open.sync_all()?;
            std::fs::rename(&partial, &file)?;
            std::fs::File::open(self.dir.plugins())?.sync_all()
        });
        written.map_err(|source| Error::KeepPlugin { file, source })
    }

    /// Examines the copy of a plugin's file, and reads it if it may have changed. Blocks on the disk.
    pub(super) fn look_at_copy(&self, digest: Digest) -> Copy {
        let file = self.dir.plugins().join(kept_name(digest));
        let stamp = stamp(&file);
        let known = self.copies.0.lock().expect("nobody panics while holding it").get(&digest).copied();
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
            self.copies.0.lock().expect("nobody panics while holding it").insert(digest, (stamp, Instant::now(), copy));
        }
        copy
    }
}

/// The file name of the copy of a plugin's file.
pub(super) fn kept_name(digest: Digest) -> String {
    format!("{}.wasm", digest.to_string().replace(':', "-"))
}

/// The stamp of a file; `None` if the file cannot be examined.
pub(super) fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Whether the file could not be read because it is absent.
fn is_missing(error: &file::Error) -> bool {
    error.fault() == Some(Fault::NotThere)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_of_a_copy_is_dropped_with_its_plugin() {
        let (kept, gone) = (Digest::of(b"kept"), Digest::of(b"gone"));
        let copies = Copies::default();
        let found = ((SystemTime::UNIX_EPOCH, 4), Instant::now(), Copy::Sound);
        copies.0.lock().expect("nobody panics while holding it").extend([(kept, found), (gone, found)]);
        copies.keep_only(&BTreeSet::from([kept]));
        assert!(copies.0.into_inner().expect("nobody panics while holding it").into_keys().eq([kept]));
    }
}
