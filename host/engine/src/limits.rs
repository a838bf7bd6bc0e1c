//! The limits of a call, and which of them ended it.
//!
//! A [`Budget`] is a cart's limits, reduced to what the engine has room for. Each limit that wasmtime or this module enforces ends the call
//! with an error of its own; [`Budget::ended`] tells them apart, and from a plain trap.

use super::compile::{MEMORY_BYTES_MAX, STACK_BYTES_MAX, TABLE_ELEMENTS_MAX};
use super::trap;
use cartage_base::fault::Fault;
use cartage_model::carts::Limits;
use cartage_model::exchange::{CallEnd, Limit};
use wasmtime::{Error, OutOfMemory, PoolConcurrencyLimitError, ResourceLimiter, Result, Store, Trap, UpdateDeadline};

/// The part of a call's usage that is the same in each run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Fuel: about one unit per instruction.
    pub fuel: u64,
    /// The bytes of all memories together, at their largest.
    pub memory_bytes: u64,
}

/// The limits of one call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget(Limits);

impl Budget {
    /// A cart's limits, reduced to what the engine has room for.
    pub(super) fn new(limits: &Limits) -> Budget {
        Budget(Limits {
            memory_bytes: limits.memory_bytes.min(MEMORY_BYTES_MAX as u64),
            table_elements: limits.table_elements.min(TABLE_ELEMENTS_MAX as u32),
            ..*limits
        })
    }

    /// Sets every limit of a store. Must be called before anything is instantiated in it, because start functions run then.
    pub(super) fn apply<T>(&self, store: &mut Store<T>, limiter: fn(&mut T) -> &mut Limiter) -> Result<()> {
        store.limiter(move |data| limiter(data));
        store.set_fuel(self.0.fuel)?;
        store.set_hostcall_fuel(usize::try_from(self.0.host_call_bytes).unwrap_or(usize::MAX));
        store.set_max_component_handles(self.0.handles as usize);
        // Ticks are counted as the guest sees them: it runs, or it comes back from the host. Waiting there for long costs one.
        let (mut ticks, ticks_max) = (0, self.0.cpu_ms);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            ticks += 1;
            Ok(if ticks > ticks_max { UpdateDeadline::Interrupt } else { UpdateDeadline::Yield(1) })
        });
        Ok(())
    }

    /// What a call has used. A memory never shrinks, so its size is its largest.
    pub(super) fn used<T>(&self, store: &Store<T>, limiter: fn(&T) -> &Limiter) -> Used {
        let left = store.get_fuel().unwrap_or(self.0.fuel);
        Used { fuel: self.0.fuel.saturating_sub(left), memory_bytes: limiter(store.data()).memory.used as u64 }
    }

    /// A limiter that counts memory and tables.
    pub(super) fn limiter(&self) -> Limiter {
        Limiter {
            memory: Tally::new(self.0.memory_bytes as usize, Limit::MemoryBytes(self.0.memory_bytes)),
            table: Tally::new(self.0.table_elements as usize, Limit::TableElements(self.0.table_elements)),
        }
    }

    /// Why a call ended, from the error that ended it. `panic` is the message of a panic that the guest logged.
    pub(super) fn ended(&self, error: &Error, panic: Option<&str>) -> CallEnd {
        if let Some(ended) = error.downcast_ref::<CallEnd>() {
            return ended.clone();
        }
        if let Some(full) = error.downcast_ref::<PoolConcurrencyLimitError>() {
            return CallEnd::Host { reason: full.to_string() };
        }
        if is_of_the_host(error) {
            return CallEnd::Host { reason: format!("{error:#}") };
        }
        let limit = match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Some(Limit::CpuMs(self.0.cpu_ms)),
            Some(Trap::OutOfFuel) => Some(Limit::Fuel(self.0.fuel)),
            Some(Trap::StackOverflow) => Some(Limit::StackBytes(STACK_BYTES_MAX as u32)),
            Some(_) => None,
            None => self.untyped(error),
        };
        limit.map_or_else(|| CallEnd::Trap { reason: trap::reason(error, panic) }, |limit| CallEnd::Limit { limit })
    }

    /// The two limits whose wasmtime errors have no type that can be named here. Tests tie the texts to the version in use.
    fn untyped(&self, error: &Error) -> Option<Limit> {
        let text = error.root_cause().to_string();
        if text.ends_with("fuel allocated for hostcalls has been exhausted") {
            Some(Limit::HostCallBytes(self.0.host_call_bytes))
        } else if text.ends_with("store handle limit exceeded") {
            Some(Limit::Handles(self.0.handles))
        } else {
            None
        }
    }
}

/// Whether an error of the engine is the machine's: no memory, file or room was left. A guest cannot cause that, because its limits are
/// lower.
pub(super) fn is_of_the_host(error: &Error) -> bool {
    error.is::<OutOfMemory>() || Fault::within(error.as_ref()).is_some_and(|fault| !fault.is_fact())
}

/// Counts all memories together and all tables together, from what a component declares to what it grows.
pub(super) struct Limiter {
    memory: Tally,
    table: Tally,
}

struct Tally {
    used: usize,
    /// The growth that was last allowed, which is taken back if it then fails.
    last: usize,
    max: usize,
    limit: Limit,
}

impl Tally {
    fn new(max: usize, limit: Limit) -> Tally {
        Tally { used: 0, last: 0, max, limit }
    }

    fn grow(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let growth = desired.saturating_sub(current);
        let used = self.used.saturating_add(growth);
        if used > self.max {
            return Err(Error::new(CallEnd::Limit { limit: self.limit }));
        }
        // Beyond the maximum that it declared itself a guest is told -1, as everywhere.
        let allowed = maximum.is_none_or(|maximum| desired <= maximum);
        if allowed {
            (self.used, self.last) = (used, growth);
        } else {
            self.last = 0;
        }
        Ok(allowed)
    }

    fn failed(&mut self) {
        self.used -= std::mem::take(&mut self.last);
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.memory.grow(current, desired, maximum)
    }

    fn memory_grow_failed(&mut self, _: Error) -> Result<()> {
        self.memory.failed();
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.table.grow(current, desired, maximum)
    }

    fn table_grow_failed(&mut self, _: Error) -> Result<()> {
        self.table.failed();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
