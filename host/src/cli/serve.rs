//! `cartage serve`: the daemon. It delivers what is in the outbox, and takes posts of Order Managers.

mod front;
mod systemd;
mod tls;

use super::{Failure, Verdict, init, local, report};
use cartage::alerts::OLDEST_MS_DEFAULT;
use cartage::alerts::teller::{Destination, Teller};
use cartage::api::metrics::{AlertNumber, CartNumbers, Histogram, Labels, ProcessNumbers};
use cartage::api::{Api, Metrics, Rate};
use cartage::egress::post::{self, Post};
use cartage::id::{CartId, MerchantId};
use cartage::office::{Numbers, Office};
use cartage::outbox::Backlog;
use cartage::seti::door::{self, Clients};
use cartage::store::alerts::Alert;
use cartage::store::{Stop, Store};
use front::Front;
use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use systemd::Notify;
use tls::Keeper;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long answers that are under way may take when the daemon stops.
const ANSWER_GRACE: Duration = Duration::from_secs(2);

const EXAMPLES: &str = "\
Delivers for all carts of the data directory until it is told to stop (SIGTERM, or Ctrl-C), then ends what is under way. While it runs, other
commands on the same directory are done by it.

Examples:
  Serve the data directory:
      cartage serve
  Take posts of an Order Manager on another machine, behind a proxy that speaks TLS:
      cartage serve --seti-listen 0.0.0.0:8461 --seti-allow 192.0.2.0/24 --behind-proxy
  Serve the API to other machines over TLS; a renewed certificate is taken up by itself:
      cartage serve --listen 0.0.0.0:8460 --host cartage.example \\
          --tls-cert fullchain.pem --tls-key privkey.pem
  Tell a chat room and a script of your own what somebody must act on (docs/alerts.md):
      cartage serve --alerts-url https://chat.example/cartage --alerts-command /opt/page";

/// Deliver what was accepted, and listen for more.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where the HTTP API is, under /v1.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8460")]
    listen: SocketAddr,
    /// A name by which programs call the API, besides localhost. May be given several times.
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// An origin whose pages may call the API, such as https://cartage.example. May be given several times.
    #[arg(long, value_name = "ORIGIN")]
    origin: Vec<String>,
    /// Where posts of Order Managers are taken, at /seti/CART.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8461")]
    seti_listen: SocketAddr,
    /// A network whose addresses may post. May be given several times [default: every address].
    #[arg(long, value_name = "NETWORK")]
    seti_allow: Vec<IpNet>,
    /// Listen beyond this machine without TLS of its own: a proxy in front of it has that.
    #[arg(long)]
    behind_proxy: bool,
    #[command(flatten)]
    tls: tls::Certificates,
    #[command(flatten)]
    alerts: Alerts,
    /// Seconds to wait for what is under way when told to stop.
    #[arg(long, value_name = "SECONDS", default_value_t = 40, value_parser = clap::value_parser!(u64).range(0..=600))]
    drain_s: u64,
}

/// Who is told of alerts.
#[derive(Debug, clap::Args)]
struct Alerts {
    /// Where alerts are posted, as JSON. The URL may hold a token: then give it by the variable, which is shown to nobody.
    #[arg(long, value_name = "URL", env = "CARTAGE_ALERTS_URL", hide_env_values = true)]
    alerts_url: Option<String>,
    /// A program that is run for each alert, which it gets as JSON on its standard input. It has no arguments, and no shell is involved.
    #[arg(long, value_name = "PROGRAM", env = "CARTAGE_ALERTS_COMMAND")]
    alerts_command: Option<PathBuf>,
    /// Minutes that an update may wait before it is an alert.
    #[arg(long, value_name = "MINUTES", default_value_t = OLDEST_MS_DEFAULT / 60_000, value_parser = clap::value_parser!(u64).range(1..=10_080))]
    alerts_oldest: u64,
}

impl Alerts {
    fn teller(&self) -> Result<Teller, Failure> {
        let url = self.alerts_url.as_deref().map(|url| Post::new(url).map(Destination::Url)).transpose();
        let url = url.map_err(|error| match error {
            post::Error::Url { .. } => Failure::wrong_use(error.to_string()),
            other => Failure::from(other),
        })?;
        Ok(Teller::new(url.into_iter().chain(self.alerts_command.clone().map(Destination::Command)).collect()))
    }
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the system gives no random bytes for the API's cursors")]
    Random(#[source] getrandom::Error),
    #[error("could not wait for signals")]
    Signals(#[source] std::io::Error),
    #[error("could not start the daemon's threads")]
    Threads(#[source] std::io::Error),
    #[error(transparent)]
    Tls(#[from] tls::Error),
    #[error(transparent)]
    Handed(#[from] systemd::Error),
    #[error("could not reach the socket that NOTIFY_SOCKET names")]
    Notify(#[source] std::io::Error),
    #[error("the store takes no more writes, so the daemon ended; what was accepted is kept")]
    Stopped(#[source] Stop),
    #[error(transparent)]
    Worker(#[from] cartage::deliver::worker::Error),
}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        // What was asked wrongly is said before anything is opened.
        let ways_in = self.ways_in()?;
        let teller = self.alerts.teller()?;
        let office = init::open(data)?;
        office.set_oldest_ms(self.alerts.alerts_oldest * 60_000);
        let threads = tokio::runtime::Builder::new_multi_thread().enable_all().event_interval(4).build().map_err(Error::Threads)?;
        threads.block_on(self.serve(office, ways_in, teller, json))
    }

    /// The API's and that of Order Managers.
    fn ways_in(&self) -> Result<[Front; 2], Failure> {
        let api = Front {
            name: "api",
            carries: "requests carry tokens",
            options: "--tls-cert and --tls-key",
            address: self.listen,
            keeper: self.tls.api().map_err(Error::Tls)?,
            behind_proxy: self.behind_proxy,
        };
        let seti = Front {
            name: "seti",
            carries: "posts carry passwords",
            options: "--seti-tls-cert and --seti-tls-key",
            address: self.seti_listen,
            keeper: self.tls.seti().map_err(Error::Tls)?,
            behind_proxy: self.behind_proxy,
        };
        api.allows(api.address)?;
        seti.allows(seti.address)?;
        Ok([api, seti])
    }

    async fn serve(self, office: Arc<Office>, ways_in: [Front; 2], teller: Teller, json: bool) -> Result<Verdict, Failure> {
        let (stop, stopped) = watch::channel(false);
        // Whoever reads that it serves may tell it to stop.
        let signals = Signals::new().map_err(Error::Signals)?;
        let (mut fronts, mut keeping) = (JoinSet::new(), JoinSet::new());
        let keepers: Vec<Arc<Keeper>> = ways_in.iter().filter_map(|front| front.keeper.clone()).collect();
        let hang_ups = tls::hang_ups(&keepers).map_err(Error::Signals)?;
        keeping.spawn(tls::keep(keepers, hang_ups));
        let notify = Notify::of_environment().map_err(Error::Notify)?;
        let mut handed = systemd::sockets().map_err(Error::Handed)?;
        let [api, seti] = ways_in;
        let (seti, api) = (seti.open(&mut handed).await?, api.open(&mut handed).await?);
        let (at_api, at_seti) = (api.place, seti.place);
        let router = door::router(Office::clone(&office), Clients { allowed: self.seti_allow.clone() });
        fronts.spawn(seti.serve(router, until(stopped.clone()))?);
        fronts.spawn(api.serve(self.api(&office)?, until(stopped.clone()))?);
        let (retaining, told) = (Office::clone(&office), stopped.clone());
        keeping.spawn(async move { retaining.keep_retaining(until(told)).await });
        let commands = local::Listener::bind(office.clone())?;
        let commands = tokio::spawn(commands.serve(until(stopped.clone())));
        let (watched, watch_until) = (office.clone(), until(stopped.clone()));
        let watch = tokio::spawn(async move { watched.watch(teller, watch_until).await });
        let drain = Duration::from_secs(self.drain_s);
        let worker = tokio::spawn(office.worker().run(until(stopped), drain));
        let dir = office.data_dir().path().display().to_string();
        if json {
            let (api, seti) = (at_api.address.to_string(), at_seti.address.to_string());
            let tls = serde_json::json!({ "api": at_api.tls, "seti": at_seti.tls });
            report::json(&serde_json::json!({ "serving": dir, "api": api, "seti": seti, "tls": tls }));
        } else {
            report::line(&format!("serving {dir}"));
            report::line(&format!("the API is at {}/v1, and describes itself at /v1/openapi.json", at_api.url()));
            report::line(&format!("posts of Order Managers are taken at {}/seti/CART", at_seti.url()));
        }
        notify.say("READY=1");
        let alive = tell_alive(&notify, &office);
        let (worker, why) = tokio::select! {
            ended = ended(worker, signals, office.store(), &stop, &notify) => ended,
            () = alive => unreachable!("it is told again and again"),
        };
        // Whoever waits for an answer gets it, if it comes soon.
        let _ = tokio::time::timeout(ANSWER_GRACE, async { while fronts.join_next().await.is_some() {} }).await;
        fronts.shutdown().await;
        keeping.shutdown().await;
        // What a command began is done to its end.
        let _ = commands.await;
        // What it was telling somebody is told again after the next start.
        let _ = watch.await;
        let left = worker?;
        if let Some(reason) = why {
            return Err(Error::Stopped(reason).into());
        }
        report::talk(&match left {
            0 => "stopped; nothing was under way".to_owned(),
            left => format!("stopped; {left} attempts were cut off, and are made again after the next start"),
        });
        Ok(Verdict::Done)
    }
}

impl Args {
    fn api(&self, office: &Arc<Office>) -> Result<axum::Router, Error> {
        let own = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        let (numbers, disk) = (office.clone(), office.clone());
        let api = Api {
            office: Office::clone(office),
            hosts: own.into_iter().chain(self.host.iter().cloned()).collect(),
            origins: self.origin.clone(),
            rate: Rate::default(),
            ready: Arc::new(move || room(&disk)),
            metrics: Arc::new(move || {
                let office = numbers.clone();
                Box::pin(async move { metrics(&office).await })
            }),
            labels: Labels::ByCart,
        };
        cartage::api::router(api).map_err(Error::Random)
    }
}

/// Whether updates are taken.
fn room(office: &Office) -> Result<(), String> {
    if office.room().accepts() { Ok(()) } else { Err("the disk is nearly full, so no update is accepted".to_owned()) }
}

/// The numbers of this moment. Where they cannot be read there are none: the log says why.
async fn metrics(office: &Office) -> Metrics {
    let numbers = office.numbers().await.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "the numbers for metrics could not be read");
        Numbers::default()
    });
    let now = office.now_unix_ms();
    let of = |backlog: Backlog| {
        let key = (backlog.merchant.clone(), backlog.cart.clone());
        CartNumbers {
            queued: backlog.queued,
            oldest_undelivered_seconds: backlog.oldest_queued_at_unix_ms.map_or(0, |at| now.saturating_sub(at) / 1000),
            dead: backlog.dead,
            blocked_orders: backlog.blocked,
            paused: numbers.paused.contains(&key),
            attempts: numbers.attempts.get(&key).cloned().unwrap_or_default(),
            merchant: backlog.merchant,
            cart: backlog.cart,
        }
    };
    let carts = numbers.backlogs.iter().cloned().map(of).collect();
    let alert = |(merchant, alert): (MerchantId, Alert)| {
        let cart = alert.subject.strip_prefix("cart ").and_then(|cart| CartId::new(cart).ok());
        AlertNumber { merchant, cart, kind: alert.kind }
    };
    let Numbers { gate_no, free_disk_bytes, commits: commit, limits_hit, alerts, .. } = numbers;
    // Requests are timed by the API itself.
    let process = ProcessNumbers { gate_no, accept: Histogram::default(), commit, limits_hit, free_disk_bytes };
    Metrics { carts, alerts: alerts.into_iter().map(alert).collect(), process }
}

/// Tells the service manager that the daemon lives, for as long as its store answers.
async fn tell_alive(notify: &Notify, office: &Office) {
    let Some(every) = notify.watchdog_every() else { return std::future::pending().await };
    loop {
        match office.tokens().await {
            Ok(_) => notify.say("WATCHDOG=1"),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the store does not answer, so the watchdog is not told")
            }
        }
        tokio::time::sleep(every).await;
    }
}

/// The signals that tell it to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }
}

/// Waits until the worker ends: by itself, because a signal said so, or because the store takes no more writes. In that case, why.
async fn ended<T>(
    mut worker: tokio::task::JoinHandle<T>,
    mut signals: Signals,
    store: &Store,
    stop: &watch::Sender<bool>,
    notify: &Notify,
) -> (T, Option<Stop>) {
    let mut why = None;
    let early = tokio::select! {
        ended = &mut worker => Some(ended),
        _ = signals.terminate.recv() => None,
        _ = signals.interrupt.recv() => None,
        reason = store.stopped() => {
            why = Some(reason);
            None
        }
    };
    notify.say("STOPPING=1");
    stop.send_replace(true);
    let ended = match early {
        Some(ended) => ended,
        None => {
            let cause = if why.is_some() { "the store takes no more writes" } else { "told to stop" };
            report::talk(&format!("{cause}: ending what is under way"));
            worker.await
        }
    };
    match ended {
        Ok(ended) => (ended, why),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // The sender lives as long as the daemon: without it there is nothing left to serve.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
