//! Plugins: each is admitted once a process, and its manifest is stored for good.
//!
//! A cart runs the file of the digest that it is pinned to. The data directory holds that file under the digest: `apply` and `cart upgrade`
//! copy it there from the file that the operator names, and rollback and restore find it there. A file that somebody puts there under a
//! plugin's own name is used only if there is nothing else: for a cart that was never pinned, and for a cart whose pinned file is gone, if
//! it is the same file.

use super::Error;
use super::blocking::blocking;
use super::plugin_files::{PluginFiles, kept_name};
use super::single_flight::SingleFlight;
use super::tenant::Tenant;
use cartage_base::heavy;
use cartage_contract::manifest::Manifest;
use cartage_engine::file::PluginDir;
use cartage_engine::{Plugin, Runtime};
use cartage_model::carts::Cart;
use cartage_model::id::{CartId, Digest};
use cartage_store::{self as store, carts::DefinitionRow};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::sync::OnceCell;

/// A plugin's file that a cart needs and the data directory lacks.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MissingPlugin {
    /// The cart that needs the file.
    pub cart: CartId,
    /// The plugin, by name and version if they are known.
    pub plugin: String,
    /// The path where the file belongs.
    pub file: PathBuf,
}

/// The engine, and the compiled code of admitted plugins.
#[derive(Default)]
pub(super) struct Code {
    runtime: OnceCell<Runtime>,
    plugins: Mutex<BTreeMap<Digest, Plugin>>,
    /// Admits each plugin only once at a time.
    admitting: SingleFlight<Digest>,
}

impl Code {
    fn admitted(&self, digest: Digest) -> Option<Plugin> {
        self.plugins.lock().expect("nobody panics while holding it").get(&digest).cloned()
    }

    /// Releases the code of plugins that are not among these. A call under way keeps its own to its end.
    pub(super) fn keep_only(&self, plugins: &BTreeSet<Digest>) {
        self.plugins.lock().expect("nobody panics while holding it").retain(|digest, _| plugins.contains(digest));
    }
}

/// The plugins of a merchant's carts.
#[derive(Clone)]
pub struct Plugins {
    pub(super) tenant: Tenant,
    pub(super) files: PluginFiles,
    pub(super) code: Arc<Code>,
}

impl Plugins {
    /// Admits a plugin, once a process. Nothing is stored.
    ///
    /// # Errors
    ///
    /// [`Error::NotAdmitted`], [`Error::Runtime`].
    pub async fn admit(&self, bytes: Vec<u8>) -> Result<Plugin, Error> {
        let (digest, bytes) = heavy::work(bytes.len(), move || (Digest::of(&bytes), bytes)).await;
        if let Some(plugin) = self.code.admitted(digest) {
            return Ok(plugin);
        }
        let _turn = self.code.admitting.take(&digest).await;
        if let Some(plugin) = self.code.admitted(digest) {
            return Ok(plugin);
        }
        let runtime = self.code.runtime.get_or_try_init(async || Runtime::new()).await?;
        let plugin = runtime.admit(bytes).await.map_err(|source| Error::NotAdmitted { digest, source })?;
        self.code.plugins.lock().expect("nobody panics while holding it").insert(digest, plugin.clone());
        Ok(plugin)
    }

    /// Admits a plugin and keeps its file and its manifest, so that a definition can be pinned to its digest. No cart changes.
    ///
    /// # Errors
    ///
    /// [`Error::NotAdmitted`], [`Error::Runtime`], [`Error::KeepPlugin`], [`Error::Store`].
    pub async fn keep(&self, bytes: Vec<u8>) -> Result<Plugin, Error> {
        let plugin = self.admit_and_keep(bytes.clone()).await?;
        self.files.keep(plugin.digest(), bytes).await?;
        Ok(plugin)
    }

    /// Admits a plugin of a cart and stores its manifest, so that the gate need not compile the plugin.
    pub(super) async fn admit_and_keep(&self, bytes: Vec<u8>) -> Result<Plugin, Error> {
        let plugin = self.admit(bytes).await?;
        if self.manifest(plugin.digest()).await?.is_none() {
            let (merchant, row) = (self.tenant.merchant.clone(), self.row(&plugin));
            self.tenant.store.write::<_, store::Error>(move |tx| store::plugins::put(tx, &merchant, &row)).await?;
        }
        Ok(plugin)
    }

    /// The row for an admitted plugin.
    pub(super) fn row(&self, plugin: &Plugin) -> store::plugins::PluginRow {
        let manifest = plugin.manifest();
        store::plugins::PluginRow {
            digest: plugin.digest(),
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            manifest: serde_json::to_string(manifest).expect("a manifest is plain data"),
            admitted_at_unix_ms: self.tenant.now_unix_ms(),
            first_ran_at_unix_ms: None,
        }
    }

    /// The plugins whose compiled code is in memory.
    pub fn compiled(&self) -> Vec<Digest> {
        self.code.plugins.lock().expect("nobody panics while holding it").keys().copied().collect()
    }

    /// Lists the plugin files that carts are pinned to and the data directory lacks.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], [`Error::PluginFile`].
    pub async fn missing(&self) -> Result<Vec<MissingPlugin>, Error> {
        let merchant = self.tenant.merchant.clone();
        let rows = self.tenant.store.read::<_, store::Error>(move |view| store::carts::list(view, &merchant)).await?;
        let mut missing = Vec::new();
        for row in rows {
            let DefinitionRow { cart: id, plugin: pinned, text, .. } = row.definition;
            // A definition that cannot be read is reported where carts are listed.
            let Ok(cart) = Cart::parse(&format!("the store, cart {id}"), &text) else { continue };
            let pinned = pinned.or(cart.digest);
            match self.files.find(&cart, pinned).await {
                Ok(Some(found)) if pinned.is_none_or(|pinned| pinned == found.digest) => continue,
                Ok(_) | Err(Error::PluginDamaged { .. }) => {}
                Err(other) => return Err(other),
            }
            let described = match pinned {
                Some(pinned) => self.manifest(pinned).await?,
                None => None,
            };
            let name = described.map_or_else(|| cart.plugin.clone(), |manifest| format!("{} {}", manifest.name, manifest.version));
            let file = pinned.map_or_else(|| cart.plugin.clone(), kept_name);
            missing.push(MissingPlugin { cart: cart.id, plugin: name, file: self.files.dir.plugins().join(file) });
        }
        Ok(missing)
    }

    /// Copies from a folder the files of all plugins that carts have or had, recognised by digest; other files are ignored. Returns the
    /// number of files copied.
    ///
    /// # Errors
    ///
    /// [`Error::PluginFolder`], [`Error::KeepPlugin`], [`Error::Store`].
    pub async fn take(&self, folder: &Path) -> Result<usize, Error> {
        let merchant = self.tenant.merchant.clone();
        let wanted = self.tenant.store.read::<_, store::Error>(move |view| {
            let mut wanted = BTreeSet::new();
            for cart in store::carts::list(view, &merchant)? {
                let ran = store::carts::plugins_that_ran(view, &merchant, &cart.definition.cart)?;
                wanted.extend(cart.definition.plugin.into_iter().chain(ran.into_iter().map(|run| run.plugin)));
            }
            Ok(wanted)
        });
        let wanted: BTreeSet<Digest> = wanted.await?;
        let (files, from) = (self.files.clone(), folder.to_owned());
        blocking(move || {
            let failed = |source| Error::PluginFolder { folder: from.clone(), source };
            let mut taken = BTreeSet::new();
            for entry in std::fs::read_dir(&from).map_err(failed)? {
                let name = entry.map_err(failed)?.file_name();
                // What is no plugin of ours, such as a folder or a file that is too large, is none that is wanted.
                let Some(Ok(bytes)) = name.to_str().map(|name| PluginDir::open(&from).and_then(|from| from.read(name))) else { continue };
                let digest = Digest::of(&bytes);
                if wanted.contains(&digest) && taken.insert(digest) {
                    files.write(digest, &bytes)?;
                }
            }
            Ok(taken.len())
        })
        .await
    }

    /// Reads the copy of a plugin's file that this data directory stores.
    ///
    /// # Errors
    ///
    /// [`Error::PluginFile`].
    pub async fn kept(&self, digest: Digest) -> Result<Vec<u8>, Error> {
        self.files.kept(digest).await
    }

    /// The manifest of an admitted plugin; `None` if it was never admitted here, or if this release cannot read the stored manifest.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn manifest(&self, digest: Digest) -> Result<Option<Manifest>, Error> {
        let merchant = self.tenant.merchant.clone();
        let row = self.tenant.store.read::<_, store::Error>(move |view| store::plugins::get(view, &merchant, digest)).await?;
        Ok(row.and_then(|row| match serde_json::from_str::<Option<Manifest>>(&row.manifest) {
            // None: it was said in the words of an earlier contract, and dropped.
            Ok(manifest) => manifest,
            Err(error) => {
                // The plugin says it again when it is admitted again.
                tracing::warn!(%digest, error = &error as &dyn std::error::Error, "could not read the stored manifest of a plugin");
                None
            }
        }))
    }
}
