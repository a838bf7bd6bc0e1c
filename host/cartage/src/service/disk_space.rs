//! The free space on the disk of the data directory.

use cartage_store::data_dir::DataDir;
use cartage_store::data_dir::disk_level::{Disk, DiskLevel};
use std::sync::Arc;

/// The disk of the data directory.
#[derive(Clone)]
pub struct DiskSpace {
    pub(super) dir: Arc<DataDir>,
    pub(super) disk: Arc<dyn Disk>,
}

impl DiskSpace {
    /// What the room left on the disk allows. Everything is allowed if the system does not say how much is left.
    pub fn level(&self) -> DiskLevel {
        self.free_bytes().map_or(DiskLevel::Enough, DiskLevel::of)
    }

    /// The free bytes on the disk of the data directory; `None` if the system does not say.
    pub fn free_bytes(&self) -> Option<u64> {
        self.disk.free_bytes(self.dir.path())
    }
}
