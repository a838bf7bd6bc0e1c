//! Credential fields that log-ins replace: stored in the vault, and read from there before each log-in. The tokens that log-ins return are
//! kept in memory, by cart.
//!
//! A cart that was made ready earlier holds older values; those on disk count. So two concurrent calls both use the latest value, and a
//! value that a person sets meanwhile is not overwritten with one that the cart issued for the former.

use super::tenant::Tenant;
use super::vault_on_demand::LazyVault;
use super::{BY_ITSELF, Error};
use cartage_base::clock::Clock;
use cartage_contract::manifest::{Manifest, Slot, SlotKind};
use cartage_egress::tokens::{Keeper, Keeping, Kept, NotKept, Replaced, Tokens};
use cartage_model::carts::{Cart, Origins};
use cartage_model::id::{CartId, MerchantId};
use cartage_policy::schedule::CartKey;
use cartage_store::audit;
use cartage_store::credentials::{CredentialRef, Generation};
use cartage_store::vault::{self, Change, Vault};
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// The tokens of all carts. A cart has one log-in at a time, with the current credentials and with the next ones.
#[derive(Default)]
pub(super) struct CartTokens(Mutex<BTreeMap<CartKey, Arc<Tokens>>>);

impl CartTokens {
    fn of(&self, cart: CartKey) -> Arc<Tokens> {
        self.0.lock().expect("nobody panics while holding it").entry(cart).or_default().clone()
    }

    /// Drops a cart's tokens, because its credentials changed.
    pub(super) fn forget(&self, cart: &CartKey) {
        if let Some(tokens) = self.0.lock().expect("nobody panics while holding it").get(cart) {
            tokens.forget();
        }
    }

    /// Drops the tokens of carts that are not among these, unless a call with them is under way.
    pub(super) fn keep_only(&self, carts: &BTreeSet<CartKey>) {
        let mut tokens = self.0.lock().expect("nobody panics while holding it");
        tokens.retain(|cart, tokens| carts.contains(cart) || Arc::strong_count(tokens) > 1);
    }
}

/// Stores the replaced fields of one cart in the vault.
struct InVault {
    vault: Vault,
    clock: Arc<dyn Clock>,
    merchant: MerchantId,
    cart: CartId,
    /// Whether a next value is preferred to the current one.
    generation: Generation,
    /// The origins that each slot's values are bound to.
    origins: BTreeMap<String, Origins>,
}

impl InVault {
    /// The value to use, and whether it is the current or the next one; `None` if neither is set.
    async fn found(&self, place: &CredentialRef, origins: &Origins) -> Result<Option<(Generation, SecretString)>, vault::Error> {
        let generations: &[Generation] =
            if self.generation == Generation::Next { &[Generation::Next, Generation::Current] } else { &[Generation::Current] };
        for generation in generations.iter().copied() {
            if let Some(value) = self.vault.get(&self.merchant, place, generation, origins).await? {
                return Ok(Some((generation, value)));
            }
        }
        Ok(None)
    }

    fn place(&self, slot: &str, field: &str) -> CredentialRef {
        CredentialRef { cart: self.cart.clone(), slot: slot.to_owned(), field: field.to_owned() }
    }

    async fn replace_all(&self, slot: &str, changes: &[Replaced]) -> Result<bool, vault::Error> {
        // A slot without origins sends nothing, so no log-in with its values can have been answered.
        let Some(origins) = self.origins.get(slot) else { return Ok(false) };
        let mut all = Vec::new();
        for Replaced { field, from, to } in changes {
            let place = self.place(slot, field);
            let generation = self.found(&place, origins).await?.map_or(Generation::Current, |(generation, _)| generation);
            all.push(Change { place, generation, from: from.clone(), to: to.clone() });
        }
        let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
        let line = audit::Line {
            at_unix_ms: self.clock.now_unix_ms(),
            who: BY_ITSELF.to_owned(),
            what: "credential replaced".to_owned(),
            subject: format!("cart {}, {slot}", self.cart),
            detail: Some(format!("{} by the cart's answer to a log-in", fields.join(", "))),
        };
        self.vault.replace(&self.merchant, origins, all, line).await
    }
}

impl Keeper for InVault {
    fn current<'a>(&'a self, slot: &'a str, field: &'a str) -> Kept<'a, Option<SecretString>> {
        Box::pin(async move {
            let Some(origins) = self.origins.get(slot) else { return Ok(None) };
            let found = self.found(&self.place(slot, field), origins).await.map_err(|error| NotKept::Fault(Box::new(error)))?;
            Ok(found.map(|(_, value)| value))
        })
    }

    fn replace<'a>(&'a self, slot: &'a str, changes: &'a [Replaced]) -> Kept<'a, ()> {
        Box::pin(async move {
            match self.replace_all(slot, changes).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(NotKept::Changed),
                Err(error) => Err(NotKept::Fault(Box::new(error))),
            }
        })
    }
}

/// The tokens of a cart, and the keeper of the fields that its log-ins replace.
pub(super) async fn keeping(
    tenant: &Tenant,
    vault: &Arc<LazyVault>,
    tokens: &CartTokens,
    cart: &Cart,
    manifest: &Manifest,
    generation: Generation,
) -> Result<Keeping, Error> {
    let tokens = tokens.of((tenant.merchant.clone(), cart.id.clone()));
    let replacing: Vec<&Slot> = manifest.slots.iter().filter(|slot| replaces(slot).next().is_some()).collect();
    if replacing.is_empty() {
        return Ok(Keeping { tokens, ..Keeping::in_memory() });
    }
    not_given(cart, manifest)?;
    let origins = replacing.iter().filter_map(|slot| Some((slot.name.clone(), cart.origins(manifest, slot)?))).collect();
    let (merchant, clock) = (tenant.merchant.clone(), tenant.clock.clone());
    let keeper = InVault { vault: vault.get().await?.clone(), clock, merchant, cart: cart.id.clone(), generation, origins };
    Ok(Keeping { tokens, keeper: Arc::new(keeper) })
}

/// Refuses a definition that sets a field which log-ins replace. A definition takes precedence over the vault, so the new value would not
/// be used after the next start.
pub(super) fn not_given(cart: &Cart, manifest: &Manifest) -> Result<(), Error> {
    for slot in &manifest.slots {
        let given = cart.credentials.get(&slot.name);
        if let Some(field) = replaces(slot).find(|field| given.is_some_and(|fields| fields.contains_key(*field))) {
            return Err(Error::CredentialReplaced { cart: cart.id.clone(), slot: slot.name.clone(), field: field.to_owned() });
        }
    }
    Ok(())
}

/// The fields that a slot's log-in replaces.
fn replaces(slot: &Slot) -> impl Iterator<Item = &str> {
    let replaces = if let SlotKind::Login(login) = &slot.kind { login.replaces.as_slice() } else { &[] };
    replaces.iter().map(|replaced| replaced.field.as_str())
}
