use super::super::testing::{endpoint, manifest};
use super::*;
use std::error::Error as _;

/// A binding as its operator writes it.
fn written(toml: &str) -> carts::Binding {
    toml::from_str(toml).unwrap_or_else(|error| panic!("{toml}: {error}"))
}

fn bind(toml: &str) -> Result<CheckedBinding, Error> {
    CheckedBinding::new(&endpoint("api", Base::Any, true), &written(toml))
}

const LOOPBACK: &str = r#"private = [{ name = "test cart", allow = "127.0.0.1" }]"#;
const HOST: &str = r#"private = [{ name = "test cart", allow = "shop.lan" }]"#;
const RACK: &str = r#"private = [{ name = "our rack", allow = "10.1.0.0/16" }]"#;

#[test]
fn what_is_safe_is_bound() {
    for (base_url, rest) in [
        ("https://shop.example", ""),
        ("https://shop.example/api", ""),
        ("https://shop.example:8443", "ports = [8443]"),
        ("http://shop.example", "plain_http = \"accepted\""),
        ("http://shop.example:8080", "plain_http = \"accepted\"\nports = [8080]"),
        ("http://127.0.0.1:8089", LOOPBACK),
        ("https://127.0.0.1", LOOPBACK),
        ("http://shop.lan:8080", HOST),
        ("https://shop.lan", HOST),
        ("http://shop.example", RACK),
        ("http://shop.example:8080", RACK),
        ("https://shop.example", RACK),
        ("http://localhost:1", r#"private = [{ name = "test cart", allow = "localhost" }]"#),
        ("http://shop:81", r#"private = [{ name = "test cart", allow = "shop" }]"#),
        ("http://[::1]:8089", r#"private = [{ name = "test cart", allow = "::1" }]"#),
    ] {
        let bound = bind(&format!("base_url = {base_url:?}\n{rest}"));
        assert!(bound.is_ok(), "{base_url} {rest}: {:?}", bound.err());
    }
}

#[test]
fn what_is_not_safe_is_denied_with_its_remedy() {
    for (base_url, rest, expected) in [
        ("http://shop.example", "", "is not encrypted: use https, or name a private exception for shop.example, or set plain_http"),
        ("http://shop.example", "secrets_in_clear = \"accepted\"", "is not encrypted"),
        ("https://127.0.0.1", "", "is bound to the address 127.0.0.1: use a host name, or name a private exception"),
        ("http://127.0.0.2", LOOPBACK, "is bound to the address 127.0.0.2"),
        ("https://[::1]", "", "is bound to the address ::1"),
        ("https://[::ffff:7f00:1]", "", "is bound to the address 127.0.0.1"),
        ("https://8.8.8.8", "", "is bound to the address 8.8.8.8"),
        ("https://8.8.8.8", "plain_http = \"accepted\"\nports = [443]", "is bound to the address 8.8.8.8"),
        (
            "https://169.254.169.254",
            HOST,
            "cannot be bound to this address: 169.254.169.254 is a link-local address, which is never contacted",
        ),
        ("https://localhost", "", "localhost, a name that is not public"),
        ("https://metadata", "", "a name that is not public"),
        ("https://metadata.google.internal", "", "a name that is not public"),
        ("https://kubernetes.default.svc", "", "a name that is not public"),
        ("https://printer.local", "", "a name that is not public"),
        ("https://a.localhost", "", "a name that is not public"),
        ("https://nas.home.arpa", "", "a name that is not public"),
        ("https://shop.internal", HOST, "a name that is not public"),
        ("http://shop.local", RACK, "a name that is not public"),
        ("https://shop.example:8443", "", "is bound to port 8443: use the usual port, or add 8443 to the endpoint's ports"),
        ("https://shop.example:22", "ports = [8443]", "is bound to port 22"),
        ("https://shop.example:8443", RACK, "is bound to port 8443"),
        ("https://shop.example:80", "", "is bound to port 80"),
        ("http://shop.example:443", "plain_http = \"accepted\"", "is bound to port 443"),
        ("https://shop.example", r#"private = [{ name = " ", allow = "10.0.0.1" }]"#, "a private exception for 10.0.0.1 without a name"),
        (
            "https://shop.example",
            r#"private = [{ name = "all", allow = "0.0.0.0/0" }]"#,
            "cannot be used: an exception cannot open 0.0.0.0/0",
        ),
        (
            "https://shop.example",
            r#"private = [{ name = "all", allow = "*" }]"#,
            "cannot be used: \"*\" is not an address, network or host name",
        ),
    ] {
        let error = bind(&format!("base_url = {base_url:?}\n{rest}")).expect_err(base_url);
        let chain = error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        assert!(chain.contains(expected), "{base_url} {rest}: {chain}");
    }
}

#[test]
fn the_exception_that_a_private_address_needs_makes_it_bindable() {
    for (base_url, allow) in [
        ("http://127.0.0.1:8089/seti.php", "127.0.0.1/32"),
        ("http://127.9.9.9", "127.9.9.9/32"),
        ("https://10.0.0.0", "10.0.0.0/32"),
        ("http://10.255.255.255:81", "10.255.255.255/32"),
        ("http://172.16.0.1", "172.16.0.1/32"),
        ("http://192.168.1.20", "192.168.1.20/32"),
        ("http://[::1]:8089", "::1/128"),
        ("http://[fd00::1]", "fd00::1/128"),
        ("http://localhost:8080", "localhost"),
        ("http://shop", "shop"),
        ("http://shop.internal:81", "shop.internal"),
    ] {
        let exception = exception_for(base_url).unwrap_or_else(|| panic!("{base_url} needs an exception"));
        assert_eq!(exception.allow, allow);
        let bound = bind(&format!("base_url = {base_url:?}\nprivate = [{{ name = {:?}, allow = {allow:?} }}]", exception.name));
        assert!(bound.is_ok(), "{base_url}: {:?}", bound.err());
    }
    for none in ["https://shop.example", "https://8.8.8.8", "https://172.32.0.1", "https://11.0.0.1", "http://169.254.169.254", "shop", ""]
    {
        assert_eq!(exception_for(none), None, "{none}");
    }
}

/// Every odd spelling of an address or a host is refused before anything is resolved.
#[test]
fn odd_spellings_are_denied() {
    let label = "a".repeat(64);
    for base_url in [
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://0/",
        "http://0.0.0.0/",
        "http://4294967296/",
        "http://256.256.256.256/",
        "http://1.2.3.4.5/",
        "http://0x.0x.0/",
        "http://127.0.0.1./",
        "http://localhost./",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b:1::a00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:1::]/",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[fc00::1]/",
        "http://[fd00:ec2::254]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
        "http://good.example@127.0.0.1/",
        "https://u:p@good.example/",
        "http://127.0.0.1#@good.example/",
        r"http://127.0.0.1\@good.example/",
        r"https://good.example\.evil.example/",
        "https:good.example/",
        r"https:/\good.example",
        "https:///good.example/",
        "https://good.example:0/",
        "https://good.example:65536/",
        "https://good.example:080/",
        "https://good.example:/",
        "https://good.example:443/",
        "https://xn--a/",
        "file:///etc/passwd",
        "ftp://good.example/",
        "gopher://good.example/",
        "data:,x",
        "ws://good.example/",
        "https://good.example/#x",
        "https://good.example/../x",
        "https://good.example/%2e%2e/x",
        "https://",
        "https://good .example/",
        "https://good.example/\t",
        "",
        "https://good.example./",
        &format!("https://{label}.example/"),
        &format!("https://{}example/", "a.".repeat(130)),
        &format!("https://good.example/{}", "a".repeat(65_536)),
    ] {
        let config =
            carts::Binding { base_url: base_url.to_owned(), ..written("base_url = \"\"\nplain_http = \"accepted\"\nports = [22]") };
        assert!(CheckedBinding::new(&endpoint("api", Base::Any, true), &config).is_err(), "{base_url}");
    }
}

#[test]
fn an_endpoint_leads_no_further_than_it_must() {
    let public = |toml: &str| bind(toml).expect(toml).rules().public;
    assert_eq!(public("base_url = \"https://shop.example\""), Public::Allowed);
    assert_eq!(public(&format!("base_url = \"https://shop.example\"\n{RACK}")), Public::Allowed);
    assert_eq!(public(&format!("base_url = \"http://shop.example\"\nplain_http = \"accepted\"\n{RACK}")), Public::Allowed);
    // Plain http without consent stays within its exceptions; so does a host that is named in one.
    assert_eq!(public(&format!("base_url = \"http://shop.example\"\n{RACK}")), Public::Denied);
    assert_eq!(public(&format!("base_url = \"https://shop.lan\"\n{HOST}")), Public::Denied);
    assert_eq!(public(&format!("base_url = \"http://shop.lan\"\nplain_http = \"accepted\"\n{HOST}")), Public::Denied);
    assert_eq!(public(&format!("base_url = \"http://127.0.0.1\"\nplain_http = \"accepted\"\n{LOOPBACK}")), Public::Denied);
}

#[test]
fn secrets_go_in_clear_only_by_consent_or_in_private() {
    for (toml, expected) in [
        ("base_url = \"https://shop.example\"".to_owned(), SecretsInClear::Accepted),
        ("base_url = \"http://shop.example\"\nplain_http = \"accepted\"".to_owned(), SecretsInClear::Denied),
        (
            "base_url = \"http://shop.example\"\nplain_http = \"accepted\"\nsecrets_in_clear = \"accepted\"".to_owned(),
            SecretsInClear::Accepted,
        ),
        (format!("base_url = \"http://shop.example\"\nplain_http = \"accepted\"\n{RACK}"), SecretsInClear::Denied),
        (format!("base_url = \"http://shop.example\"\n{RACK}"), SecretsInClear::Accepted),
        (format!("base_url = \"http://127.0.0.1\"\n{LOOPBACK}"), SecretsInClear::Accepted),
        (format!("base_url = \"http://shop.lan\"\nplain_http = \"accepted\"\n{HOST}"), SecretsInClear::Accepted),
    ] {
        assert_eq!(bind(&toml).expect(&toml).grant().secrets, expected, "{toml}");
    }
}

#[test]
fn bindings_fit_the_manifest() {
    let bindings = |given: &[(&str, &str)]| {
        let configs = given.iter().map(|(name, url)| ((*name).to_owned(), written(&format!("base_url = {url:?}")))).collect();
        Bindings::new(&manifest(), &configs)
    };
    let whole = bindings(&[("api", "https://shop.example/api"), ("token", "https://seed.example.com/oauth")]).expect("both fit");
    assert_eq!(whole.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["api", "token"]);
    assert!(bindings(&[("api", "https://shop.example/api")]).is_ok());
    for (given, expected) in [
        (vec![], "endpoint api (the orders) is not bound: give its base URL, for example https://shop.example/api"),
        (vec![("token", "https://seed.example.com/oauth")], "endpoint api (the orders) is not bound"),
        (vec![("apis", "https://shop.example")], "the plugin has no endpoint \"apis\"; did you mean \"api\"?"),
        (
            vec![("api", "https://shop.example"), ("token", "https://seed.example.net/oauth")],
            "endpoint token cannot be bound to https://seed.example.net/oauth: the plugin takes URLs like https://{shop}.example.com/oauth",
        ),
    ] {
        let error = bindings(&given).expect_err(expected).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn configured_wildcards_do_not_exist() {
    for base_url in ["https://*", "https://*.com", "https://*.example", "https://shop.example:*"] {
        assert!(bind(&format!("base_url = {base_url:?}")).is_err(), "{base_url}");
    }
}
