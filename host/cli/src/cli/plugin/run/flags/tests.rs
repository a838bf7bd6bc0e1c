use super::*;
use crate::cli::plugin::sample::manifest;
use cartage::carts::SecretSource;

/// Flags that satisfy the sample's manifest.
fn whole() -> CartFlags {
    CartFlags {
        binds: vec!["api=http://127.0.0.1:18072/api".into()],
        credentials: vec!["token=@/run/token".into(), "account.user=seed".into(), "account.password=env:SHOP_PASSWORD".into()],
        settings: vec!["encoding=json".into()],
        loopback: true,
    }
}

fn refusal(flags: &CartFlags) -> String {
    let failure = flags.cart("seed.wasm", &manifest()).expect_err("the flags are wrong");
    format!("{}\n{}", failure.text(), failure.remedy().unwrap_or_default())
}

#[test]
fn flags_say_what_a_cart_s_file_says() {
    let flags = CartFlags { settings: vec!["encoding=json".into(), "pause=7".into(), "names=a=1".into(), "names=b=2".into()], ..whole() };
    let cart = flags.cart("seed.wasm", &manifest()).expect("the flags fit");
    assert_eq!((cart.plugin.as_str(), cart.endpoints["api"].private[0].allow.as_str()), ("seed.wasm", "127.0.0.1/32"));
    assert_eq!(cart.credentials["token"]["value"], SecretSource::File("/run/token".into()));
    assert_eq!(cart.credentials["account"]["user"], SecretSource::Text("seed".into()));
    assert_eq!(cart.credentials["account"]["password"], SecretSource::Env("SHOP_PASSWORD".into()));
    assert_eq!(cart.own_setting("pause"), Some(&Plain::Integer(7)));
    let names = [("a", "1"), ("b", "2")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(cart.own_setting("names"), Some(&Plain::Map(names.into())));
}

#[test]
fn what_the_plugin_does_not_have_is_named_with_what_it_has() {
    let mut flags = whole();
    flags.binds.push("imagse=https://shop.example".into());
    flags.credentials.extend(["tokne=@x", "account.pasword=@x", "nothing.like=@x"].map(str::to_owned));
    flags.settings.push("encodign=xml".into());
    let said = refusal(&flags);
    for part in [
        "--bind names \"imagse\", and the plugin has no such endpoint. Did you mean \"images\"? It has api, images.",
        "no such credential slot. Did you mean \"token\"? It has token, account, key.",
        "no such field in the credential slot account. Did you mean \"password\"? It has user, password.",
        "--credential names \"nothing\", and the plugin has no such credential slot. It has token, account, key.",
        "no such setting. Did you mean \"encoding\"? It has encoding, pause, names.",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[test]
fn what_is_missing_is_said_with_the_flag_to_add() {
    let none = CartFlags { binds: vec![], credentials: vec![], settings: vec![], loopback: false };
    let said = refusal(&none);
    for part in [
        "endpoint api is not bound (the shop): add --bind api=https://shop.example/api",
        "credential token.value has no value (a word): add --credential token=@FILE",
        "credential account.user has no value (a word): add --credential account.user=TEXT",
        "credential account.password has no value (a word): add --credential account.password=@FILE",
        "setting encoding has no value (The encoding): add --setting encoding=xml",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(!said.contains("images") && !said.contains("pause=") && !said.contains("key="), "what is optional is not missing: {said}");
    let part = CartFlags { credentials: vec!["token=@x".into(), "account.user=seed".into()], ..whole() };
    assert!(refusal(&part).contains("credential account.password has no value"));
}

#[test]
fn a_secret_in_plain_text_is_refused_and_not_repeated() {
    for given in ["token=hunter2", "token.value=hunter2", "account.password=hunter2", "hunter2"] {
        let mut flags = whole();
        flags.credentials = vec![given.to_owned()];
        let said = refusal(&flags);
        assert!(said.contains("@FILE") && said.contains("env:NAME") && !said.contains("hunter2"), "{given}: {said}");
    }
    for empty in ["token=@", "token=env:", "account.user="] {
        let flags = CartFlags { credentials: vec![empty.to_owned()], ..whole() };
        assert!(refusal(&flags).contains(" is empty"), "{empty}");
    }
}

#[test]
fn what_is_given_wrongly_is_named() {
    for (binds, credentials, settings, said) in [
        (&["api"][..], &[][..], &[][..], "--bind \"api\" does not have the form ENDPOINT=URL"),
        (&["api=https://a.example", "api=https://b.example"], &[], &[], "--bind names endpoint api twice"),
        (&[], &["account=@x"], &[], "the slot has 2 fields: user, password"),
        (&[], &["token=@x", "token.value=@y"], &[], "--credential gives token.value twice"),
        (&[], &[], &["encoding"], "--setting \"encoding\" does not have the form NAME=VALUE"),
        (&[], &[], &["encoding=yaml"], "--setting encoding=\"yaml\" is not valid"),
        (&[], &[], &["pause=soon"], "\"soon\" is not a whole number"),
        (&[], &[], &["pause=10"], "--setting pause=\"10\" is not valid"),
        (&[], &[], &["pause=1", "pause=2"], "--setting gives pause twice"),
        (&[], &[], &["names=a"], "\"a\" does not have the form name=value"),
    ] {
        let owned = |given: &[&str]| given.iter().map(|given| (*given).to_owned()).collect();
        let flags = CartFlags { binds: owned(binds), credentials: owned(credentials), settings: owned(settings), loopback: false };
        assert!(refusal(&flags).contains(said), "{said}\n{}", refusal(&flags));
    }
}

#[test]
fn this_machine_and_private_networks_need_the_flag() {
    for (url, private) in [
        ("http://127.0.0.1:18072", true),
        ("http://192.168.1.20/shop", true),
        ("http://[::1]:8080", true),
        ("http://localhost:8080", true),
        ("https://shop.example/api", false),
    ] {
        let flags = |loopback| CartFlags { binds: vec![format!("api={url}")], loopback, ..whole() };
        assert!(flags(true).cart("seed.wasm", &manifest()).is_ok(), "{url}: {}", refusal(&flags(true)));
        assert_eq!(flags(false).cart("seed.wasm", &manifest()).is_err(), private, "{url}");
        if private {
            assert!(refusal(&flags(false)).contains("add --loopback"), "{url}: {}", refusal(&flags(false)));
        }
    }
    for url in ["http://shop.example", "http://8.8.8.8", "http://169.254.169.254"] {
        let flags = CartFlags { binds: vec![format!("api={url}")], ..whole() };
        assert!(!refusal(&flags).contains("add --loopback"), "{url}: the flag opens private networks alone");
    }
}
