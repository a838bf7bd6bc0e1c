//! Calling a plugin again as a cassette recorded it.

use super::Plugin;
use cartage_model::carts::Limits;
use cartage_model::cassette::Cassette;
use cartage_model::cassette::replay::{ReplaySession, Take};
use cartage_model::exchange::{CallEnd, Limit, Outcome};

/// The processor time of a replayed call, in milliseconds. The limit is high so that a busy machine makes no difference between two
/// plugins; fuel bounds a call in the same way on every machine.
const CPU_MS: u32 = 10_000;

impl Plugin {
    /// Repeats the call that the cassette recorded, and answers the plugin's requests from the cassette. Nothing is sent.
    pub async fn replay(&self, cassette: &Cassette) -> Take {
        let mut session = ReplaySession::new(cassette);
        let outcome = self.call(&cassette.call, &limits(cassette), &mut session).await;
        session.finish(outcome)
    }
}

/// The default limits, except that the limit that ended the recorded call is as it was then.
fn limits(cassette: &Cassette) -> Limits {
    let mut limits = Limits { cpu_ms: CPU_MS, ..Limits::default() };
    let Outcome::Ended(CallEnd::Limit { limit }) = cassette.outcome else { return limits };
    match limit {
        Limit::Fuel(most) => limits.fuel = most,
        Limit::MemoryBytes(most) => limits.memory_bytes = most,
        Limit::TableElements(most) => limits.table_elements = most,
        Limit::HostCallBytes(most) => limits.host_call_bytes = most,
        Limit::Handles(most) => limits.handles = most,
        Limit::LogLines(most) => limits.log_lines = most,
        Limit::LogBytes(most) => limits.log_bytes = most,
        Limit::CpuMs(most) => limits.cpu_ms = most,
        Limit::StackBytes(_) | Limit::CallMs(_) => {}
    }
    limits
}
