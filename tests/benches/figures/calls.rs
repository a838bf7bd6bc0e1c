//! The cost of a call without a network: the host's time compared with the same component in bare wasmtime.

use super::bare::{self, Bare};
use super::{Target, figure, median};
use cartage::carts::Limits;
use cartage::engine::{Plugin, Runtime};
use cartage::exchange::{Call, HostCall, HostReply, Outcome, Services};
use cartage_contract::delivery::{self, BoundEndpoint, Context, Delivery, Setting, SettingValue};
use cartage_contract::http::{Response, ResponseHeader};
use cartage_contract::orders::{CivilDate, CivilTime, Package, Told, Update};
use std::time::Instant;

const ROUNDS: usize = 9;
const CALLS: usize = 1_500;

/// Answers every request with the shop's usual answer.
struct Canned;

impl Services for Canned {
    async fn answer(&mut self, ask: HostCall) -> HostReply {
        match ask {
            HostCall::Send(_) => {
                let headers = vec![ResponseHeader { name: "content-type".to_owned(), value: "text/plain".to_owned() }];
                HostReply::Sent(Ok(Response { status: 200, headers, body: cartage_tests::shop::ANSWER.to_vec(), extra: Vec::new() }))
            }
            HostCall::Mac { .. } | HostCall::Digest { .. } => HostReply::Signed(Ok(Vec::new())),
            HostCall::Log { .. } => HostReply::Logged,
        }
    }
}

pub(crate) fn measure(bytes: &[u8]) {
    let threads = tokio::runtime::Builder::new_current_thread().enable_all().event_interval(4).build().expect("a runtime");
    threads.block_on(async {
        let runtime = Runtime::new().expect("an engine");
        let mut compile_ms = Vec::new();
        let mut plugin = None;
        for _ in 0..5 {
            let start = Instant::now();
            plugin = Some(runtime.admit(bytes.to_vec()).await.expect("the plugin is admitted"));
            compile_ms.push(start.elapsed().as_secs_f64() * 1e3);
        }
        figure("plugin_compile_ms", median(compile_ms), "ms", &Target::Reported);
        overhead(&plugin.expect("it was admitted"), &Bare::new(bytes)).await;
    });
}

async fn overhead(plugin: &Plugin, bare: &Bare) {
    let call = call();
    let Call::SendOrderStatus { update, delivery, context } = &call else { unreachable!("it was made so") };
    let (update, delivery, context) = (bare_update(update), bare_delivery(delivery), bare_context(context));
    let limits = Limits::default();
    let (mut ratios, mut micros) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..CALLS {
            bare.call(&update, &delivery, &context).await;
        }
        let theirs = start.elapsed();
        let start = Instant::now();
        for _ in 0..CALLS {
            let one = Instant::now();
            let outcome = plugin.call(&call, &limits, &mut Canned).await;
            micros.push(one.elapsed().as_secs_f64() * 1e6);
            assert!(matches!(outcome, Outcome::Applied(_)), "{outcome:?}");
        }
        ratios.push(start.elapsed().as_secs_f64() / theirs.as_secs_f64());
    }
    micros.sort_by(f64::total_cmp);
    figure("call_overhead_vs_bare_wasmtime", median(ratios), "times", &Target::AtMost(1.3));
    figure("call_p50_us", micros[micros.len() / 2], "us", &Target::Reported);
    figure("call_p99_us", micros[micros.len() * 99 / 100], "us", &Target::AtMost(500.0));
}

/// An update with a status and a package.
pub(crate) fn update() -> Update {
    let date = CivilDate { year: 2026, month: 11, day: 23 };
    Update {
        order_number: "1021".to_owned(),
        reference_number: Some("501".to_owned()),
        label: "Order Shipped".to_owned(),
        status: Some("Shipped".to_owned()),
        previous_label: None,
        changed_at: CivilTime { date, hour: 13, minute: 11, second: 51, utc_offset_minutes: None },
        note: Some("Left with café & bar".to_owned()),
        comments: None,
        notify_customer: None,
        packages: vec![Package {
            id: None,
            tracking_number: Some("1Z9876543218754187".to_owned()),
            tracking_url: None,
            carrier: Some("UPS".to_owned()),
            carrier_given: Some("UPS".to_owned()),
            method: Some("Ground".to_owned()),
            picked_up: Some(date),
            contents: Vec::new(),
            told: Told::New,
            told_number: None,
            origin: None,
            known_reference: None,
            extra: vec![],
        }],
        line_items: Vec::new(),
        changed_at_unix_ms: None,
        packages_complete: None,
        extra: vec![],
    }
}

fn call() -> Call {
    let setting = |name: &str, value| Setting { name: name.to_owned(), value };
    Call::SendOrderStatus {
        update: Box::new(update()),
        delivery: Delivery { id: "0".repeat(36), sequence: 1, attempt: 1, earlier: Vec::new(), known_reference: None, extra: Vec::new() },
        context: Context {
            now_unix_ms: 1_795_440_711_000,
            entropy: vec![7; 32],
            settings: vec![
                setting("encoding", SettingValue::Choice("xml".to_owned())),
                setting("om-version", SettingValue::Text("7.5".to_owned())),
                setting("send-line-items", SettingValue::Boolean(false)),
            ],
            endpoints: vec![BoundEndpoint { name: "script".to_owned(), base_url: "https://shop.example/seti.php".to_owned() }],
            bound_slots: vec!["account".to_owned()],
            limits: delivery::Limits { requests: 20, request_bytes: 1 << 20, response_bytes: 2 << 20, request_ms: 30_000, call_ms: 60_000 },
            extra: Vec::new(),
        },
    }
}

fn bare_update(update: &Update) -> bare::orders::Update {
    let date = |date: CivilDate| bare::orders::CivilDate { year: date.year, month: date.month, day: date.day };
    let time = update.changed_at;
    let package = |package: &Package| bare::orders::Package {
        id: package.id.clone(),
        tracking_number: package.tracking_number.clone(),
        tracking_url: package.tracking_url.clone(),
        carrier: package.carrier.clone(),
        carrier_given: package.carrier_given.clone(),
        method: package.method.clone(),
        picked_up: package.picked_up.map(date),
        contents: Vec::new(),
        told: bare::orders::Told::New,
        told_number: None,
        origin: None,
        known_reference: None,
        extra: vec![],
    };
    bare::orders::Update {
        order_number: update.order_number.clone(),
        reference_number: update.reference_number.clone(),
        label: update.label.clone(),
        status: update.status.clone(),
        previous_label: None,
        changed_at: bare::orders::CivilTime {
            date: date(time.date),
            hour: time.hour,
            minute: time.minute,
            second: time.second,
            utc_offset_minutes: time.utc_offset_minutes,
        },
        note: update.note.clone(),
        comments: None,
        notify_customer: None,
        packages: update.packages.iter().map(package).collect(),
        line_items: Vec::new(),
        changed_at_unix_ms: None,
        packages_complete: None,
        extra: vec![],
    }
}

fn bare_delivery(delivery: &Delivery) -> bare::delivery::Delivery {
    bare::delivery::Delivery {
        id: delivery.id.clone(),
        sequence: delivery.sequence,
        attempt: delivery.attempt,
        earlier: Vec::new(),
        known_reference: None,
        extra: Vec::new(),
    }
}

fn bare_context(context: &Context) -> bare::delivery::Context {
    use bare::delivery::SettingValue as Bare;
    let value = |value: &SettingValue| match value {
        SettingValue::Text(text) => Bare::Text(text.clone()),
        SettingValue::Integer(number) => Bare::Integer(*number),
        SettingValue::Boolean(yes) => Bare::Boolean(*yes),
        SettingValue::Choice(text) => Bare::Choice(text.clone()),
        SettingValue::UrlPath(text) => Bare::UrlPath(text.clone()),
        SettingValue::Several(values) => Bare::Several(values.clone()),
        SettingValue::TextMap(map) => Bare::TextMap(map.clone()),
    };
    let setting = |setting: &Setting| bare::delivery::Setting { name: setting.name.clone(), value: value(&setting.value) };
    let endpoint = |at: &BoundEndpoint| bare::delivery::BoundEndpoint { name: at.name.clone(), base_url: at.base_url.clone() };
    bare::delivery::Context {
        now_unix_ms: context.now_unix_ms,
        entropy: context.entropy.clone(),
        settings: context.settings.iter().map(setting).collect(),
        endpoints: context.endpoints.iter().map(endpoint).collect(),
        bound_slots: context.bound_slots.clone(),
        limits: bare::delivery::Limits {
            requests: context.limits.requests,
            request_bytes: context.limits.request_bytes,
            response_bytes: context.limits.response_bytes,
            request_ms: context.limits.request_ms,
            call_ms: context.limits.call_ms,
        },
        extra: Vec::new(),
    }
}
