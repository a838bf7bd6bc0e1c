//! The rules by which the SDK's scripted cart judges an update are the host's: what one makes the other takes, and both stop at the same edge.

use cartage::carts::{Cart, Part};
use cartage::validate::{ContentFields, Fields, ForCart, LineItemFields, Load, PackageFields, StatusUpdate, civil_time};
use cartage_contract::manifest::{Features, Manifest};
use cartage_contract::orders::Update;
use cartage_sdk::testing;

fn everything() -> Features {
    Features {
        tracking: true,
        several_packages: true,
        package_contents: true,
        corrections: true,
        withdrawals: true,
        line_items: true,
        notes: true,
        without_status: true,
        customer_notification: true,
        ..Features::default()
    }
}

fn manifest(features: Features) -> Manifest {
    let manifest = cartage_sdk::Manifest::new("any", "1.0.0").features(features);
    manifest.into()
}

fn cart() -> Cart {
    let text = "cart = \"shop\"\nplugin = \"p.wasm\"\n";
    Cart::parse("c.toml", text).unwrap_or_else(|error| panic!("{error}"))
}

/// What the host makes of fields, for a plugin that carries everything.
fn made(fields: Fields) -> Option<Update> {
    let update = StatusUpdate::new(fields, civil_time(testing::NOW_UNIX_MS)).ok()?;
    match update.for_cart(&cart(), &manifest(everything())) {
        Ok(ForCart::Send(update)) => Some(*update),
        other => panic!("it is to be sent: {other:?}"),
    }
}

/// Fields that are as large as they may be, each by `more` larger.
fn at_their_edges(more: usize) -> Vec<Fields> {
    let text = |max: usize| Some("é".repeat(max + more));
    let least = || Fields { order_number: "1021".to_owned(), label: "Shipped".to_owned(), ..Fields::default() };
    let package = |package| Fields { packages: vec![package], ..least() };
    let line = |line| Fields { line_items: vec![line], ..least() };
    let quantity =
        |quantity: String| PackageFields { contents: vec![ContentFields { quantity, ..Default::default() }], ..Default::default() };
    let url = "https://carrier.example/";
    vec![
        Fields { order_number: "é".repeat(64 + more), ..least() },
        Fields { label: "é".repeat(100 + more), ..least() },
        Fields { reference_number: text(255), ..least() },
        Fields { note: Some("x".repeat((16 << 10) + more)), ..least() },
        Fields { comments: Some("x".repeat((16 << 10) + more)), ..least() },
        Fields { packages: vec![PackageFields::default(); 100 + more], ..least() },
        Fields { line_items: vec![LineItemFields::default(); 1000 + more], ..least() },
        package(PackageFields { tracking_number: text(255), ..Default::default() }),
        package(PackageFields { carrier: text(255), ..Default::default() }),
        package(PackageFields { method: text(255), ..Default::default() }),
        package(PackageFields { tracking_url: Some(format!("{url}{}", "x".repeat(2048 - url.len() + more))), ..Default::default() }),
        package(quantity(format!("{}.5", "9".repeat(15 + more)))),
        package(quantity(format!("-1.{}", "9".repeat(6 + more)))),
        line(LineItemFields { sku: text(255), ..Default::default() }),
        line(LineItemFields { note: Some("x".repeat((16 << 10) + more)), ..Default::default() }),
    ]
}

#[test]
fn what_the_host_makes_the_scripted_cart_takes() {
    for fields in at_their_edges(0) {
        let shown: String = format!("{fields:?}").chars().take(200).collect();
        let update = made(fields).unwrap_or_else(|| panic!("the host refuses {shown}"));
        assert_eq!(update.check(&manifest(everything())), Ok(()), "{shown}");
    }
    for fields in at_their_edges(1) {
        let shown: String = format!("{fields:?}").chars().take(200).collect();
        assert!(StatusUpdate::new(fields, civil_time(testing::NOW_UNIX_MS)).is_err(), "the host takes {shown}");
    }
}

#[test]
fn both_say_the_same_of_what_a_plugin_cannot_carry() {
    let package = || testing::package("UPS", "1Z9");
    let with = |packages| Update { packages, ..testing::update("1021", "Shipped") };
    let contents = vec![cartage_sdk::Content { web_line_id: None, reference_line_id: None, sku: None, quantity: "1".to_owned() }];
    let untracked = cartage_sdk::Package { tracking_number: None, ..package() };
    for update in [
        with(vec![]),
        with(vec![package()]),
        with(vec![untracked.clone()]),
        with(vec![package(), untracked.clone()]),
        with(vec![cartage_sdk::Package { contents, ..untracked }]),
        Update { note: Some("x".to_owned()), ..with(vec![]) },
        Update { comments: Some("x".to_owned()), ..with(vec![package()]) },
        Update { notify_customer: Some(false), ..with(vec![]) },
    ] {
        let host: Vec<&str> = Load::of(&update).not_carried(Features::default()).into_iter().map(Part::name).collect();
        assert_eq!(update.needs().without(Features::default()), host, "{update:?}");
    }
    let names: Vec<&str> = Part::ALL.into_iter().map(Part::name).collect();
    assert_eq!(everything().without(Features::default()), names);
}
