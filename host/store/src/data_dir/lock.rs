//! The exclusive lock that keeps other processes out of a data directory. The kernel releases it however the process ends.

use super::Error;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

/// The most bytes that are read of the lock file: the longest process id, its line break, and some more.
const PID_BYTES_MAX: u64 = 32;

/// Takes the lock and writes this process's id into the file.
pub(super) fn take(dir: &Path, file: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut lock = options.open(file).map_err(Error::file("open", file))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Error::InUse { path: dir.to_owned(), pid: holder(&mut lock) }),
        Err(TryLockError::Error(source)) => return Err(Error::file("lock", file)(source)),
    }
    let written = lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| writeln!(lock, "{}", std::process::id()));
    written.map_err(Error::file("write", file))?;
    Ok(lock)
}

/// The id of the process that holds the lock; `None` if it has not written it yet.
fn holder(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.take(PID_BYTES_MAX).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
