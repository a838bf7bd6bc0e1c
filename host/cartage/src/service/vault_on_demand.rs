//! The vault of the data directory, opened when a credential is first needed: a lost key stops nothing else.

use super::Error;
use super::blocking::blocking;
use cartage_store::Store;
use cartage_store::data_dir::DataDir;
use cartage_store::vault::{self, Key, KeyId, Vault};
use std::sync::{Arc, Mutex, OnceLock};

/// The vault, opened on first use.
pub(super) struct LazyVault {
    dir: Arc<DataDir>,
    store: Store,
    vault: OnceLock<Vault>,
    /// Held while the vault is opened: opening it may end a change of the key that was cut off.
    opening: Mutex<()>,
}

impl LazyVault {
    pub(super) fn new(dir: Arc<DataDir>, store: Store) -> LazyVault {
        LazyVault { dir, store, vault: OnceLock::new(), opening: Mutex::default() }
    }

    /// Makes a key in place of a lost one.
    ///
    /// # Errors
    ///
    /// [`vault::Error`], also if there is a key file.
    pub(super) fn make_key(&self) -> Result<KeyId, vault::Error> {
        let key = Key::generate()?;
        key.write_new(&self.dir.key_file())?;
        Ok(key.id().clone())
    }

    /// The opened vault. A thread that may wait for the disk opens it.
    ///
    /// # Errors
    ///
    /// [`Error::Vault`] with the errors of [`Vault::open`], above all a lost key file.
    pub(super) async fn get(self: &Arc<Self>) -> Result<&Vault, Error> {
        if let Some(vault) = self.vault.get() {
            return Ok(vault);
        }
        let this = self.clone();
        blocking(move || Ok(this.open().map(drop)?)).await?;
        Ok(self.vault.get().expect("it was opened"))
    }

    fn open(&self) -> Result<&Vault, vault::Error> {
        let _opening = self.opening.lock().expect("nobody panics while holding it");
        if let Some(vault) = self.vault.get() {
            return Ok(vault);
        }
        let vault = self.dir.vault(&self.store)?;
        Ok(self.vault.get_or_init(|| vault))
    }
}
