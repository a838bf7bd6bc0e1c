//! One cart made ready: a [`CartClient`] takes a [`Job`] to its cart and comes back with a [`Receipt`] and a [`Cassette`].
//!
//! The plugin is admitted, the settings are checked, the endpoints are bound and the credentials are at hand. What follows from an attempt is decided
//! by [`deliver`](super), from the [`Fate`](cartage_model::receipt::Fate) in the receipt.

use cartage_base::clock::Clock;
use cartage_contract::delivery::{self, ChoicesOf, Context, Delivery, EarlierAttempt, OrderKey, Setting, Step, ToldPackage};
use cartage_contract::manifest::Manifest;
use cartage_contract::orders::{self, Update};
use cartage_egress::credential::{CredentialValues, Warning};
use cartage_egress::endpoint::Bindings;
use cartage_egress::tokens::Keeping;
use cartage_egress::{self as egress, CartEgress, Egress, SendMode, credential, endpoint};
use cartage_engine::Plugin;
use cartage_model::carts::{self, Cart, Limits, WrongDigest};
use cartage_model::cassette::{self, Cassette, Entry};
use cartage_model::exchange::{Call, CallEnd, Outcome};
use cartage_model::id::{CartId, DeliveryId};
use cartage_model::receipt::{self, Receipt};
use cartage_model::remedy::Remedy;
use cartage_store as store;
use cartage_store::orders::{PackageRow, Told};
use std::sync::Arc;

/// The version of the form in which an attempt's cassette is kept.
pub const CASSETTE_FORMAT: u32 = cassette::FORMAT;

/// Why a cart cannot be made ready for deliveries.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plugin's file does not have the digest that the cart is pinned to.
    #[error("{0}; if you trust the new file, write its digest into the cart's definition")]
    Digest(WrongDigest),
    /// The cart's settings do not fit the plugin's manifest.
    #[error(transparent)]
    Settings(#[from] carts::Error),
    /// An endpoint of the cart is missing, or cannot be bound to its base URL.
    #[error("could not bind the endpoints of cart {cart}")]
    Endpoint {
        /// The cart that cannot be made ready.
        cart: CartId,
        /// The endpoint and the rule that it breaks.
        #[source]
        source: endpoint::Error,
    },
    /// A credential is missing, or does not fit the plugin's manifest.
    #[error("the credentials of cart {cart} cannot be used")]
    Credential {
        /// The cart that cannot be made ready.
        cart: CartId,
        /// The slot or field and the rule that it breaks.
        #[source]
        source: credential::Error,
    },
    /// The cart's HTTP client could not be set up.
    #[error("could not set up the HTTP client of cart {cart}")]
    CartEgress {
        /// The cart that cannot be made ready.
        cart: CartId,
        /// The reason, for example of the TLS library.
        #[source]
        source: egress::Error,
    },
    /// The operating system gives no random bytes.
    #[error("could not get random bytes for the attempt from the system")]
    Entropy(#[source] getrandom::Error),
}

impl Error {
    /// What a person can do, asked of the errors below; `None` where the messages say it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Error::Credential { source, .. } => source.remedy(),
            Error::Digest(_) | Error::Settings(_) | Error::Endpoint { .. } | Error::CartEgress { .. } | Error::Entropy(_) => None,
        }
    }
}

/// A cart made ready for deliveries, with its plugin, connections and limits.
pub struct CartClient {
    cart: CartId,
    plugin: Plugin,
    cart_egress: CartEgress,
    warnings: Vec<Warning>,
    settings: Vec<Setting>,
    limits: Limits,
    clock: Arc<dyn Clock>,
}

/// One attempt to be made: the update, and what earlier attempts achieved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The delivery's id, the same for every attempt. It is the idempotency key.
    pub delivery: DeliveryId,
    /// The number of the update among those of its order, from 1.
    pub sequence: u64,
    /// The number of this attempt at the update, from 1.
    pub attempt: u32,
    /// The attempts before this one, with the steps that each of them completed.
    pub earlier: Vec<EarlierAttempt>,
    /// The cart's own reference from this order's last success; `None` if the cart gave none.
    pub known_reference: Option<String>,
    /// The update that the cart is to be told.
    pub update: Box<Update>,
}

/// The result of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Attempt {
    /// The short record, which the outbox keeps.
    pub receipt: Receipt,
    /// The full record of requests and answers, for people to look at and to replay. It holds personal data.
    pub cassette: Cassette,
}

impl Attempt {
    /// The packages and the reference that the cart was told in this attempt, whether the update as a whole succeeded or not.
    pub fn told(&self) -> Told {
        let Call::SendOrderStatus { update, .. } = &self.cassette.call else { return Told::default() };
        let named = |told: &ToldPackage| {
            let package = update.packages.get(usize::try_from(told.index).ok()?)?;
            let (id, carrier, number) = (package.id.clone(), package.carrier_given.clone(), package.tracking_number.clone());
            let withdrawn = package.told == orders::Told::Withdrawn;
            // What else it says was noted when it was accepted.
            let package = PackageRow { id, carrier, number, withdrawn, details: None };
            Some(store::orders::ToldPackage { package, reference: told.reference.clone() })
        };
        Told { reference: self.receipt.reference.clone(), packages: self.receipt.packages.iter().filter_map(named).collect() }
    }

    /// How long the plugin asks that no request be sent to the cart, in milliseconds; 0 if the plugin does not ask.
    pub fn rest_ms(&self) -> u64 {
        match &self.cassette.outcome {
            Outcome::Applied(applied) => applied.rest_ms.unwrap_or(0),
            Outcome::Failed(_) | Outcome::Choices(_) | Outcome::Report(_) | Outcome::Ended(_) => 0,
        }
    }

    /// The bytes that the plugin returned for the next attempt; `None` if it returned none or succeeded.
    pub fn resume(&self) -> Option<Vec<u8>> {
        match &self.cassette.outcome {
            Outcome::Failed(failure) => failure.resume.clone(),
            Outcome::Applied(_) | Outcome::Ended(_) | Outcome::Choices(_) | Outcome::Report(_) => None,
        }
    }

    /// The summary of this attempt that the next attempt is given.
    pub fn earlier(&self) -> EarlierAttempt {
        let Receipt { attempt, reach, ref steps, .. } = self.receipt;
        EarlierAttempt { attempt, reach, steps: steps.clone(), resume: self.resume(), extra: Vec::new() }
    }

    /// Why this machine could not perform the attempt, as text; `None` if the attempt did not fail because of this machine.
    pub fn local_fault(&self) -> Option<String> {
        if self.receipt.fate != receipt::Fate::LocalFault {
            return None;
        }
        let cause = |entry: &Entry| if let Entry::Http(request) = entry { request.cause.clone() } else { None };
        let of_request = self.cassette.recording.entries.iter().rev().find_map(cause);
        Some(of_request.or_else(|| self.receipt.message.clone()).unwrap_or_default())
    }
}

impl CartClient {
    /// Makes a cart ready. Nothing is sent. Values that log-ins replace are held in memory, as long as this value lives.
    ///
    /// # Errors
    ///
    /// [`Error`], naming what in the cart's definition does not fit its plugin.
    pub fn new(
        cart: &Cart,
        plugin: Plugin,
        secrets: cartage_egress::secrets::Secrets,
        egress: &Egress,
        clock: Arc<dyn Clock>,
    ) -> Result<CartClient, Error> {
        let mut client = CartClient::keeping(cart, plugin, secrets, egress, clock, Keeping::in_memory())?;
        let replaced = client.cart_egress.replaced().into_iter();
        client.warnings.extend(replaced.map(|(slot, field)| Warning::NotKept { slot, field }));
        Ok(client)
    }

    /// As [`CartClient::new`], with tokens that other clients of the cart share, and a keeper that stores the fields that log-ins replace.
    ///
    /// # Errors
    ///
    /// As [`CartClient::new`].
    pub fn keeping(
        cart: &Cart,
        plugin: Plugin,
        secrets: cartage_egress::secrets::Secrets,
        egress: &Egress,
        clock: Arc<dyn Clock>,
        keeping: Keeping,
    ) -> Result<CartClient, Error> {
        WrongDigest::check(&cart.id, &cart.plugin, plugin.digest(), cart.digest).map_err(Error::Digest)?;
        let (id, manifest) = (|| cart.id.clone(), plugin.manifest());
        let settings = cart.settings(manifest)?;
        let bindings = Bindings::new(manifest, &cart.endpoints).map_err(|source| Error::Endpoint { cart: id(), source })?;
        let credentials = CredentialValues::new(manifest, secrets).map_err(|source| Error::Credential { cart: id(), source })?;
        let warnings = credentials.warnings().to_vec();
        let limits = cart.limits.with(&manifest.pace);
        let cart_egress = egress
            .open_with(Arc::new(manifest.clone()), &bindings, credentials, &limits, keeping)
            .map_err(|source| Error::CartEgress { cart: id(), source })?;
        Ok(CartClient { cart: id(), plugin, cart_egress, warnings, settings, limits, clock })
    }

    /// The manifest of the cart's plugin.
    pub fn manifest(&self) -> &Manifest {
        self.plugin.manifest()
    }

    /// The limit for a whole call, in milliseconds.
    pub fn call_ms(&self) -> u32 {
        self.limits.call_ms
    }

    /// What the operator should know about this cart's connection, such as secrets that are too short to be searched for in answers.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Makes one attempt at a delivery. The attempt always ends with a receipt: whatever the plugin or the cart does is an outcome, not an error.
    ///
    /// # Errors
    ///
    /// [`Error::Entropy`] only; nothing was sent then.
    pub async fn attempt(&self, job: Job, mode: SendMode) -> Result<Attempt, Error> {
        let context = self.context()?;
        let delivery = Delivery {
            id: job.delivery.to_string(),
            sequence: job.sequence,
            attempt: job.attempt,
            earlier: job.earlier,
            known_reference: job.known_reference,
            extra: Vec::new(),
        };
        let started = self.clock.reading();
        let cassette = self.run(Call::SendOrderStatus { update: job.update, delivery, context }, Some(&job.delivery), mode).await;
        let took_ms = self.clock.reading().elapsed_ms.saturating_sub(started.elapsed_ms);
        let receipt = self.receipt(&cassette, job.delivery, job.attempt, started.wall_unix_ms, took_ms);
        tracing::debug!(cart = %receipt.cart, delivery = %receipt.delivery, attempt = receipt.attempt, fate = ?receipt.fate, took_ms, "attempted");
        Ok(Attempt { receipt, cassette })
    }

    /// Asks the plugin to test the connection and, if one is named, to report an order. Nothing is changed at the cart.
    ///
    /// # Errors
    ///
    /// [`Error::Entropy`] only.
    pub async fn check(&self, order: Option<OrderKey>, mode: SendMode) -> Result<Cassette, Error> {
        let context = self.context()?;
        Ok(self.run(Call::Check { order, context }, None, mode).await)
    }

    /// Asks the plugin for values that only this shop knows, of a kind that the manifest lists. Nothing is changed at the cart.
    ///
    /// # Errors
    ///
    /// [`Error::Entropy`] only.
    pub async fn choices(&self, of: ChoicesOf, mode: SendMode) -> Result<Cassette, Error> {
        let context = self.context()?;
        Ok(self.run(Call::ListChoices { of, context }, None, mode).await)
    }

    /// Runs a call of the plugin with this cart's connections and records it.
    async fn run(&self, call: Call, delivery: Option<&DeliveryId>, mode: SendMode) -> Cassette {
        let mut session = self.cart_egress.session(mode, delivery.map(DeliveryId::as_str));
        let outcome = self.plugin.call(&call, &self.limits, &mut session).await;
        let Manifest { name, version, .. } = self.plugin.manifest();
        let (plugin, version, recording) = (name.clone(), version.clone(), session.finish());
        Cassette { format: CASSETTE_FORMAT, plugin, version, digest: self.plugin.digest(), call, recording, outcome }
    }

    fn context(&self) -> Result<Context, Error> {
        let mut entropy = vec![0; 32];
        getrandom::fill(&mut entropy).map_err(Error::Entropy)?;
        Ok(Context {
            now_unix_ms: self.clock.now_unix_ms(),
            entropy,
            settings: self.settings.clone(),
            endpoints: self.cart_egress.endpoints(),
            bound_slots: self.cart_egress.bound_slots(),
            limits: told(&self.limits),
            extra: Vec::new(),
        })
    }

    fn receipt(&self, cassette: &Cassette, delivery: DeliveryId, attempt: u32, at_unix_ms: u64, took_ms: u64) -> Receipt {
        let (message, reference, steps) = summary(&cassette.outcome);
        let packages = cassette.outcome.told().to_vec();
        Receipt {
            cart: self.cart.clone(),
            delivery,
            attempt,
            at_unix_ms,
            took_ms,
            plugin: cassette.digest,
            reach: cassette.recording.reach,
            fate: receipt::fate(&cassette.outcome, cassette.recording.local_fault),
            message,
            reference,
            steps,
            packages,
        }
    }
}

/// The limits that a plugin is told, by which it can plan its requests.
fn told(limits: &Limits) -> delivery::Limits {
    let Limits { requests, request_bytes, response_bytes, request_ms, call_ms, .. } = *limits;
    delivery::Limits { requests, request_bytes, response_bytes, request_ms: request_ms.into(), call_ms: call_ms.into() }
}

/// The message, the cart's reference and the completed steps of an outcome, which a receipt keeps besides the fate.
fn summary(outcome: &Outcome) -> (Option<String>, Option<String>, Vec<Step>) {
    match outcome {
        Outcome::Applied(applied) => (applied.message.clone(), applied.reference.clone(), applied.steps.clone()),
        Outcome::Failed(failure) => (Some(failure.message.clone()), failure.reference.clone(), failure.steps.clone()),
        Outcome::Ended(CallEnd::Stopped(_)) | Outcome::Choices(_) | Outcome::Report(_) => (None, None, Vec::new()),
        Outcome::Ended(ended) => (Some(ended.to_string()), None, Vec::new()),
    }
}
