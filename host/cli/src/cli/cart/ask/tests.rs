use super::*;
use crate::cli::cart::new;
use cartage::carts::Cart;
use cartage::id::CartId;
use cartage_contract::delivery::Choice;
use cartage_contract::manifest::{About, Choices, Features, IntegerLimits, SlotKind, TextLimits};

fn manifest() -> Manifest {
    let setting = |name: &str, kind, required, default| Setting {
        name: name.into(),
        title: format!("The {name}"),
        help: "What it is.".into(),
        kind,
        required,
        default,
        former_names: vec![],
        extra: vec![],
    };
    let endpoint = |name: &str, base, required| Endpoint {
        name: name.into(),
        purpose: "the shop".into(),
        example: "https://shop.example/api".into(),
        base,
        required,
        methods: vec![],
        path_prefixes: vec![],
        request_headers: vec![],
        request_types: vec![],
        response_headers: vec![],
        response_types: vec![],
        extra: vec![],
    };
    let field = |name: &str, secret, required| SlotField { name: name.into(), purpose: "a word".into(), secret, required };
    let choice = |value: &str| Choice { value: value.into(), title: None };
    Manifest {
        name: "seed".into(),
        version: "1.0.0".into(),
        cart: "Seed".into(),
        summary: "Tells a shop.".into(),
        about: About { vendor: "Seed".into(), support: None, licence: None, changelog: None },
        endpoints: vec![
            endpoint("api", Base::Any, true),
            endpoint("images", Base::Any, false),
            endpoint("central", Base::Fixed("https://central.example".into()), true),
        ],
        slots: vec![Slot {
            name: "account".into(),
            purpose: "the log-in".into(),
            kind: SlotKind::FormField,
            required: true,
            endpoints: vec![],
            fields: vec![field("user", false, true), field("password", true, true), field("code", false, false)],
            hashed: false,
            alternative: None,
            extra: vec![],
        }],
        settings: vec![
            setting("retries", SettingKind::Integer(IntegerLimits { min: 1, max: 3 }), true, None),
            setting(
                "encoding",
                SettingKind::Choice(Choices::Fixed(vec![choice("xml"), choice("form")])),
                false,
                Some(SettingValue::Choice("xml".into())),
            ),
            setting("polite", SettingKind::Boolean, false, None),
            setting("names", SettingKind::TextMap(TextLimits { min: 1, max: 5, pattern: None }), false, None),
        ],
        statuses: Statuses::Fixed(vec![choice("Shipped"), choice("On hold")]),
        features: Features::default(),
        carriers: cartage_contract::manifest::Carriers::Any,
        personal_fields: vec![],
        pace: Default::default(),
        requires: vec![],
        extra: vec![],
    }
}

fn answered(lines: &[&str]) -> Result<Cart, Failure> {
    let manifest = manifest();
    let answers = ask(&manifest, &[], &mut lines.join("\n").as_bytes())?;
    let id = CartId::new("seed-shop").expect("it is a Cart ID");
    let text = new::file(&id, "seed.wasm", &manifest, &answers);
    Ok(Cart::parse("seed-shop.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

/// Answers up to the labels, with an empty line for every question that accepts one.
const LEAST: [&str; 8] = ["https://a.example/", "", "2", "", "", "", "seed", ""];

#[test]
fn empty_answers_leave_things_as_they_are() {
    let cart = answered(&[&LEAST[..], &["", ""]].concat()).expect("all is answered");
    let urls: Vec<&str> = cart.endpoints.values().map(|binding| binding.base_url.as_str()).collect();
    assert_eq!(urls, ["https://a.example/", "https://central.example"]);
    assert_eq!(cart.own_setting("retries"), Some(&Plain::Integer(2)));
    assert!(["encoding", "polite", "names"].iter().all(|name| cart.own_setting(name).is_none()));
    assert_eq!(cart.credentials["account"].keys().collect::<Vec<_>>(), ["user"]);
    assert!(cart.labels.is_empty());
}

#[test]
fn what_cannot_be_is_asked_for_again_and_what_can_be_stands_in_the_file() {
    let lines = [
        &["", "shop", "ftp://a.example/", "http://a.example/", "https://169.254.169.254/", "https://a.example/"][..],
        &["https://b.example/"],
        &["", "many", "0", "4", "3"],
        &["latin", "form"],
        &["maybe", "Yes"],
        &["a", "a=toolong", "a=1", "b=2", ""],
        &["", "seed"],
        &["17"],
        &["a\u{1}b", "Order Shipped", "", "Sent", "Shipped", "Order Shipped", "Order \"Packed\"", "ignore", "", ""],
    ];
    let cart = answered(&lines.concat()).expect("all is answered in the end");
    assert_eq!(cart.endpoints["images"].base_url, "https://b.example/");
    assert_eq!(cart.own_setting("retries"), Some(&Plain::Integer(3)));
    assert_eq!(cart.own_setting("encoding"), Some(&Plain::Text("form".into())));
    assert_eq!(cart.own_setting("polite"), Some(&Plain::Boolean(true)));
    let map = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
    assert_eq!(cart.own_setting("names"), Some(&Plain::Map(map)));
    assert_eq!(cart.credentials["account"].len(), 2);
    assert_eq!(cart.labels.keys().collect::<Vec<_>>(), ["Order \"Packed\"", "Order Shipped"]);
}

#[test]
fn a_shop_in_a_private_network_gets_the_exception_that_it_needs() {
    for (url, allow) in
        [("http://127.0.0.1:8089/seti", "127.0.0.1/32"), ("http://localhost", "localhost"), ("http://10.1.2.3", "10.1.2.3/32")]
    {
        let mut lines = LEAST.to_vec();
        lines[0] = url;
        let cart = answered(&[&lines[..], &["", ""]].concat()).expect("all is answered");
        let exceptions = &cart.endpoints["api"].private;
        assert_eq!(exceptions.iter().map(|exception| exception.allow.as_str()).collect::<Vec<_>>(), [allow], "{url}");
    }
}

#[test]
fn where_the_answers_end_nothing_is_made() {
    for lines in [&[][..], &["https://a.example/"], &LEAST[..], &["shop"]] {
        let failure = answered(lines).expect_err("there are more questions");
        assert!(failure.text().contains("the answers ended at the question for"), "{}", failure.text());
    }
}

#[test]
fn an_answer_has_a_limit() {
    let most = ANSWER_BYTES_MAX as usize;
    for (bytes, said) in [(most - 1, "the answers ended"), (most, "at most 16384 bytes")] {
        let failure = answered(&[&"x".repeat(bytes - 1), ""]).expect_err("it is no URL");
        assert!(failure.text().contains(said), "{bytes}: {}", failure.text());
    }
}
