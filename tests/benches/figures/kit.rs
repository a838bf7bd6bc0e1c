//! The figures of the plugin author's tools: replays per second, the time of a whole conformance run, the time of a build after one change, and the webhook
//! plugin.

use super::{Target, calls, figure, median};
use cartage::carts::Cart;
use cartage::cassette::Cassette;
use cartage::clock::{Clock as _, SystemClock};
use cartage::deliver::{CartClient, Job};
use cartage::egress::{Egress, SendMode};
use cartage::engine::{Plugin, Runtime};
use cartage::id::DeliveryId;
use cartage::receipt::Fate;
use cartage_cart_script::Script;
use cartage_conformance::{Options, examine};
use cartage_tests::command::{cartage, root};
use cartage_tests::shop::{Manner, Shop};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROUND: Duration = Duration::from_millis(1_000);
const ROUNDS: usize = 5;
/// A Standard Webhooks signing key of zeros.
const KEY: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

pub(crate) fn measure(integration_script: &[u8], webhook: &[u8]) {
    // The runtime has one thread, because the figures are for one core.
    let threads = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    threads.block_on(async {
        let runtime = Runtime::new().expect("an engine");
        let shop = Shop::open(Manner::Takes(Duration::ZERO), |_| {});
        let url = shop.script_url();
        let private = "private = [{ name = \"the benchmark's own server\", allow = \"127.0.0.1/32\" }]";
        let script = format!(
            "cart = \"bench\"\nplugin = \"p.wasm\"\n[endpoints.script]\nbase_url = {url:?}\n{private}\n[credentials.account]\n\
             setiuser = {{ text = \"bench\" }}\npassword = {{ env = \"PATH\" }}\n"
        );
        let receiver = format!("cart = \"bench\"\nplugin = \"p.wasm\"\n[endpoints.receiver]\nbase_url = {url:?}\n{private}\n[credentials.key]\nkey = {{ env = \"PATH\" }}\n");
        let plugin = runtime.admit(integration_script.to_vec()).await.expect("the plugin is admitted");
        let cassette = recorded(&script, &plugin, ("account", "password", "benchmark-password")).await;
        figure("replay_per_s", replays(&plugin, &cassette).await, "1/s", &Target::AtLeast(5_000.0));
        let webhook = runtime.admit(webhook.to_vec()).await.expect("the plugin is admitted");
        let cassette = recorded(&receiver, &webhook, ("key", "key", KEY)).await;
        figure("webhook_replay_us", 1e6 / replays(&webhook, &cassette).await, "us", &Target::Reported);

        let script = Script::read(&root().join("plugins/integration-script/cart-script")).expect("the script is understood");
        let begun = Instant::now();
        let report = examine(&plugin, Some(&script), &Options { seed: 1, only: Vec::new() }).await.expect("the script fits the plugin");
        assert!(report.passed, "{report:?}");
        figure("conformance_seconds", begun.elapsed().as_secs_f64(), "s", &Target::AtMost(60.0));
    });
    figure("plugin_build_warm_s", build_after_a_change(), "s", &Target::AtMost(3.0));
}

/// The cassette of one attempt at a shop that accepts everything.
async fn recorded(definition: &str, plugin: &Plugin, (slot, field, value): (&str, &str, &str)) -> Cassette {
    let cart = Cart::parse("bench.toml", definition).expect("the definition is valid");
    let clock = Arc::new(SystemClock);
    let mut secrets = cartage::egress::secrets::fetch(&cart, plugin.manifest()).expect("PATH is always set");
    // The variables of the environment do not matter here, so the value is set directly.
    secrets.entry(slot.to_owned()).or_default().insert(field.to_owned(), value.into());
    let client = CartClient::new(&cart, plugin.clone(), secrets, &Egress::new(clock.clone()), clock).expect("the cart fits its plugin");
    let update = Box::new(calls::update());
    let job = Job { delivery: DeliveryId::new(), sequence: 1, attempt: 1, earlier: Vec::new(), known_reference: None, update };
    let attempt = client.attempt(job, SendMode::Live).await.expect("there is entropy");
    assert_eq!(attempt.receipt.fate, Fate::Delivered, "{:?}", attempt.receipt.message);
    attempt.cassette
}

/// The number of replays of a cassette per second on one core: the median of the rounds.
async fn replays(plugin: &Plugin, cassette: &Cassette) -> f64 {
    let mut rates = Vec::new();
    for round in 0..=ROUNDS {
        let (begun, mut count) = (Instant::now(), 0_u32);
        while begun.elapsed() < ROUND {
            std::hint::black_box(plugin.replay(cassette).await);
            count += 1;
        }
        // The first round is a warm-up.
        if round > 0 {
            rates.push(f64::from(count) / begun.elapsed().as_secs_f64());
        }
    }
    median(rates)
}

/// The seconds that the command takes to build the webhook plugin after a change of its source, with all else built: the median of three.
fn build_after_a_change() -> f64 {
    let source = root().join("plugins/webhook/src/lib.rs");
    let out = tempfile::tempdir().expect("the system has room for a temporary folder");
    let build = || {
        let file = std::fs::File::options().append(true).open(&source).expect("the source can be written");
        let now = std::time::UNIX_EPOCH + Duration::from_millis(SystemClock.now_unix_ms());
        file.set_modified(now).expect("its time can be set");
        let begun = Instant::now();
        let output = cartage().args(["plugin", "build", "plugins/webhook", "--out"]).arg(out.path()).output().expect("the command starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        begun.elapsed().as_secs_f64()
    };
    build();
    median((0..3).map(|_| build()).collect())
}
