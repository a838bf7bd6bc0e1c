//! Calls of a cart's plugin that deliver nothing: whether the cart works, and the lists that only the shop knows.

use super::Error;
use super::clients::Clients;
use super::configuration::Configuration;
use super::credentials::Credentials;
use super::definitions::unlisted;
use super::lists::List;
use super::plugins::Plugins;
use super::recordings::Recordings;
use super::stored_cart::StoredCart;
use super::tenant::Tenant;
use cartage_contract::delivery::{ChoicesOf, FailureKind, FindingLevel, FindingSubject, OrderKey};
use cartage_egress::SendMode;
use cartage_model::cassette::Cassette;
use cartage_model::exchange::Outcome;
use cartage_model::id::{CartId, Digest, SenderOrderNumber};
use cartage_store::{self as store, Tx, lists};
use serde::{Deserialize, Serialize};

/// The result of a check, and what became of the next credentials.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The record of the check with the credentials that are current from now on.
    pub cassette: Cassette,
    /// What became of the next credentials.
    pub next: Next,
}

/// What became of the next credentials after a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// The result of asking a shop for one list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedList {
    /// The list that was asked for.
    pub of: ChoicesOf,
    /// The list, which is stored now; `None` if the shop returned none.
    pub list: Option<List>,
    /// Why the shop returned no list; the list that was stored before stays. `None` on success.
    pub failed: Option<String>,
    /// Entries of the cart's definition that the list does not have, one sentence each.
    pub doubts: Vec<String>,
}

/// Calls of a cart's plugin that deliver nothing.
#[derive(Clone)]
pub struct Checks {
    pub(super) tenant: Tenant,
    pub(super) clients: Clients,
    pub(super) credentials: Credentials,
    pub(super) configuration: Configuration,
    pub(super) plugins: Plugins,
    pub(super) recordings: Recordings,
}

impl Checks {
    /// Asks a cart's plugin whether the cart works and, with `order`, how the cart sees that order. Nothing is changed at the cart. Next
    /// credentials are checked first, and become the current ones if the answer says that the cart accepts them.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for an order number that cannot be one of this cart's, and the errors of [`Clients::current`].
    pub async fn check(&self, kept: &StoredCart, order: Option<&SenderOrderNumber>) -> Result<Checked, Error> {
        let id = &kept.cart.id;
        let own = |number: &SenderOrderNumber| {
            let refused = |source| cartage_policy::validate::Refused::OrderNumber { cart: id.to_string(), source };
            kept.cart.order_number.apply(number).map_err(refused)
        };
        let order = order.map(own).transpose()?.map(|order_number| OrderKey { order_number: order_number.into(), known_reference: None });
        let mut next = Next::None;
        if let Some(client) = self.clients.next(kept).await? {
            let cassette = client.check(order.clone(), SendMode::Live).await.map_err(Error::client(id))?;
            self.clients.called(id, &cassette).await?;
            next = told(&cassette.outcome);
            if next == Next::Promoted {
                self.credentials.promote(id).await?;
                self.ran(kept, &cassette).await?;
                return Ok(Checked { cassette, next });
            }
        }
        let client = self.clients.current(kept).await?;
        let cassette = client.check(order, SendMode::Live).await.map_err(Error::client(id))?;
        self.clients.called(id, &cassette).await?;
        self.ran(kept, &cassette).await?;
        Ok(Checked { cassette, next })
    }

    async fn ran(&self, kept: &StoredCart, cassette: &Cassette) -> Result<(), Error> {
        let (merchant, cart, digest, at) = (self.tenant.merchant.clone(), kept.cart.id.clone(), cassette.digest, self.tenant.now_unix_ms());
        Ok(self.tenant.store.write::<_, store::Error>(move |tx| store::carts::ran(tx, &merchant, &cart, digest, at)).await?)
    }

    /// Asks a cart's plugin for every list that only the shop knows, stores the results, and compares the cart's definition with them.
    ///
    /// # Errors
    ///
    /// The errors of [`Clients::current`], and [`Error::Store`].
    pub async fn ask_lists(&self, kept: &StoredCart) -> Result<Vec<AskedList>, Error> {
        let wanted = kept.manifest().map(|manifest| manifest.asked()).unwrap_or_default();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let (client, labels) = (self.clients.current(kept).await?, self.configuration.labels().await?);
        let (mut all, mut plugin) = (Vec::new(), None);
        for of in wanted {
            let cassette = client.choices(of.clone(), SendMode::Live).await.map_err(Error::client(&kept.cart.id))?;
            self.clients.called(&kept.cart.id, &cassette).await?;
            plugin = Some(cassette.digest);
            let (list, failed) = match cassette.outcome {
                Outcome::Choices(choices) => (Some(List { of: of.clone(), choices, asked_at_unix_ms: self.tenant.now_unix_ms() }), None),
                Outcome::Failed(failure) => (None, Some(format!("{}: {}", failure.kind, failure.message))),
                Outcome::Ended(ended) => (None, Some(ended.to_string())),
                Outcome::Applied(_) | Outcome::Report(_) => (None, Some("the plugin answered another question".to_owned())),
            };
            let doubts = list.as_ref().map(|list| unlisted(&kept.cart, list, &labels)).unwrap_or_default();
            all.push(AskedList { of, list, failed, doubts });
        }
        if let Some(plugin) = plugin {
            self.keep_lists(&kept.cart.id, plugin, all.iter().filter_map(|asked| asked.list.as_ref())).await?;
        }
        Ok(all)
    }

    async fn keep_lists<'l>(&self, cart: &CartId, plugin: Digest, all: impl Iterator<Item = &'l List>) -> Result<(), Error> {
        let row = |List { of, choices, asked_at_unix_ms }: &List| lists::ListRow {
            of: serde_json::to_string(of).expect("what is listed is plain data"),
            plugin,
            choices: serde_json::to_string(choices).expect("choices are plain data"),
            asked_at_unix_ms: *asked_at_unix_ms,
        };
        let rows: Vec<lists::ListRow> = all.map(row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let (merchant, cart) = (self.tenant.merchant.clone(), cart.clone());
        self.tenant.store.write::<_, store::Error>(move |tx: &Tx<'_>| lists::put(tx, &merchant, &cart, &rows)).await?;
        Ok(())
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
