//! Changing the key: a new key file is written beside the old, all credentials are sealed again in one transaction, and the new file
//! replaces the old.
//!
//! If the change is cut off after any step, the key ids in the store tell which of the two files is the key.

use super::key::sync_folder;
use super::seal::{self, Label};
use super::{Error, Key};
use crate::credentials::{self, Sealed};
use crate::{Store, Tx, View};
use std::path::{Path, PathBuf};

/// The path of the new key until it replaces the old.
pub(super) fn next_file(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".next");
    PathBuf::from(name)
}

/// Opens every credential with one key and seals it with the other.
pub(super) fn seal_again(tx: &Tx<'_>, from: &Key, to: &Key) -> Result<(), Error> {
    for (merchant, value) in credentials::of_all_merchants(tx)? {
        let secret = seal::open(from, &merchant, &value)?;
        let Sealed { place, generation, bound_to, set_at_unix_ms, .. } = &value;
        let label =
            Label { merchant: &merchant, place, generation: *generation, bound_to: bound_to.clone(), set_at_unix_ms: *set_at_unix_ms };
        credentials::put(tx, &merchant, &seal::seal(to, label, &secret)?)?;
    }
    Ok(())
}

/// Renames the new file to the key file.
pub(super) fn put_next_in_place(file: &Path) -> Result<(), Error> {
    let renamed = std::fs::rename(next_file(file), file).and_then(|()| sync_folder(file));
    renamed.map_err(|source| Error::KeyFile { what: "replace", file: file.to_owned(), source })
}

/// Removes the new file after a change that did not happen.
pub(super) fn remove_next(file: &Path) -> Result<(), Error> {
    let next = next_file(file);
    let removed = std::fs::remove_file(&next).and_then(|()| sync_folder(file));
    removed.map_err(|source| Error::KeyFile { what: "remove", file: next, source })
}

/// Completes a change of the key that was cut off, if a new key file lies beside the old: renames it if credentials are sealed with it, and
/// removes it otherwise. Credentials are never sealed with both keys, because all of them were sealed again in one transaction.
pub(super) fn end_what_was_cut_off(store: &Store, file: &Path) -> Result<(), Error> {
    let next = next_file(file);
    if !next.exists() {
        return Ok(());
    }
    let all = store.read_blocking(|view: &View<'_>| credentials::of_all_merchants(view))?;
    // A file that was cut off while it was written never sealed anything.
    let sealed_anything = match Key::read(&next) {
        Ok(key) => all.iter().any(|(_, value)| value.key_id == key.id().0),
        Err(Error::NotAKey { .. }) => false,
        Err(error) => return Err(error),
    };
    if sealed_anything { put_next_in_place(file) } else { remove_next(file) }
}
