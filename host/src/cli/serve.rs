//! `cartage serve`: the daemon. It delivers what is in the outbox, and takes posts of Order Managers.

use super::{Failure, Verdict, init, local, report};
use cartage::api::metrics::{CartNumbers, Labels, ProcessNumbers};
use cartage::api::{Api, Metrics, Rate};
use cartage::office::{Numbers, Office};
use cartage::outbox::Backlog;
use cartage::seti::door::{self, Clients};
use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

const EXAMPLES: &str = "\
Delivers for all carts of the data directory until it is told to stop (SIGTERM, or Ctrl-C), then ends what is under way. While it runs, other
commands on the same directory are done by it.

Examples:
  Serve the data directory:
      cartage serve
  Take posts of an Order Manager on another machine, behind a proxy that speaks TLS:
      cartage serve --seti-listen 0.0.0.0:8461 --seti-allow 192.0.2.0/24 --behind-proxy";

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
    /// Seconds to wait for what is under way when told to stop.
    #[arg(long, value_name = "SECONDS", default_value_t = 40, value_parser = clap::value_parser!(u64).range(0..=600))]
    drain_s: u64,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not listen on {address}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("the system gives no random bytes for the API's cursors")]
    Random(#[source] getrandom::Error),
    #[error("could not wait for signals")]
    Signals(#[source] std::io::Error),
    #[error("could not start the daemon's threads")]
    Threads(#[source] std::io::Error),
    #[error(transparent)]
    Worker(#[from] cartage::deliver::worker::Error),
}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        if !self.seti_listen.ip().is_loopback() && !self.behind_proxy {
            return Err(Failure::wrong_use(format!(
                "{} is reachable from other machines, and posts carry passwords in clear",
                self.seti_listen
            ))
            .what_to_do("put a proxy with TLS in front of it and say --behind-proxy, or listen on 127.0.0.1"));
        }
        let office = init::open(data)?;
        let threads = tokio::runtime::Builder::new_multi_thread().enable_all().event_interval(4).build().map_err(Error::Threads)?;
        threads.block_on(self.serve(office, json))
    }

    async fn serve(self, office: Arc<Office>, json: bool) -> Result<Verdict, Failure> {
        let (stop, stopped) = watch::channel(false);
        let mut listeners = JoinSet::new();
        let seti = listen(self.seti_listen).await?;
        let seti_address = seti.local_addr()?;
        let router = door::router(Office::clone(&office), Clients { allowed: self.seti_allow.clone() });
        listeners.spawn(serve_until(seti, router, stopped.clone()));
        let api = listen(self.listen).await?;
        let api_address = api.local_addr()?;
        listeners.spawn(serve_until(api, self.api(&office)?, stopped.clone()));
        let (retaining, told) = (Office::clone(&office), stopped.clone());
        listeners.spawn(async move { retaining.keep_retaining(until(told)).await });
        let commands = local::Listener::bind(office.clone())?;
        let commands = tokio::spawn(commands.serve(until(stopped.clone())));
        let drain = Duration::from_secs(self.drain_s);
        let worker = tokio::spawn(office.worker().run(until(stopped), drain));
        let dir = office.data_dir().path().display().to_string();
        if json {
            report::json(&serde_json::json!({ "serving": dir, "api": api_address.to_string(), "seti": seti_address.to_string() }));
        } else {
            report::line(&format!("serving {dir}"));
            report::line(&format!("the API is at http://{api_address}/v1, and describes itself at /v1/openapi.json"));
            report::line(&format!("posts of Order Managers are taken at http://{seti_address}/seti/CART"));
        }
        let worker = ended(worker, stop).await?;
        listeners.shutdown().await;
        // What a command began is done to its end.
        let _ = commands.await;
        let left = worker?;
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
        let numbers = office.clone();
        let api = Api {
            office: Office::clone(office),
            hosts: own.into_iter().chain(self.host.iter().cloned()).collect(),
            origins: self.origin.clone(),
            rate: Rate::default(),
            ready: Arc::new(|| Ok(())),
            metrics: Arc::new(move || {
                let office = numbers.clone();
                Box::pin(async move { metrics(&office).await })
            }),
            labels: Labels::ByCart,
        };
        cartage::api::router(api).map_err(Error::Random)
    }
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
    let process =
        ProcessNumbers { gate_no: numbers.gate_no.clone(), free_disk_bytes: numbers.free_disk_bytes, ..ProcessNumbers::default() };
    Metrics { carts, process }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

async fn serve_until(listener: TcpListener, router: axum::Router, stopped: watch::Receiver<bool>) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(until(stopped)).await {
        tracing::error!(error = &error as &dyn std::error::Error, "a listener ended");
    }
}

/// Waits until the worker ends: by itself, or because a signal said so.
async fn ended<T>(worker: tokio::task::JoinHandle<T>, stop: watch::Sender<bool>) -> Result<T, Error> {
    let mut worker = worker;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    let early = tokio::select! {
        ended = &mut worker => Some(ended),
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
    };
    stop.send_replace(true);
    let ended = match early {
        Some(ended) => ended,
        None => {
            report::talk("told to stop: ending what is under way");
            worker.await
        }
    };
    match ended {
        Ok(ended) => Ok(ended),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // The sender lives as long as the daemon: without it there is nothing left to serve.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
