//! Copies the database to the file that the user names.
//!
//! The free space is checked first. On the disk of the data directory, a copy must leave the space that accepting updates needs: a backup must not
//! stop deliveries.

use super::DATABASE;
use super::disk_level::{ACCEPT_BYTES_MIN, Disk, free};
use crate::{self as store, backup::BackupSource};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Why no copy was made. No file is left under the copy's name.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk has too little free space for the copy.
    #[error(
        "no copy was made: it needs {} in {}, and {} are free there; make room, or name a file on another disk",
        free(*.needed_bytes), .folder.display(), free(*.free_bytes)
    )]
    NoRoom {
        /// The folder for the copy.
        folder: PathBuf,
        /// The bytes that the copy needs, with those that must stay free.
        needed_bytes: u64,
        /// The bytes that are free.
        free_bytes: u64,
    },
    /// The database could not be read, or the copy could not be written.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Copies the database of a data directory to a new file. A daemon may work in the directory meanwhile.
///
/// # Errors
///
/// [`Error`], also where the database is damaged.
pub fn copy(data: &Path, to: &Path, at_unix_ms: u64, disk: &dyn Disk) -> Result<(), Error> {
    if to.exists() {
        return Err(store::Error::Exists { file: to.to_owned() }.into());
    }
    let source = BackupSource::open(&data.join(DATABASE))?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let kept_free = if on_one_disk(data, folder) { ACCEPT_BYTES_MIN } else { 0 };
    let needed_bytes = source.bytes()?.saturating_add(kept_free);
    if let Some(free_bytes) = disk.free_bytes(folder).filter(|free_bytes| *free_bytes < needed_bytes) {
        return Err(Error::NoRoom { folder: folder.to_owned(), needed_bytes, free_bytes });
    }
    Ok(source.copy(to, at_unix_ms, |_| {})?)
}

/// Whether two folders lie on the same disk. A missing folder lies on none; the copy itself then reports that.
fn on_one_disk(one: &Path, other: &Path) -> bool {
    let disk = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.dev()).ok();
    disk(one).is_some_and(|one| disk(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use crate::backup::SoundCopy;
    use std::fs;

    struct Free(u64);
    impl Disk for Free {
        fn free_bytes(&self, _directory: &Path) -> Option<u64> {
            Some(self.0)
        }
    }

    #[test]
    fn a_copy_that_has_no_room_is_not_begun() {
        let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
        drop(Store::create(&folder.path().join(DATABASE), 1).expect("it is made"));
        let to = folder.path().join("copy");
        let bytes = BackupSource::open(&folder.path().join(DATABASE)).and_then(|source| source.bytes()).expect("it is a store");
        assert!(bytes > 4096, "{bytes}");
        let error = copy(folder.path(), &to, 1, &Free(ACCEPT_BYTES_MIN + bytes - 1)).expect_err("a byte is missing");
        assert!(matches!(error, Error::NoRoom { needed_bytes, .. } if needed_bytes == ACCEPT_BYTES_MIN + bytes), "{error}");
        assert!(error.to_string().contains("name a file on another disk"), "{error}");
        assert!(!holds_a_copy(folder.path()));
        copy(folder.path(), &to, 1, &Free(ACCEPT_BYTES_MIN + bytes)).expect("there is room");
        SoundCopy::open(&to).expect("it is whole");
        let again = copy(folder.path(), &to, 1, &Free(0)).expect_err("it is there");
        assert!(matches!(again, Error::Store(store::Error::Exists { .. })), "{again}");
    }

    #[test]
    fn a_damaged_page_is_an_error_and_leaves_no_copy() {
        let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
        let database = folder.path().join(DATABASE);
        drop(Store::create(&database, 1).expect("it is made"));
        let whole = fs::read(&database).expect("it is there");
        // Every page but the first, which says that it is a store at all.
        for page in 1..whole.len() / 4096 {
            let mut bytes = whole.clone();
            bytes[page * 4096..page * 4096 + 64].fill(0xa5);
            fs::write(&database, &bytes).expect("it is ours");
            let to = folder.path().join("copy");
            let error = copy(folder.path(), &to, 1, &Free(u64::MAX)).expect_err("a page is damaged");
            assert!(matches!(error, Error::Store(store::Error::Damaged { .. })), "page {page}: {error}");
            assert!(!holds_a_copy(folder.path()), "page {page}");
        }
    }

    fn holds_a_copy(folder: &Path) -> bool {
        fs::read_dir(folder).expect("it is there").flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("copy"))
    }
}
