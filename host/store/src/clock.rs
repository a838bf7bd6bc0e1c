//! The clock of an installation: the machine's clock, with the store's memory of how it was set.
//!
//! The memory is written when the store is opened, once a minute while the clock is in use, and at once when the wall clock was set: before
//! anything that is stamped with the new time, because the writer takes its jobs in the order in which they come.

use super::writer::{self, Job, Ran};
use super::{Error, Tx, View};
use cartage_base::clock::{Clock, Doubt, Memory, Reading};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot};

/// The memory is written again after this time.
const SAVE_MS: u64 = 60_000;
/// The memory is written again after this time if the last write failed.
const SAVE_AGAIN_MS: u64 = 1_000;

/// The memory of the clock, and how much of it is on disk.
#[derive(Debug)]
pub(super) struct Held {
    memory: Memory,
    /// The service time at which the memory is to be written again.
    save_at_ms: u64,
    /// The last write, until its result is known.
    saving: Option<oneshot::Receiver<Ran<(), Error>>>,
}

/// The clock of an installation. Its wall clock is the machine's; ages count the time that really passed.
pub struct StoredClock {
    inner: Arc<dyn Clock>,
    held: Arc<Mutex<Held>>,
    /// A weak sender, so that the clock does not keep the store open.
    jobs: mpsc::WeakSender<Job>,
}

/// Loads the memory of a store. A store without one begins with the last time stamp in its rows.
pub(super) fn open(tx: &Tx<'_>, reading: &Reading) -> Result<Held, Error> {
    let memory = match load(tx)? {
        Some(mut memory) => {
            let saved_ms = memory.service_ms();
            let is_news = memory.resume(reading);
            if !is_news && memory.service_ms().saturating_sub(saved_ms) < SAVE_MS {
                return Ok(Held { save_at_ms: saved_ms.saturating_add(SAVE_MS), memory, saving: None });
            }
            memory
        }
        None => begun(tx, reading)?,
    };
    warn(&memory);
    let save_at_ms = match save(tx, &memory) {
        Ok(()) => memory.service_ms().saturating_add(SAVE_MS),
        // A store on a full disk can still be opened and read.
        Err(error) if error.is_passing() => 0,
        Err(error) => return Err(error),
    };
    Ok(Held { memory, save_at_ms, saving: None })
}

/// Sets the memory of a restored store: the person who restores it vouches for the clock.
pub(super) fn restore(tx: &Tx<'_>, reading: &Reading) -> Result<(), Error> {
    let mut memory = match load(tx)? {
        Some(memory) => memory,
        None => begun(tx, reading)?,
    };
    memory.restore(reading);
    save(tx, &memory)
}

/// Begins a memory for a store without one.
fn begun(view: &View<'_>, reading: &Reading) -> Result<Memory, Error> {
    let sql = "SELECT max(at) FROM (
        SELECT max(made_at) AS at FROM merchants UNION ALL SELECT max(changed_at) FROM carts UNION ALL SELECT max(accepted_at) FROM orders
        UNION ALL SELECT max(at) FROM receipts UNION ALL SELECT max(at) FROM audit UNION ALL SELECT max(at) FROM idempotency_keys)";
    let last: Option<u64> = view.one("find the last time in the store", sql, (), |row| row.get(0))?.flatten();
    Ok(match last {
        None => Memory::new(reading),
        Some(last) => {
            let mut memory = Memory::new(&Reading { wall_unix_ms: last, elapsed_ms: 0, boot: None });
            memory.resume(reading);
            memory
        }
    })
}

fn load(view: &View<'_>) -> Result<Option<Memory>, Error> {
    let json: Option<String> = view.one("look up the record of the clock", "SELECT memory FROM clock", (), |row| row.get(0))?;
    Ok(json.and_then(|json| match serde_json::from_str(&json) {
        Ok(memory) => Some(memory),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "could not read the record of the clock; a new record is begun");
            None
        }
    }))
}

fn save(tx: &Tx<'_>, memory: &Memory) -> Result<(), Error> {
    let json = serde_json::to_string(memory).expect("it is plain data");
    tx.run("store the record of the clock", "INSERT OR REPLACE INTO clock (only, memory) VALUES (1, ?1)", (json,)).map(drop)
}

fn warn(memory: &Memory) {
    match memory.doubt() {
        Some(Doubt::Ahead(ms)) => {
            tracing::warn!(ahead_ms = ms, "the clock jumped ahead of the time that passed; nothing is deleted because of the jump")
        }
        Some(Doubt::Behind(ms)) => tracing::warn!(behind_ms = ms, "the clock went back; nothing is deleted because of the jump"),
        None => {}
    }
}

impl StoredClock {
    pub(super) fn new(inner: Arc<dyn Clock>, held: Arc<Mutex<Held>>, jobs: mpsc::WeakSender<Job>) -> StoredClock {
        StoredClock { inner, held, jobs }
    }

    /// The ranges of wall clock stamps that are certainly older than this age, counted in time that really passed.
    pub fn older_than(&self, age_ms: u64) -> Vec<Range<u64>> {
        self.observed(|memory| memory.older_than(age_ms)).1
    }

    /// Whether the wall clock is so far off that it is not trusted; `None` if it is trusted.
    pub fn doubt(&self) -> Option<Doubt> {
        self.observed(Memory::doubt).1
    }

    /// Records that a person vouches for the wall clock. Returns the doubt that this ended and the new memory, for [`keep`].
    pub fn confirm(&self) -> (Option<Doubt>, Memory) {
        let reading = self.inner.reading();
        let mut held = self.held.lock().expect("nobody panics while holding it");
        held.memory.observe(&reading);
        let doubt = held.memory.doubt();
        held.memory.confirm(&reading);
        (doubt, held.memory.clone())
    }

    /// Reads the clocks, updates the memory with the reading, and queries the memory.
    fn observed<T>(&self, ask: impl FnOnce(&Memory) -> T) -> (Reading, T) {
        let reading = self.inner.reading();
        let mut held = self.held.lock().expect("nobody panics while holding it");
        if held.memory.observe(&reading) {
            warn(&held.memory);
            held.save_at_ms = 0;
        }
        let now_ms = held.memory.service_ms();
        if let Some(saving) = &mut held.saving {
            match saving.try_recv() {
                Err(oneshot::error::TryRecvError::Empty) => {}
                Ok(Ok(Ok(()))) => held.saving = None,
                Ok(Ok(Err(_)) | Err(_)) | Err(oneshot::error::TryRecvError::Closed) => {
                    (held.saving, held.save_at_ms) = (None, now_ms.saturating_add(SAVE_AGAIN_MS));
                }
            }
        }
        if now_ms >= held.save_at_ms {
            self.save(&mut held);
        }
        let answer = ask(&held.memory);
        (reading, answer)
    }

    /// Sends the memory to the writer without waiting for the result.
    fn save(&self, held: &mut Held) {
        let memory = held.memory.clone();
        let (reply, saving) = oneshot::channel();
        let job = writer::job(move |tx: &Tx<'_>| keep(tx, &memory), reply);
        // Where the writer has no room for it now, it is tried again when the clock is asked next.
        if self.jobs.upgrade().is_some_and(|jobs| jobs.try_send(job).is_ok()) {
            held.saving = Some(saving);
            held.save_at_ms = held.memory.service_ms().saturating_add(SAVE_MS);
        }
    }
}

/// Stores the memory of the clock.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn keep(tx: &Tx<'_>, memory: &Memory) -> Result<(), Error> {
    save(tx, memory)
}

impl Clock for StoredClock {
    fn reading(&self) -> Reading {
        self.observed(|_| ()).0
    }

    fn age_ms(&self, at_unix_ms: u64) -> u64 {
        self.observed(|memory| memory.age_ms(at_unix_ms)).1
    }

    fn set_back_ms(&self) -> u64 {
        self.observed(Memory::set_back_ms).1
    }
}

impl std::fmt::Debug for StoredClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredClock").field("held", &self.held).finish_non_exhaustive()
    }
}
