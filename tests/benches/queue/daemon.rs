//! Figures of a daemon in its own process. `open_after_kill_ms`: the time from start to readiness, after a kill with 100,000 updates in the queue.
//! `restart_unavailable_ms`: the longest time without an answer, while one daemon is stopped and the next one starts. `delivered_per_s`: the rate to a
//! cart on loopback. `rss_mb_at_1m_backlog`: the memory in use while 1,000,000 updates are queued.

use cartage::id::CartId;
use cartage_tests::command::cartage;
use cartage_tests::figure::{Target, figure};
use cartage_tests::outfit;
use cartage_tests::shop::{Manner, Shop};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const KILLS: usize = 5;
const DELIVERING: Duration = Duration::from_secs(10);
/// The number of orders in flight at once, as an operator would set it for a fast cart.
const QUICK: &str = "[delivery]\nconcurrency = 32";

struct Daemon {
    child: Child,
    api: SocketAddr,
}

pub(crate) async fn measure(scratch: &Path) {
    let cart = outfit::cart_id("shop");
    let shop = Shop::open(Manner::Takes(Duration::from_millis(50)), |_| {});
    let data = queue(&scratch.join("daemon"), &cart, &shop, 100_000).await;
    kills(&data, &shop);
    restarts(&data);

    let shop = Shop::open(Manner::Takes(Duration::ZERO), |_| {});
    let data = queue(&scratch.join("backlog"), &cart, &shop, 1_000_000).await;
    let daemon = Daemon::start(&data, "127.0.0.1:0");
    std::thread::sleep(Duration::from_secs(3));
    let (start, before) = (Instant::now(), shop.arrived());
    std::thread::sleep(DELIVERING);
    let per_s = (shop.arrived() - before) as f64 / start.elapsed().as_secs_f64();
    figure("delivered_per_s", per_s, "/s", &Target::Reported);
    figure("rss_mb_at_1m_backlog", daemon.rss_mb(), "MB", &Target::Reported);
}

async fn queue(data: &Path, cart: &CartId, shop: &Shop, orders: u64) -> std::path::PathBuf {
    let service = outfit::service(data, &[(cart.clone(), shop.script_url(), QUICK)]).await;
    eprintln!("filling a queue with {orders} orders");
    outfit::fill(&service, cart, 0..orders).await;
    data.to_owned()
}

fn kills(data: &Path, shop: &Shop) {
    let (mut opened, mut delivered) = (Duration::ZERO, Duration::ZERO);
    let mut daemon = Daemon::start(data, "127.0.0.1:0");
    for _ in 0..KILLS {
        std::thread::sleep(Duration::from_secs(1));
        drop(daemon);
        let (start, before) = (Instant::now(), shop.arrived());
        daemon = Daemon::start(data, "127.0.0.1:0");
        opened = opened.max(start.elapsed());
        while shop.arrived() == before {
            std::thread::sleep(Duration::from_millis(1));
        }
        delivered = delivered.max(start.elapsed());
    }
    figure("open_after_kill_ms", opened.as_secs_f64() * 1000.0, "ms", &Target::AtMost(1000.0));
    figure("first_delivery_after_kill_ms", delivered.as_secs_f64() * 1000.0, "ms", &Target::Reported);
}

/// Polls readiness continuously while one daemon ends and the next one starts at the same address.
fn restarts(data: &Path) {
    let daemon = Daemon::start(data, "127.0.0.1:0");
    let (api, over) = (daemon.api, Arc::new(AtomicBool::new(false)));
    let asking = std::thread::spawn({
        let over = Arc::clone(&over);
        move || {
            let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
            while !over.load(Ordering::Relaxed) {
                if ready(api) {
                    longest = longest.max(last.elapsed());
                    last = Instant::now();
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            longest
        }
    });
    std::thread::sleep(Duration::from_millis(500));
    daemon.stop();
    let next = Daemon::start(data, &api.to_string());
    std::thread::sleep(Duration::from_millis(500));
    over.store(true, Ordering::Relaxed);
    let longest = asking.join().expect("it does not panic");
    drop(next);
    figure("restart_unavailable_ms", longest.as_secs_f64() * 1000.0, "ms", &Target::Reported);
}

fn ready(api: SocketAddr) -> bool {
    let ask = || {
        let mut connection = TcpStream::connect_timeout(&api, Duration::from_secs(1))?;
        connection.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

impl Daemon {
    /// Starts the daemon and waits until it reports that it is serving.
    fn start(data: &Path, listen: &str) -> Daemon {
        let mut command = cartage();
        command.args(["serve", "--listen", listen, "--seti-listen", "127.0.0.1:0", "--json"]).env("CARTAGE_DATA", data);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it was built");
        // From here on, dropping this value kills the process in every case.
        let mut daemon = Daemon { child, api: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let mut said = String::new();
        let mut printed = BufReader::new(daemon.child.stdout.take().expect("it was piped"));
        loop {
            let read = printed.read_line(&mut said).expect("it prints text");
            assert!(read > 0, "the daemon ended before it served: {said}");
            if let Ok(said) = serde_json::from_str::<serde_json::Value>(&said) {
                daemon.api = said["api"].as_str().and_then(|api| api.parse().ok()).expect("it names the address");
                return daemon;
            }
        }
    }

    /// Tells the daemon to stop, and waits until it has ended.
    fn stop(mut self) {
        let told = std::process::Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("there is a kill");
        assert!(told.success() && self.child.wait().expect("it ends").success(), "it ends well");
    }

    /// The daemon's resident memory, in megabytes.
    fn rss_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel says so");
        let kib: f64 = rss.trim().trim_end_matches(" kB").parse().expect("a number of kB");
        kib * 1024.0 / 1_000_000.0
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
