//! Which IP addresses may be contacted.
//!
//! An address is public unless a row of the table below says otherwise: private networks, this machine, link-local and cloud metadata services,
//! special purposes, and translation prefixes that hide another address. A shop in the operator's own network is reached through an exception that
//! the operator names. Exceptions open private networks only; no exception opens a metadata service or a multicast address.
//!
//! The rows come from the IANA special-purpose registries (RFC 6890 and its successors) and the documentation of the cloud providers. The table
//! cannot know which public addresses are the operator's own: those are given to [`Egress`](super::Egress) and denied as well.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An address that may be contacted. Only [`AddressRules::vet`] creates this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vetted(IpAddr);

impl Vetted {
    /// The address, an IPv4-mapped one as IPv4.
    pub fn ip(self) -> IpAddr {
        self.0
    }
}

/// Why an address may not be contacted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The address is not a public one, and no exception names it.
    #[error("{ip} is {what}; if the cart really has this address, name the address in a private exception of the endpoint")]
    NotPublic {
        /// The address, an IPv4-mapped one as IPv4.
        ip: IpAddr,
        /// The table's name for the address range, such as a loopback address.
        what: &'static str,
    },
    /// No exception can open the address.
    #[error("{ip} is {what}, which is never contacted")]
    Never {
        /// The address, an IPv4-mapped one as IPv4.
        ip: IpAddr,
        /// The table's name for the address range, such as a multicast address.
        what: &'static str,
    },
    /// The address belongs to the operator's own network.
    #[error("{ip} belongs to this host's own network {network}")]
    Own {
        /// The address, an IPv4-mapped one as IPv4.
        ip: IpAddr,
        /// The operator's network that contains the address.
        network: IpNet,
    },
    /// The address belongs to this machine, and no exception names exactly this address.
    #[error(
        "{ip} is an address of this machine itself; if the cart runs here, name exactly this address in a private exception of the \
         endpoint, or set {OWN_ADDRESSES}=allow"
    )]
    ThisMachine {
        /// The address, an IPv4-mapped one as IPv4.
        ip: IpAddr,
    },
    /// The endpoint may reach its private exceptions only, and the address is outside them.
    #[error("{ip} is outside the private exceptions of the endpoint, and the endpoint may connect to no other address")]
    OutsideExceptions {
        /// The address, an IPv4-mapped one as IPv4.
        ip: IpAddr,
    },
}

/// What a private exception opens, as the operator writes it: an address (`192.168.1.20`), a network (`192.168.1.0/24`) or a host name (`shop.lan`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An address or a network, within one private network of the table.
    Network(IpNet),
    /// A host name in lower case. The exception opens every private address that the name leads to.
    Host(String),
}

/// Why a text is not the target of an exception.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The text names addresses that an exception cannot open.
    #[error(
        "an exception cannot open {network}: it must lie within one private network such as 10.0.0.0/8, 192.168.0.0/16, 127.0.0.0/8 or fc00::/7"
    )]
    NotPrivate {
        /// The addresses that the text names.
        network: IpNet,
    },
    /// The text is neither an address, nor a network, nor a host name.
    #[error("{text:?} is not an address, network or host name: write, for example, \"192.168.1.20\", \"192.168.1.0/24\" or \"shop.lan\"")]
    Malformed {
        /// The text as the operator wrote it.
        text: String,
    },
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Target, TargetError> {
        let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        if let Some(network) = network {
            let private = TABLE.iter().any(|row| row.may_be_opened() && row.net().contains(&network));
            return if private { Ok(Target::Network(network.trunc())) } else { Err(TargetError::NotPrivate { network }) };
        }
        let host = normal_name(text);
        let label =
            |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        // A name whose last label is a number is an address in another spelling to every URL parser.
        let number = host.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x"));
        if host.len() > 253 || number || !host.split('.').all(label) {
            return Err(TargetError::Malformed { text: text.to_owned() });
        }
        Ok(Target::Host(host))
    }
}

/// A host name in the form in which names are compared: lower case, without a dot at the end.
pub(super) fn normal_name(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// The addresses that an endpoint may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressRules {
    /// Whether the endpoint may reach public addresses too.
    pub public: Public,
    /// The networks that the endpoint's exceptions open.
    pub networks: Vec<IpNet>,
    /// Whether an exception names the endpoint's own host, which opens every private network to the endpoint.
    pub host_named: bool,
    /// The operator's own public addresses, which are always denied.
    pub own: Vec<IpNet>,
    /// Whether the endpoint may reach this machine's own addresses. Loopback addresses are not meant: they are private ones.
    pub this_machine: ThisMachine,
}

/// Whether an endpoint may reach this machine's own addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThisMachine {
    /// Only an address that an exception names exactly may be reached. Services on this machine may trust connections that come from it.
    #[default]
    Denied,
    /// Every address of this machine may be reached, as far as the other rules allow.
    Allowed,
}

/// The environment variable that sets [`ThisMachine`]: `allow` or `deny`.
pub const OWN_ADDRESSES: &str = "CARTAGE_OWN_ADDRESSES";

impl ThisMachine {
    /// Reads the environment variable [`OWN_ADDRESSES`]. Every value but `allow` denies.
    pub fn of_environment() -> ThisMachine {
        match std::env::var(OWN_ADDRESSES).as_deref() {
            Ok("allow") => ThisMachine::Allowed,
            Ok("deny" | "") | Err(std::env::VarError::NotPresent) => ThisMachine::Denied,
            Ok(_) | Err(std::env::VarError::NotUnicode(_)) => {
                tracing::warn!("{OWN_ADDRESSES} is neither allow nor deny, and counts as deny");
                ThisMachine::Denied
            }
        }
    }
}

/// Whether an endpoint may reach public addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Public {
    /// Public addresses and those of the exceptions may be reached.
    Allowed,
    /// Only addresses of the endpoint's exceptions may be reached.
    Denied,
}

impl AddressRules {
    /// Vets an address before a connection: by [`AddressRules::vet`], and by whether the address is this machine's own, which `is_own` says.
    pub(super) fn vet_beside(&self, ip: IpAddr, is_own: impl FnOnce(IpAddr) -> bool) -> Result<Vetted, Denied> {
        let vetted = self.vet(ip)?;
        let ip = vetted.ip();
        let named = || self.networks.contains(&IpNet::from(ip));
        if self.this_machine == ThisMachine::Denied && !ip.is_loopback() && !named() && is_own(ip) {
            return Err(Denied::ThisMachine { ip });
        }
        Ok(vetted)
    }

    /// Vets an address by the table and the exceptions alone. Whether the address is this machine's own is not checked.
    pub fn vet(&self, ip: IpAddr) -> Result<Vetted, Denied> {
        let ip = ip.to_canonical();
        if let Some(network) = self.own.iter().find(|network| network.contains(&ip)) {
            return Err(Denied::Own { ip, network: *network });
        }
        match (classify(ip), self.public) {
            (Class::Public, Public::Allowed) => Ok(Vetted(ip)),
            (Class::Public, Public::Denied) => Err(Denied::OutsideExceptions { ip }),
            (Class::Private(_), _) if self.host_named || self.networks.iter().any(|network| network.contains(&ip)) => Ok(Vetted(ip)),
            (Class::Private(what), Public::Allowed) => Err(Denied::NotPublic { ip, what }),
            (Class::Private(_), Public::Denied) => Err(Denied::OutsideExceptions { ip }),
            (Class::Never(what), _) => Err(Denied::Never { ip, what }),
        }
    }
}

/// Whether the table calls an address public.
pub fn is_public(ip: IpAddr) -> bool {
    matches!(classify(ip.to_canonical()), Class::Public)
}

/// The table's class of an address; the text is the name of the range.
enum Class {
    Public,
    Private(&'static str),
    Never(&'static str),
}

/// The class of an address. A range that no exception opens wins over a private range around it.
fn classify(ip: IpAddr) -> Class {
    let rows = || TABLE.iter().filter(|row| row.net().contains(&ip));
    if let Some(row) = rows().find(|row| !row.may_be_opened()) {
        return Class::Never(row.what());
    }
    match (rows().next(), ip) {
        (Some(row), _) => Class::Private(row.what()),
        // Of IPv6 only the global unicast space is in use; whatever the table does not name is not public.
        (None, IpAddr::V6(v6)) if !GLOBAL_UNICAST.contains(&v6) => Class::Never("outside the global IPv6 space"),
        (None, _) => Class::Public,
    }
}

const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// A range of addresses that is not public, with its name for people.
enum Row {
    /// A private exception may open the range.
    Private(IpNet, &'static str),
    /// No exception opens the range.
    Never(IpNet, &'static str),
}

impl Row {
    fn net(&self) -> &IpNet {
        let (Row::Private(net, _) | Row::Never(net, _)) = self;
        net
    }

    fn what(&self) -> &'static str {
        let (Row::Private(_, what) | Row::Never(_, what)) = self;
        what
    }

    fn may_be_opened(&self) -> bool {
        matches!(self, Row::Private(..))
    }
}

const TABLE: &[Row] = &[
    Row::Private(net4([10, 0, 0, 0], 8), "a private address (RFC 1918)"),
    Row::Private(net4([100, 64, 0, 0], 10), "a carrier's private address (RFC 6598)"),
    Row::Private(net4([127, 0, 0, 0], 8), "a loopback address"),
    Row::Private(net4([172, 16, 0, 0], 12), "a private address (RFC 1918)"),
    Row::Private(net4([192, 168, 0, 0], 16), "a private address (RFC 1918)"),
    Row::Private(net6([0, 0, 0, 0, 0, 0, 0, 1], 128), "a loopback address"),
    Row::Private(net6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), "a private address (RFC 4193)"),
    // Metadata services hand out credentials to whoever asks.
    Row::Never(net4([100, 100, 100, 200], 32), "a cloud metadata service"),
    Row::Never(net4([168, 63, 129, 16], 32), "a cloud metadata service"),
    Row::Never(net4([169, 254, 0, 0], 16), "a link-local address"),
    Row::Never(net6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128), "a cloud metadata service"),
    Row::Never(net6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "a link-local address"),
    // Addresses for special purposes.
    Row::Never(net4([0, 0, 0, 0], 8), "an address of this network (RFC 791)"),
    Row::Never(net4([192, 0, 0, 0], 24), "an IETF protocol address (RFC 6890)"),
    Row::Never(net4([192, 0, 2, 0], 24), "a documentation address (RFC 5737)"),
    Row::Never(net4([192, 31, 196, 0], 24), "an AS112 address (RFC 7535)"),
    Row::Never(net4([192, 52, 193, 0], 24), "an AMT address (RFC 7450)"),
    Row::Never(net4([192, 88, 99, 0], 24), "a 6to4 relay address (RFC 7526)"),
    Row::Never(net4([192, 175, 48, 0], 24), "an AS112 address (RFC 7534)"),
    Row::Never(net4([198, 18, 0, 0], 15), "a benchmarking address (RFC 2544)"),
    Row::Never(net4([198, 51, 100, 0], 24), "a documentation address (RFC 5737)"),
    Row::Never(net4([203, 0, 113, 0], 24), "a documentation address (RFC 5737)"),
    Row::Never(net4([224, 0, 0, 0], 4), "a multicast address"),
    Row::Never(net4([240, 0, 0, 0], 4), "a reserved address (RFC 1112)"),
    Row::Never(net6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), "an IETF protocol address (RFC 2928), such as a Teredo tunnel"),
    Row::Never(net6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), "a documentation address (RFC 3849)"),
    Row::Never(net6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "a 6to4 address (RFC 3056)"),
    Row::Never(net6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "a documentation address (RFC 9637)"),
    Row::Never(net6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), "a NAT64 address (RFC 6052)"),
    Row::Never(net6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), "a NAT64 address (RFC 8215)"),
    Row::Never(net6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "a multicast address"),
];

const fn net4(octets: [u8; 4], prefix: u8) -> IpNet {
    let [a, b, c, d] = octets;
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix))
}

const fn net6(segments: [u16; 8], prefix: u8) -> IpNet {
    IpNet::V6(v6(segments, prefix))
}

const fn v6(segments: [u16; 8], prefix: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = segments;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}

#[cfg(test)]
mod tests;
