//! The state of the request on a connection, reported by the handler of the request to the owner of the listener.
//!
//! A listener puts a [`Connection`] into the extensions of each request. Under a listener that does not, nothing is reported.

use axum::http::Extensions;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// The state of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing of a first request has arrived.
    Opened,
    /// The beginning of a request has arrived.
    Head,
    /// The head of a request has arrived, and its body is on its way.
    Body,
    /// The whole request has arrived. Its sender is not known, and may never be.
    Whole,
    /// The whole request has arrived from a known sender, and is being handled.
    AtWork,
    /// The request was answered. The answer may be on its way, and another request may come.
    Answered,
    /// The listener closes the connection.
    Closing,
}

/// A connection, as the handler of its requests sees it. Clones are the same connection.
#[derive(Debug, Clone)]
pub struct Connection {
    state: Arc<Mutex<(Phase, Instant)>>,
}

impl Connection {
    /// A connection that was opened just now.
    pub fn opened() -> Connection {
        Connection { state: Arc::new(Mutex::new((Phase::Opened, Instant::now()))) }
    }

    /// The connection of a request; `None` if its listener did not provide it.
    pub fn of(extensions: &Extensions) -> Option<Connection> {
        extensions.get::<Connection>().cloned()
    }

    /// The state of the connection, and since when the connection has been in it.
    pub fn phase(&self) -> (Phase, Instant) {
        *self.state()
    }

    /// Enters another phase. A connection that is being closed stays in [`Phase::Closing`].
    pub fn enter(&self, phase: Phase) {
        let mut state = self.state();
        if state.0 != Phase::Closing {
            *state = (phase, Instant::now());
        }
    }

    /// Marks the connection for closing, unless a request of a known sender is being handled. Returns whether it may be closed.
    pub fn give_up(&self) -> bool {
        let mut state = self.state();
        let may = !matches!(state.0, Phase::AtWork | Phase::Closing);
        if may {
            *state = (Phase::Closing, Instant::now());
        }
        may
    }

    fn state(&self) -> std::sync::MutexGuard<'_, (Phase, Instant)> {
        // No code panics while it holds the lock, and the state is consistent in any case.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_worked_on_is_kept() {
        for (phase, may) in [
            (Phase::Opened, true),
            (Phase::Head, true),
            (Phase::Body, true),
            (Phase::Whole, true),
            (Phase::AtWork, false),
            (Phase::Answered, true),
        ] {
            let connection = Connection::opened();
            connection.enter(phase);
            assert_eq!(connection.give_up(), may, "{phase:?}");
        }
        let connection = Connection::opened();
        assert!(connection.give_up() && !connection.give_up(), "it is closed once");
        connection.enter(Phase::AtWork);
        assert_eq!(connection.phase().0, Phase::Closing, "it is too late to begin");
    }
}
