//! A histogram of durations, in the buckets that `/metrics` shows.

use prometheus_client::metrics::histogram::Histogram;

/// The upper bounds of the buckets, in seconds.
const BOUNDS_SECONDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];

/// Counts durations by bucket, in seconds. Clones count together.
#[derive(Debug, Clone)]
pub struct Durations(pub Histogram);

impl Default for Durations {
    fn default() -> Durations {
        Durations(Histogram::new(BOUNDS_SECONDS))
    }
}
