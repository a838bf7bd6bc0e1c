//! An opened data directory and its operations: here the stored carts, parameters and events meet the gate and the client.
//!
//! A [`Service`] holds the directory's lock, its store and one merchant's view of it, and makes the costly parts when they are first
//! needed: the engine, a plugin's compiled code (once a process), the vault's key. So a command that only reads parameters compiles
//! nothing, and a lost key stops nothing but what needs a credential. The [`gate`](cartage_policy::gate) decides, the store speaks SQL, and the
//! command prints.
//!
//! A service promises that the gate's answer and what follows from it are written in one transaction, and that nothing is sent that was not
//! accepted on disk before. It cannot know whether a cart has what was sent when no answer came: the receipt says so.

pub mod apply;
pub mod tokens;

mod accept;
mod alerts;
mod bans;
mod cart;
mod clock;
mod carts;
mod counts;
mod credentials;
mod deliveries;
mod error;
mod explain;
mod snapshot;
mod forget;
mod inlet;
mod event_labels;
mod lists;
mod memory;
mod of_order;
mod origins;
mod plugin_files;
mod plugins;
mod pulse;
mod remove;
mod replaced;
mod recordings;
mod rehearsal;
mod retention;
mod registry;
mod same;
mod send;
mod settings;
mod shut_out;
mod standing;
mod status;
mod single_flight;
mod unreadable;
mod watch;

pub use accept::{Accepted, Cause, IdempotencyKey, Outcome, Request};
pub use bans::{Banned, Unbanned};
pub use cart::{PluginKept, StoredCart};
pub use counts::Numbers;
pub use credentials::{Checked, Next, SetCredential, StoredCredential};
pub use deliveries::{DeliveryView, DiscardOutcome, Listed, Resent, Where, Which};
pub use error::Error;
pub use explain::Explained;
pub use forget::Forgotten;
pub use inlet::{INLET_FIELD, INLET_SLOT};
pub use lists::{Asked, List};
pub use of_order::OrderDelivery;
pub use origins::Approved;
pub use plugins::MissingPlugin;
pub use pulse::NotWriting;
pub use recordings::{RAW_MS_MAX, SUPPORT_DELIVERIES_MAX};
pub use rehearsal::{REHEARSED_MAX, Rehearsed};
pub use remove::Queue;
pub use retention::Retained;
pub use send::{Done, End, Sent, TriedNow, WAIT_MS};
pub use standing::words::counted;
pub use standing::{DeadUpdate, DiscardedUpdate, HasIt, OrderStatus, OwnDelivery, PackageStatus, Progress, Waiting, WaitsFor, fate_name};
pub use status::{CartStatus, Status};

use crate::deliver::locks::OrderLocks;
use crate::deliver::wake::WakeSignal;
use crate::deliver::witness::Witness;
use crate::deliver::worker::Worker;
use crate::deliver::{Attempt, Deliverer};
use alerts::Seen;
use cart::CartCache;
use cartage_base::clock::Clock;
use cartage_egress::Egress;
use cartage_egress::address::ThisMachine;
use cartage_engine::{Plugin, Runtime};
use cartage_model::id::{Digest, MerchantId};
use cartage_policy::schedule::CartKey;
use cartage_store::data_dir::DataDir;
use cartage_store::data_dir::disk_level::{Disk, ThisDisk};
use cartage_store::outbox;
use cartage_store::vault::{self, Vault};
use cartage_store::{Store, StoredClock};
use counts::Counts;
use plugin_files::Copies;
use pulse::Pulse;
use registry::CartClients;
use replaced::CartTokens;
use single_flight::SingleFlight;
use snapshot::SetCache;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::{OnceCell, broadcast};

/// The name in the audit for changes by a user of the command line, who may use the data directory.
const COMMAND: &str = "command";
/// The most finished attempts that are kept for a caller who waits for one and is slow to look.
const OVER_KEPT_MAX: usize = 1024;

/// An opened data directory, on behalf of one merchant and one user. Clones share it.
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
    merchant: MerchantId,
    /// The name of the user who makes the changes, for the audit.
    who: Arc<str>,
    /// Whether that user is on the machine, as opposed to a client on the network.
    on_machine: bool,
}

/// What all merchants of a data directory share.
struct Shared {
    dir: DataDir,
    store: Store,
    vault: OnceLock<Vault>,
    runtime: OnceCell<Runtime>,
    plugins: Mutex<BTreeMap<Digest, Plugin>>,
    copies: Copies,
    egress: Egress,
    clock: Arc<StoredClock>,
    wake_signal: Arc<WakeSignal>,
    /// The orders' queues that are held by an attempt or a person.
    locks: OrderLocks,
    /// The attempts that are under way in this process.
    witness: Arc<Witness>,
    clients: CartClients,
    tokens: CartTokens,
    carts: CartCache,
    set: Arc<SetCache>,
    /// Admits each plugin and makes each cart ready only once at a time.
    admitting: SingleFlight<Digest>,
    readying: SingleFlight<CartKey>,
    counts: Counts,
    disk: Arc<dyn Disk>,
    seen: Seen,
    pulse: Pulse,
    /// Announces each finished attempt to callers that wait for one.
    over: broadcast::Sender<Arc<Attempt>>,
    /// Whether a worker of this process delivers what is accepted.
    serving: AtomicBool,
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

    /// Opens an existing data directory, and holds its lock for as long as the value lives.
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
        let clock = Arc::new(store.clock(clock));
        let witness = Arc::new(Witness::at(dir.under_way()));
        let shared = Shared {
            dir,
            store,
            vault: OnceLock::new(),
            runtime: OnceCell::new(),
            plugins: Mutex::default(),
            copies: Copies::default(),
            egress: Egress::new(clock.clone()).at_this_machine(ThisMachine::of_environment()),
            clock,
            wake_signal: Arc::default(),
            locks: OrderLocks::default(),
            witness,
            clients: CartClients::default(),
            tokens: CartTokens::default(),
            carts: CartCache::default(),
            set: Arc::default(),
            admitting: SingleFlight::default(),
            readying: SingleFlight::default(),
            counts: Counts::default(),
            disk,
            seen: Seen::default(),
            pulse: Pulse::default(),
            over: broadcast::Sender::new(OVER_KEPT_MAX),
            serving: AtomicBool::new(false),
        };
        Ok(Service { shared: Arc::new(shared), merchant: MerchantId::default(), who: COMMAND.into(), on_machine: true })
    }

    /// The same data directory, on behalf of another merchant.
    pub fn as_merchant(&self, merchant: MerchantId) -> Service {
        Service { merchant, ..self.clone() }
    }

    /// The same data directory, on behalf of a client on the network, whose name the audit lists for changes. Without this call the user is
    /// the command's, on the machine.
    pub fn acting_for(&self, who: &str) -> Service {
        Service { who: who.into(), on_machine: false, ..self.clone() }
    }

    /// The outbox in the store.
    pub fn outbox(&self) -> outbox::Sqlite {
        outbox::Sqlite::new(self.shared.store.clone())
    }

    /// The signal that wakes the worker.
    pub fn wake_signal(&self) -> &Arc<WakeSignal> {
        &self.shared.wake_signal
    }

    /// A deliverer for this data directory, which attempts one order's queue at a time.
    pub fn deliverer(&self) -> Deliverer<outbox::Sqlite, Service> {
        let deliverer = Deliverer::new(self.outbox(), Arc::new(self.clone()), self.shared.clock.clone());
        deliverer.holding(self.shared.locks.clone()).seen_by(self.shared.witness.clone())
    }

    /// A worker for all merchants of this data directory. From now on the delivery of accepted updates is left to this worker.
    pub fn worker(&self) -> Worker<outbox::Sqlite, Service> {
        self.shared.serving.store(true, Ordering::Relaxed);
        Worker::new(self.deliverer(), self.shared.wake_signal.clone())
    }

    /// The opened data directory.
    pub fn data_dir(&self) -> &DataDir {
        &self.shared.dir
    }

    /// The store in the data directory.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// The merchant whose carts, parameters, events and orders the operations concern.
    pub fn merchant(&self) -> &MerchantId {
        &self.merchant
    }

    /// The clock of the installation.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.shared.clock.clone()
    }

    /// The wall clock, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn now_unix_ms(&self) -> u64 {
        self.shared.clock.now_unix_ms()
    }

    /// The vault, opened on first use.
    ///
    /// # Errors
    ///
    /// The errors of [`Vault::open`], above all a lost key file.
    pub fn vault(&self) -> Result<&Vault, vault::Error> {
        if let Some(vault) = self.shared.vault.get() {
            return Ok(vault);
        }
        let vault = self.shared.dir.vault(&self.shared.store)?;
        Ok(self.shared.vault.get_or_init(|| vault))
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("dir", &self.shared.dir).field("merchant", &self.merchant).finish_non_exhaustive()
    }
}
