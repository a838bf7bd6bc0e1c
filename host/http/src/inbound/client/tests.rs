use super::*;

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name.parse::<axum::http::HeaderName>().expect("it is a name"), value.parse().expect("it is a value"));
    }
    headers
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("it is an address")
}

fn client(proxies: &Proxies, peer: &str, pairs: &[(&str, &str)]) -> Option<String> {
    proxies.client(ip(peer), &headers(pairs)).map(|ip| ip.to_string())
}

fn trusted(networks: &[&str]) -> Proxies {
    Proxies { trusted: networks.iter().map(|network| network.parse().expect("it is a network")).collect(), anywhere: false }
}

#[test]
fn without_a_proxy_a_client_is_its_address_whatever_it_says() {
    let none = Proxies::default();
    for (peer, expected) in [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1:2:3", "2001:db8::"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
    ] {
        assert_eq!(client(&none, peer, &[]).as_deref(), Some(expected), "{peer}");
    }
    assert_eq!(client(&none, "192.0.2.1", &[("x-forwarded-for", "198.51.100.7")]).as_deref(), Some("192.0.2.1"));
    // A peer on this machine may be a proxy that nobody named.
    for header in OF_PROXIES {
        assert_eq!(client(&none, "127.0.0.1", &[(header, "198.51.100.7")]), None, "{header}");
    }
    let anywhere = Proxies { anywhere: true, ..Proxies::default() };
    assert_eq!(client(&anywhere, "192.0.2.1", &[]), None);
    assert_eq!(client(&anywhere, "192.0.2.1", &[("x-forwarded-for", "198.51.100.7")]), None, "nobody is trusted");
}

#[test]
fn a_trusted_proxy_names_the_last_that_is_none() {
    let proxies = trusted(&["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"]);
    for (value, expected) in [
        ("198.51.100.7", Some("198.51.100.7")),
        ("203.0.113.9, 198.51.100.7", Some("198.51.100.7")),
        ("203.0.113.9, 198.51.100.7, 10.1.2.3", Some("198.51.100.7")),
        ("198.51.100.7:4711,10.0.0.1", Some("198.51.100.7")),
        ("[2001:db8::1]:4711", Some("2001:db8::")),
        ("[2001:db8::1]", Some("2001:db8::")),
        ("2001:db8::1, fd00::1", Some("2001:db8::")),
        ("::ffff:198.51.100.7", Some("198.51.100.7")),
        // A hop without a known address hides all hops before it.
        ("198.51.100.7, unknown", None),
        ("198.51.100.7,", None),
        ("10.0.0.1", None),
        ("unknown", None),
    ] {
        assert_eq!(client(&proxies, "127.0.0.1", &[("x-forwarded-for", value)]).as_deref(), expected, "{value}");
    }
    assert_eq!(client(&proxies, "127.0.0.1", &[]), None);
    let twice = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "198.51.100.7")];
    assert_eq!(client(&proxies, "10.1.1.1", &twice).as_deref(), Some("198.51.100.7"));
    assert_eq!(client(&proxies, "192.0.2.1", &twice).as_deref(), Some("192.0.2.1"), "its word does not count");
}

#[test]
fn the_standard_header_says_the_same() {
    let proxies = trusted(&["127.0.0.1/32", "10.0.0.0/8"]);
    for (value, expected) in [
        ("for=198.51.100.7", Some("198.51.100.7")),
        ("For=\"198.51.100.7:4711\";proto=https;by=10.0.0.1", Some("198.51.100.7")),
        ("for=203.0.113.9, for=\"[2001:db8::1]:4711\";by=\"a,b;c\", for=10.0.0.2", Some("2001:db8::")),
        ("proto=https", None),
        ("for=_hidden", None),
        ("for=198.51.100.7, for=unknown", None),
    ] {
        assert_eq!(client(&proxies, "127.0.0.1", &[("forwarded", value)]).as_deref(), expected, "{value}");
    }
    let both = |standard| [("x-forwarded-for", "198.51.100.7"), ("forwarded", standard)];
    assert_eq!(client(&proxies, "127.0.0.1", &both("for=198.51.100.7")).as_deref(), Some("198.51.100.7"));
    assert_eq!(client(&proxies, "127.0.0.1", &both("for=203.0.113.9")).as_deref(), Some("255.255.255.255"), "one of them is forged");
}

#[test]
fn a_page_is_known_by_what_browsers_add() {
    for pairs in [
        &[("origin", "https://a.example")][..],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-origin")],
    ] {
        assert!(is_of_a_page(&headers(pairs)), "{pairs:?}");
    }
    for pairs in [&[][..], &[("sec-fetch-site", "none")], &[("user-agent", "Mozilla/4.0 (compatible; MSIE 6.0)")]] {
        assert!(!is_of_a_page(&headers(pairs)), "{pairs:?}");
    }
}
