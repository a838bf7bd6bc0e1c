//! What counts as one client.
//!
//! A client is identified by its address, as far as that is meaningful. A connection from a proxy carries the requests of many clients, and must not be shut
//! out for the faults of one. The operator names the proxies. Each names its client by `X-Forwarded-For` or `Forwarded`, and the client is the last address
//! in the chain that does not belong to a trusted proxy. Such headers from any other peer are ignored, except that they show that the peer may be a proxy
//! that nobody named.

use axum::http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Headers that only a proxy adds.
const OF_PROXIES: [&str; 4] = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];

/// The address that stands for all requests whose two headers contradict each other, so that a client gains nothing by sending one of them itself.
const CONTRADICTORY: IpAddr = IpAddr::V4(Ipv4Addr::BROADCAST);

/// The proxies in front of a listener.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// The networks of proxies whose headers about the client are trusted.
    pub trusted: Vec<IpNet>,
    /// Whether any peer may be a proxy.
    pub anywhere: bool,
}

/// The network that counts as one client: an IPv4 address, or the first 64 bits of an IPv6 address, which commonly belong to one client.
pub fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) if ip.is_loopback() => IpAddr::V6(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
    }
}

impl Proxies {
    /// The client of a request from this address; `None` if the request may come from any client.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        if self.is_trusted(peer) {
            return self.named(headers);
        }
        let says_proxy = || OF_PROXIES.iter().any(|name| headers.contains_key(*name));
        let may_be_proxy = self.anywhere || (peer.is_loopback() && says_proxy());
        (!may_be_proxy).then(|| network(peer))
    }

    fn is_trusted(&self, ip: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&ip))
    }

    /// The client that a trusted proxy names.
    fn named(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let values = |name: &str| headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",");
        let classic = values("x-forwarded-for");
        let standard = values("forwarded");
        let classic = (!classic.is_empty()).then(|| self.last_untrusted(classic.split(',').map(address).rev()));
        let standard = (!standard.is_empty()).then(|| self.last_untrusted(outside_quotes(&standard, ',').map(forwarded_for).rev()));
        match (classic, standard) {
            (Some(classic), Some(standard)) if classic != standard => Some(CONTRADICTORY),
            (Some(client), _) | (None, Some(client)) => client,
            (None, None) => None,
        }
    }

    /// The first address that belongs to no trusted proxy, from the last hop on; `None` if there is none, or if a hop before it is not given.
    fn last_untrusted(&self, hops: impl Iterator<Item = Option<IpAddr>>) -> Option<IpAddr> {
        hops.map_while(|hop| hop).find(|ip| !self.is_trusted(*ip)).map(network)
    }
}

/// Parses `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"').trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse::<IpAddr>().ok().or_else(with_port).map(|ip| ip.to_canonical())
}

/// The address in the `for` of one element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    outside_quotes(element, ';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then(|| address(value))?
    })
}

/// The parts of a text between separators that stand outside quotes.
fn outside_quotes(text: &str, separator: char) -> impl DoubleEndedIterator<Item = &str> {
    let (mut pieces, mut from, mut quoted) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            c if c == separator && !quoted => {
                pieces.push(&text[from..at]);
                from = at + c.len_utf8();
            }
            _ => {}
        }
    }
    pieces.push(&text[from..]);
    pieces.into_iter()
}

/// Whether a page in a browser made the request. Browsers add `Origin` to every POST, and `Sec-Fetch-Site` to other requests where they can.
pub fn is_of_a_page(headers: &HeaderMap) -> bool {
    let of_a_site = headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() != b"none");
    headers.contains_key("origin") || of_a_site
}

#[cfg(test)]
mod tests;
