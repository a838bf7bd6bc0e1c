//! Reads the files of a plugin's project, and waits until one of them changes.
//!
//! The folder is read every [`LOOK_MS`] milliseconds. A project has few files, and a watch by the operating system would be lost when an editor replaces a
//! file by another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fs, io, thread};

/// Interval between two reads, in milliseconds.
const LOOK_MS: u64 = 300;
/// Largest number of files. A folder with more is not a plugin's project.
const FILES_MAX: usize = 10_000;

/// The files of a folder, each with the time of its last change and its size in bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Files(BTreeMap<PathBuf, (SystemTime, u64)>);

impl Files {
    /// Reads the folder and its subfolders. Hidden files and folders named `target` or `node_modules` are left out.
    ///
    /// # Errors
    /// A folder cannot be read, or the project has more than [`FILES_MAX`] files.
    pub(super) fn of(folder: &Path) -> io::Result<Files> {
        let (mut files, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name();
                if name.to_string_lossy().starts_with('.') || name == "target" || name == "node_modules" {
                    continue;
                }
                // A file may vanish between the two calls, because editors replace files when they save.
                let Ok(about) = entry.metadata() else { continue };
                if about.is_dir() {
                    folders.push(entry.path());
                } else {
                    files.insert(entry.path(), (about.modified()?, about.len()));
                }
                if files.len() > FILES_MAX {
                    return Err(io::Error::other(format!("it holds more than {FILES_MAX} files")));
                }
            }
        }
        Ok(Files(files))
    }

    /// Waits until a file is changed, added or removed, and until no further change follows within [`LOOK_MS`] milliseconds.
    ///
    /// # Errors
    /// As [`Files::of`].
    pub(super) fn changed(&self, folder: &Path) -> io::Result<()> {
        let mut last = Files::of(folder)?;
        loop {
            thread::sleep(Duration::from_millis(LOOK_MS));
            let now = Files::of(folder)?;
            if now != *self && now == last {
                return Ok(());
            }
            last = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_project_s_own_files_is_seen_and_nothing_else() {
        let folder = tempfile::tempdir().expect("the system has room for a temporary folder");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("the folder is ours");
        for below in ["src", "target", "node_modules", ".git"] {
            fs::create_dir(folder.path().join(below)).expect("the folder is ours");
        }
        write("src/lib.rs", "one");
        let before = Files::of(folder.path()).expect("it can be read");
        write("target/out", "built");
        write("node_modules/out", "installed");
        write(".git/index", "staged");
        write("src/.lib.rs.swp", "an editor's");
        assert_eq!(Files::of(folder.path()).expect("it can be read"), before);
        thread::scope(|threads| {
            let waits = threads.spawn(|| before.changed(folder.path()));
            thread::sleep(Duration::from_millis(2 * LOOK_MS));
            assert!(!waits.is_finished(), "nothing has changed");
            write("src/lib.rs", "other");
            waits.join().expect("it does not panic").expect("the folder can be read");
        });
        write("src/lib.rs", "one");
        fs::write(folder.path().join("src/more.rs"), "").expect("the folder is ours");
        assert_ne!(Files::of(folder.path()).expect("it can be read"), before, "a new file");
    }
}
