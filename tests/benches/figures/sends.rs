//! The number of updates per second that arrive at a cart on loopback, divided by the rate of the same requests from plain reqwest in the same run.

use super::{Target, calls, figure, median};
use cartage::carts::Cart;
use cartage::clock::SystemClock;
use cartage::deliver::{CartClient, Job};
use cartage::egress::{Egress, SendMode};
use cartage::engine::Runtime;
use cartage::id::DeliveryId;
use cartage::receipt::Fate;
use cartage_contract::manifest::Manifest;
use cartage_tests::shop::{self, Manner, Shop};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const ROUND: Duration = Duration::from_millis(1_500);
const ROUNDS: usize = 5;

/// The content type of the plugin's request. The compared requests have the same header and a body of the same size.
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

pub(crate) fn measure(bytes: &[u8]) {
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().event_interval(4).build().expect("a runtime");
    threads.block_on(async {
        let runtime = Runtime::new().expect("an engine");
        let fast = Bench::new(&runtime, bytes, Shop::open(Manner::Takes(Duration::ZERO), |_| {})).await;
        let slow = Bench::new(&runtime, bytes, Shop::open(Manner::Takes(Duration::from_millis(20)), |_| {})).await;
        fast.ratio("send_throughput_vs_native_reqwest_1", 1, &Target::AtLeast(0.5)).await;
        fast.ratio("send_throughput_vs_native_reqwest_32", 32, &Target::AtLeast(0.2)).await;
        slow.ratio("slow_cart_throughput_vs_native_64", 64, &Target::AtLeast(0.95)).await;
        slow.ratio("slow_cart_throughput_vs_native_256", 256, &Target::Reported).await;
    });
}

struct Bench {
    client: Arc<CartClient>,
    native: reqwest::Client,
    url: String,
    body: String,
}

impl Bench {
    async fn new(runtime: &Runtime, bytes: &[u8], shop: Shop) -> Bench {
        let url = shop.script_url();
        let plugin = runtime.admit(bytes.to_vec()).await.expect("the plugin is admitted");
        let cart = Cart::parse("bench.toml", &definition(&url)).expect("the definition is valid");
        let clock = Arc::new(SystemClock);
        let secrets = secrets(&cart, plugin.manifest());
        let client = CartClient::new(&cart, plugin, secrets, &Egress::new(clock.clone()), clock).expect("the cart fits its plugin");
        let body = body(&client).await;
        // reqwest requires a cryptography provider, although this shop speaks plain http.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let native = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .tcp_nodelay(true)
            .build()
            .expect("a client");
        Bench { client: Arc::new(client), native, url, body }
    }

    /// Alternates rounds of the host's and of plain requests, and reports the median of the rounds' ratios.
    async fn ratio(&self, name: &str, in_flight: usize, target: &Target) {
        let mut ratios = Vec::new();
        let (mut ours, mut theirs) = (0.0, 0.0);
        for round in 0..=ROUNDS {
            theirs = self.native(in_flight).await;
            ours = self.ours(in_flight).await;
            // The first round warms up pools and connections.
            if round > 0 {
                ratios.push(ours / theirs);
            }
        }
        println!("{name}: {ours:.0}/s through the plugin, {theirs:.0}/s native, in the last round");
        figure(name, median(ratios), "times", target);
    }

    async fn ours(&self, in_flight: usize) -> f64 {
        let client = Arc::clone(&self.client);
        rate(in_flight, move || {
            let client = Arc::clone(&client);
            async move {
                let update = Box::new(calls::update());
                let job = Job { delivery: DeliveryId::new(), sequence: 1, attempt: 1, earlier: Vec::new(), known_reference: None, update };
                let attempt = client.attempt(job, SendMode::Live).await.expect("there is entropy");
                assert_eq!(attempt.receipt.fate, Fate::Delivered, "{:?}", attempt.receipt.message);
            }
        })
        .await
    }

    async fn native(&self, in_flight: usize) -> f64 {
        let (client, url, body) = (self.native.clone(), self.url.clone(), self.body.clone());
        rate(in_flight, move || {
            let request = client.post(&url).header("content-type", CONTENT_TYPE).body(body.clone());
            async move {
                let answer = request.send().await.expect("the shop answers");
                let status = answer.status();
                let body = answer.bytes().await.expect("the answer is whole");
                assert!(status.is_success() && body == shop::ANSWER);
            }
        })
        .await
    }
}

/// Keeps `in_flight` sends running for a round and counts those that ended within it.
async fn rate<F: Future<Output = ()> + Send>(in_flight: usize, send: impl Fn() -> F + Clone + Send + 'static) -> f64 {
    let done = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let workers: Vec<_> = (0..in_flight)
        .map(|_| {
            let (send, done) = (send.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                while start.elapsed() < ROUND {
                    send().await;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("a send is asserted to succeed");
    }
    done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

fn definition(url: &str) -> String {
    format!(
        "cart = \"bench\"\nplugin = \"integration-script.wasm\"\n[endpoints.script]\nbase_url = {url:?}\n\
         private = [{{ name = \"the benchmark's own server\", allow = \"127.0.0.1/32\" }}]\n[settings]\nencoding = \"xml\"\n\
         [credentials.account]\nsetiuser = {{ text = \"bench\" }}\npassword = {{ env = \"PATH\" }}\n"
    )
}

/// The cart's credentials with another password, because the variables of the environment do not matter here.
fn secrets(cart: &Cart, manifest: &Manifest) -> cartage::egress::secrets::Secrets {
    let mut secrets = cartage::egress::secrets::fetch(cart, manifest).expect("PATH is always set");
    for fields in secrets.values_mut() {
        fields.insert("password".to_owned(), "benchmark-password".into());
    }
    secrets
}

/// The body of the plugin's request.
async fn body(client: &CartClient) -> String {
    let update = Box::new(calls::update());
    let job = Job { delivery: DeliveryId::new(), sequence: 1, attempt: 1, earlier: Vec::new(), known_reference: None, update };
    let attempt = client.attempt(job, SendMode::DryRun).await.expect("there is entropy");
    let entries = attempt.cassette.recording.entries;
    let wire = entries.into_iter().find_map(|entry| match entry {
        cartage::cassette::Entry::Http(http) => http.wire,
        cartage::cassette::Entry::Signature { .. } | cartage::cassette::Entry::Log { .. } => None,
    });
    wire.and_then(|wire| wire.body).expect("the plugin sends a form")
}
