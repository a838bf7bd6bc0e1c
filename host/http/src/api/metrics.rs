//! The numbers of `/metrics` in Prometheus's text format. The process that serves the API supplies the numbers; this module formats them.

pub use cartage_base::histogram::Histogram;

use cartage_model::id::{CartId, MerchantId};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The media type of Prometheus's text format.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Whether each cart has its own series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Labels {
    /// Each cart has its own series.
    #[default]
    ByCart,
    /// The carts of a merchant share their series, for installations with so many carts that separate series would be too many.
    Together,
}

/// The numbers at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    /// The numbers of each cart.
    pub carts: Vec<CartNumbers>,
    /// The open alerts of all merchants.
    pub alerts: Vec<AlertNumber>,
    /// The numbers of the process.
    pub process: ProcessNumbers,
}

/// An open alert, as a number for `/metrics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertNumber {
    /// The merchant whose alert it is.
    pub merchant: MerchantId,
    /// The cart that the alert is about. `None` if the alert is about the whole installation.
    pub cart: Option<CartId>,
    /// The name of the alert's kind, as in `docs/alerts.md`.
    pub kind: String,
}

/// The numbers of one cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartNumbers {
    /// The merchant who owns the cart.
    pub merchant: MerchantId,
    /// The cart's id.
    pub cart: CartId,
    /// The number of deliveries that wait or are under way.
    pub queued: u64,
    /// How long the oldest of them has waited, in seconds; 0 if none waits.
    pub oldest_undelivered_seconds: u64,
    /// The number of dead letters.
    pub dead: u64,
    /// The number of orders that a dead letter blocks until a person acts.
    pub blocked_orders: u64,
    /// Whether the cart is paused.
    pub paused: bool,
    /// The number of attempts since the process started, by outcome: `delivered`, or the kind of failure.
    pub attempts: BTreeMap<String, u64>,
}

/// The numbers of the process since it started.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProcessNumbers {
    /// How often each condition of the gate did not hold, by the condition's number.
    pub gate_no: BTreeMap<u8, u64>,
    /// The duration of requests that hand over events or updates. The API counts these itself.
    pub accept: Histogram,
    /// The duration of the store's commits, which wait for the disk.
    pub commit: Histogram,
    /// How often a plugin's call met a limit, by the limit's name.
    pub limits_hit: BTreeMap<String, u64>,
    /// Free bytes on the disk of the data directory.
    pub free_disk_bytes: u64,
}

/// Formats the numbers as a page.
pub(super) fn render(metrics: &Metrics, labels: Labels) -> String {
    let mut page = Page(String::new());
    page.carts(&metrics.carts, labels);
    page.alerts(&metrics.alerts, labels);
    let ProcessNumbers { gate_no, accept, commit, limits_hit, free_disk_bytes } = &metrics.process;
    page.head("cartage_gate_no_total", "counter", "How often a condition of the gate did not hold.");
    for (condition, count) in gate_no {
        page.line("cartage_gate_no_total", &[("condition", &condition.to_string())], count);
    }
    page.histogram("cartage_accept_seconds", "How long a request took that hands over events or updates.", accept);
    page.histogram("cartage_commit_seconds", "How long a commit of the store took, which waits for the disk.", commit);
    page.head("cartage_limits_hit_total", "counter", "How often a plugin's call met a limit.");
    for (limit, count) in limits_hit {
        page.line("cartage_limits_hit_total", &[("limit", limit)], count);
    }
    page.head("cartage_free_disk_bytes", "gauge", "Free bytes where the data directory lies.");
    page.line("cartage_free_disk_bytes", &[], free_disk_bytes);
    page.0
}

struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}").expect("a text takes everything");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: &dyn std::fmt::Display) {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        writeln!(self.0, "{name}{labels} {value}").expect("a text takes everything");
    }

    fn carts(&mut self, carts: &[CartNumbers], labels: Labels) {
        type Gauge = (&'static str, &'static str, fn(&CartNumbers) -> u64, fn(u64, u64) -> u64);
        let add: fn(u64, u64) -> u64 = u64::saturating_add;
        let gauges: [Gauge; 5] = [
            ("cartage_queued", "Deliveries that wait or are under way.", |cart| cart.queued, add),
            (
                "cartage_oldest_undelivered_seconds",
                "How long the first of them has waited.",
                |cart| cart.oldest_undelivered_seconds,
                u64::max,
            ),
            ("cartage_dead", "Dead letters.", |cart| cart.dead, add),
            ("cartage_blocked_orders", "Orders that wait for a person.", |cart| cart.blocked_orders, add),
            ("cartage_paused", "Whether the cart is paused; together: how many are.", |cart| cart.paused.into(), add),
        ];
        for (name, help, value, together) in gauges {
            self.head(name, "gauge", help);
            match labels {
                Labels::ByCart => carts.iter().for_each(|cart| self.line(name, &[("cart", cart.cart.as_str())], &value(cart))),
                Labels::Together => self.line(name, &[], &carts.iter().map(value).fold(0, together)),
            }
        }
        let name = "cartage_attempts_total";
        self.head(name, "counter", "Attempts, by what came of them.");
        match labels {
            Labels::ByCart => {
                for cart in carts {
                    for (outcome, count) in &cart.attempts {
                        self.line(name, &[("cart", cart.cart.as_str()), ("outcome", outcome)], count);
                    }
                }
            }
            Labels::Together => {
                let mut all: BTreeMap<&str, u64> = BTreeMap::new();
                for (outcome, count) in carts.iter().flat_map(|cart| &cart.attempts) {
                    *all.entry(outcome).or_default() += count;
                }
                all.into_iter().for_each(|(outcome, count)| self.line(name, &[("outcome", outcome)], &count));
            }
        }
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.head(name, "histogram", help);
        for (bound, count) in histogram.cumulative() {
            self.line(&format!("{name}_bucket"), &[("le", &bound.to_string())], &count);
        }
        self.line(&format!("{name}_bucket"), &[("le", "+Inf")], &histogram.count());
        self.line(&format!("{name}_sum"), &[], &histogram.sum_seconds());
        self.line(&format!("{name}_count"), &[], &histogram.count());
    }

    fn alerts(&mut self, alerts: &[AlertNumber], labels: Labels) {
        let name = "cartage_alerts";
        self.head(name, "gauge", "Open alerts, by kind; docs/alerts.md says what to do about each.");
        let mut all: BTreeMap<(&str, Option<&str>), u64> = BTreeMap::new();
        for AlertNumber { cart, kind, .. } in alerts {
            let cart = cart.as_ref().filter(|_| labels == Labels::ByCart).map(CartId::as_str);
            *all.entry((kind, cart)).or_default() += 1;
        }
        for ((kind, cart), count) in all {
            let cart = cart.map(|cart| ("cart", cart));
            self.line(name, &cart.into_iter().chain([("kind", kind)]).collect::<Vec<_>>(), &count);
        }
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cart(name: &str, queued: u64, oldest: u64, paused: bool) -> CartNumbers {
        CartNumbers {
            merchant: MerchantId::default(),
            cart: CartId::new(name).expect("it is a Cart ID"),
            queued,
            oldest_undelivered_seconds: oldest,
            dead: 1,
            blocked_orders: 0,
            paused,
            attempts: BTreeMap::from([("delivered".to_owned(), queued)]),
        }
    }

    #[test]
    fn each_cart_has_its_series_or_all_have_one() {
        let alert = |name: &str| {
            let (merchant, cart) = (MerchantId::default(), CartId::new(name).ok());
            AlertNumber { merchant, cart, kind: "blocked".to_owned() }
        };
        let metrics = Metrics {
            carts: vec![cart("one", 3, 7, true), cart("two", 4, 5, false)],
            alerts: vec![alert("one"), alert("two"), AlertNumber { cart: None, kind: "disk-low".to_owned(), ..alert("one") }],
            process: ProcessNumbers::default(),
        };
        let apart = render(&metrics, Labels::ByCart);
        for line in [
            "# TYPE cartage_queued gauge",
            "cartage_queued{cart=\"one\"} 3",
            "cartage_queued{cart=\"two\"} 4",
            "cartage_paused{cart=\"one\"} 1",
            "cartage_attempts_total{cart=\"two\",outcome=\"delivered\"} 4",
            "cartage_alerts{cart=\"two\",kind=\"blocked\"} 1",
            "cartage_alerts{kind=\"disk-low\"} 1",
        ] {
            assert!(apart.lines().any(|found| found == line), "{line}\n{apart}");
        }
        let together = render(&metrics, Labels::Together);
        for line in [
            "cartage_queued 7",
            "cartage_oldest_undelivered_seconds 7",
            "cartage_dead 2",
            "cartage_paused 1",
            "cartage_attempts_total{outcome=\"delivered\"} 7",
            "cartage_alerts{kind=\"blocked\"} 2",
        ] {
            assert!(together.lines().any(|found| found == line), "{line}\n{together}");
        }
        assert!(!together.contains("cart=\""), "{together}");
    }

    #[test]
    fn histograms_are_cumulative_and_labels_escaped() {
        let mut process = ProcessNumbers { free_disk_bytes: 5, ..ProcessNumbers::default() };
        for seconds in [0.001, 0.0011, 4.0, 60.0] {
            process.accept.observe(seconds);
        }
        process.gate_no.insert(4, 9);
        let text = render(&Metrics { process, ..Metrics::default() }, Labels::ByCart);
        for line in [
            "cartage_accept_seconds_bucket{le=\"0.001\"} 1",
            "cartage_accept_seconds_bucket{le=\"0.002\"} 2",
            "cartage_accept_seconds_bucket{le=\"5\"} 3",
            "cartage_accept_seconds_bucket{le=\"+Inf\"} 4",
            "cartage_accept_seconds_count 4",
            "cartage_gate_no_total{condition=\"4\"} 9",
            "cartage_free_disk_bytes 5",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    /// Every metric in `docs/alerts.yml` is served, and `docs/alerts.md` has a section on what to do for each alert there.
    #[test]
    fn the_rules_for_prometheus_name_what_there_is() {
        let (rules, docs) = (include_str!("../../../../docs/alerts.yml"), include_str!("../../../../docs/alerts.md"));
        let metrics = Metrics {
            carts: vec![cart("one", 1, 1, true)],
            alerts: vec![AlertNumber { merchant: MerchantId::default(), cart: None, kind: "blocked".to_owned() }],
            process: ProcessNumbers {
                gate_no: BTreeMap::from([(1, 1)]),
                limits_hit: BTreeMap::from([("fuel".to_owned(), 1)]),
                ..ProcessNumbers::default()
            },
        };
        let served = render(&metrics, Labels::ByCart);
        let series = |line: &str| line.split(['{', ' ']).next().unwrap_or_default().to_owned();
        let served: std::collections::BTreeSet<String> = served.lines().filter(|line| !line.starts_with('#')).map(series).collect();
        let words = rules.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let named: std::collections::BTreeSet<&str> = words.filter(|word| word.starts_with("cartage_")).collect();
        assert!(named.len() >= 10, "{named:?}");
        for name in named {
            assert!(served.contains(name), "docs/alerts.yml names {name}, and these are served: {served:?}");
        }
        let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
        assert!(alerts.len() >= 10, "{alerts:?}");
        for alert in alerts {
            assert!(docs.contains(&format!("\n### {alert}\n")), "docs/alerts.md has no section {alert}");
            assert!(rules.contains(&format!("docs/alerts.md#{}", alert.to_lowercase())), "{alert} names its section");
        }
    }
}
