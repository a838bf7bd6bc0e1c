//! From a name to addresses that were vetted: asked once for each connection, and the connection goes to no other address.
//!
//! If one answer is denied, the whole name is: a name with a public and a private address is a trap or a mistake. What a name
//! leads to may change between two connections; each is vetted by its own answers.

use super::address::{self, Rules};
use crate::fault::Fault;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Addresses of one name that are considered. A name with more is served by its first ones.
pub const ADDRESSES_MAX: usize = 16;

/// Milliseconds to wait for a name's addresses.
pub const RESOLVE_MS_MAX: u64 = 5_000;

/// Answers for names. Tests play answers; the system's resolver is [`SystemResolver`].
pub trait Resolver: Send + Sync {
    /// The addresses of a name.
    fn resolve(&self, name: String) -> Resolving;

    /// Whether this machine has a way to an address. Nothing is sent.
    fn way(&self, ip: IpAddr) -> Way {
        let _ = ip;
        Way::There
    }

    /// Whether an address is one of this machine's own.
    fn is_own(&self, ip: IpAddr) -> bool {
        let _ = ip;
        false
    }
}

/// A way from this machine to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// There is one, as far as this machine knows.
    There,
    /// There is none: no route, no address of that family, or a rule against it.
    Missing,
    /// Nobody can say: there is no file or memory to ask with.
    Unknown,
}

/// An answer on its way.
pub type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Asks the operating system.
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

/// The address that this machine speaks from to another. Connecting a datagram socket makes the system look for a route, and sends nothing.
fn towards(ip: IpAddr) -> io::Result<IpAddr> {
    let any = if ip.is_ipv4() { IpAddr::from(Ipv4Addr::UNSPECIFIED) } else { IpAddr::from(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((ip, 443))?;
    Ok(socket.local_addr()?.ip())
}

/// An address of each family that is nobody's: a machine with a way to everywhere has one to these.
const ANYWHERE: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))];

/// Why a name led nowhere. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address is denied, and so the name.
    #[error("{name} leads to an address that is denied")]
    Denied {
        /// The name.
        name: String,
        /// Which, and why.
        #[source]
        source: address::Denied,
    },
    /// There was no answer.
    #[error("could not resolve {name}")]
    Failed {
        /// The name.
        name: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// This machine could not ask: it has no file to ask with, or no way to anywhere.
    #[error("this machine cannot ask for {name}")]
    Machine {
        /// The name.
        name: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// This machine has no way to any of the addresses.
    #[error("this machine has no way to {name}")]
    NoWay {
        /// The name.
        name: String,
    },
    /// The answer holds no address.
    #[error("{name} has no address")]
    Empty {
        /// The name.
        name: String,
    },
    /// There was no answer in time.
    #[error("could not resolve {name} within {ms} ms")]
    Deadline {
        /// The name.
        name: String,
        /// The limit.
        ms: u64,
    },
}

/// A resolver that lets only vetted addresses through. One for each endpoint.
#[derive(Clone)]
pub(super) struct VettedResolver {
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) rules: Rules,
    /// How long to wait: [`RESOLVE_MS_MAX`] but in tests.
    pub(super) ms_max: u64,
}

impl Error {
    /// Whether this machine is at fault, and not the name or the cart.
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
        let vetted = answer.into_iter().map(|ip| self.rules.vet_beside(ip, &*self.resolver)).collect::<Result<Vec<_>, _>>();
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

    /// Whether a name has no answer because of this machine. The system's resolver does not say so, but what it needs can be looked at.
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
