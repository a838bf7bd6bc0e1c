use super::*;
use crate::cli::Cli;
use cartage::carts::Cart;
use clap::Parser as _;

#[test]
fn what_goes_together_is_asked_for_together() {
    for (line, fits) in [
        ("cartage cart mode a only-orders --order 1021 --order 1022", true),
        ("cartage cart mode a only-orders", false),
        ("cartage cart mode a sometimes", false),
        ("cartage cart label a Shipped --as ignore", true),
        ("cartage cart label a Shipped", false),
        ("cartage cart label a Shipped --as ignore --status x", false),
        ("cartage cart rollback a sha256:12", false),
        ("cartage cart enable Seed_Shop", false),
    ] {
        assert_eq!(Cli::try_parse_from(line.split(' ')).is_ok(), fits, "{line}");
    }
}

#[test]
fn a_new_cart_s_file_is_a_cart_whatever_the_plugin_says() {
    let cart = CartId::new("seed-shop").expect("it is a Cart ID");
    let mut manifest = cartage_contract::manifest::Manifest {
        name: "seed".into(),
        version: "1.0.0".into(),
        cart: String::new(),
        summary: "one\ncart = \"two\"".into(),
        about: cartage_contract::manifest::About { vendor: String::new(), support: None, licence: None, changelog: None },
        endpoints: vec![],
        slots: vec![],
        settings: vec![],
        statuses: cartage_contract::manifest::Statuses::FreeText,
        features: cartage_contract::manifest::Features::default(),
        carriers: cartage_contract::manifest::Carriers::Any,
        personal_fields: vec![],
        pace: Default::default(),
        requires: vec![],
        extra: vec![],
    };
    manifest.settings = vec![cartage_contract::manifest::Setting {
        name: "retries".into(),
        title: "Retries".into(),
        help: "how often\nat most".into(),
        kind: cartage_contract::manifest::SettingKind::Integer(cartage_contract::manifest::IntegerLimits { min: 1, max: 3 }),
        required: true,
        default: None,
        former_names: vec![],
        extra: vec![],
    }];
    let text = new::file(&cart, "seed.wasm", &manifest, &ask::Answers::default());
    let made = Cart::parse("seed-shop.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!((made.id, made.plugin.as_str()), (cart, "seed.wasm"));
    assert!(text.contains("\nretries = 1\n"), "{text}");
}
