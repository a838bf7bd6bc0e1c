//! What counts as one client.
//!
//! By its address, as far as that says something. A connection from this machine's own addresses, or from a proxy, carries the requests of
//! many: whoever they are, such an address must not lose what one of them forfeits. A proxy can say whose request it is, by
//! `X-Forwarded-For`; its last address is the one that the proxy itself saw.

use axum::http::HeaderMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The addresses that count as one: an IPv4 address, or the first 64 bits of an IPv6 address, behind which all commonly are the same client's.
pub fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
    }
}

/// Whose request it is that came from this address. None: it may be anybody's.
pub fn of(peer: IpAddr, behind_proxy: bool, headers: &HeaderMap) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    if !peer.is_loopback() && !behind_proxy {
        return Some(network(peer));
    }
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim();
    let bare = last.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(last);
    let with_port = || last.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse::<IpAddr>().ok().or_else(with_port).map(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| ("x-forwarded-for".parse().expect("it is a name"), value.parse().expect("it is a value"))).collect()
    }

    #[test]
    fn a_client_is_known_by_its_address_or_by_what_a_proxy_says_last() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("it is an address");
        for (peer, behind_proxy, forwarded, client) in [
            ("192.0.2.1", false, &[][..], Some("192.0.2.1")),
            ("::ffff:192.0.2.1", false, &[], Some("192.0.2.1")),
            ("2001:db8::1:2:3", false, &[], Some("2001:db8::")),
            // What a client says of itself is nothing.
            ("192.0.2.1", false, &["198.51.100.7"], Some("192.0.2.1")),
            ("127.0.0.1", false, &[], None),
            ("::1", false, &[], None),
            ("192.0.2.1", true, &[], None),
            ("127.0.0.1", false, &["198.51.100.7"], Some("198.51.100.7")),
            ("192.0.2.1", true, &["203.0.113.9, 198.51.100.7"], Some("198.51.100.7")),
            ("192.0.2.1", true, &["203.0.113.9", "198.51.100.7"], Some("198.51.100.7")),
            ("192.0.2.1", true, &["198.51.100.7:4711"], Some("198.51.100.7")),
            ("192.0.2.1", true, &["[2001:db8::1]:4711"], Some("2001:db8::")),
            ("192.0.2.1", true, &["[2001:db8::1]"], Some("2001:db8::")),
            ("192.0.2.1", true, &["2001:db8::1"], Some("2001:db8::")),
            ("192.0.2.1", true, &["unknown"], None),
            ("192.0.2.1", true, &["198.51.100.7,"], None),
        ] {
            assert_eq!(of(ip(peer), behind_proxy, &headers(forwarded)), client.map(ip), "{peer} {forwarded:?}");
        }
    }
}
