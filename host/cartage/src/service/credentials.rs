//! A cart's credentials: listing them, setting one, and changing one without a gap. The vault holds the values, which are never shown
//! again.
//!
//! A next value may wait beside the current one. It becomes the current one when it has worked: when a check says that the cart accepts the
//! credentials, or when an update that the cart refused with the old value was delivered with the new one. So the order in which the
//! password changes, here and at the cart, does not matter.

use super::inlet::{INLET_FIELD, INLET_SLOT};
use super::{Error, Service, StoredCart};
use cartage_contract::delivery::{FailureKind, FindingLevel, FindingSubject, OrderKey};
use cartage_contract::manifest::Manifest;
use cartage_egress::Mode;
use cartage_egress::credential::{self, Warning};
use cartage_model::cassette::Cassette;
use cartage_model::exchange::Outcome;
use cartage_model::id::{CartId, SenderOrderNumber};
use cartage_model::receipt::Receipt;
use cartage_store::credentials::{Generation, Place};
use cartage_store::orders::OrderRef;
use cartage_store::{self as store, audit, receipts};
use secrecy::SecretString;
use std::collections::BTreeSet;

/// A value that the vault holds for a cart.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StoredCredential {
    /// The credential slot's name.
    pub slot: String,
    /// The name of the slot's field.
    pub field: String,
    /// Whether this is the next value, which waits until it has worked, rather than the current one.
    pub next: bool,
    /// The origins that the value may be sent to, separated by spaces.
    pub origins: String,
    /// When the value was set.
    pub set_at_unix_ms: u64,
}

/// The result of setting a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCredential {
    /// Which of the two values was set. The first value of a field becomes the current one even if it was meant as the next.
    pub generation: Generation,
    /// Warnings about a value that is allowed but probably wrong.
    pub warnings: Vec<Warning>,
}

/// The result of a check, and what became of the next credentials.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The record of the check with the credentials that are current from now on.
    pub cassette: Cassette,
    /// What became of the next credentials.
    pub next: Next,
}

/// What became of the next credentials after a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Next {
    /// There are no next credentials.
    None,
    /// They worked, and are the current ones now.
    Promoted,
    /// The cart refuses them. They go on waiting.
    Refused,
    /// The check does not show whether the cart accepts them. They go on waiting.
    Untold,
}

impl Service {
    /// The credentials that the vault holds for a cart, by slot and field, the current ones first. No key is needed.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn credentials(&self, cart: &CartId) -> Result<Vec<StoredCredential>, Error> {
        let kept = self.kept_credentials(cart).await?.into_iter().map(|value| {
            let Place { slot, field, .. } = value.place;
            StoredCredential {
                slot,
                field,
                next: value.generation == Generation::Next,
                origins: value.bound_to,
                set_at_unix_ms: value.set_at_unix_ms,
            }
        });
        Ok(kept.collect())
    }

    /// Checks a value against the cart's plugin and seals it, in place of the earlier value of this turn. The value is bound to the origins
    /// that the endpoints of its slot have now.
    ///
    /// # Errors
    ///
    /// [`Error::Credential`], [`Error::CredentialUnbound`], [`Error::Vault`].
    pub async fn set_credential(
        &self,
        kept: &StoredCart,
        manifest: &Manifest,
        (slot, field): (&str, &str),
        generation: Generation,
        secret: SecretString,
    ) -> Result<SetCredential, Error> {
        let id = &kept.cart.id;
        if kept.cart.seti.is_some() && (slot, field) == (INLET_SLOT, INLET_FIELD) && manifest.slot(INLET_SLOT).is_none() {
            self.set_inlet_password(kept, secret).await?;
            return Ok(SetCredential { generation: Generation::Current, warnings: Vec::new() });
        }
        let warnings =
            credential::check_value(manifest, slot, field, &secret).map_err(|source| Error::Credential { cart: id.clone(), source })?;
        let origins = manifest.slot(slot).and_then(|slot| kept.cart.origins(manifest, slot));
        let origins = origins.ok_or_else(|| Error::CredentialUnbound { cart: id.clone(), slot: slot.to_owned() })?;
        let place = Place { cart: id.clone(), slot: slot.to_owned(), field: field.to_owned() };
        let first = !self.kept_credentials(id).await?.iter().any(|value| value.place == place && value.generation == Generation::Current);
        let generation = if first { Generation::Current } else { generation };
        let line = self.credential_line("credential set", &place, if generation == Generation::Next { "waits" } else { "in use" });
        self.vault()?.set(&self.merchant, &place, generation, &origins, secret, line).await?;
        self.forget_tokens(id);
        self.cart_changed(id);
        Ok(SetCredential { generation, warnings })
    }

    /// Deletes a credential: the value of one turn, or both with `None`. Returns whether there was any.
    ///
    /// # Errors
    ///
    /// [`Error::Vault`].
    pub async fn forget_credential(&self, cart: &CartId, slot: &str, field: &str, only: Option<Generation>) -> Result<bool, Error> {
        let place = Place { cart: cart.clone(), slot: slot.to_owned(), field: field.to_owned() };
        let what = if only == Some(Generation::Next) { "the one that waits" } else { "all" };
        let line = self.credential_line("credential forget", &place, what);
        let forgot = self.vault()?.forget(&self.merchant, &place, only, line).await?;
        if forgot {
            self.forget_tokens(cart);
            self.cart_changed(cart);
        }
        Ok(forgot)
    }

    pub(super) fn credential_line(&self, what: &str, place: &Place, detail: &str) -> audit::Line {
        self.line(what, &format!("cart {}, {}.{}", place.cart, place.slot, place.field), detail.to_owned())
    }

    /// Asks a cart's plugin whether the cart works and, with `order`, how the cart sees that order. Nothing is changed at the cart. Next
    /// credentials are checked first, and become the current ones if the answer says that the cart accepts them.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for an order number that cannot be one of this cart's, and the errors of [`Service::client`].
    pub async fn check(&self, kept: &StoredCart, order: Option<&SenderOrderNumber>) -> Result<Checked, Error> {
        let id = &kept.cart.id;
        let own = |number: &SenderOrderNumber| {
            let refused = |source| cartage_policy::validate::Refused::OrderNumber { cart: id.to_string(), source };
            kept.cart.order_number.apply(number).map_err(refused)
        };
        let order = order.map(own).transpose()?.map(|order_number| OrderKey { order_number: order_number.into(), known_reference: None });
        let mut next = Next::None;
        if let Some(client) = self.next_courier(kept).await? {
            let cassette = client.check(order.clone(), Mode::Live).await.map_err(Error::client(id))?;
            self.called(id, &cassette).await?;
            next = told(&cassette.outcome);
            if next == Next::Promoted {
                self.promote(id).await?;
                self.ran(kept, &cassette).await?;
                return Ok(Checked { cassette, next });
            }
        }
        let client = self.client(kept).await?;
        let cassette = client.check(order, Mode::Live).await.map_err(Error::client(id))?;
        self.called(id, &cassette).await?;
        self.ran(kept, &cassette).await?;
        Ok(Checked { cassette, next })
    }

    async fn ran(&self, kept: &StoredCart, cassette: &Cassette) -> Result<(), Error> {
        let (merchant, cart, digest, at) = (self.merchant.clone(), kept.cart.id.clone(), cassette.digest, self.now_unix_ms());
        Ok(self.shared.store.write::<_, store::Error>(move |tx| store::carts::ran(tx, &merchant, &cart, digest, at)).await?)
    }

    /// Stores the receipt of an attempt that belongs to no delivery.
    pub(super) async fn keep_receipt(&self, receipt: &Receipt, sequence: u64, order_number: &SenderOrderNumber) -> Result<(), Error> {
        let row = receipts::Receipt {
            delivery: receipt.delivery.clone(),
            attempt: receipt.attempt,
            order: OrderRef { cart: receipt.cart.clone(), number: order_number.clone() },
            sequence,
            at_unix_ms: receipt.at_unix_ms,
            json: serde_json::to_string(receipt).expect("a receipt is plain data"),
        };
        let merchant = self.merchant.clone();
        Ok(self.shared.store.write::<_, store::Error>(move |tx| receipts::add(tx, &merchant, &row)).await?)
    }

    /// Makes the next credentials, which have worked, the current ones.
    pub(super) async fn promote(&self, cart: &CartId) -> Result<(), Error> {
        let waiting = self.kept_credentials(cart).await?.into_iter().filter(|value| value.generation == Generation::Next);
        let slots: BTreeSet<String> = waiting.map(|value| value.place.slot).collect();
        for slot in slots {
            let line = self.line("credential next", &format!("cart {cart}, {slot}"), "worked, in use".to_owned());
            self.vault()?.promote(&self.merchant, cart, &slot, line).await?;
            self.shared.clients.changed();
        }
        Ok(())
    }

    /// Drops a cart's tokens, because they were obtained with earlier credentials.
    fn forget_tokens(&self, cart: &CartId) {
        self.shared.tokens.forget(&(self.merchant.clone(), cart.clone()));
    }
}

/// What a check shows of the credentials that it was made with. Only a plugin that says that the cart accepts them is believed: many
/// protocols have no harmless request that carries a password.
fn told(outcome: &Outcome) -> Next {
    match outcome {
        Outcome::Report(report) => {
            let found =
                |level| report.findings.iter().any(|finding| finding.about == FindingSubject::Credentials && finding.level == level);
            match (found(FindingLevel::Problem), found(FindingLevel::Fine)) {
                (true, _) => Next::Refused,
                (false, true) => Next::Promoted,
                (false, false) => Next::Untold,
            }
        }
        Outcome::Failed(failure) if failure.kind == FailureKind::Credentials => Next::Refused,
        Outcome::Failed(_) | Outcome::Applied(_) | Outcome::Ended(_) | Outcome::Choices(_) => Next::Untold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_contract::delivery::{Failure, Finding, Report, RetryWish};

    #[test]
    fn only_a_plugin_that_says_so_is_believed() {
        let finding = |level, about| Finding { level, about, message: String::new(), remedy: None };
        let report = |findings| Outcome::Report(Report { findings, order: None });
        let failed = |kind| {
            Outcome::Failed(Failure {
                kind,
                message: String::new(),
                retry: RetryWish::Default,
                steps: vec![],
                resume: None,
                reference: None,
                packages: vec![],
                extra: vec![],
            })
        };
        let (fine, warning, problem) = (FindingLevel::Fine, FindingLevel::Warning, FindingLevel::Problem);
        let (credentials, reachability) = (FindingSubject::Credentials, FindingSubject::Reachability);
        for (outcome, expected) in [
            (report(vec![]), Next::Untold),
            (report(vec![finding(fine, reachability)]), Next::Untold),
            (report(vec![finding(warning, credentials)]), Next::Untold),
            (report(vec![finding(fine, credentials)]), Next::Promoted),
            (report(vec![finding(fine, credentials), finding(problem, reachability)]), Next::Promoted),
            (report(vec![finding(fine, credentials), finding(problem, credentials)]), Next::Refused),
            (failed(FailureKind::Credentials), Next::Refused),
            (failed(FailureKind::Unavailable), Next::Untold),
        ] {
            assert_eq!(told(&outcome), expected, "{outcome:?}");
        }
    }
}
