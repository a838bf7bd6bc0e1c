use super::*;
use proptest::prelude::*;

const OPEN: AddressRules =
    AddressRules { public: Public::Allowed, networks: Vec::new(), host_named: false, own: Vec::new(), this_machine: ThisMachine::Denied };

fn ip(text: &str) -> IpAddr {
    text.parse().expect("the test writes addresses")
}

fn excepting(targets: &[&str]) -> AddressRules {
    let target = |text: &&str| match text.parse().expect("the test writes targets") {
        Target::Network(network) => network,
        Target::Host(host) => panic!("{host} is no network"),
    };
    AddressRules { networks: targets.iter().map(target).collect(), ..OPEN }
}

/// The address before the first and the one after the last of a range; `None` where the address space ends.
fn neighbours(net: &IpNet) -> [Option<IpAddr>; 2] {
    match (net.network(), net.broadcast()) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            [u32::from(first).checked_sub(1), u32::from(last).checked_add(1)].map(|bits| bits.map(|bits| Ipv4Addr::from(bits).into()))
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            [u128::from(first).checked_sub(1), u128::from(last).checked_add(1)].map(|bits| bits.map(|bits| Ipv6Addr::from(bits).into()))
        }
        _ => unreachable!("a network has one family"),
    }
}

#[test]
fn every_range_is_denied_from_its_first_address_to_its_last() {
    for row in TABLE {
        for ip in [row.net().network(), row.net().broadcast()] {
            assert!(!is_public(ip), "{ip} of {}", row.net());
            assert!(OPEN.vet(ip).is_err(), "{ip} of {}", row.net());
        }
    }
}

/// One address beyond each range is public, unless another range begins there.
#[test]
fn every_range_ends_where_it_should() {
    let adjacent = [
        // Below 2000::/3 and above it there is nothing public; these ranges touch each other or the edge.
        "::",
        "::2",
        "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "fe00::",
        "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "fec0::",
        "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff",
        "64:ff9b::1:0:0",
        "64:ff9b:0:ffff:ffff:ffff:ffff:ffff",
        "64:ff9b:2::",
        "fd00:ec2::253",
        "fd00:ec2::255",
        "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "239.255.255.255",
        "240.0.0.0",
        "100.100.100.199",
        "100.100.100.201",
    ]
    .map(ip);
    for row in TABLE {
        for neighbour in neighbours(row.net()).into_iter().flatten() {
            assert_eq!(is_public(neighbour), !adjacent.contains(&neighbour), "{neighbour} beside {}", row.net());
        }
    }
}

#[test]
fn the_known_traps_are_denied() {
    for text in [
        "0.0.0.0",
        "127.0.0.1",
        "127.0.0.53",
        "10.0.0.5",
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "255.255.255.255",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "198.18.0.1",
        "192.88.99.1",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2001::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:30::1",
        "2001:db8::1",
        "3fff::1",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "5f00::1",
        "100::1",
        "4000::1",
    ] {
        assert!(!is_public(ip(text)) && OPEN.vet(ip(text)).is_err(), "{text}");
    }
}

#[test]
fn the_neighbours_of_the_private_networks_are_public() {
    for text in [
        "9.255.255.255",
        "11.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "168.63.129.15",
        "168.63.129.17",
        "1.0.0.0",
        "223.255.255.255",
        "2000::",
        "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2606:4700::1111",
        "::ffff:8.8.8.8",
    ] {
        assert!(is_public(ip(text)), "{text}");
        assert_eq!(OPEN.vet(ip(text)).map(Vetted::ip), Ok(ip(text).to_canonical()), "{text}");
    }
}

#[test]
fn an_exception_opens_what_it_names_and_nothing_beside_it() {
    let rules = excepting(&["192.168.1.16/28", "fd12::/16", "127.0.0.1"]);
    for (text, passes) in [
        ("192.168.1.15", false),
        ("192.168.1.16", true),
        ("192.168.1.31", true),
        ("192.168.1.32", false),
        ("::ffff:192.168.1.16", true),
        ("fd11:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false),
        ("fd12::", true),
        ("fd12:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true),
        ("fd13::", false),
        ("127.0.0.0", false),
        ("127.0.0.1", true),
        ("127.0.0.2", false),
        ("8.8.8.8", true),
    ] {
        assert_eq!(rules.vet(ip(text)).is_ok(), passes, "{text}");
    }
    let private = AddressRules { public: Public::Denied, ..rules };
    assert_eq!(private.vet(ip("8.8.8.8")), Err(Denied::OutsideExceptions { ip: ip("8.8.8.8") }));
    assert_eq!(private.vet(ip("10.0.0.1")), Err(Denied::OutsideExceptions { ip: ip("10.0.0.1") }));
    assert!(private.vet(ip("127.0.0.1")).is_ok());
}

#[test]
fn a_named_host_opens_private_networks_but_no_metadata_service() {
    let rules = AddressRules { host_named: true, public: Public::Denied, ..OPEN };
    for (text, passes) in [
        ("10.0.0.1", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("fd00::1", true),
        ("100.64.0.1", true),
        ("100.100.100.200", false),
        ("169.254.169.254", false),
        ("fd00:ec2::254", false),
        ("168.63.129.16", false),
        ("0.0.0.0", false),
        ("224.0.0.1", false),
        ("8.8.8.8", false),
    ] {
        assert_eq!(rules.vet(ip(text)).is_ok(), passes, "{text}");
    }
    // Not even a network that holds it opens a metadata service.
    assert!(matches!(excepting(&["100.64.0.0/10", "fc00::/7"]).vet(ip("100.100.100.200")), Err(Denied::Never { .. })));
    assert!(matches!(excepting(&["fc00::/7"]).vet(ip("fd00:ec2::254")), Err(Denied::Never { .. })));
}

#[test]
fn the_operators_own_addresses_are_denied() {
    let network: IpNet = "198.41.0.0/24".parse().expect("a network");
    let rules = AddressRules { own: vec![network], ..OPEN };
    assert_eq!(rules.vet(ip("198.41.0.4")), Err(Denied::Own { ip: ip("198.41.0.4"), network }));
    assert_eq!(rules.vet(ip("::ffff:198.41.0.255")), Err(Denied::Own { ip: ip("198.41.0.255"), network }));
    assert!(rules.vet(ip("198.41.1.0")).is_ok());
}

#[test]
fn exceptions_are_private_networks_or_names() {
    for (text, expected) in [
        ("192.168.1.20", Some(Target::Network("192.168.1.20/32".parse().expect("a network")))),
        ("192.168.1.20/24", Some(Target::Network("192.168.1.0/24".parse().expect("a network")))),
        ("10.0.0.0/8", Some(Target::Network("10.0.0.0/8".parse().expect("a network")))),
        ("::1", Some(Target::Network("::1/128".parse().expect("a network")))),
        ("shop.lan", Some(Target::Host("shop.lan".into()))),
        ("Shop.LAN.", Some(Target::Host("shop.lan".into()))),
        ("localhost", Some(Target::Host("localhost".into()))),
        ("0.0.0.0/0", None),
        ("10.0.0.0/7", None),
        ("172.16.0.0/11", None),
        ("fc00::/6", None),
        ("::/0", None),
        ("8.8.8.8", None),
        ("169.254.169.254", None),
        ("::ffff:10.0.0.1", None),
        ("10.0.0.0/33", None),
        ("", None),
        ("*", None),
        ("*.lan", None),
        ("shop lan", None),
        ("a..b", None),
        ("2130706433", None),
        ("127.1", None),
        ("0x7f.1", None),
        ("shop.0x7f", None),
        ("-", Some(Target::Host("-".into()))),
    ] {
        assert_eq!(text.parse::<Target>().ok(), expected, "{text:?}");
    }
}

/// The same table, written down a second time as the registries print it, and compared bit by bit.
fn slowly_public(ip: IpAddr) -> bool {
    let bits = |text: &str, bits: u32| -> bool {
        let range: IpAddr = text.parse().expect("the oracle writes addresses");
        match (range, ip) {
            (IpAddr::V4(range), IpAddr::V4(ip)) => (0..bits).all(|n| (u32::from(range) >> (31 - n)) & 1 == (u32::from(ip) >> (31 - n)) & 1),
            (IpAddr::V6(range), IpAddr::V6(ip)) => {
                (0..bits).all(|n| (u128::from(range) >> (127 - n)) & 1 == (u128::from(ip) >> (127 - n)) & 1)
            }
            _ => false,
        }
    };
    if let IpAddr::V6(v6) = ip
        && let Some(v4) = v6.to_ipv4_mapped()
    {
        return slowly_public(v4.into());
    }
    let v4 = [
        ("0.0.0.0", 8),
        ("10.0.0.0", 8),
        ("100.64.0.0", 10),
        ("127.0.0.0", 8),
        ("169.254.0.0", 16),
        ("172.16.0.0", 12),
        ("192.0.0.0", 24),
        ("192.0.2.0", 24),
        ("192.31.196.0", 24),
        ("192.52.193.0", 24),
        ("192.88.99.0", 24),
        ("192.168.0.0", 16),
        ("192.175.48.0", 24),
        ("198.18.0.0", 15),
        ("198.51.100.0", 24),
        ("203.0.113.0", 24),
        ("224.0.0.0", 4),
        ("240.0.0.0", 4),
        ("168.63.129.16", 32),
    ];
    let v6 = [("2001::", 23), ("2001:db8::", 32), ("2002::", 16), ("3fff::", 20)];
    if ip.is_ipv4() {
        !v4.iter().any(|(range, n)| bits(range, *n))
    } else {
        bits("2000::", 3) && !v6.iter().any(|(range, n)| bits(range, *n))
    }
}

/// Addresses near the edges of the ranges are worth more than random ones.
fn v4_near_edges() -> impl Strategy<Value = u32> {
    let edges: Vec<u32> =
        TABLE.iter().filter_map(|row| if let IpAddr::V4(v4) = row.net().network() { Some(u32::from(v4)) } else { None }).collect();
    prop_oneof![
        any::<u32>(),
        (proptest::sample::select(edges), any::<u32>(), 0_u32..32).prop_map(|(edge, noise, bits)| edge ^ (noise >> bits))
    ]
}

fn v6_near_edges() -> impl Strategy<Value = u128> {
    let edges: Vec<u128> =
        TABLE.iter().filter_map(|row| if let IpAddr::V6(v6) = row.net().network() { Some(u128::from(v6)) } else { None }).collect();
    let mapped = any::<u32>().prop_map(|v4| 0xffff_0000_0000 | u128::from(v4));
    let near = (proptest::sample::select(edges), any::<u128>(), 0_u32..128).prop_map(|(edge, noise, bits)| edge ^ (noise >> bits));
    prop_oneof![any::<u128>(), near, mapped]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ipv4_agrees_with_the_oracle_and_with_its_mapped_form(bits in v4_near_edges()) {
        let v4 = Ipv4Addr::from(bits);
        prop_assert_eq!(is_public(v4.into()), slowly_public(v4.into()));
        prop_assert_eq!(is_public(v4.into()), is_public(v4.to_ipv6_mapped().into()));
        prop_assert_eq!(OPEN.vet(v4.into()).is_ok(), slowly_public(v4.into()));
    }

    #[test]
    fn ipv6_agrees_with_the_oracle(bits in v6_near_edges()) {
        let v6 = IpAddr::from(Ipv6Addr::from(bits));
        prop_assert_eq!(is_public(v6), slowly_public(v6));
        prop_assert_eq!(OPEN.vet(v6).is_ok(), slowly_public(v6));
    }

    #[test]
    fn no_exception_makes_more_public(bits in v4_near_edges(), prefix in 0_u8..=32) {
        let v4 = IpAddr::from(Ipv4Addr::from(bits));
        let text = format!("{v4}/{prefix}");
        match text.parse::<Target>() {
            Ok(Target::Network(network)) => prop_assert!(!is_public(network.network()) && !is_public(network.broadcast())),
            Ok(Target::Host(host)) => prop_assert!(false, "{} is no host", host),
            Err(_) => {}
        }
    }
}
