//! The origins that a cart's credentials may be sent to, and their approval.
//!
//! A sealed value is bound to the origins of every endpoint that its slot serves, when it is set; a value that a definition reads from a
//! variable or a file, when the definition is first loaded on the machine. If an endpoint moves to another origin, no value of the slot is
//! used until a user on the machine approves the new origin: a client who may define carts over the network must not be able to have the
//! machine's secrets sent to a host of its own.

use super::Error;
use super::cart_clients::Changes;
use super::plugins::Plugins;
use super::stored_cart::StoredCart;
use super::tenant::Tenant;
use super::vault_on_demand::LazyVault;
use crate::alerts::{Unready, UnreadyPart};
use cartage_contract::manifest::Manifest;
use cartage_model::carts::{BoundTo, Cart, Origins};
use cartage_model::id::{CartId, MerchantId};
use cartage_model::remedy::{Remedy, Sentence};
use cartage_store::credentials::{self, Sealed};
use cartage_store::{self as store, Tx, View};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A credential slot whose values may now be sent to other origins than before.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Approved {
    /// The credential slot's name.
    pub slot: String,
    /// The origins.
    pub origins: BoundTo,
}

/// A credential slot whose values are not used, because its endpoints moved to other origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) slot: String,
    /// The origins that a value is bound to; `None` if no user on the machine approved any.
    pub(super) bound_to: Option<BoundTo>,
    /// The origins of the slot's endpoints now.
    pub(super) origins: Origins,
}

/// The origins that the credentials of one cart are bound to.
#[derive(Debug, Clone, Default)]
pub(super) struct Bound {
    sealed: Vec<Sealed>,
    fetched: BTreeMap<String, BoundTo>,
}

impl Bound {
    fn read(view: &View<'_>, merchant: &MerchantId, cart: &CartId) -> Result<Bound, store::Error> {
        let sealed = credentials::list(view, merchant)?.into_iter().filter(|value| value.place.cart == *cart).collect();
        Ok(Bound { sealed, fetched: credentials::fetched(view, merchant, cart)? })
    }

    /// The slots of a cart with a value that is bound to other origins.
    pub(super) fn moved(&self, cart: &Cart, manifest: &Manifest) -> Vec<Moved> {
        let mut moved: BTreeMap<String, Moved> = BTreeMap::new();
        for (slot, origins) in cart.fetched(manifest) {
            let bound_to = self.fetched.get(&slot).cloned();
            if bound_to.as_ref() != Some(&BoundTo::from(&origins)) {
                moved.insert(slot.clone(), Moved { slot, bound_to, origins });
            }
        }
        for value in &self.sealed {
            let slot = &value.place.slot;
            let Some(origins) = manifest.slot(slot).and_then(|slot| cart.origins(manifest, slot)) else { continue };
            // Where the definition says where a field is, what is sealed for it is not used.
            let is_used = !cart.credentials.get(slot).is_some_and(|fields| fields.contains_key(&value.place.field));
            if is_used && !value.bound_to.covers(&origins) {
                let bound_to = Some(value.bound_to.clone());
                moved.entry(slot.clone()).or_insert_with(|| Moved { slot: slot.clone(), bound_to, origins });
            }
        }
        moved.into_values().collect()
    }
}

impl Moved {
    /// The consequence, for people.
    pub(super) fn consequence(&self) -> String {
        let Moved { slot, bound_to, origins } = self;
        let was = bound_to.as_ref().map_or_else(|| "no host was approved on the machine".to_owned(), |was| format!("it was set for {was}"));
        format!("the credential {slot} would be sent to {origins}, but {was}, so it is not used")
    }

    fn unready(&self, cart: &CartId) -> Unready {
        Unready { part: UnreadyPart::Else, why: self.consequence(), remedy: Some(self.remedy(cart)) }
    }

    /// The consequence with the remedy.
    pub(super) fn warning(&self, cart: &CartId) -> Sentence {
        let before = format!("{}; if the new host is right, approve it with ", self.consequence());
        Sentence::Naming { before: before.into(), remedy: self.remedy(cart), after: "".into() }
    }

    fn remedy(&self, cart: &CartId) -> Remedy {
        Remedy::ApproveOrigins { cart: cart.clone(), slot: self.slot.clone() }
    }
}

/// The origins that credentials may be sent to.
#[derive(Clone)]
pub struct Approvals {
    pub(super) tenant: Tenant,
    pub(super) vault: Arc<LazyVault>,
    pub(super) changes: Changes,
    pub(super) plugins: Plugins,
}

impl Approvals {
    pub(super) async fn bound(&self, cart: &CartId) -> Result<Bound, Error> {
        let (merchant, cart) = (self.tenant.merchant.clone(), cart.clone());
        Ok(self.tenant.store.read::<_, store::Error>(move |view| Bound::read(view, &merchant, &cart)).await?)
    }

    /// Fails if a credential that a definition fetches would be sent to an origin that no user on the machine approved. The vault checks
    /// sealed values.
    pub(super) async fn assert_approved(&self, cart: &Cart, manifest: &Manifest) -> Result<(), Error> {
        match self.bound(&cart.id).await?.moved(cart, manifest).into_iter().next() {
            Some(moved) => {
                let what = moved.consequence();
                Err(Error::CredentialMoved { cart: cart.id.clone(), slot: moved.slot, what })
            }
            None => Ok(()),
        }
    }

    /// Approves the present origins of a slot, or of all slots, for their values. Returns the slots whose approval is new.
    ///
    /// # Errors
    ///
    /// [`Error::Vault`], [`Error::Store`].
    pub async fn approve(&self, kept: &StoredCart, manifest: &Manifest, slot: Option<&str>) -> Result<Vec<Approved>, Error> {
        let id = &kept.cart.id;
        let bound = self.bound(id).await?;
        let moved = bound.moved(&kept.cart, manifest).into_iter().filter(|moved| slot.is_none_or(|slot| slot == moved.slot));
        let mut approved = Vec::new();
        for Moved { slot, bound_to, origins } in moved {
            let detail = format!("{} to {origins}", bound_to.as_ref().map_or("nothing", BoundTo::as_str));
            let line = self.tenant.line("credential approve", &format!("cart {id}, {slot}"), detail);
            if bound.sealed.iter().any(|value| value.place.slot == slot) {
                self.vault.get().await?.bind(&self.tenant.merchant, id, &slot, &origins, line).await?;
            } else {
                let (cart, slot, origins) = (id.clone(), slot.clone(), origins.clone());
                self.tenant.change(line, move |tx, merchant| credentials::bind_fetched(tx, merchant, &cart, &slot, &origins)).await?;
            }
            approved.push(Approved { slot, origins: (&origins).into() });
        }
        if !approved.is_empty() {
            self.changes.carts(std::slice::from_ref(id));
        }
        Ok(approved)
    }

    /// The carts that cannot be used because of moved credentials.
    pub(super) async fn carts_with_moved_credentials(&self, rows: &[store::carts::CartRow]) -> Result<BTreeMap<CartId, Unready>, Error> {
        let (merchant, ids) = (self.tenant.merchant.clone(), rows.iter().map(|row| row.definition.cart.clone()).collect::<BTreeSet<_>>());
        let look = move |view: &View<'_>| -> Result<BTreeMap<CartId, Bound>, store::Error> {
            let mut all: BTreeMap<CartId, Bound> = BTreeMap::new();
            for value in credentials::list(view, &merchant)? {
                all.entry(value.place.cart.clone()).or_default().sealed.push(value);
            }
            for cart in ids {
                let fetched = credentials::fetched(view, &merchant, &cart)?;
                all.entry(cart).or_default().fetched = fetched;
            }
            Ok(all)
        };
        let mut all = self.tenant.store.read(look).await?;
        let mut found = BTreeMap::new();
        for row in rows {
            let (id, bound) = (&row.definition.cart, all.remove(&row.definition.cart).unwrap_or_default());
            // A cart that cannot be read is told of elsewhere.
            let Ok(cart) = Cart::parse("the store", &row.definition.text) else { continue };
            if bound.sealed.is_empty() && !cart.credentials.keys().any(|slot| cart.fetches(slot)) {
                continue;
            }
            // Of a plugin that was never admitted nothing was sent either.
            let Some(pinned) = row.definition.plugin.or(cart.digest) else { continue };
            let Some(manifest) = self.plugins.manifest(pinned).await? else { continue };
            let moved = bound.moved(&cart, &manifest);
            found.extend(moved.first().map(|moved| (id.clone(), moved.unready(id))));
        }
        Ok(found)
    }
}

/// Updates the approvals after a definition was loaded. On the machine, each slot without an approval is approved as it is. Approvals for
/// values that are no longer fetched are deleted.
pub(super) fn note_fetched(
    tx: &Tx<'_>,
    merchant: &MerchantId,
    cart: &CartId,
    fetched: &[(String, Origins)],
    on_machine: bool,
) -> Result<(), store::Error> {
    let known = credentials::fetched(tx, merchant, cart)?;
    for slot in known.keys().filter(|slot| !fetched.iter().any(|(fetched, _)| fetched == *slot)) {
        credentials::unbind_fetched(tx, merchant, cart, slot)?;
    }
    for (slot, origins) in fetched.iter().filter(|(slot, _)| on_machine && !known.contains_key(slot)) {
        credentials::bind_fetched(tx, merchant, cart, slot, origins)?;
    }
    Ok(())
}
