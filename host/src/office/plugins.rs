//! Plugins: files of the data directory's `plugins/`, each admitted once a process and described once for good.

use super::{Error, Office};
use crate::carts::Cart;
use crate::id::Digest;
use crate::plugin::file::{self, PluginDir};
use crate::plugin::{Plugin, Runtime};
use crate::store;
use cartage_contract::manifest::Manifest;
use std::io::Write as _;

impl Office {
    /// Reads a plugin's file from the data directory.
    ///
    /// # Errors
    ///
    /// [`Error::PluginFile`].
    pub fn plugin_file(&self, name: &str) -> Result<Vec<u8>, Error> {
        let folder = self.dir.plugins();
        PluginDir::open(&folder).and_then(|plugins| plugins.read(name)).map_err(|source| Error::PluginFile {
            plugin: name.to_owned(),
            folder: folder.display().to_string(),
            source,
        })
    }

    /// Reads a cart's plugin: the copy that `cartage apply` made under its digest, else the file of the name that the cart gives.
    pub(super) fn plugin_file_of(&self, cart: &Cart, pinned: Option<Digest>) -> Result<Vec<u8>, Error> {
        match pinned.map(|pinned| self.plugin_file(&kept_name(pinned))) {
            Some(Err(Error::PluginFile { source, .. })) if is_missing(&source) => self.plugin_file(&cart.plugin),
            Some(read) => read,
            None => self.plugin_file(&cart.plugin),
        }
    }

    /// Keeps a copy of a plugin's file under its digest, so that the operator's own file may come and go. One that is there is written again:
    /// it may have been damaged.
    pub(super) fn keep_plugin_file(&self, digest: Digest, bytes: &[u8]) -> Result<(), Error> {
        let file = self.dir.plugins().join(kept_name(digest));
        let partial = file.with_extension("partial");
        let written = std::fs::File::create(&partial).and_then(|mut open| {
            open.write_all(bytes)?;
            open.sync_all()?;
            std::fs::rename(&partial, &file)?;
            std::fs::File::open(self.dir.plugins())?.sync_all()
        });
        written.map_err(|source| Error::KeepPlugin { file, source })
    }

    /// Admits a plugin, once a process, and keeps what it says of itself, so that the gate need not compile it.
    ///
    /// # Errors
    ///
    /// [`Error::NotAdmitted`], [`Error::Runtime`], [`Error::Store`].
    pub async fn admit(&self, bytes: Vec<u8>) -> Result<Plugin, Error> {
        let digest = Digest::of(&bytes);
        if let Some(plugin) = self.admitted(digest) {
            return Ok(plugin);
        }
        let runtime = self.runtime.get_or_try_init(async || Runtime::new()).await?;
        let plugin = runtime.admit(bytes).await.map_err(|source| Error::NotAdmitted { digest, source })?;
        let manifest = plugin.manifest();
        let row = store::plugins::Plugin {
            digest,
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            manifest: serde_json::to_string(manifest).expect("a manifest is plain data"),
            admitted_at_unix_ms: self.now_unix_ms(),
            first_ran_at_unix_ms: None,
        };
        let merchant = self.merchant.clone();
        self.store.write::<_, store::Error>(move |tx| store::plugins::put(tx, &merchant, &row)).await?;
        self.plugins.lock().expect("nobody panics while holding it").insert(digest, plugin.clone());
        Ok(plugin)
    }

    fn admitted(&self, digest: Digest) -> Option<Plugin> {
        self.plugins.lock().expect("nobody panics while holding it").get(&digest).cloned()
    }

    /// What an admitted plugin said of itself. None: it was never admitted here.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], [`Error::Kept`].
    pub async fn manifest(&self, digest: Digest) -> Result<Option<Manifest>, Error> {
        let merchant = self.merchant.clone();
        let row = self.store.read::<_, store::Error>(move |view| store::plugins::get(view, &merchant, digest)).await?;
        let read = |row: store::plugins::Plugin| serde_json::from_str(&row.manifest);
        row.map(read).transpose().map_err(|source| Error::Kept { what: "a plugin's manifest", source })
    }
}

/// The name of the copy of a plugin's file.
pub(super) fn kept_name(digest: Digest) -> String {
    format!("{}.wasm", digest.to_string().replace(':', "-"))
}

/// Whether a file was not read because it is not there.
pub(super) fn is_missing(error: &file::Error) -> bool {
    matches!(error, file::Error::Open { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
}
