//! Resolves a host name to vetted addresses, once for each connection. The connection goes to no other address.
//!
//! If one address is denied, the whole name is: a name with a public and a private address is a trap or a mistake. The addresses of a name may change
//! between two connections, so each connection vets its own.

use super::address::{self, AddressRules};
use cartage_base::fault::Fault;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// The most addresses of one name that are tried. Of a name with more, the first ones are used.
pub const ADDRESSES_MAX: usize = 16;

/// How long to wait for a name's addresses, in milliseconds.
pub const RESOLVE_MS_MAX: u64 = 5_000;

/// Resolves host names. [`SystemResolver`] asks the operating system; tests return fixed addresses.
pub trait Resolver: Send + Sync {
    /// Looks up the addresses of a host name.
    fn resolve(&self, name: String) -> Resolving;

    /// Whether this machine has a route to an address. Nothing is sent.
    fn way(&self, ip: IpAddr) -> Way {
        let _ = ip;
        Way::There
    }

    /// Whether an address belongs to this machine.
    fn is_own(&self, ip: IpAddr) -> bool {
        let _ = ip;
        false
    }
}

/// Whether this machine has a route to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// This machine has a route, as far as it knows.
    There,
    /// This machine has no route, no address of that family, or a firewall rule against the address.
    Missing,
    /// The check failed: this machine has no file handle or memory for it.
    Unknown,
}

/// A lookup under way, with the addresses or the system's error as its result.
pub type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, name: String) -> Resolving {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name, 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }

    fn way(&self, ip: IpAddr) -> Way {
        match towards(ip) {
            Ok(_) => Way::There,
            Err(error) if Fault::of(&error) == Fault::Exhausted => Way::Unknown,
            Err(_) => Way::Missing,
        }
    }

    fn is_own(&self, ip: IpAddr) -> bool {
        // Only to itself does a machine speak from the address that it speaks to. Its interfaces are not listed, so that a change of them counts at
        // once. Without a way to the address nothing is sent there.
        towards(ip).is_ok_and(|from| from.to_canonical() == ip.to_canonical())
    }
}

/// The local address that this machine would use for a connection to `ip`. Connecting a datagram socket makes the system look for a route, and sends
/// nothing.
fn towards(ip: IpAddr) -> io::Result<IpAddr> {
    let any = if ip.is_ipv4() { IpAddr::from(Ipv4Addr::UNSPECIFIED) } else { IpAddr::from(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((ip, 443))?;
    Ok(socket.local_addr()?.ip())
}

/// A documentation address of each family. A machine with a default route has a route to them.
const ANYWHERE: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))];

/// Why a name could not be resolved to vetted addresses. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One of the name's addresses is denied, so the whole name is.
    #[error("{name} resolves to an address that is denied")]
    Denied {
        /// The host name that was looked up.
        name: String,
        /// The denied address and the rule that denies it.
        #[source]
        source: address::Denied,
    },
    /// The lookup failed, for example because the name does not exist.
    #[error("could not resolve {name}")]
    Failed {
        /// The host name that was looked up.
        name: String,
        /// The resolver's error.
        #[source]
        source: io::Error,
    },
    /// This machine could not look up any name: it has no file handle for that, or no route.
    #[error("this machine cannot look up {name}")]
    Machine {
        /// The host name that was looked up.
        name: String,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// This machine has no route to any of the name's addresses.
    #[error("this machine has no route to {name}")]
    NoWay {
        /// The host name that was looked up.
        name: String,
    },
    /// The lookup succeeded without an address.
    #[error("{name} has no address")]
    Empty {
        /// The host name that was looked up.
        name: String,
    },
    /// The lookup took too long.
    #[error("could not resolve {name} within {ms} ms")]
    Deadline {
        /// The host name that was looked up.
        name: String,
        /// The limit, in milliseconds.
        ms: u64,
    },
}

/// A resolver that returns vetted addresses only. Each endpoint has its own, with its own rules.
#[derive(Clone)]
pub(super) struct VettedResolver {
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) rules: AddressRules,
    /// The limit for a lookup, in milliseconds: [`RESOLVE_MS_MAX`] except in tests.
    pub(super) ms_max: u64,
}

impl Error {
    /// Whether this machine is at fault, rather than the name or the cart.
    pub fn is_of_this_machine(&self) -> bool {
        match self {
            Error::Machine { .. } | Error::NoWay { .. } => true,
            Error::Denied { .. } | Error::Failed { .. } | Error::Empty { .. } | Error::Deadline { .. } => false,
        }
    }
}

impl VettedResolver {
    async fn addresses(self, name: String) -> Result<Vec<SocketAddr>, Error> {
        let answer = tokio::time::timeout(Duration::from_millis(self.ms_max), self.resolver.resolve(name.clone())).await;
        let answer = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(source)) if self.cannot_ask(&source) => return Err(Error::Machine { name, source }),
            Ok(Err(source)) => return Err(Error::Failed { name, source }),
            Err(_elapsed) => return Err(Error::Deadline { name, ms: self.ms_max }),
        };
        // All answers are vetted, also those that are not considered.
        let vetted = answer.into_iter().map(|ip| self.rules.vet_beside(ip, |ip| self.resolver.is_own(ip))).collect::<Result<Vec<_>, _>>();
        let vetted = match vetted {
            Ok(vetted) if vetted.is_empty() => return Err(Error::Empty { name }),
            Ok(vetted) => vetted,
            Err(source) => return Err(Error::Denied { name, source }),
        };
        let considered = vetted.into_iter().take(ADDRESSES_MAX).map(|vetted| vetted.ip());
        // An address without a way would hide what is wrong with those that have one: it fails last, and for a reason of its own.
        let reachable: Vec<IpAddr> = considered.filter(|ip| self.resolver.way(*ip) != Way::Missing).collect();
        if reachable.is_empty() {
            return Err(Error::NoWay { name });
        }
        // Port 0 stands for the URL's port; another one would be used in its place.
        Ok(reachable.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect())
    }

    /// Whether this machine could not look up any name. The system's resolver does not say so, but what a lookup needs can be checked.
    fn cannot_ask(&self, error: &io::Error) -> bool {
        Fault::of(error) == Fault::Exhausted || ANYWHERE.iter().all(|ip| self.resolver.way(*ip) != Way::There)
    }
}

impl reqwest::dns::Resolve for VettedResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let addresses = self.clone().addresses(name.as_str().to_owned());
        Box::pin(async move {
            let addresses: reqwest::dns::Addrs = Box::new(addresses.await?.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests;
