use super::*;
use cartage_contract::manifest::{SettingKind, TextLimits};
use cartage_fixtures::manifest;

const WHOLE: &str = r#"
    cart = "seed-shop"
    plugin = "integration-script.wasm"
    unlisted_labels = "refuse"
    notify_customer = "never"

    [endpoints.script]
    base_url = "http://127.0.0.1:8089/seti.php"
    private = [{ name = "demo cart on this machine", allow = "127.0.0.1/32" }]

    [settings]
    encoding = "xml"

    [credentials.account]
    setiuser = { text = "seed" }
    password = { env = "SEED_PASSWORD" }

    [labels]
    "Order Shipped" = "Shipped"
    "Packed" = "ignore"
    "Tracking Number Imported" = "tracking-only"
    "Odd" = { status = "ignore" }

    [carriers]
    FX = "FedEx"

    [delivery]
    rate = "30 per minute"

    [seti]
    user = "order-manager"
    answer = "delivered"
    time_zone = "America/New_York"

    [limits]
    requests = 3
"#;

#[test]
fn a_cart_reads_as_its_operator_wrote_it() {
    let cart = Cart::parse("seed.toml", WHOLE).expect("the example is valid");
    assert_eq!(cart.id.as_str(), "seed-shop");
    assert_eq!(cart.limits, SetLimits { requests: Some(3), ..SetLimits::default() });
    assert_eq!(cart.credentials["account"]["password"], SecretSource::Env("SEED_PASSWORD".into()));
    assert_eq!(cart.endpoints["script"].plain_http, Consent::Refused);
    assert_eq!((cart.carrier("FX"), cart.carrier("UPS")), ("FedEx".into(), "UPS".into()));
    let targets = ["Order Shipped", "Packed", "Tracking Number Imported", "Odd", "Never heard of"].map(|label| cart.target(label));
    assert_eq!(
        targets,
        [
            Some(LabelTarget::Status("Shipped".into())),
            Some(LabelTarget::Ignore),
            Some(LabelTarget::TrackingOnly),
            Some(LabelTarget::Status("ignore".into())),
            None
        ]
    );
}

#[test]
fn unknown_keys_are_errors_with_line_and_column() {
    for (wrong, right) in [
        ("cart = ", "crat = "),
        ("base_url = ", "base_urls = "),
        ("requests = 3", "request = 3"),
        ("rate = ", "rates = "),
        ("30 per minute", "30 a minute"),
        ("{ env = ", "{ environment = "),
        ("name = \"demo cart on this machine\"", "why = \"demo\""),
    ] {
        let error = Cart::parse("seed.toml", &WHOLE.replace(wrong, right)).expect_err(right);
        let Error::Syntax { source, .. } = error else { panic!("{error}") };
        assert!(source.to_string().contains("line"), "{source}");
    }
}

#[test]
fn a_mode_and_its_orders_go_together() {
    let parse = |keys: &str| Cart::parse("t.toml", &format!("cart = \"t\"\nplugin = \"p.wasm\"\n{keys}"));
    let named = |orders: &[&str]| Mode::OnlyOrders(orders.iter().map(|order| SenderOrderNumber::new(*order)).collect());
    for (keys, mode) in [
        ("", Mode::Shadow),
        ("mode = \"shadow\"", Mode::Shadow),
        ("mode = \"live\"", Mode::Live),
        ("mode = \"only-orders\"\nonly_orders = [\"1021\", \"1020\"]", named(&["1020", "1021"])),
    ] {
        assert_eq!(parse(keys).expect("the mode is whole").mode(), mode, "{keys}");
    }
    for (keys, words) in [
        ("mode = \"only-orders\"", "names no order"),
        ("only_orders = [\"1021\"]", "mode is not \"only-orders\""),
        ("mode = \"live\"\nonly_orders = [\"1021\"]", "mode is not \"only-orders\""),
    ] {
        let error = parse(keys).expect_err(keys);
        assert!(matches!(error, Error::Mode { .. }) && error.to_string().contains(words), "{keys}: {error}");
    }
    let error = parse("mode = \"on\"").expect_err("there is no such mode");
    let Error::Syntax { source, .. } = error else { panic!("{error}") };
    assert!(source.to_string().contains("line 3, column 8"), "{source}");
}

#[test]
fn a_file_that_names_no_mode_is_told_from_one_that_names_shadow() {
    let parse = |keys: &str| Cart::parse("t.toml", &format!("cart = \"t\"\nplugin = \"p.wasm\"\n{keys}")).expect("it is a cart");
    let (silent, shadow) = (parse(""), parse("mode = \"shadow\""));
    assert!(!silent.names_its_mode() && shadow.names_its_mode() && parse("mode = \"live\"").names_its_mode());
    assert_eq!(silent, shadow, "a new cart is the same by both");
    assert_eq!(silent.to_toml(), shadow.to_toml());
}

#[test]
fn a_cart_sets_its_mode() {
    let mut cart = Cart::parse("seed.toml", WHOLE).expect("the example is valid");
    for mode in [Mode::OnlyOrders([SenderOrderNumber::new("1021")].into()), Mode::Live, Mode::Shadow] {
        cart.set_mode(mode.clone());
        assert_eq!(cart.mode(), mode);
        assert_eq!(Cart::parse("again.toml", &cart.to_toml()).expect("it reads back"), cart);
    }
}

#[test]
fn the_canonical_form_is_the_documented_one() {
    let mut cart = Cart::parse("seed.toml", WHOLE).expect("the example is valid");
    cart.set_mode(Mode::Live);
    cart.order_number = OrderNumberRule { strip_prefix: "WEB-".into(), kind: OrderNumberKind::Numeric, ..OrderNumberRule::default() };
    let text = r#"cart = "seed-shop"
plugin = "integration-script.wasm"
mode = "live"
unlisted_labels = "refuse"
notify_customer = "never"

[endpoints.script]
base_url = "http://127.0.0.1:8089/seti.php"
private = [{ allow = "127.0.0.1/32", name = "demo cart on this machine" }]

[settings]
encoding = "xml"

[credentials.account]
password = { env = "SEED_PASSWORD" }
setiuser = { text = "seed" }

[order_number]
strip_prefix = "WEB-"
type = "numeric"

[labels]
Odd = { status = "ignore" }
"Order Shipped" = "Shipped"
Packed = "ignore"
"Tracking Number Imported" = "tracking-only"

[carriers]
FX = "FedEx"

[delivery]
rate = "30 per minute"

[seti]
answer = "delivered"
time_zone = "America/New_York"
user = "order-manager"

[limits]
requests = 3
"#;
    assert_eq!(cart.to_toml(), text);
}

#[test]
fn a_bare_cart_is_written_bare() {
    let text = "cart = \"a\"\nplugin = \"p.wasm\"\n";
    assert_eq!(Cart::parse("a.toml", text).expect("it is a cart").to_toml(), text);
}

#[test]
fn former_names_of_settings_give_way() {
    let mut manifest = manifest();
    manifest.settings = vec![cartage_contract::manifest::Setting {
        name: "format".into(),
        title: String::new(),
        help: String::new(),
        kind: SettingKind::Text(TextLimits { min: 0, max: 9, pattern: None }),
        required: false,
        default: None,
        former_names: vec!["encoding".into()],
        extra: vec![],
    }];
    let mut cart = Cart::parse("seed.toml", WHOLE).expect("the example is valid");
    assert_eq!(cart.rename_settings(&manifest), [("encoding".to_owned(), "format".to_owned())]);
    assert!(cart.to_toml().contains("[settings]\nformat = \"xml\"\n"), "{}", cart.to_toml());
    assert_eq!(cart.rename_settings(&manifest), []);
}

mod round_trip {
    use super::*;
    use proptest::collection::{btree_map, btree_set, vec};
    use proptest::option;
    use proptest::prelude::*;

    /// Any text, including control characters, quotes and dots.
    fn text() -> impl Strategy<Value = String> {
        // What quotes, escapes, ends a line, reorders it or is not seen at all.
        let odd = "[\"'\\\\\n\r\t\u{0}\u{7f}\u{9b}\u{ad}\u{200b}\u{2028}\u{202e}\u{2066}\u{feff}.=#a]{0,8}";
        prop_oneof!["[a-z-]{0,12}", "\\PC{0,12}", "(?s).{0,12}", odd, Just("ignore".to_owned()), Just("tracking-only".to_owned())]
    }

    fn map<V: std::fmt::Debug>(value: impl Strategy<Value = V>) -> impl Strategy<Value = BTreeMap<String, V>> {
        btree_map(text(), value, 0..4)
    }

    fn plain() -> impl Strategy<Value = Plain> {
        prop_oneof![
            text().prop_map(Plain::Text),
            any::<i64>().prop_map(Plain::Integer),
            any::<bool>().prop_map(Plain::Boolean),
            map(text()).prop_map(Plain::Map),
        ]
    }

    fn consent() -> impl Strategy<Value = Consent> {
        prop_oneof![Just(Consent::Refused), Just(Consent::Accepted)]
    }

    fn binding() -> impl Strategy<Value = Binding> {
        let private = (text(), text()).prop_map(|(name, allow)| PrivateException { name, allow });
        let signed = proptest::option::of(text());
        (text(), vec(any::<u16>(), 0..3), vec(private, 0..3), consent(), consent(), signed).prop_map(
            |(base_url, ports, private, plain_http, secrets_in_clear, signed_base_url)| Binding {
                base_url,
                ports,
                private,
                plain_http,
                secrets_in_clear,
                signed_base_url,
            },
        )
    }

    fn source() -> impl Strategy<Value = SecretSource> {
        (text(), 0..3).prop_map(|(text, which)| match which {
            0 => SecretSource::Env(text),
            1 => SecretSource::File(text),
            _ => SecretSource::Text(text),
        })
    }

    fn target() -> impl Strategy<Value = LabelTarget> {
        prop_oneof![text().prop_map(LabelTarget::Status), Just(LabelTarget::TrackingOnly), Just(LabelTarget::Ignore)]
    }

    fn mode() -> impl Strategy<Value = Mode> {
        prop_oneof![
            Just(Mode::Shadow),
            Just(Mode::Live),
            btree_set(text().prop_map(SenderOrderNumber::new), 1..3).prop_map(Mode::OnlyOrders)
        ]
    }

    fn rules() -> impl Strategy<Value = (ChangeRule, OrderNumberRule, UnlistedLabels, NotifyCustomer)> {
        let changes = prop_oneof![Just(ChangeRule::LabelOrPackages), Just(ChangeRule::LabelOnly)];
        let kind = prop_oneof![Just(OrderNumberKind::Text), Just(OrderNumberKind::Numeric)];
        let number =
            (text(), text(), kind).prop_map(|(strip_prefix, strip_suffix, kind)| OrderNumberRule { strip_prefix, strip_suffix, kind });
        let unlisted = prop_oneof![
            Just(UnlistedLabels::Same),
            Just(UnlistedLabels::TrackingOnly),
            Just(UnlistedLabels::Ignore),
            Just(UnlistedLabels::Refuse)
        ];
        let notify = prop_oneof![Just(NotifyCustomer::CartDefault), Just(NotifyCustomer::Never), Just(NotifyCustomer::Always)];
        (changes, number, unlisted, notify)
    }

    fn delivery() -> impl Strategy<Value = DeliveryRules> {
        let dead_letters = prop_oneof![Just(DeadLetters::Block), Just(DeadLetters::Skip), Just(DeadLetters::LatestWins)];
        let rate = option::of((any::<bool>(), 1..=100_u32).prop_map(|(minutes, updates)| {
            let rate = if minutes { delivery::Rate::per_minute(updates) } else { delivery::Rate::per_second(updates) };
            rate.expect("it is within its bounds")
        }));
        let wait = |s: std::ops::RangeInclusive<u64>| s.prop_map(|s| delivery::Wait::of_s(s).expect("it is within its bounds"));
        let margin = option::of(wait(1..=43_200));
        (dead_letters, option::of(1..=64_u32), rate, vec(wait(1..=86_400), 1..4), wait(3600..=604_800), margin).prop_map(
            |(dead_letters, concurrency, rate, retry_waits, give_up_after, repeat_margin)| DeliveryRules {
                dead_letters,
                concurrency,
                rate,
                retry_waits,
                give_up_after,
                repeat_margin,
            },
        )
    }

    fn limits() -> impl Strategy<Value = SetLimits> {
        let limits = (option::of(0..=CEILINGS.requests), option::of(0..Limits::default().fuel));
        limits.prop_map(|(requests, fuel)| SetLimits { requests, fuel, ..SetLimits::default() })
    }

    fn leave_out() -> impl Strategy<Value = BTreeSet<Part>> {
        let parts: Vec<Part> = Part::ALL.into_iter().filter(|part| part.can_be_left_out()).collect();
        btree_set(proptest::sample::select(parts), 0..3)
    }

    fn time_zone() -> impl Strategy<Value = Option<Zone>> {
        let zones = ["Europe/Berlin", "America/New_York"].map(|name| Zone::try_from(name.to_owned()).expect("it is one"));
        option::of(proptest::sample::select(zones.to_vec()))
    }

    fn inlet() -> impl Strategy<Value = Inlet> {
        let zone = prop_oneof![Just(""), Just("\ntime_zone = \"Europe/Berlin\""), Just("\ntime_zone = \"UTC\"")];
        let answer = prop_oneof![
            Just(String::new()),
            (inlet::WAIT_MS_MIN..=inlet::WAIT_MS_MAX).prop_map(|ms| format!("\nanswer = \"delivered\"\nwait_ms = {ms}"))
        ];
        let other =
            prop_oneof![Just(""), Just("\ndates = \"d/m\"\nleave_out = [\"notes\", \"line-items\"]"), Just("\nencoding = \"utf-8\"")];
        ("[a-z\"é]{1,9}", "[0-9]\\.[0-9]{3}", zone, answer, other).prop_map(|(user, version, zone, answer, other)| {
            let user = toml::Value::from(user);
            toml::from_str(&format!("user = {user}\nversion = \"{version}\"{zone}{answer}{other}")).expect("it is an inlet")
        })
    }

    prop_compose! {
        fn cart()(
            id in "[a-z0-9][a-z0-9-]{0,62}", plugin in text(), digest in option::of(any::<Vec<u8>>()), mode in mode(),
            (changes, order_number, unlisted_labels, notify_customer) in rules(), endpoints in map(binding()), settings in map(plain()),
            credentials in map(map(source())), labels in map(target()), carriers in map(text()),
            (delivery, limits, leave_out, time_zone) in (delivery(), limits(), leave_out(), time_zone()), seti in option::of(inlet()),
        ) -> Cart {
            let mut cart = Cart {
                id: CartId::new(id).expect("the pattern is a Cart ID's"), plugin, digest: digest.map(|bytes| Digest::of(&bytes)),
                mode: mode::Named::default(), only_orders: BTreeSet::new(), changes, order_number, endpoints, settings, credentials, labels,
                unlisted_labels, carriers, notify_customer, leave_out, time_zone, delivery, seti, limits,
            };
            cart.set_mode(mode);
            cart
        }
    }

    proptest! {
        #[test]
        fn every_cart_reads_back_as_it_was_written(cart in cart()) {
            let text = cart.to_toml();
            let again = Cart::parse("again.toml", &text).expect("what is written is a cart");
            prop_assert_eq!(&again, &cart);
            prop_assert_eq!(again.to_toml(), text.as_str());
            // Printed to a terminal, it is what it was: nothing in it need be shown as an escape of another kind.
            prop_assert!(!text.chars().any(|c| c != '\n' && cartage_base::visible::is_hidden(c)), "{text:?}");
        }
    }
}
