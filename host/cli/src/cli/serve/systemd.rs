//! The service manager: told when the daemon is ready, lives and stops, and asked for sockets that it holds open meanwhile.
//!
//! Both are systemd's protocols, spoken by the crates `sd-notify` and `listenfd`. Where the service manager holds the sockets, posts wait
//! through a restart instead of being refused. Without the variables that these protocols define nothing of this happens.

use listenfd::ListenFd;
use sd_notify::NotifyState;
use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

/// The names of the sockets that something is served at. Sockets without names are these, in this order.
const NAMES: [&str; 2] = ["api", "seti"];
/// How long the service manager may take to hear something.
const SAY_MAX: Duration = Duration::from_secs(1);

/// Why the sockets that were handed over cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// A socket could not be taken.
    #[error("could not take the socket {name} that the service manager handed over")]
    Take {
        /// Its name.
        name: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// There is a socket that nothing is served at.
    #[error("the service manager handed over a socket called {name:?}; call them api and seti, with FileDescriptorName=")]
    Name {
        /// Its name.
        name: String,
    },
}

/// The sockets that the service manager handed over, by name. To be called once, before the process has opened anything or started a thread:
/// the variables that announce the sockets are removed, so that no child believes in them.
pub(super) fn sockets() -> Result<BTreeMap<String, TcpListener>, Error> {
    let mut handed = ListenFd::from_env();
    let names = names(handed.len(), &std::env::var("LISTEN_FDNAMES").unwrap_or_default())?;
    let mut sockets = BTreeMap::new();
    for (nth, name) in names.into_iter().enumerate() {
        let taken = handed.take_tcp_listener(nth).and_then(|socket| {
            let socket = socket.ok_or(io::ErrorKind::NotFound)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        match taken {
            Ok(socket) => drop(sockets.insert(name, socket)),
            Err(source) => return Err(Error::Take { name, source }),
        }
    }
    Ok(sockets)
}

/// The names of so many sockets.
fn names(count: usize, given: &str) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = given.split(':').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if names.is_empty() {
        names = NAMES.map(str::to_owned).into();
    }
    // One more than there can be is enough to find fault with.
    names.resize(count.min(NAMES.len() + 1).max(names.len()), "unknown".to_owned());
    names.truncate(count);
    match names.iter().enumerate().find(|(nth, name)| !NAMES.contains(&name.as_str()) || names[..*nth].contains(name)) {
        Some((_, name)) => Err(Error::Name { name: name.clone() }),
        None => Ok(names),
    }
}

/// Tells the service manager something, if there is one. That it does not hear is no reason to stop, and is not waited for.
pub(super) async fn say(state: NotifyState<'static>) {
    let what = state.to_string();
    let said = tokio::task::spawn_blocking(move || sd_notify::notify(&[state]));
    let error = match tokio::time::timeout(SAY_MAX, said).await {
        Ok(Ok(Ok(()))) => return,
        Ok(Ok(Err(error))) => error,
        Ok(Err(error)) => error.into(),
        Err(_) => io::ErrorKind::TimedOut.into(),
    };
    tracing::warn!(what, error = &error as &dyn std::error::Error, "the service manager could not be told");
}

/// How often the service manager wants to hear that the daemon lives: twice within its patience. None: it does not.
pub(super) fn watchdog_every() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|patience| !patience.is_zero()).map(|patience| patience / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_told_apart_by_their_names() {
        let fits = |count, given| names(count, given).expect("they fit");
        assert_eq!(fits(2, "seti:api"), ["seti", "api"]);
        assert_eq!(fits(1, "api"), ["api"]);
        assert_eq!(fits(2, ""), ["api", "seti"]);
        assert_eq!(fits(1, ""), ["api"]);
        assert_eq!(fits(0, ""), Vec::<String>::new());
        for (count, given) in [(1, "web"), (2, "api:api"), (3, "api:seti"), (2, "api"), (3, ""), (usize::MAX, "")] {
            assert!(matches!(names(count, given), Err(Error::Name { .. })), "{count} {given}");
        }
    }
}
