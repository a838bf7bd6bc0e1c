//! Running plugins: the only crate that names wasmtime.
//!
//! A [`Runtime`] is the engine, one per process. [`Runtime::admit`] turns a file's bytes into a [`Plugin`], once: the file is bounded,
//! hashed, checked to be a component with only our imports and all of our exports, compiled, and asked to describe itself. [`Plugin::call`]
//! runs one call in a fresh store and a fresh instance, under every limit of the cart, and drops both at once: nothing that a guest does
//! outlives its call.
//!
//! A guest's requests to the host go as plain data through a channel to the caller's side of [`Plugin::call`], where [`Services`] answers;
//! the store holds no socket, no credential and no borrowed state. This is the seam along which guests will move into processes of their
//! own.
//!
//! A guest runs inside the caller's task. It yields every millisecond, and dropping the call's future at any point drops the guest with it.
//! A call can end in one of the ways of [`CallEnd`]; it cannot bring the host down. This crate cannot know whether the cart acted: egress
//! records that.

pub mod admit;
pub mod file;

mod bounds;
mod compile;
mod guest;
mod channel;
mod limits;
mod replay;
mod ticker;
mod trap;
mod unsupported;
mod v1;

pub use limits::Used;
pub use unsupported::unsupported;

use cartage_contract::manifest::Manifest;
use cartage_model::carts::Limits;
use cartage_model::exchange::{Call, CallEnd, Limit, Outcome, Services};
use cartage_model::id::Digest;
use channel::HostChannel;
use guest::{Guest, HostCalls};
use limits::Budget;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use wasmtime::component::Linker;
use wasmtime::{Engine, Store};

/// The most calls that run at the same time; further calls wait for their turn.
pub const LIVE_CALLS_MAX: u32 = 256;

/// Why a runtime could not be created.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine could not be set up.
    #[error(
        "cannot set up the engine for {live_calls} plugin calls at once; the engine reserves about 16 GiB of address space for each call: lift the \
         limit on address space (ulimit -v), or allow fewer calls"
    )]
    Engine {
        /// The number of concurrent calls that the engine was to have room for.
        live_calls: u32,
        /// The error of the engine.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The thread that counts processor time could not be started.
    #[error("cannot start the thread that counts the plugins' processor time")]
    Ticker(#[source] std::io::Error),
}

/// The engine that compiles and runs plugins. There is one per process; clones are cheap.
#[derive(Clone)]
pub struct Runtime(Arc<Shared>);

struct Shared {
    engine: Engine,
    linker: Linker<Guest>,
    slots: Semaphore,
    live_calls: u32,
    ticker: ticker::Ticker,
}

/// The resources that the calls of a runtime hold at this moment. All numbers are 0 while no call is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Calls that run or wait in the host.
    pub calls: u32,
    /// Component instances of all live calls.
    pub instances: u64,
    /// Core instances of all live calls.
    pub core_instances: u64,
    /// Linear memories in use.
    pub memories: usize,
    /// Tables in use.
    pub tables: usize,
    /// Stacks in use.
    pub stacks: usize,
}

impl Runtime {
    /// Sets up the engine with room for [`LIVE_CALLS_MAX`] concurrent calls.
    pub fn new() -> Result<Runtime, Error> {
        Runtime::with_live_calls(LIVE_CALLS_MAX)
    }

    /// Sets up the engine with room for this many concurrent calls, at least one.
    pub fn with_live_calls(live_calls: u32) -> Result<Runtime, Error> {
        let live_calls = live_calls.max(1);
        let failed = |error: wasmtime::Error| Error::Engine { live_calls, source: error.into_boxed_dyn_error() };
        let engine = compile::engine(live_calls).map_err(failed)?;
        let linker = v1::linker(&engine).map_err(failed)?;
        let ticker = ticker::Ticker::start(&engine).map_err(Error::Ticker)?;
        Ok(Runtime(Arc::new(Shared { engine, linker, slots: Semaphore::new(live_calls as usize), live_calls, ticker })))
    }

    /// The resources that live calls hold.
    pub fn usage(&self) -> Usage {
        let pool = self.0.engine.pooling_allocator_metrics().expect("the engine was set up with a pool");
        Usage {
            calls: self.0.live_calls - u32::try_from(self.0.slots.available_permits()).unwrap_or(self.0.live_calls),
            instances: pool.component_instances(),
            core_instances: pool.core_instances(),
            memories: pool.memories(),
            tables: pool.tables(),
            stacks: pool.stacks(),
        }
    }

    /// Waits until the runtime has room for a call.
    async fn slot(&self, wait: Duration) -> Result<SemaphorePermit<'_>, CallEnd> {
        match timeout(wait, self.0.slots.acquire()).await {
            Ok(permit) => Ok(permit.expect("the semaphore is never closed")),
            Err(_) => Err(CallEnd::Host {
                reason: format!("no room for another plugin call within {} ms; calls running: {}", wait.as_millis(), self.0.live_calls),
            }),
        }
    }

    /// A store for one call, with all of its limits set.
    fn store(&self, budget: &Budget, limits: &Limits, asks: HostCalls) -> Result<Store<Guest>, CallEnd> {
        let mut store = Store::new(&self.0.engine, Guest::new(limits, budget.limiter(), asks));
        budget.apply(&mut store, |guest| &mut guest.limiter).map_err(|error| CallEnd::Host { reason: error.to_string() })?;
        Ok(store)
    }
}

/// An admitted plugin: compiled once, its imports resolved, its manifest checked. Clones are cheap.
#[derive(Clone)]
pub struct Plugin(Arc<Admitted>);

struct Admitted {
    runtime: Runtime,
    ready: v1::Ready,
    digest: Digest,
    manifest: Manifest,
}

impl Plugin {
    /// The digest of the plugin's file.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// The manifest that the plugin returned at admission.
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// Performs one call in a fresh instance, under these limits. `services` answers the guest's requests, one at a time.
    ///
    /// Waiting for the services counts towards `limits.call_ms` and not towards `limits.cpu_ms`; waiting for room among the live calls
    /// takes at most another `limits.call_ms`. The future can be dropped at any point: the guest is gone at once.
    pub async fn call(&self, call: &Call, limits: &Limits, services: &mut impl Services) -> Outcome {
        self.measured(call, limits, services).await.0
    }

    /// As [`Plugin::call`], and also returns what the call used of its limits. For a call that the host ended by its deadline the usage is
    /// unknown and given as 0.
    pub async fn measured(&self, call: &Call, limits: &Limits, services: &mut impl Services) -> (Outcome, Used) {
        match self.attempt(call, limits, services).await {
            Ok((outcome, used)) => (outcome.unwrap_or_else(Outcome::Ended), used),
            Err(ended) => (Outcome::Ended(ended), Used::default()),
        }
    }

    async fn attempt(
        &self,
        call: &Call,
        limits: &Limits,
        services: &mut impl Services,
    ) -> Result<(Result<Outcome, CallEnd>, Used), CallEnd> {
        let Admitted { runtime, ready, .. } = &*self.0;
        let call_ms = Duration::from_millis(limits.call_ms.into());
        let _slot = runtime.slot(call_ms).await?;
        let _ticking = runtime.0.ticker.watch();
        let budget = Budget::new(limits);
        let channel = HostChannel::default();
        let mut store = runtime.store(&budget, limits, HostCalls::Answered(channel.clone()))?;
        // Boxed: the generated futures are large, and a caller holds this one through every wait.
        let guest = Box::pin(caught(async move {
            let returned = ready.call(&mut store, call.clone()).await;
            let used = budget.used(&store, |guest| &guest.limiter);
            Ok((returned.map_err(|error| budget.ended(&error, store.data().panic())), used))
        }));
        match timeout(call_ms, serve(guest, &channel, services)).await {
            Ok(ended) => {
                let (returned, used) = ended?;
                Ok((returned.and_then(|outcome| bounds::check(outcome, call.packages())), used))
            }
            Err(_) => Err(CallEnd::Limit { limit: Limit::CallMs(limits.call_ms) }),
        }
    }
}

/// Runs a guest to its end and answers its requests. The guest waits for each answer, so it need not be polled meanwhile.
async fn serve<T>(guest: impl Future<Output = T>, channel: &HostChannel, services: &mut impl Services) -> T {
    let mut guest = pin!(guest);
    loop {
        let turn = poll_fn(|context| match guest.as_mut().poll(context) {
            Poll::Ready(ended) => Poll::Ready(Err(ended)),
            Poll::Pending => channel.asked().map_or(Poll::Pending, |ask| Poll::Ready(Ok(ask))),
        });
        match turn.await {
            Ok(ask) => channel.answer(services.answer(ask).await),
            Err(ended) => return ended,
        }
    }
}

/// Runs a guest so that a panic of the host's own code under it ends this call and nothing else.
async fn caught<T>(guest: impl Future<Output = Result<T, CallEnd>>) -> Result<T, CallEnd> {
    let mut guest = pin!(guest);
    poll_fn(|context| {
        // Nothing that the panic may have left half done is used again: the store goes with the call.
        std::panic::catch_unwind(AssertUnwindSafe(|| guest.as_mut().poll(context)))
            .unwrap_or_else(|_| Poll::Ready(Err(CallEnd::Host { reason: "the host panicked while it ran the plugin".to_owned() })))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_model::exchange::HostReply;

    #[tokio::test]
    async fn a_panic_of_the_host_ends_the_call_and_nothing_else() {
        let panics = caught(async { if std::hint::black_box(true) { panic!("a fault of the host") } else { Ok(()) } });
        assert!(matches!(panics.await, Err(CallEnd::Host { reason }) if reason.contains("panicked")));
        assert_eq!(caught(async { Ok(7) }).await, Ok(7));
    }

    #[tokio::test]
    async fn calls_wait_for_room_and_then_say_that_there_is_none() {
        let runtime = Runtime::with_live_calls(1).expect("the machine has address space for one call");
        let first = runtime.slot(Duration::from_millis(20)).await.expect("there is room for one");
        assert_eq!(runtime.usage().calls, 1);
        let second = runtime.slot(Duration::from_millis(20)).await;
        assert_eq!(
            second.err(),
            Some(CallEnd::Host { reason: "no room for another plugin call within 20 ms; calls running: 1".to_owned() })
        );
        drop(first);
        assert!(runtime.slot(Duration::from_millis(20)).await.is_ok());
        assert_eq!(runtime.usage().calls, 0);
    }

    #[test]
    fn a_call_can_be_sent_to_another_thread() {
        fn send(_: impl Send) {}
        let _ = |plugin: &Plugin, call: &Call, services: &mut Nobody| send(plugin.call(call, &Limits::default(), services));
    }

    struct Nobody;

    impl Services for Nobody {
        async fn answer(&mut self, _: cartage_model::exchange::HostCall) -> HostReply {
            HostReply::Logged
        }
    }
}
