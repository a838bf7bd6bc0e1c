//! An opened data directory and what is asked of it: the place where stored carts, parameters and events meet the gate and the courier.
//!
//! An [`Office`] holds the directory's lock, its store and one merchant's view of it, and makes the costly rest when it is first needed: the
//! engine, a plugin's compiled code (once a process), the vault's key. So a command that only reads parameters compiles nothing, and a lost
//! key stops nothing but what needs a credential. Decisions are the [`gate`](crate::gate)'s, SQL is the store's, printing the command's.
//!
//! It promises that the gate's answer and what follows from it are written in one transaction, and that nothing is sent that was not
//! accepted on disk before. What it cannot know is whether a cart has what was sent when no answer came: the receipt says so.

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
mod facts;
mod forget;
mod inlet;
mod lines;
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
mod roster;
mod same;
mod send;
mod settings;
mod shut_out;
mod standing;
mod status;
mod turns;
mod unreadable;
mod watch;

pub use accept::{Accepted, Cause, IdempotencyKey, Outcome, Request};
pub use bans::{Banned, Unbanned};
pub use cart::{KeptCart, PluginKept};
pub use counts::Numbers;
pub use credentials::{Checked, KeptCredential, Next, SetCredential};
pub use deliveries::{Listed, Resent, Shown, Taken, Where, Which};
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
pub use standing::{DeadUpdate, DiscardedUpdate, HasIt, OwnDelivery, PackageStanding, Standing, Stands, Waiting, WaitsFor, fate_name};
pub use status::{CartStatus, Status};

use crate::clock::Clock;
use crate::data_dir::DataDir;
use crate::data_dir::room::{Disk, ThisDisk};
use crate::deliver::bell::Bell;
use crate::deliver::lanes::Lanes;
use crate::deliver::schedule::CartKey;
use crate::deliver::witness::Witness;
use crate::deliver::worker::Worker;
use crate::deliver::{Attempt, Deliverer};
use crate::egress::Egress;
use crate::egress::address::ThisMachine;
use crate::id::{Digest, MerchantId};
use crate::outbox;
use crate::plugin::{Plugin, Runtime};
use crate::store::{KeptClock, Store};
use crate::vault::{self, SealedVault};
use alerts::Seen;
use cart::CartCache;
use counts::Counts;
use facts::SetCache;
use plugin_files::Copies;
use pulse::Pulse;
use replaced::CartTokens;
use roster::Couriers;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::{OnceCell, broadcast};
use turns::Turns;

/// Who makes changes unless it is said: whoever may use the data directory.
const COMMAND: &str = "command";
/// Attempts that are over and that whoever waits for one has not looked at yet.
const OVER_KEPT_MAX: usize = 1024;

/// An opened data directory, as one merchant, for somebody. Clones share it.
#[derive(Clone)]
pub struct Office {
    shared: Arc<Shared>,
    merchant: MerchantId,
    /// Who makes the changes, for the audit.
    who: Arc<str>,
    /// Whether they are on the machine, and not at the other end of a network.
    on_machine: bool,
}

/// What all merchants of a data directory share.
struct Shared {
    dir: DataDir,
    store: Store,
    vault: OnceLock<SealedVault>,
    runtime: OnceCell<Runtime>,
    plugins: Mutex<BTreeMap<Digest, Plugin>>,
    copies: Copies,
    egress: Egress,
    clock: Arc<KeptClock>,
    bell: Arc<Bell>,
    /// The orders' queues that an attempt or a person holds.
    lanes: Lanes,
    /// Which attempts are worked on.
    witness: Arc<Witness>,
    couriers: Couriers,
    tokens: CartTokens,
    carts: CartCache,
    set: Arc<SetCache>,
    /// Plugins that are being admitted and carts that are being made ready, each once at a time.
    admitting: Turns<Digest>,
    readying: Turns<CartKey>,
    counts: Counts,
    disk: Arc<dyn Disk>,
    seen: Seen,
    pulse: Pulse,
    /// Told of each attempt that is over, for whoever waits for one.
    over: broadcast::Sender<Arc<Attempt>>,
    /// Whether a worker delivers what is accepted.
    serving: AtomicBool,
}

impl Office {
    /// Makes a data directory and opens it.
    ///
    /// # Errors
    ///
    /// [`Error::DataDir`].
    pub fn init(path: &Path, clock: Arc<dyn Clock>) -> Result<Office, Error> {
        let dir = DataDir::init(path, clock.reading())?;
        Office::of(dir, clock)
    }

    /// Opens a data directory that is there, and holds its lock for as long as the value lives.
    ///
    /// # Errors
    ///
    /// [`Error::DataDir`].
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Office, Error> {
        Office::of(DataDir::open(path)?, clock)
    }

    /// Works in a data directory that was opened already, for example by a restore.
    ///
    /// # Errors
    ///
    /// [`Error::DataDir`].
    pub fn of(dir: DataDir, clock: Arc<dyn Clock>) -> Result<Office, Error> {
        Office::on(dir, clock, Arc::new(ThisDisk))
    }

    /// The same, where this says how much room is left.
    ///
    /// # Errors
    ///
    /// [`Error::DataDir`].
    pub fn on(dir: DataDir, clock: Arc<dyn Clock>, disk: Arc<dyn Disk>) -> Result<Office, Error> {
        let store = dir.store(clock.reading()).map_err(crate::data_dir::Error::Store)?;
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
            bell: Arc::default(),
            lanes: Lanes::default(),
            witness,
            couriers: Couriers::default(),
            tokens: CartTokens::default(),
            carts: CartCache::default(),
            set: Arc::default(),
            admitting: Turns::default(),
            readying: Turns::default(),
            counts: Counts::default(),
            disk,
            seen: Seen::default(),
            pulse: Pulse::default(),
            over: broadcast::Sender::new(OVER_KEPT_MAX),
            serving: AtomicBool::new(false),
        };
        Ok(Office { shared: Arc::new(shared), merchant: MerchantId::default(), who: COMMAND.into(), on_machine: true })
    }

    /// The same data directory, as another merchant.
    pub fn as_merchant(&self, merchant: MerchantId) -> Office {
        Office { merchant, ..self.clone() }
    }

    /// The same, for somebody at the other end of a network: what is changed here is theirs, says the audit. Unless it is said, it is a command's
    /// user, who is on the machine.
    pub fn acting_for(&self, who: &str) -> Office {
        Office { who: who.into(), on_machine: false, ..self.clone() }
    }

    /// Its outbox.
    pub fn outbox(&self) -> outbox::Sqlite {
        outbox::Sqlite::new(self.shared.store.clone())
    }

    /// By what a worker hears of news.
    pub fn bell(&self) -> &Arc<Bell> {
        &self.shared.bell
    }

    /// Delivers from this data directory, one order's turn at a time.
    pub fn deliverer(&self) -> Deliverer<outbox::Sqlite, Office> {
        let deliverer = Deliverer::new(self.outbox(), Arc::new(self.clone()), self.shared.clock.clone());
        deliverer.holding(self.shared.lanes.clone()).seen_by(self.shared.witness.clone())
    }

    /// A worker for all merchants of this data directory. From now on what is accepted is left to it.
    pub fn worker(&self) -> Worker<outbox::Sqlite, Office> {
        self.shared.serving.store(true, Ordering::Relaxed);
        Worker::new(self.deliverer(), self.shared.bell.clone())
    }

    /// The data directory.
    pub fn data_dir(&self) -> &DataDir {
        &self.shared.dir
    }

    /// The store in it.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// Whose carts, parameters, events and orders are meant.
    pub fn merchant(&self) -> &MerchantId {
        &self.merchant
    }

    /// The clock that tells its time.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.shared.clock.clone()
    }

    /// The time, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn now_unix_ms(&self) -> u64 {
        self.shared.clock.now_unix_ms()
    }

    /// The vault, opened when it is first asked for.
    ///
    /// # Errors
    ///
    /// Those of [`SealedVault::open`]: above all a key file that is lost.
    pub fn vault(&self) -> Result<&SealedVault, vault::Error> {
        if let Some(vault) = self.shared.vault.get() {
            return Ok(vault);
        }
        let vault = self.shared.dir.vault(&self.shared.store)?;
        Ok(self.shared.vault.get_or_init(|| vault))
    }
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Office").field("dir", &self.shared.dir).field("merchant", &self.merchant).finish_non_exhaustive()
    }
}
