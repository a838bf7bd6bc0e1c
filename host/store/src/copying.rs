//! Copying a store to a new file while it is in use.

use super::error::failure;
use super::{Error, connect};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::fs::File;
use std::path::Path;

/// The number of pages copied between two progress reports.
const STEP_PAGES: i32 = 4096;

/// The progress of a copy, in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyProgress {
    /// Pages copied so far.
    pub done: u64,
    /// Pages in all.
    pub total: u64,
}

/// Copies one snapshot to a new file and syncs the file.
pub(super) fn copy(from: &Connection, to: &Path, mut progress: impl FnMut(CopyProgress)) -> Result<(), Error> {
    let mut copy = connect::new_file(to)?;
    let mut copied = || -> rusqlite::Result<()> {
        // Held over all steps: without it, every write of others would start the copy again.
        let snapshot = from.unchecked_transaction()?;
        // It begins with the first read.
        snapshot.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(()))?;
        let backup = Backup::new(&snapshot, &mut copy)?;
        loop {
            let step = backup.step(STEP_PAGES)?;
            let rusqlite::backup::Progress { remaining, pagecount, .. } = backup.progress();
            progress(CopyProgress { done: (pagecount - remaining).max(0) as u64, total: pagecount.max(0) as u64 });
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                // The snapshot is held and the copy is new, so somebody else has a hand in one of the files.
                _ => return Err(failure(rusqlite::ffi::SQLITE_BUSY, "the copy was locked")),
            }
        }
        drop(backup);
        // One file, without a log beside it, for whoever carries it about.
        copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))
    };
    copied().map_err(|source| Error::of(format!("copy the store to {}", to.display()), source))?;
    drop(copy);
    File::open(to).and_then(|file| file.sync_all()).map_err(Error::file("sync", to))
}
