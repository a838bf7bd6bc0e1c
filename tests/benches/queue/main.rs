//! The figures of the queue: accepting updates, growth, noisy neighbours, and a daemon that is killed and restarted.
//!
//! Every ratio compares measurements that alternate in this run. Times depend on how long this disk takes to sync, which is printed first.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures, and what it is busy with")]

mod accepting;
mod daemon;
mod growth;
mod noisy;

use cartage_tests::figure::{Target, about, figure, wanted};
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

fn main() {
    if !wanted() {
        return;
    }
    println!("{}", about());
    let scratch = tempfile::tempdir().expect("a benchmark needs a directory for temporary files");
    figure("raw_fsync_per_s", raw_syncs_per_s(&scratch.path().join("raw")), "/s", &Target::Reported);
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    threads.block_on(async {
        accepting::measure(scratch.path()).await;
        noisy::measure(scratch.path()).await;
        growth::measure(scratch.path()).await;
        daemon::measure(scratch.path()).await;
    });
}

/// The number of times per second that this disk can sync a single page.
fn raw_syncs_per_s(path: &Path) -> f64 {
    let mut file = File::create(path).expect("the directory can be written");
    file.write_all(&[0; 4096]).expect("there is room");
    let (start, mut syncs) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(1) {
        file.write_at(&[syncs as u8; 4096], 0).expect("there is room");
        file.sync_data().expect("the disk works");
        syncs += 1;
    }
    f64::from(syncs) / start.elapsed().as_secs_f64()
}
