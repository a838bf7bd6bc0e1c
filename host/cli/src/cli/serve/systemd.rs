//! The service manager: the daemon reports that it is ready, alive or stopping, and takes over sockets that the service manager holds open.
//!
//! Both are systemd's protocols, implemented by the crates `sd-notify` and `listenfd`. If the service manager holds the sockets, posts wait during a restart
//! instead of being refused. Without the environment variables of these protocols, the functions here do nothing.

use listenfd::ListenFd;
use sd_notify::NotifyState;
use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

/// The names of the sockets that the daemon serves. Sockets without names get these, in this order.
const NAMES: [&str; 2] = ["api", "seti"];
/// Time limit of a notification to the service manager.
const SAY_MAX: Duration = Duration::from_secs(1);

/// Why the sockets of the service manager cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// A socket could not be taken over.
    #[error("could not take the socket {name} that the service manager handed over")]
    Take {
        /// The name of the socket.
        name: String,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
    /// The daemon serves nothing at a socket of this name.
    #[error("the service manager handed over a socket called {name:?}; call them api and seti, with FileDescriptorName=")]
    Name {
        /// The name of the socket.
        name: String,
    },
}

/// The sockets of the service manager, by name. Call this function once, before the process opens anything or starts a thread: it removes the variables that
/// announce the sockets, so that no child process uses them.
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

/// The names of `count` sockets.
fn names(count: usize, given: &str) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = given.split(':').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if names.is_empty() {
        names = NAMES.map(str::to_owned).into();
    }
    // One name more than the daemon has sockets is enough for an error.
    names.resize(count.min(NAMES.len() + 1).max(names.len()), "unknown".to_owned());
    names.truncate(count);
    match names.iter().enumerate().find(|(nth, name)| !NAMES.contains(&name.as_str()) || names[..*nth].contains(name)) {
        Some((_, name)) => Err(Error::Name { name: name.clone() }),
        None => Ok(names),
    }
}

/// Notifies the service manager, if there is one. A failure is logged and does not stop the daemon; a notification that hangs is not waited for.
pub(super) async fn say(state: NotifyState<'static>) {
    let what = state.to_string();
    let said = tokio::task::spawn_blocking(move || sd_notify::notify(&[state]));
    let error = match tokio::time::timeout(SAY_MAX, said).await {
        Ok(Ok(Ok(()))) => return,
        Ok(Ok(Err(error))) => error,
        Ok(Err(error)) => error.into(),
        Err(_) => io::ErrorKind::TimedOut.into(),
    };
    tracing::warn!(what, error = &error as &dyn std::error::Error, "could not notify the service manager");
}

/// Interval of the watchdog's notifications: half of the service manager's timeout. `None` if no watchdog is configured.
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
