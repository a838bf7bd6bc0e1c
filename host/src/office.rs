//! An opened data directory and what is asked of it: the place where stored carts, parameters and events meet the gate and the courier.
//!
//! An [`Office`] holds the directory's lock, its store and one merchant's view of it, and makes the costly rest when it is first needed: the
//! engine, a plugin's compiled code (once a process), the vault's key. So a command that only reads parameters compiles nothing, and a lost
//! key stops nothing but what needs a credential. Decisions are the [`gate`](crate::gate)'s, SQL is the store's, printing the command's.
//!
//! It promises that the gate's answer and what follows from it are written in one transaction, and that nothing is sent that was not
//! accepted on disk before. What it cannot know is whether a cart has what was sent when no answer came: the receipt says so.

pub mod apply;
pub mod tokens;

mod accept;
mod cart;
mod carts;
mod credentials;
mod error;
mod explain;
mod facts;
mod lines;
mod plugins;
mod send;
mod settings;

pub use accept::{Accepted, IdempotencyKey, Then};
pub use cart::{KeptCart, PluginKept, credential_host};
pub use credentials::{Checked, KeptCredential, Next, SetCredential};
pub use error::Error;
pub use explain::Explained;
pub use plugins::MissingPlugin;
pub use send::{Cause, Done, Request, Sent};

use crate::clock::Clock;
use crate::data_dir::DataDir;
use crate::egress::Egress;
use crate::id::{Digest, MerchantId};
use crate::plugin::{Plugin, Runtime};
use crate::store::Store;
use crate::vault::{self, SealedVault};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::OnceCell;

/// An opened data directory, as one merchant. Clones share it.
#[derive(Clone)]
pub struct Office {
    dir: Arc<DataDir>,
    store: Store,
    vault: Arc<OnceLock<SealedVault>>,
    runtime: Arc<OnceCell<Runtime>>,
    plugins: Arc<Mutex<BTreeMap<Digest, Plugin>>>,
    egress: Arc<Egress>,
    clock: Arc<dyn Clock>,
    merchant: MerchantId,
}

impl Office {
    /// Makes a data directory and opens it.
    ///
    /// # Errors
    ///
    /// [`Error::DataDir`].
    pub fn init(path: &Path, clock: Arc<dyn Clock>) -> Result<Office, Error> {
        let dir = DataDir::init(path, clock.now_unix_ms())?;
        Office::of(dir, clock)
    }

    /// Opens a data directory that is there, and holds its lock for as long as the value lives.
    ///
    /// # Errors
    ///
    /// [`Error::DataDir`].
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Office, Error> {
        Office::of(DataDir::open(path)?, clock)
    }

    /// Works in a data directory that was opened already, for example by a restore.
    ///
    /// # Errors
    ///
    /// [`Error::DataDir`].
    pub fn of(dir: DataDir, clock: Arc<dyn Clock>) -> Result<Office, Error> {
        let store = dir.store(clock.now_unix_ms()).map_err(crate::data_dir::Error::Store)?;
        Ok(Office {
            dir: Arc::new(dir),
            store,
            vault: Arc::default(),
            runtime: Arc::default(),
            plugins: Arc::default(),
            egress: Arc::new(Egress::new(clock.clone())),
            clock,
            merchant: MerchantId::default(),
        })
    }

    /// The data directory.
    pub fn data_dir(&self) -> &DataDir {
        &self.dir
    }

    /// The store in it.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Whose carts, parameters, events and orders are meant.
    pub fn merchant(&self) -> &MerchantId {
        &self.merchant
    }

    /// The time, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn now_unix_ms(&self) -> u64 {
        self.clock.now_unix_ms()
    }

    /// The vault, opened when it is first asked for.
    ///
    /// # Errors
    ///
    /// Those of [`SealedVault::open`]: above all a key file that is lost.
    pub fn vault(&self) -> Result<&SealedVault, vault::Error> {
        if let Some(vault) = self.vault.get() {
            return Ok(vault);
        }
        let vault = self.dir.vault(&self.store)?;
        Ok(self.vault.get_or_init(|| vault))
    }
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Office").field("dir", &self.dir).field("merchant", &self.merchant).finish_non_exhaustive()
    }
}
