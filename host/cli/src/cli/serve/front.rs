//! A listener for the network before it serves: its address, its TLS, and its rules.
//!
//! Both listeners receive secrets, tokens or passwords. So beyond this machine each needs a certificate of its own, or the operator's statement that a proxy
//! in front of it has one. The configured address is checked, and then the socket's address, because a service manager may have supplied the socket.

use super::Failure;
use super::listener::{Listener, Rules};
use super::tls::{self, Keeper};
use axum::Router;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not listen on {address}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error(transparent)]
    Tls(#[from] tls::Error),
}

/// A configured listener that is not open yet.
pub(super) struct Front {
    /// The name of its socket at a service manager.
    pub(super) name: &'static str,
    /// The secrets that an eavesdropper would get, for messages.
    pub(super) carries: &'static str,
    /// The options that name its certificate and key, for messages.
    pub(super) options: &'static str,
    /// The configured address.
    pub(super) address: SocketAddr,
    /// Its certificate; `None` without TLS.
    pub(super) keeper: Option<Arc<Keeper>>,
    /// Whether a proxy with TLS is in front of the listener.
    pub(super) behind_proxy: bool,
    /// The limits for clients.
    pub(super) rules: Rules,
}

/// A listener with its open socket.
pub(super) struct Open {
    tcp: TcpListener,
    /// The address of the socket, and whether TLS is used.
    pub(super) place: Place,
    keeper: Option<Arc<Keeper>>,
    rules: Rules,
}

/// The address and the protocol of a listener.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The address of its socket.
    pub(super) address: SocketAddr,
    /// Whether the listener uses TLS.
    pub(super) tls: bool,
}

impl Place {
    /// The beginning of the listener's URLs.
    pub(super) fn url(self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }
}

impl Front {
    /// Refuses an address beyond this machine if secrets would be sent in clear text.
    pub(super) fn allows(&self, address: SocketAddr) -> Result<(), Failure> {
        if address.ip().to_canonical().is_loopback() || self.keeper.is_some() || self.behind_proxy {
            return Ok(());
        }
        let Front { name, carries, options, .. } = self;
        Err(Failure::wrong_use(format!("{address} ({name}) is reachable from other machines, and {carries} in clear")).what_to_do(format!(
            "give it a certificate with {options}, or put a proxy with TLS in front of it and give --behind-proxy, or listen on 127.0.0.1"
        )))
    }

    /// Takes the socket of this name from the service manager, or opens one at the address.
    pub(super) async fn open(self, handed: &mut BTreeMap<String, std::net::TcpListener>) -> Result<Open, Failure> {
        let listener = match handed.remove(self.name) {
            Some(listener) => TcpListener::from_std(listener),
            None => TcpListener::bind(self.address).await,
        };
        let tcp = listener.map_err(|source| Error::Listen { address: self.address, source })?;
        let address = tcp.local_addr()?;
        self.allows(address)?;
        Ok(Open { tcp, place: Place { address, tls: self.keeper.is_some() }, keeper: self.keeper, rules: self.rules })
    }
}

impl Open {
    /// Makes the listener that serves this router.
    pub(super) fn listener(self, router: Router) -> Result<Listener, Failure> {
        let config = self.keeper.as_ref().map(Keeper::config).transpose().map_err(Error::Tls)?;
        let tls = config.map(|config| Arc::new(config).into());
        Ok(Listener::new(self.tcp, tls, router, self.rules))
    }
}

#[cfg(test)]
mod tests {
    use super::super::listener::slots::{Limits, Patience};
    use super::*;

    fn front(behind_proxy: bool) -> Front {
        let address = "127.0.0.1:0".parse().expect("it is an address");
        let limits = Limits { in_all: 8, of_address: None };
        let rules = Rules { allowed: Vec::new(), limits, patience: Patience::USUAL, head_bytes_max: 1 << 14 };
        Front {
            name: "api",
            carries: "requests carry tokens",
            options: "--tls-cert and --tls-key",
            address,
            keeper: None,
            behind_proxy,
            rules,
        }
    }

    #[test]
    fn secrets_stay_on_this_machine_unless_somebody_speaks_tls() {
        for (address, here) in [
            ("127.0.0.1:80", true),
            ("127.255.255.254:80", true),
            ("[::1]:80", true),
            ("[::ffff:127.0.0.1]:80", true),
            ("126.255.255.255:80", false),
            ("128.0.0.1:80", false),
            ("0.0.0.0:80", false),
            ("[::]:80", false),
            ("[::2]:80", false),
            ("10.0.0.1:80", false),
        ] {
            let address = address.parse().expect("it is an address");
            assert_eq!(front(false).allows(address).is_ok(), here, "{address}");
            assert!(front(true).allows(address).is_ok(), "{address}");
        }
    }

    #[test]
    fn what_would_be_read_along_is_said_with_the_ways_out() {
        let failure = front(false).allows("192.0.2.1:8460".parse().expect("it is an address")).expect_err("it is reachable");
        assert_eq!(failure.text(), "192.0.2.1:8460 (api) is reachable from other machines, and requests carry tokens in clear");
        let remedy = failure.remedy().expect("there are ways out");
        assert!(["--tls-cert and --tls-key", "--behind-proxy", "127.0.0.1"].iter().all(|way| remedy.contains(way)), "{remedy}");
    }
}
