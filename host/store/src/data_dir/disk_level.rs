//! The free space on the disk, and what may still be done with it.
//!
//! Recording stops first, so that accepted updates get the last of the space. Accepting stops before the disk is full, so that accepted updates can
//! still be settled. Both start again without help when there is space.

use cartage_base::failpoint;
use std::path::Path;

/// With fewer free bytes than this, attempts are no longer recorded: recordings are for looking at, and updates matter more.
pub const RECORD_BYTES_MIN: u64 = 1_000_000_000;
/// With fewer free bytes than this, updates are no longer accepted.
pub const ACCEPT_BYTES_MIN: u64 = 200_000_000;

/// What the free space allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiskLevel {
    /// Nothing new is accepted. Updates that were accepted are still delivered.
    Full,
    /// Updates are accepted and delivered, but attempts are not recorded.
    NoRecording,
    /// Updates are accepted and attempts are recorded.
    Enough,
}

impl DiskLevel {
    /// What so many free bytes allow.
    pub fn of(free_bytes: u64) -> DiskLevel {
        match free_bytes {
            ..ACCEPT_BYTES_MIN => DiskLevel::Full,
            ACCEPT_BYTES_MIN..RECORD_BYTES_MIN => DiskLevel::NoRecording,
            RECORD_BYTES_MIN.. => DiskLevel::Enough,
        }
    }

    /// Whether attempts may be recorded.
    pub fn records(self) -> bool {
        self == DiskLevel::Enough
    }

    /// Whether updates may be accepted.
    pub fn accepts(self) -> bool {
        self > DiskLevel::Full
    }
}

/// Reports the free space of a disk.
pub trait Disk: Send + Sync {
    /// The bytes that this user may still write on the disk of a directory. `None` if the system does not say.
    fn free_bytes(&self, directory: &Path) -> Option<u64>;
}

/// The machine's own disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThisDisk;

impl Disk for ThisDisk {
    fn free_bytes(&self, directory: &Path) -> Option<u64> {
        let disk = rustix::fs::statvfs(directory).ok()?;
        Some(failpoint::free_bytes().unwrap_or_else(|| disk.f_bavail.saturating_mul(disk.f_frsize)))
    }
}

/// A number of bytes in megabytes, for people.
pub fn free(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recording_stops_before_accepting_does() {
        let mb = 1_000_000;
        for (bytes, room) in [
            (0, DiskLevel::Full),
            (199 * mb, DiskLevel::Full),
            (200 * mb - 1, DiskLevel::Full),
            (200 * mb, DiskLevel::NoRecording),
            (999 * mb, DiskLevel::NoRecording),
            (1000 * mb - 1, DiskLevel::NoRecording),
            (1000 * mb, DiskLevel::Enough),
            (u64::MAX, DiskLevel::Enough),
        ] {
            assert_eq!(DiskLevel::of(bytes), room, "{bytes}");
        }
        assert_eq!(
            [DiskLevel::Full, DiskLevel::NoRecording, DiskLevel::Enough].map(|room| (room.accepts(), room.records())),
            [(false, false), (true, false), (true, true)]
        );
    }

    #[test]
    fn the_machine_says_how_much_is_free() {
        assert!(ThisDisk.free_bytes(&std::env::temp_dir()).is_some_and(|bytes| bytes > 0));
        assert_eq!(ThisDisk.free_bytes(Path::new("/there/is/no/such/directory")), None);
    }
}
