//! Tests of the store as a whole; each file tests one promise.

mod apart;
mod backup;
mod failing;
#[cfg(target_os = "linux")]
mod faults;
mod kept;
mod later;
mod nouns;
mod opened;
#[cfg(target_os = "linux")]
mod power;

use super::Store;
use cartage_model::id::{CartId, MerchantId};
use std::path::PathBuf;
use tempfile::TempDir;

pub(super) const AT: u64 = 1_800_000_000_000;

/// A store in a directory that is removed with it.
pub(super) struct Scratch {
    pub(super) folder: TempDir,
}

impl Scratch {
    pub(super) fn new() -> Scratch {
        Scratch { folder: tempfile::tempdir().expect("the tests need a directory for temporary files") }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.path("cartage.sqlite")
    }

    pub(super) fn create(&self) -> Store {
        Store::create(&self.file(), AT).expect("a new file in a new directory")
    }

    pub(super) fn open(&self) -> Store {
        Store::open(&self.file(), AT).expect("a store that was made here")
    }
}

pub(super) fn merchant() -> MerchantId {
    MerchantId::default()
}

pub(super) fn cart(name: &str) -> CartId {
    CartId::new(name).expect("the tests use valid names")
}
