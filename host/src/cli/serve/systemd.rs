//! The service manager: told when the daemon is ready, lives and stops, and asked for sockets that it holds open meanwhile.
//!
//! Both ways are systemd's and are spoken in plain text: lines to the socket that `NOTIFY_SOCKET` names, and open sockets from descriptor 3 on,
//! counted by `LISTEN_FDS`. Where the service manager holds the sockets, posts wait through a restart instead of being refused. Without these
//! variables nothing of this happens.

use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The first descriptor that is handed over.
const FIRST: i32 = 3;
/// The most that are looked at.
const SOCKETS_MAX: i32 = 16;

/// Why the sockets that were handed over cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The variables are not as they should be.
    #[error("LISTEN_FDS is {text:?}, which is no number of sockets from 0 to {SOCKETS_MAX}")]
    Count {
        /// What it is.
        text: String,
    },
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

/// The sockets that the service manager handed over, by name.
pub(super) fn sockets() -> Result<BTreeMap<String, TcpListener>, Error> {
    let variable = |name: &str| std::env::var(name).ok();
    let own = variable("LISTEN_PID").is_some_and(|pid| pid == getpid().as_raw_nonzero().to_string());
    let Some(count) = variable("LISTEN_FDS").filter(|_| own) else { return Ok(BTreeMap::new()) };
    let names = names(&count, &variable("LISTEN_FDNAMES").unwrap_or_default())?;
    let take = |(nth, name): (i32, String)| match taken(FIRST + nth) {
        Ok(listener) => Ok((name, listener)),
        Err(source) => Err(Error::Take { name, source }),
    };
    (0..).zip(names).map(take).collect()
}

/// The names of so many sockets. Those without a name are the API's and that of the posts, in this order.
fn names(count: &str, names: &str) -> Result<Vec<String>, Error> {
    let parsed = count.parse::<i32>().ok().filter(|count| (0..=SOCKETS_MAX).contains(count));
    let count = parsed.ok_or_else(|| Error::Count { text: count.to_owned() })? as usize;
    let mut given: Vec<String> = names.split(':').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if given.is_empty() {
        given = ["api", "seti"].map(str::to_owned).into();
    }
    given.resize(count.max(given.len()), "unknown".to_owned());
    given.truncate(count);
    match given.iter().enumerate().find(|(nth, name)| !["api", "seti"].contains(&name.as_str()) || given[..*nth].contains(name)) {
        Some((_, name)) => Err(Error::Name { name: name.clone() }),
        None => Ok(given),
    }
}

/// A copy of a descriptor of this process, made by the kernel, which says whether it is open: no descriptor is believed to be one.
fn taken(descriptor: i32) -> io::Result<TcpListener> {
    let this = pidfd_open(getpid(), PidfdFlags::empty())?;
    let listener = TcpListener::from(pidfd_getfd(this, descriptor, PidfdGetfdFlags::empty())?);
    listener.local_addr()?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Who is told how the daemon is.
pub(super) struct Notify {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notify {
    /// Whoever the variables name.
    pub(super) fn of_environment() -> io::Result<Notify> {
        let Some(name) = std::env::var("NOTIFY_SOCKET").ok().filter(|name| !name.is_empty()) else {
            return Ok(Notify { socket: None, watchdog: None });
        };
        let address = match name.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(&name)?,
        };
        let socket = UnixDatagram::unbound()?;
        // A manager that does not listen must not hold up the daemon.
        socket.set_nonblocking(true)?;
        let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
        let meant = std::env::var("WATCHDOG_PID").map_or(true, |pid| pid == getpid().as_raw_nonzero().to_string());
        let watchdog = number("WATCHDOG_USEC").filter(|usec| *usec > 0 && meant).map(Duration::from_micros);
        Ok(Notify { socket: Some((socket, address)), watchdog })
    }

    /// How often it wants to hear that the daemon lives: twice within its patience.
    pub(super) fn watchdog_every(&self) -> Option<Duration> {
        self.watchdog.map(|patience| patience / 2)
    }

    /// Says it. Where nobody listens that is no reason to stop.
    pub(super) fn say(&self, what: &str) {
        if let Some((socket, address)) = &self.socket
            && let Err(error) = socket.send_to_addr(what.as_bytes(), address)
            && error.kind() != ErrorKind::WouldBlock
        {
            tracing::warn!(what, error = &error as &dyn std::error::Error, "the service manager could not be told");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_told_apart_by_their_names() {
        let fits = |count, given| names(count, given).expect("they fit");
        assert_eq!(fits("2", "seti:api"), ["seti", "api"]);
        assert_eq!(fits("1", "api"), ["api"]);
        assert_eq!(fits("2", ""), ["api", "seti"]);
        assert_eq!(fits("1", ""), ["api"]);
        assert_eq!(fits("0", ""), Vec::<String>::new());
        for (count, given) in [("1", "web"), ("2", "api:api"), ("3", "api:seti"), ("2", "api")] {
            assert!(matches!(names(count, given), Err(Error::Name { .. })), "{count} {given}");
        }
        for count in ["", "-1", "17", "two"] {
            assert!(matches!(names(count, ""), Err(Error::Count { .. })), "{count}");
        }
        assert!(matches!(names("16", ""), Err(Error::Name { .. })), "so many would be looked at");
    }

    #[test]
    fn what_is_not_open_is_not_taken() {
        assert!(taken(1 << 20).is_err());
    }
}
