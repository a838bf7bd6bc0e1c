//! The numbers of `/metrics`. The process that serves the API supplies the numbers; this module puts them in a registry of `prometheus-client`,
//! which writes Prometheus's text format. The registry is made for each request, because a token sees its own carts only.

pub(super) use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

use cartage_base::histogram::Durations;
use cartage_model::id::{CartId, MerchantId};
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;

/// Whether each cart has its own series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SeriesLabels {
    /// Each cart has its own series.
    #[default]
    ByCart,
    /// The carts of a merchant share their series, for installations with so many carts that separate series would be too many.
    Together,
}

/// The numbers at one moment.
#[derive(Debug, Clone, Default)]
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
#[derive(Debug, Clone, Default)]
pub struct ProcessNumbers {
    /// How often each condition of the gate did not hold, by the condition's number.
    pub gate_no: BTreeMap<u8, u64>,
    /// The duration of requests that hand over events or updates. The API counts these itself.
    pub accept: Durations,
    /// The duration of the store's commits, which wait for the disk.
    pub commit: Durations,
    /// How often a plugin's call met a limit, by the limit's name.
    pub limits_hit: BTreeMap<String, u64>,
    /// Free bytes on the disk of the data directory.
    pub free_disk_bytes: u64,
}

/// Formats the numbers as a page.
pub(super) fn render(metrics: &Metrics, labels: SeriesLabels) -> String {
    let Metrics { carts, alerts, process } = metrics;
    let labelled = |cart: Option<&CartId>, own: Option<(&'static str, &str)>| -> LabelSet {
        let cart = cart.filter(|_| labels == SeriesLabels::ByCart).map(|cart| ("cart", cart.as_str()));
        cart.into_iter().chain(own).map(|(name, value)| (name, value.to_owned())).collect()
    };
    let add: fn(u64, u64) -> u64 = u64::saturating_add;
    let gauge = |value: fn(&CartNumbers) -> u64, together| {
        let none = (labels == SeriesLabels::Together).then(|| (labelled(None, None), 0));
        let each = carts.iter().map(|cart| (labelled(Some(&cart.cart), None), value(cart)));
        Series::new(MetricType::Gauge, together, none.into_iter().chain(each))
    };
    let attempts = carts.iter().flat_map(|cart| {
        let labelled = |outcome| labelled(Some(&cart.cart), Some(("outcome", outcome)));
        cart.attempts.iter().map(move |(outcome, count)| (labelled(outcome), *count))
    });
    let alerts = alerts.iter().map(|alert| (labelled(alert.cart.as_ref(), Some(("kind", &alert.kind))), 1));
    let gate_no = process.gate_no.iter().map(|(number, count)| (labelled(None, Some(("condition", &number.to_string()))), *count));
    let limits_hit = process.limits_hit.iter().map(|(limit, count)| (labelled(None, Some(("limit", limit))), *count));

    // The library adds `_total` to counters, and the full stop to each help.
    let mut page = Registry::default();
    page.register("cartage_queued", "Deliveries that wait or are under way", gauge(|cart| cart.queued, add));
    let oldest = gauge(|cart| cart.oldest_undelivered_seconds, u64::max);
    page.register("cartage_oldest_undelivered_seconds", "How long the first of them has waited", oldest);
    page.register("cartage_dead", "Dead letters", gauge(|cart| cart.dead, add));
    page.register("cartage_blocked_orders", "Orders that wait for a person", gauge(|cart| cart.blocked_orders, add));
    let paused = gauge(|cart| cart.paused.into(), add);
    page.register("cartage_paused", "Whether the cart is paused; together: how many are", paused);
    page.register("cartage_attempts", "Attempts, by what came of them", Series::new(MetricType::Counter, add, attempts));
    let help = "Open alerts, by kind; docs/alerts.md says what to do about each";
    page.register("cartage_alerts", help, Series::new(MetricType::Gauge, add, alerts));
    let gate_no = Series::new(MetricType::Counter, add, gate_no);
    page.register("cartage_gate_no", "How often a condition of the gate did not hold", gate_no);
    let help = "How long a request took that hands over events or updates";
    page.register("cartage_accept_seconds", help, process.accept.0.clone());
    page.register("cartage_commit_seconds", "How long a commit of the store took, which waits for the disk", process.commit.0.clone());
    let limits_hit = Series::new(MetricType::Counter, add, limits_hit);
    page.register("cartage_limits_hit", "How often a plugin's call met a limit", limits_hit);
    page.register("cartage_free_disk_bytes", "Free bytes where the data directory lies", ConstGauge::new(process.free_disk_bytes));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &page).expect("a text takes everything");
    text
}

/// The labels of a series, with their values.
type LabelSet = Vec<(&'static str, String)>;

/// A metric with one value for each set of labels, in the order of the labels.
#[derive(Debug)]
struct Series {
    kind: MetricType,
    values: BTreeMap<LabelSet, u64>,
}

impl Series {
    /// The values that have the same labels become one.
    fn new(kind: MetricType, together: fn(u64, u64) -> u64, all: impl Iterator<Item = (LabelSet, u64)>) -> Series {
        let mut values = BTreeMap::new();
        for (labels, value) in all {
            values.entry(labels).and_modify(|sum| *sum = together(*sum, value)).or_insert(value);
        }
        Series { kind, values }
    }
}

impl EncodeMetric for Series {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        self.values.iter().try_for_each(|(labels, value)| {
            let encoder = encoder.encode_family(labels)?;
            match self.kind {
                MetricType::Counter => ConstCounter::new(*value).encode(encoder),
                _ => ConstGauge::new(*value).encode(encoder),
            }
        })
    }

    fn metric_type(&self) -> MetricType {
        self.kind
    }
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
        let apart = render(&metrics, SeriesLabels::ByCart);
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
        let together = render(&metrics, SeriesLabels::Together);
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
            process.accept.0.observe(seconds);
        }
        process.gate_no.insert(4, 9);
        process.limits_hit.insert("a \"b\" \\ c\nd".to_owned(), 1);
        let text = render(&Metrics { process, ..Metrics::default() }, SeriesLabels::ByCart);
        for line in [
            "cartage_accept_seconds_bucket{le=\"0.001\"} 1",
            "cartage_accept_seconds_bucket{le=\"0.002\"} 2",
            "cartage_accept_seconds_bucket{le=\"5\"} 3",
            "cartage_accept_seconds_bucket{le=\"+Inf\"} 4",
            "cartage_accept_seconds_count 4",
            "cartage_gate_no_total{condition=\"4\"} 9",
            r#"cartage_limits_hit_total{limit="a \"b\" \\ c\nd"} 1"#,
            "cartage_free_disk_bytes 5",
            "# TYPE cartage_gate_no_total counter",
            "# HELP cartage_dead Dead letters.",
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
        let served = render(&metrics, SeriesLabels::ByCart);
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
