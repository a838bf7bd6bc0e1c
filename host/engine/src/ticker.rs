//! The tick that counts processor time: a thread advances the engine's epoch every millisecond while calls are live.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;
use wasmtime::{Engine, EngineWeak};

/// The length of a tick.
const TICK: Duration = Duration::from_millis(1);
/// The ticks without a live call after which the thread sleeps until the next call.
const IDLE_TICKS_MAX: u32 = 1_000;

/// Wakes the ticking thread, which ends when the engine is dropped.
pub(super) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Default)]
struct Shared {
    live: AtomicUsize,
    asleep: AtomicBool,
    stopped: AtomicBool,
}

impl Ticker {
    /// Starts the thread for an engine.
    pub(super) fn start(engine: &Engine) -> std::io::Result<Ticker> {
        let shared = Arc::new(Shared::default());
        let (engine, watched) = (engine.weak(), shared.clone());
        let thread = thread::Builder::new().name("cartage-ticker".to_owned()).spawn(move || tick(&engine, &watched))?;
        Ok(Ticker { shared, thread: thread.thread().clone() })
    }

    /// Keeps the thread ticking until the guard is dropped.
    pub(super) fn watch(&self) -> Watch<'_> {
        self.shared.live.fetch_add(1, Ordering::SeqCst);
        if self.shared.asleep.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
        Watch(self)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

/// The guard of a live call.
pub(super) struct Watch<'a>(&'a Ticker);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.0.shared.live.fetch_sub(1, Ordering::SeqCst);
    }
}

fn tick(engine: &EngineWeak, shared: &Shared) {
    let mut idle = 0;
    while !shared.stopped.load(Ordering::SeqCst) {
        let Some(engine) = engine.upgrade() else { return };
        engine.increment_epoch();
        drop(engine);
        thread::sleep(TICK);
        idle = if shared.live.load(Ordering::SeqCst) == 0 { idle + 1 } else { 0 };
        if idle == IDLE_TICKS_MAX {
            sleep_until_called(shared);
            idle = 0;
        }
    }
}

fn sleep_until_called(shared: &Shared) {
    // Said before the calls are counted again: a call that starts meanwhile is counted here, or else it sees this and wakes the thread.
    shared.asleep.store(true, Ordering::SeqCst);
    while shared.live.load(Ordering::SeqCst) == 0 && !shared.stopped.load(Ordering::SeqCst) {
        thread::park();
    }
    shared.asleep.store(false, Ordering::SeqCst);
}
