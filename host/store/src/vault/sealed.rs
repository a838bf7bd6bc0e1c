//! The vault: sealed values in the store, the key in a file.

use super::rotate::{self, next_file};
use super::seal::{self, Label};
use super::{Change, Error, Key, KeyId};
use crate::credentials::{self, CredentialRef, Generation, Sealed};
use crate::{self as store, Store, Tx, audit};
use cartage_model::carts::{BoundTo, Origins};
use cartage_model::id::{CartId, MerchantId};
use secrecy::{ExposeSecret as _, SecretString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::RwLock;

/// The credentials of a store. Clones share their state.
#[derive(Debug, Clone)]
pub struct Vault {
    store: Store,
    file: PathBuf,
    /// Locked for reading while a row is read and opened, or a value is sealed and written; for writing while the key changes.
    key: Arc<RwLock<Key>>,
}

impl Vault {
    /// Opens the vault of a store with its key file, and completes a change of the key that was cut off.
    ///
    /// # Errors
    ///
    /// [`Error::NoKey`], [`Error::NotAKey`], [`Error::KeyFile`], [`Error::Store`]. A key that does not fit the credentials is found only
    /// when one of them is opened: everything else works without it.
    pub fn open(store: Store, key_file: &Path) -> Result<Vault, Error> {
        rotate::end_what_was_cut_off(&store, key_file)?;
        let key = Key::read(key_file)?;
        Ok(Vault { store, file: key_file.to_owned(), key: Arc::new(RwLock::new(key)) })
    }

    /// The id of the key in use.
    pub async fn key_id(&self) -> KeyId {
        self.key.read().await.id().clone()
    }

    /// Seals every credential again with a new key, which then replaces the old one in the key file. If cut off at any point, the change is
    /// undone or completed by [`Vault::open`]. A backup made before still needs the old key.
    ///
    /// # Errors
    ///
    /// [`Error::WrongKey`] if a credential was sealed with another key, in which case nothing has changed. [`Error::KeyFile`],
    /// [`Error::Store`].
    pub async fn rotate(&self) -> Result<KeyId, Error> {
        // In a task of its own: a caller that stops waiting must not stop it between two steps.
        let vault = self.clone();
        match tokio::spawn(async move { vault.change_key().await }).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Error::Store(store::Error::Stopped { reason: store::WriteStop::Closed })),
            },
        }
    }

    /// The credentials that were sealed with another key.
    #[cfg(test)]
    pub(crate) async fn foreign(&self) -> Result<Vec<(MerchantId, CredentialRef, KeyId)>, Error> {
        let key = self.key.read().await;
        let all = self.store.read(|view: &store::View<'_>| credentials::of_all_merchants(view)).await?;
        let foreign = all.into_iter().filter(|(_, value)| value.key_id != key.id().0);
        Ok(foreign.map(|(merchant, value)| (merchant, value.place, KeyId(value.key_id))).collect())
    }

    #[cfg(test)]
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    async fn change_key(&self) -> Result<KeyId, Error> {
        let mut key = self.key.write().await;
        let new = Key::generate()?;
        new.write_new(&next_file(&self.file))?;
        let (from, to) = (key.copy(), new.copy());
        let sealed_again = self.store.write(move |tx| rotate::seal_again(tx, &from, &to)).await;
        if let Err(error) = sealed_again {
            // Nothing is under the new key, unless the disk failed and nobody knows: then opening the vault again looks.
            if !matches!(error, Error::Store(store::Error::Stopped { .. })) {
                rotate::remove_next(&self.file)?;
            }
            return Err(error);
        }
        *key = new;
        rotate::put_next_in_place(&self.file)?;
        Ok(key.id().clone())
    }
}

/// Each value belongs to a merchant and a [`CredentialRef`] and is bound to the [`Origins`] that its slot may be sent to. Each change has a line of the audit, written in the same transaction.
impl Vault {
    /// The value of this generation; `None` if there is none. It opens only for the origins that it was bound to.
    ///
    /// # Errors
    ///
    /// What prevents the key from being used, the value from being opened, or the store from answering.
    pub async fn get(
        &self,
        merchant: &MerchantId,
        place: &CredentialRef,
        generation: Generation,
        origins: &Origins,
    ) -> Result<Option<SecretString>, Error> {
        let key = self.key.read().await;
        let (whose, what) = (merchant.clone(), place.clone());
        let value = self.store.read(move |view| credentials::get(view, &whose, &what, generation)).await?;
        let Some(value) = value else { return Ok(None) };
        if !value.bound_to.covers(origins) {
            let (place, asked_for) = (Box::new(place.clone()), origins.clone());
            return Err(Error::OtherOrigins { place, bound_to: value.bound_to, asked_for });
        }
        seal::open(&key, merchant, &value).map(Some)
    }

    /// Sets the value of this generation, in place of the earlier one.
    ///
    /// # Errors
    ///
    /// What prevents the key from being used, the value from being opened, or the store from answering.
    pub async fn set(
        &self,
        merchant: &MerchantId,
        place: &CredentialRef,
        generation: Generation,
        origins: &Origins,
        secret: SecretString,
        line: audit::Line,
    ) -> Result<(), Error> {
        let key = self.key.read().await;
        let label = Label { merchant, place, generation, bound_to: origins.into(), set_at_unix_ms: line.at_unix_ms };
        let value = seal::seal(&key, label, &secret)?;
        let whose = merchant.clone();
        let write = move |tx: &Tx<'_>| -> Result<(), Error> {
            credentials::put(tx, &whose, &value)?;
            Ok(audit::add(tx, &whose, &line)?)
        };
        self.store.write(write).await
    }

    /// Replaces values, all or none, if each is still what `from` says. Returns whether they were replaced; if not, nothing is changed and
    /// no line is written.
    ///
    /// # Errors
    ///
    /// What prevents the key from being used, the value from being opened, or the store from answering.
    pub async fn replace(&self, merchant: &MerchantId, origins: &Origins, changes: Vec<Change>, line: audit::Line) -> Result<bool, Error> {
        let held = self.key.read().await;
        let (key, whose, origins) = (held.copy(), merchant.clone(), origins.clone());
        let write = move |tx: &Tx<'_>| -> Result<bool, Error> {
            for Change { place, generation, from, .. } in &changes {
                if !is_still(tx, &key, &whose, &origins, (place, *generation), from.as_ref())? {
                    return Ok(false);
                }
            }
            for Change { place, generation, to, .. } in &changes {
                let label = Label {
                    merchant: &whose,
                    place,
                    generation: *generation,
                    bound_to: (&origins).into(),
                    set_at_unix_ms: line.at_unix_ms,
                };
                credentials::put(tx, &whose, &seal::seal(&key, label, to)?)?;
            }
            audit::add(tx, &whose, &line)?;
            Ok(true)
        };
        self.store.write(write).await
    }

    /// Binds every value of a slot to these origins, also those that the cart's definition fetches from elsewhere.
    ///
    /// # Errors
    ///
    /// What prevents the key from being used, the value from being opened, or the store from answering.
    pub async fn bind(&self, merchant: &MerchantId, cart: &CartId, slot: &str, origins: &Origins, line: audit::Line) -> Result<(), Error> {
        let key = self.key.read().await.copy();
        let (whose, cart, slot, origins) = (merchant.clone(), cart.clone(), slot.to_owned(), origins.clone());
        let write = move |tx: &Tx<'_>| -> Result<(), Error> {
            for value in credentials::list(tx, &whose)? {
                let Sealed { place, generation, set_at_unix_ms, .. } = &value;
                if place.cart == cart && place.slot == slot && value.bound_to != BoundTo::from(&origins) {
                    let secret = seal::open(&key, &whose, &value)?;
                    let label = Label {
                        merchant: &whose,
                        place,
                        generation: *generation,
                        bound_to: (&origins).into(),
                        set_at_unix_ms: *set_at_unix_ms,
                    };
                    credentials::put(tx, &whose, &seal::seal(&key, label, &secret)?)?;
                }
            }
            credentials::bind_fetched(tx, &whose, &cart, &slot, &origins)?;
            Ok(audit::add(tx, &whose, &line)?)
        };
        self.store.write(write).await
    }

    /// Makes the next values of a slot, which have worked, the current ones, all its fields at once. Returns whether there were any; if
    /// not, no line is written.
    ///
    /// # Errors
    ///
    /// What prevents the key from being used, the value from being opened, or the store from answering.
    pub async fn promote(&self, merchant: &MerchantId, cart: &CartId, slot: &str, line: audit::Line) -> Result<bool, Error> {
        let (whose, cart, slot) = (merchant.clone(), cart.clone(), slot.to_owned());
        self.noted(merchant, line, move |tx| credentials::promote(tx, &whose, &cart, &slot)).await
    }

    /// Deletes the next value of a field and, unless `only` is that generation, the current one. Returns whether there were any; if not, no line
    /// is written.
    ///
    /// # Errors
    ///
    /// What prevents the key from being used, the value from being opened, or the store from answering.
    pub async fn forget(
        &self,
        merchant: &MerchantId,
        place: &CredentialRef,
        only: Option<Generation>,
        line: audit::Line,
    ) -> Result<bool, Error> {
        let (whose, what) = (merchant.clone(), place.clone());
        self.noted(merchant, line, move |tx| match only {
            Some(Generation::Next) => credentials::forget_next(tx, &whose, &what),
            Some(Generation::Current) | None => credentials::forget(tx, &whose, &what),
        })
        .await
    }

    /// Makes a change and adds its line to the audit, in one transaction. A change that changes nothing adds no line.
    async fn noted(
        &self,
        merchant: &MerchantId,
        line: audit::Line,
        change: impl FnOnce(&Tx<'_>) -> Result<bool, store::Error> + Send + 'static,
    ) -> Result<bool, Error> {
        let whose = merchant.clone();
        let write = move |tx: &Tx<'_>| -> Result<bool, Error> {
            let changed = change(tx)?;
            if changed {
                audit::add(tx, &whose, &line)?;
            }
            Ok(changed)
        };
        self.store.write(write).await
    }
}

/// Whether this value is the one that is stored, for the same origins.
fn is_still(
    tx: &Tx<'_>,
    key: &Key,
    merchant: &MerchantId,
    origins: &Origins,
    (place, generation): (&CredentialRef, Generation),
    value: Option<&SecretString>,
) -> Result<bool, Error> {
    let Some(kept) = credentials::get(tx, merchant, place, generation)? else { return Ok(value.is_none()) };
    if !kept.bound_to.covers(origins) {
        return Ok(false);
    }
    let kept = seal::open(key, merchant, &kept)?;
    Ok(value.is_some_and(|value| value.expose_secret() == kept.expose_secret()))
}
