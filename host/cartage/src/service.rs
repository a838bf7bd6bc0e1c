//! The service: an opened data directory, and the operations on it.
//!
//! A [`Service`] acts for one merchant and one user. What it can do is told by subject: [`Service::intake`] accepts statuses,
//! [`Service::carts`], [`Service::definitions`] and [`Service::credentials`] are what a merchant sets up, [`Service::deliveries`] and
//! [`Service::orders`] say what became of an update, [`Service::worker`] delivers. Each subject is a type that holds the handles it needs
//! and nothing else; `subjects.rs` puts them together. This file opens the data directory and makes what all subjects share.
//!
//! The costly parts are made when they are first needed: the engine, a plugin's compiled code (once a process), the vault's key. So a
//! command that only reads parameters compiles nothing, and a lost key stops nothing but what needs a credential.
//!
//! The service promises that the gate's answer and what follows from it are written in one transaction, and that nothing is sent that was
//! not accepted on disk before. It cannot know whether a cart has what was sent when no answer came: the receipt says so.

pub mod access_tokens;
pub mod definitions;

mod alerts;
mod approvals;
mod bans;
mod baseline;
mod blocking;
mod caches;
mod cart_clients;
mod carts;
mod checks;
mod clients;
mod clock;
mod configuration;
mod counts;
mod credentials;
mod deliveries;
mod disk_space;
mod error;
mod event_labels;
mod explain;
mod forget;
mod health;
mod inlets;
mod intake;
mod lists;
mod of_order;
mod orders;
mod overview;
mod plugin_files;
mod plugins;
mod recordings;
mod registry;
mod rehearsal;
mod remove;
mod replaced;
mod retention;
mod same;
mod seen;
mod sending;
mod shut_out;
mod single_flight;
mod snapshot;
mod stored_cart;
mod subjects;
mod tenant;
mod unreadable;
mod vault_on_demand;
mod watch;

pub use access_tokens::AccessTokens;
pub use alerts::Alerts;
pub use approvals::{Approvals, Approved};
pub use bans::{Banned, Bans, Unbanned};
pub use carts::{CartList, Carts};
pub use checks::{AskedList, Checked, Checks, Next};
pub use clients::Clients;
pub use configuration::Configuration;
pub use counts::Numbers;
pub use credentials::{Credentials, SetCredential, StoredCredential};
pub use definitions::Definitions;
pub use deliveries::{Deliveries, DeliveryView, DiscardOutcome, Listed, Resent, Where, Which};
pub use disk_space::DiskSpace;
pub use error::Error;
pub use explain::Explained;
pub use forget::Forgotten;
pub use health::{Health, NotWriting};
pub use inlets::{INLET_FIELD, INLET_SLOT, Inlets};
pub use intake::{Acceptance, Accepted, Cause, IdempotencyKey, Intake, Request};
pub use lists::List;
pub use of_order::OrderDelivery;
pub use orders::{
    DeadUpdate, DiscardedUpdate, HasIt, OrderStatus, Orders, OwnDelivery, PackageStatus, Progress, Waiting, WaitsFor, fate_name,
};
pub use overview::{CartStatus, Overview, Status};
pub use plugins::{MissingPlugin, Plugins};
pub use recordings::{RAW_MS_MAX, Recordings, SUPPORT_DELIVERIES_MAX};
pub use registry::Registry;
pub use rehearsal::{REHEARSED_MAX, Rehearsed};
pub use remove::{Queue, Removal};
pub use retention::{Retained, Retention};
pub use sending::{Done, End, Sending, Sent, TriedNow, WAIT_MS};
pub use stored_cart::{PluginKept, StoredCart};
pub use watch::Watch;

use crate::deliver::locks::OrderLocks;
use crate::deliver::wake::WakeSignal;
use crate::deliver::witness::Witness;
use crate::deliver::worker::Worker;
use crate::deliver::{Attempt, Deliverer};
use cart_clients::CartClients;
use cartage_base::clock::Clock;
use cartage_egress::Egress;
use cartage_egress::address::ThisMachine;
use cartage_model::id::MerchantId;
use cartage_store::data_dir::DataDir;
use cartage_store::data_dir::disk_level::{Disk, ThisDisk};
use cartage_store::{Store, outbox};
use counts::Counts;
use health::Pulse;
use plugin_files::Copies;
use plugins::Code;
use replaced::CartTokens;
use seen::Observations;
use snapshot::SetCache;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use stored_cart::CartCache;
use tenant::Tenant;
use tokio::sync::broadcast;
use vault_on_demand::LazyVault;

/// The name in the audit for changes by a user of the command line, who may use the data directory.
const COMMAND: &str = "command";
/// The name in the audit for changes that no person made.
const BY_ITSELF: &str = "cartage";
/// The most finished attempts that are kept for a caller who waits for one and is slow to look.
const OVER_KEPT_MAX: usize = 1024;

/// An opened data directory, on behalf of one merchant and one user. Clones share it.
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
    tenant: Tenant,
}

/// What all merchants of a data directory share.
struct Shared {
    vault: Arc<LazyVault>,
    code: Arc<Code>,
    copies: Arc<Copies>,
    egress: Arc<Egress>,
    wake_signal: Arc<WakeSignal>,
    /// The orders' queues that are held by an attempt or a person.
    locks: OrderLocks,
    /// The attempts that are under way in this process.
    witness: Arc<Witness>,
    cart_clients: Arc<CartClients>,
    tokens: Arc<CartTokens>,
    carts: Arc<CartCache>,
    settings: Arc<SetCache>,
    counts: Arc<Counts>,
    disk: Arc<dyn Disk>,
    seen: Arc<Observations>,
    pulse: Arc<Pulse>,
    /// Announces each finished attempt to callers that wait for one.
    over: broadcast::Sender<Arc<Attempt>>,
    /// Whether a worker of this process delivers what is accepted.
    serving: Arc<AtomicBool>,
}

impl Service {
    /// Creates a data directory and opens it.
    ///
    /// # Errors
    ///
    /// [`Error::DataDir`].
    pub fn init(path: &Path, clock: Arc<dyn Clock>) -> Result<Service, Error> {
        let dir = DataDir::init(path, clock.reading())?;
        Service::of(dir, clock)
    }

    /// Opens an existing data directory, and holds its lock for as long as the service or one of its subjects lives.
    ///
    /// # Errors
    ///
    /// [`Error::DataDir`].
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Service, Error> {
        Service::of(DataDir::open(path)?, clock)
    }

    /// Wraps a data directory that is open already, for example after a restore.
    ///
    /// # Errors
    ///
    /// [`Error::DataDir`].
    pub fn of(dir: DataDir, clock: Arc<dyn Clock>) -> Result<Service, Error> {
        Service::on(dir, clock, Arc::new(ThisDisk))
    }

    /// Wraps a data directory that is open already; `disk` says how much room is left.
    ///
    /// # Errors
    ///
    /// [`Error::DataDir`].
    pub fn on(dir: DataDir, clock: Arc<dyn Clock>, disk: Arc<dyn Disk>) -> Result<Service, Error> {
        let store = dir.store(clock.reading()).map_err(cartage_store::data_dir::Error::Store)?;
        let (dir, clock) = (Arc::new(dir), Arc::new(store.clock(clock)));
        let shared = Shared {
            vault: Arc::new(LazyVault::new(dir.clone(), store.clone())),
            code: Arc::default(),
            copies: Arc::default(),
            egress: Arc::new(Egress::new(clock.clone()).at_this_machine(ThisMachine::of_environment())),
            wake_signal: Arc::default(),
            locks: OrderLocks::default(),
            witness: Arc::new(Witness::at(dir.under_way())),
            cart_clients: Arc::default(),
            tokens: Arc::default(),
            carts: Arc::default(),
            settings: Arc::default(),
            counts: Arc::default(),
            disk,
            seen: Arc::default(),
            pulse: Arc::default(),
            over: broadcast::Sender::new(OVER_KEPT_MAX),
            serving: Arc::default(),
        };
        let tenant = Tenant { dir, store, clock, merchant: MerchantId::default(), who: COMMAND.into(), on_machine: true };
        Ok(Service { shared: Arc::new(shared), tenant })
    }

    /// The same data directory, on behalf of another merchant.
    pub fn as_merchant(&self, merchant: MerchantId) -> Service {
        Service { shared: self.shared.clone(), tenant: Tenant { merchant, ..self.tenant.clone() } }
    }

    /// The same data directory, on behalf of a client on the network, whose name the audit lists for changes. Without this call the user is
    /// the command's, on the machine.
    pub fn acting_for(&self, who: &str) -> Service {
        Service { shared: self.shared.clone(), tenant: Tenant { who: who.into(), on_machine: false, ..self.tenant.clone() } }
    }

    /// The carts of all merchants, as the worker sees them.
    pub fn registry(&self) -> Registry {
        Registry {
            service: self.clone(),
            store: self.tenant.store.clone(),
            cart_clients: self.shared.cart_clients.clone(),
            counts: self.shared.counts.clone(),
            seen: self.shared.seen.clone(),
            disk_space: self.disk_space(),
            over: self.shared.over.clone(),
        }
    }

    /// A deliverer for this data directory, which attempts one order's queue at a time.
    pub fn deliverer(&self) -> Deliverer<outbox::Sqlite, Registry> {
        let deliverer = Deliverer::new(self.tenant.outbox(), Arc::new(self.registry()), self.tenant.clock.clone());
        deliverer.holding(self.shared.locks.clone()).seen_by(self.shared.witness.clone())
    }

    /// A worker for all merchants of this data directory. From now on the delivery of accepted updates is left to this worker.
    pub fn worker(&self) -> Worker<outbox::Sqlite, Registry> {
        self.shared.serving.store(true, Ordering::Relaxed);
        Worker::new(self.deliverer(), self.shared.wake_signal.clone())
    }

    /// The signal that wakes the worker.
    pub fn wake_signal(&self) -> &Arc<WakeSignal> {
        &self.shared.wake_signal
    }

    /// The opened data directory.
    pub fn data_dir(&self) -> &DataDir {
        &self.tenant.dir
    }

    /// The store in the data directory.
    pub fn store(&self) -> &Store {
        &self.tenant.store
    }

    /// The outbox in the store.
    pub fn outbox(&self) -> outbox::Sqlite {
        self.tenant.outbox()
    }

    /// The merchant whose carts, parameters, events and orders the operations concern.
    pub fn merchant(&self) -> &MerchantId {
        &self.tenant.merchant
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("dir", &self.tenant.dir).field("merchant", &self.tenant.merchant).finish_non_exhaustive()
    }
}
