//! A histogram of durations, in the buckets that `/metrics` shows.

/// Counts durations by bucket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histogram {
    counts: [u64; Histogram::BOUNDS_SECONDS.len()],
    count: u64,
    sum_seconds: f64,
}

impl Histogram {
    /// The upper bounds of the buckets, in seconds.
    pub const BOUNDS_SECONDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];

    /// Counts one duration.
    pub fn observe(&mut self, seconds: f64) {
        if let Some(at) = Self::BOUNDS_SECONDS.iter().position(|bound| seconds <= *bound) {
            self.counts[at] += 1;
        }
        self.count += 1;
        self.sum_seconds += seconds;
    }

    /// Each bound with the number of durations up to it, those of lower buckets included.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        Self::BOUNDS_SECONDS.iter().zip(self.counts).scan(0, |below, (bound, count)| {
            *below += count;
            Some((*bound, *below))
        })
    }

    /// The number of durations.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The sum of all durations, in seconds.
    pub fn sum_seconds(&self) -> f64 {
        self.sum_seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket_and_what_is_longer_than_all_is_counted() {
        let mut histogram = Histogram::default();
        for seconds in [0.001, 0.0011, 4.0, 60.0] {
            histogram.observe(seconds);
        }
        let cumulative: Vec<_> = histogram.cumulative().collect();
        assert_eq!((cumulative[0], cumulative[1], cumulative[11]), ((0.001, 1), (0.002, 2), (5.0, 3)));
        assert_eq!(histogram.count(), 4);
        assert!((histogram.sum_seconds() - 64.0021).abs() < 1e-9);
    }
}
