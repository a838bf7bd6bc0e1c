//! How far the request on a connection is: told by whoever reads and answers the request, for whoever has the listener.
//!
//! A listener puts a [`Connection`] into the extensions of each request. Under a listener that knows nothing of this, nothing is told.

use axum::http::Extensions;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// What is under way on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing of a first request has come.
    Opened,
    /// The beginning of a request has come.
    Head,
    /// The head of a request has come, and its body is on its way.
    Body,
    /// The whole request has come. Who sent it is not known, and perhaps never will be.
    Whole,
    /// The whole request has come from a known sender, and is worked on.
    AtWork,
    /// The request was answered. The answer may be on its way, and another request may come.
    Answered,
    /// The listener closes the connection.
    Closing,
}

/// A connection, as far as whoever answers its requests is concerned. Clones are the same connection.
#[derive(Debug, Clone)]
pub struct Connection {
    state: Arc<Mutex<(Phase, Instant)>>,
}

impl Connection {
    /// A connection that was opened now.
    pub fn opened() -> Connection {
        Connection { state: Arc::new(Mutex::new((Phase::Opened, Instant::now()))) }
    }

    /// The connection of a request, where its listener told.
    pub fn of(extensions: &Extensions) -> Option<Connection> {
        extensions.get::<Connection>().cloned()
    }

    /// What is under way, and since when.
    pub fn phase(&self) -> (Phase, Instant) {
        *self.state()
    }

    /// Goes on to another phase. A connection that is being closed stays that.
    pub fn enter(&self, phase: Phase) {
        let mut state = self.state();
        if state.0 != Phase::Closing {
            *state = (phase, Instant::now());
        }
    }

    /// Has the connection closed, unless a request of a known sender is worked on. Whether it may be.
    pub fn give_up(&self) -> bool {
        let mut state = self.state();
        let may = !matches!(state.0, Phase::AtWork | Phase::Closing);
        if may {
            *state = (Phase::Closing, Instant::now());
        }
        may
    }

    fn state(&self) -> std::sync::MutexGuard<'_, (Phase, Instant)> {
        // Nothing panics while holding it; what is in it is whole in any case.
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
