//! `cartage serve`: the daemon. It delivers the updates in the outbox, and accepts posts from Order Managers.

mod alive;
mod ending;
mod files;
mod front;
mod listener;
mod machine;
mod numbers;
mod systemd;
mod tls;

use super::{Failure, Verdict, directory, log, report};
use cartage::alerts::OLDEST_MS_DEFAULT;
use cartage::alerts::notifier::{Destination, Notifier};
use cartage::egress::post::{self, Post};
use cartage::service::Service;
use cartage::store::WriteStop;
use cartage_commands::Commands;
use cartage_http::api::metrics::SeriesLabels;
use cartage_http::api::{self, Api, Callers, TokenRate};
use cartage_http::inbound::client::Proxies;
use cartage_http::seti;
use ending::{Ended, Signals};
use front::Front;
use ipnet::IpNet;
use listener::Rules;
use listener::slots::{Limits, Patience};
use machine::Machine;
use sd_notify::NotifyState;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tls::Keeper;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// Minimum time that responses in progress get when the daemon stops.
const ANSWER_GRACE: Duration = Duration::from_secs(2);
/// How long the daemon waits for blocked threads after everything else has ended.
const THREADS_GRACE: Duration = Duration::from_secs(2);
/// Largest size of the head of a request to the API, in bytes.
const API_HEAD_BYTES_MAX: usize = 32 << 10;
/// Largest size of the head of an Order Manager's post, in bytes. All of its fields may be in the URL.
const SETI_HEAD_BYTES_MAX: usize = 80 << 10;

const EXAMPLES: &str = "\
Delivers for all carts of the data directory until it is told to stop (SIGTERM, or Ctrl-C), then
finishes what is under way. While the daemon runs, other commands on the same directory ask it.

Examples:
  Serve the data directory:
      cartage serve
  Take posts of an Order Manager on another machine, behind a proxy that speaks TLS:
      cartage serve --seti-listen 0.0.0.0:8461 --behind-proxy --trusted-proxy 192.0.2.10
  Serve the API to other machines over TLS; a renewed certificate is loaded automatically:
      cartage serve --listen 0.0.0.0:8460 --host cartage.example \\
          --tls-cert fullchain.pem --tls-key privkey.pem
  Send alerts to a chat room and to a script of your own (docs/alerts.md):
      cartage serve --alerts-url https://chat.example/cartage --alerts-command /opt/page";

/// Run the daemon: deliver accepted updates, and listen for more.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The address of the HTTP API, under /v1.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8460")]
    listen: SocketAddr,
    /// A name by which programs call the API, besides localhost. May be given several times.
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// An origin whose pages may call the API, such as https://cartage.example. May be given several times.
    #[arg(long, value_name = "ORIGIN")]
    origin: Vec<String>,
    /// Requests per second that each token may make on average.
    #[arg(long, value_name = "REQUESTS", default_value_t = TokenRate::default().per_second, value_parser = clap::value_parser!(u32).range(1..=i64::from(api::PER_SECOND_MAX)))]
    token_rate: u32,
    /// Requests that each token may make at once, after a pause.
    #[arg(long, value_name = "REQUESTS", default_value_t = TokenRate::default().burst, value_parser = clap::value_parser!(u32).range(1..=i64::from(api::BURST_MAX)))]
    token_burst: u32,
    /// The address for posts of Order Managers, at /seti/CART.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8461")]
    seti_listen: SocketAddr,
    /// A network whose addresses may connect for posts. May be given several times [default: every address].
    #[arg(long, value_name = "NETWORK")]
    seti_allow: Vec<IpNet>,
    /// Listen beyond this machine without TLS, because a proxy in front of the daemon provides it.
    #[arg(long)]
    behind_proxy: bool,
    /// The address or network of a proxy that is trusted to name its clients, by X-Forwarded-For or Forwarded. May be given several
    /// times. Without it a proxy's clients cannot be told apart, and none of them is shut out for failed log-ins.
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    trusted_proxy: Vec<IpNet>,
    /// Connections that the API may have open at once, and as many again for posts of Order Managers.
    #[arg(long, value_name = "NUMBER", default_value_t = 512, value_parser = clap::value_parser!(u32).range(16..=65_536))]
    connections: u32,
    /// How many of these connections may come from one address [default: a quarter, or no limit behind a proxy]. This machine has no limit.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    connections_per_address: Option<u32>,
    #[command(flatten)]
    tls: tls::Certificates,
    #[command(flatten)]
    alerts: Alerts,
    /// Seconds to wait for attempts under way when told to stop.
    #[arg(long, value_name = "SECONDS", default_value_t = 40, value_parser = clap::value_parser!(u64).range(0..=600))]
    drain_s: u64,
}

/// Where alerts are sent.
#[derive(Debug, clap::Args)]
struct Alerts {
    /// The URL to which alerts are posted, as JSON. If the URL contains a token, set it by the environment variable, which is shown to nobody.
    #[arg(long, value_name = "URL", env = "CARTAGE_ALERTS_URL", hide_env_values = true)]
    alerts_url: Option<String>,
    /// A program that is run for each alert, and gets the alert as JSON on its standard input. It gets no arguments and runs without a shell.
    #[arg(long, value_name = "PROGRAM", env = "CARTAGE_ALERTS_COMMAND")]
    alerts_command: Option<PathBuf>,
    /// Minutes that an update may wait before an alert is raised.
    #[arg(long, value_name = "MINUTES", default_value_t = OLDEST_MS_DEFAULT / 60_000, value_parser = clap::value_parser!(u64).range(1..=10_080))]
    alerts_oldest: u64,
}

impl Alerts {
    fn notifier(&self) -> Result<Notifier, Failure> {
        let url = self.alerts_url.as_deref().map(|url| Post::new(url).map(Destination::Url)).transpose();
        let url = url.map_err(|error| match error {
            post::Error::Url { .. } => Failure::wrong_use(error.to_string()),
            other => Failure::from(other),
        })?;
        Ok(Notifier::new(url.into_iter().chain(self.alerts_command.clone().map(Destination::Command)).collect(), Commands))
    }
}

/// Reads a network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let one = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>().or_else(|_| one()).map_err(|_| "write an address such as 192.0.2.1, or a network such as 192.0.2.0/24".to_owned())
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
    #[error("the store accepts no more writes, so the daemon stopped; accepted updates are kept")]
    Stopped(#[source] WriteStop),
    #[error(transparent)]
    Worker(#[from] cartage::deliver::worker::Error),
}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let handed = systemd::sockets().map_err(Error::Handed)?;
        // Wrong options are reported before anything is opened.
        let ways_in = self.ways_in(files::raise())?;
        let notifier = self.alerts.notifier()?;
        let service = directory::open(data)?;
        service.watch().set_oldest_ms(self.alerts.alerts_oldest * 60_000);
        let threads = tokio::runtime::Builder::new_multi_thread().enable_all().event_interval(4).build().map_err(Error::Threads)?;
        let ended = threads.block_on(self.serve(service, ways_in, handed, notifier, json));
        // A thread that is blocked in the system, on a disk or a service manager, does not keep the process from ending.
        threads.shutdown_timeout(THREADS_GRACE);
        ended
    }

    /// The listeners of the API and of Order Managers' posts.
    fn ways_in(&self, files: u64) -> Result<[Front; 2], Failure> {
        let limits = self.limits(files);
        let rules = |allowed, head_bytes_max| Rules { allowed, limits, patience: Patience::USUAL, head_bytes_max };
        let api = Front {
            name: "api",
            carries: "requests carry tokens",
            options: "--tls-cert and --tls-key",
            address: self.listen,
            keeper: self.tls.api().map_err(Error::Tls)?,
            behind_proxy: self.behind_proxy,
            rules: rules(Vec::new(), API_HEAD_BYTES_MAX),
        };
        let seti = Front {
            name: "seti",
            carries: "posts carry passwords",
            options: "--seti-tls-cert and --seti-tls-key",
            address: self.seti_listen,
            keeper: self.tls.seti().map_err(Error::Tls)?,
            behind_proxy: self.behind_proxy,
            rules: rules(self.seti_allow.clone(), SETI_HEAD_BYTES_MAX),
        };
        api.allows(api.address)?;
        seti.allows(seti.address)?;
        Ok([api, seti])
    }

    /// The proxies whose headers about the client are trusted.
    fn proxies(&self) -> Proxies {
        if self.behind_proxy && self.trusted_proxy.is_empty() {
            tracing::warn!(
                "clients behind the proxy cannot be told apart, so none is shut out for failed log-ins; name the proxy with --trusted-proxy"
            );
        }
        Proxies { trusted: self.trusted_proxy.clone(), anywhere: self.behind_proxy }
    }

    /// The limits on connections for each listener.
    fn limits(&self, files: u64) -> Limits {
        let in_all = files::connections(files, self.connections);
        if in_all < self.connections as usize {
            let (wanted, most) = (self.connections, in_all);
            tracing::warn!(
                files,
                wanted,
                most,
                "this process may open only few files, so it accepts fewer connections than the options allow"
            );
        }
        // Behind a proxy every connection comes from the proxy's address.
        let usual = if self.behind_proxy || !self.trusted_proxy.is_empty() { None } else { Some(in_all.div_ceil(4)) };
        Limits { in_all, of_address: self.connections_per_address.map(|most| most as usize).or(usual) }
    }

    async fn serve(
        self,
        service: Arc<Service>,
        ways_in: [Front; 2],
        mut handed: BTreeMap<String, TcpListener>,
        notifier: Notifier,
        json: bool,
    ) -> Result<Verdict, Failure> {
        let ((stop, stopped), (undelivered, nothing_more)) = (watch::channel(false), watch::channel(false));
        // The handlers are installed before the daemon is announced as ready, because a caller may stop it from then on.
        let signals = Signals::new().map_err(Error::Signals)?;
        // If another daemon is alive, nothing else is started.
        let machine = Machine::bind(service.data_dir().path(), router(&service, Callers::Machine).map_err(Error::Random)?).await?;
        let (mut fronts, mut keeping) = (JoinSet::new(), JoinSet::new());
        let keepers: Vec<Arc<Keeper>> = ways_in.iter().filter_map(|front| front.keeper.clone()).collect();
        let hang_ups = tls::hang_ups(&keepers).map_err(Error::Signals)?;
        keeping.spawn(tls::keep(keepers, hang_ups));
        let [api, seti] = ways_in;
        let (seti, api) = (seti.open(&mut handed).await?, api.open(&mut handed).await?);
        let places = [api.place, seti.place];
        fronts.spawn(seti.listener(seti::listener::router(Service::clone(&service), self.proxies(), nothing_more))?.serve(stopped.clone()));
        fronts.spawn(api.listener(router(&service, self.callers()).map_err(Error::Random)?)?.serve(stopped.clone()));
        fronts.spawn(machine.serve(stopped.clone()));
        let (retention, told) = (service.retention(), until(stopped.clone()));
        keeping.spawn(async move { retention.keep_retaining(told).await });
        let (watch, watch_until) = (service.watch(), until(stopped.clone()));
        let watch = tokio::spawn(async move { watch.run(notifier, watch_until).await });
        let drain = Duration::from_secs(self.drain_s);
        let worker = tokio::spawn(service.worker().run(until(stopped.clone()), drain));
        announce(&service, places, json);
        systemd::say(NotifyState::Ready).await;
        keeping.spawn(alive::tell(service.clone(), stopped));
        let Ended { worker, store_stopped, told } = ending::ended(worker, signals, service.store(), &stop).await;
        undelivered.send_replace(true);
        // Requests in progress get their responses, within the time that the whole daemon has to stop.
        let until = (told + drain).max(Instant::now() + ANSWER_GRACE);
        if timeout_at(until, async { while fronts.join_next().await.is_some() {} }).await.is_err() {
            tracing::warn!("requests that were still under way are cut off");
        }
        fronts.shutdown().await;
        keeping.shutdown().await;
        // A notification that is cut off here is repeated after the next start.
        let _ = watch.await;
        let left = worker?;
        if let Some(reason) = store_stopped {
            return Err(Error::Stopped(reason).into());
        }
        report::talk(&match left {
            0 => "stopped; nothing was under way".to_owned(),
            1 => "stopped; 1 attempt was cut off, and is made again after the next start".to_owned(),
            left => format!("stopped; {left} attempts were cut off, and are made again after the next start"),
        });
        Ok(Verdict::Done)
    }
}

/// Announces the addresses of the listeners.
fn announce(service: &Service, [api, seti]: [front::Place; 2], json: bool) {
    let dir = service.data_dir().path().display().to_string();
    if json || log::is_json() {
        let tls = serde_json::json!({ "api": api.tls, "seti": seti.tls });
        let (api, seti) = (api.address.to_string(), seti.address.to_string());
        return report::json_line(&serde_json::json!({ "serving": dir, "api": api, "seti": seti, "tls": tls }));
    }
    report::line(&format!("serving {dir}"));
    report::line(&format!("the API is at {}/v1, and describes itself at /v1/openapi.json", api.url()));
    report::line(&format!("posts of Order Managers are accepted at {}/seti/CART", seti.url()));
}

impl Args {
    /// The programs on the network that may call the API.
    fn callers(&self) -> Callers {
        let own = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        Callers::Tokens {
            hosts: own.into_iter().chain(self.host.iter().cloned()).collect(),
            origins: self.origin.clone(),
            rate: TokenRate { per_second: self.token_rate, burst: self.token_burst },
        }
    }
}

/// The router of the API for these callers.
pub(super) fn router(service: &Service, callers: Callers) -> Result<axum::Router, getrandom::Error> {
    let (numbers, looked_at) = (service.clone(), service.clone());
    api::router(Api {
        service: service.clone(),
        callers,
        ready: Arc::new(move || {
            let service = looked_at.clone();
            Box::pin(async move { ready(&service).await })
        }),
        metrics: Arc::new(move || {
            let service = numbers.clone();
            Box::pin(async move { numbers::metrics(&service).await })
        }),
        labels: SeriesLabels::ByCart,
    })
}

/// Whether the daemon accepts updates; the error says why not.
async fn ready(service: &Service) -> Result<(), String> {
    if !service.disk_space().level().accepts() {
        return Err("the disk is nearly full, so no update is accepted".to_owned());
    }
    service.health().writes().await.map_err(|error| format!("nothing can be written, so no update is accepted: {error}"))
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // The sender lives as long as the daemon, so its end means that the daemon has ended.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
