//! Records in a file which attempts this process is working on, as evidence for the next process if this one dies.
//!
//! A process that is killed, or runs out of memory, cannot report anything, and most attempts under way at that moment have nothing to do with its
//! death. So each attempt has a line in a small file, which says whether the process is working on it or waiting for its cart. Lines are written
//! without waiting for the disk: they survive the process, but not a loss of power, so a file from an earlier start of the machine is no evidence. A
//! process that ends in the usual way leaves no line that says "working".
//!
//! Deliveries do not depend on the file: where it cannot be written, they continue without evidence, and no delivery becomes a suspect.

use cartage_model::id::{DeliveryId, MerchantId};
use cartage_store::outbox::Suspect;
use std::fs::{File, OpenOptions};
use std::future::{Future, poll_fn};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// The bytes of a line, with its end: the longest merchant id, a delivery id and a number fit.
const LINE: usize = 160;
/// The largest file that is read, in bytes: many times the most attempts that may be in flight.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// The most failed attempts that are remembered until they are taken.
const FAILED_MAX: usize = 1000;

const WORKING: u8 = b'w';
const WAITING: u8 = b'-';

/// Records which attempts this process is working on.
#[derive(Debug, Default)]
pub struct Witness {
    /// The path of the file. `None` if nothing is recorded.
    path: Option<PathBuf>,
    /// Whether the record of an earlier process was read.
    heard: tokio::sync::Mutex<bool>,
    file: Mutex<Option<Arc<File>>>,
    lines: Mutex<Lines>,
    failed: Mutex<Vec<Suspect>>,
}

/// The lines of the file that are in use.
#[derive(Debug, Default)]
struct Lines {
    free: Vec<usize>,
    most: usize,
}

/// An attempt on record, as long as this value lives.
#[derive(Debug)]
pub struct Seen {
    witness: Arc<Witness>,
    suspect: Suspect,
    /// The file and the attempt's line in it. `None` if the attempt could not be recorded.
    line: Option<(Arc<File>, usize)>,
    working: AtomicBool,
}

impl Witness {
    /// A witness that records attempts in this file.
    pub fn at(path: PathBuf) -> Witness {
        Witness { path: Some(path), ..Witness::default() }
    }

    /// What an earlier process left, for one caller at a time. `None` if it was taken in already.
    pub(super) async fn left(&self) -> Option<Left<'_>> {
        let heard = self.heard.lock().await;
        if *heard {
            return None;
        }
        let suspects = self.path.as_deref().map(left_behind).unwrap_or_default();
        Some(Left { witness: self, heard, suspects })
    }

    /// Records that an attempt begins and that the process is working on it.
    pub(super) fn sees(self: &Arc<Witness>, suspect: Suspect) -> Seen {
        let file = self.file.lock().expect("nobody panics while holding it").clone();
        let line = file.map(|file| (file, self.lines.lock().expect("nobody panics while holding it").take()));
        let seen = Seen { witness: self.clone(), suspect, line, working: AtomicBool::new(true) };
        seen.write(&line_of(&seen.suspect));
        seen
    }

    /// Takes the attempts that failed with an error of this process, which continued.
    pub(super) fn take_failed(&self) -> Vec<Suspect> {
        std::mem::take(&mut *self.failed.lock().expect("nobody panics while holding it"))
    }
}

/// The attempts that an earlier process was working on when it died.
pub(super) struct Left<'w> {
    witness: &'w Witness,
    heard: tokio::sync::MutexGuard<'w, bool>,
    pub(super) suspects: Vec<Suspect>,
}

impl Left<'_> {
    /// Notes that the evidence is stored elsewhere, so that the file can begin anew.
    pub(super) fn heard(mut self) {
        if let Some(path) = &self.witness.path {
            let begun = begin(path).inspect_err(|error| {
                tracing::error!(
                    error = error as &dyn std::error::Error,
                    "could not create the file of attempts under way; working without it"
                )
            });
            *self.witness.file.lock().expect("nobody panics while holding it") = begun.ok().map(Arc::new);
        }
        *self.heard = true;
    }
}

impl Lines {
    fn take(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.most += 1;
            self.most
        })
    }
}

impl Seen {
    /// Runs a future that mostly waits for the cart. The line says "working" only while the future is being polled.
    pub(super) async fn waiting<F: Future>(&self, attempt: F) -> F::Output {
        let mut attempt = pin!(attempt);
        let done = poll_fn(|context| {
            self.set_working(true);
            let polled = attempt.as_mut().poll(context);
            self.set_working(polled.is_ready());
            polled
        });
        done.await
    }

    fn set_working(&self, working: bool) {
        if self.working.swap(working, Ordering::Relaxed) != working {
            self.write(&[if working { WORKING } else { WAITING }]);
        }
    }

    /// Writes bytes at the beginning of the attempt's line.
    fn write(&self, bytes: &[u8]) {
        if let Some((file, line)) = &self.line
            && let Err(error) = write_at(file, bytes, (line * LINE) as u64)
        {
            tracing::debug!(error = &error as &dyn std::error::Error, "could not write the file of attempts under way");
        }
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut failed = self.witness.failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            failed.truncate(FAILED_MAX - 1);
            failed.push(self.suspect.clone());
        }
        self.write(&[WAITING]);
        if let Some((_, line)) = self.line.take() {
            self.witness.lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner).free.push(line);
        }
    }
}

/// The line of an attempt that the process is working on.
fn line_of(Suspect { merchant, delivery, attempt }: &Suspect) -> Vec<u8> {
    let mut line = format!("{} {merchant} {delivery} {attempt}", char::from(WORKING)).into_bytes();
    line.resize(LINE - 1, b' ');
    line.push(b'\n');
    line
}

/// The first line, which names this start of the machine.
fn heading() -> Vec<u8> {
    let mut line = format!("boot {}", boot_id()).into_bytes();
    line.resize(LINE - 1, b' ');
    line.push(b'\n');
    line
}

/// The id of this start of the machine. Empty if the system gives none.
fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

/// Reads the attempts that an earlier process left as worked on.
fn left_behind(path: &Path) -> Vec<Suspect> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    match read {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not read which attempts the previous process was working on")
        }
    }
    let mut lines = bytes.chunks(LINE);
    if lines.next() != Some(&heading()) {
        return Vec::new();
    }
    lines.filter_map(suspect_in).collect()
}

fn suspect_in(line: &[u8]) -> Option<Suspect> {
    let text = std::str::from_utf8(line).ok()?;
    let mut words = text.strip_prefix(char::from(WORKING))?.split_ascii_whitespace();
    let merchant = MerchantId::new(words.next()?).ok()?;
    let delivery = DeliveryId::named(words.next()?);
    Some(Suspect { merchant, delivery, attempt: words.next()?.parse().ok()? })
}

/// Creates the file anew.
fn begin(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    write_at(&file, &heading(), 0)?;
    Ok(file)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(not(unix))]
fn write_at(_: &File, _: &[u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suspect(nth: u32) -> Suspect {
        Suspect { merchant: MerchantId::default(), delivery: DeliveryId::named(format!("delivery-{nth}")), attempt: nth }
    }

    /// The attempts that a process reads which starts now.
    async fn heard(path: &Path) -> (Arc<Witness>, Vec<Suspect>) {
        let witness = Arc::new(Witness::at(path.to_owned()));
        let left = witness.left().await.expect("nobody heard it yet");
        let suspects = left.suspects.clone();
        left.heard();
        assert!(witness.left().await.is_none(), "once");
        (witness, suspects)
    }

    #[tokio::test]
    async fn what_was_worked_on_is_heard_by_the_next_process_and_what_was_waited_for_is_not() {
        let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
        let path = folder.path().join("under-way");
        let (first, nothing) = heard(&path).await;
        assert_eq!(nothing, []);
        let ended = first.sees(suspect(1));
        let (working, waits) = (first.sees(suspect(2)), first.sees(suspect(3)));
        drop(ended);
        let again = first.sees(suspect(4));
        assert_eq!(first.lines.lock().expect("nobody panics").most, 3, "lines are used again");
        // It waits for ever: the file says so once it was asked.
        let waited = tokio::time::timeout(std::time::Duration::ZERO, waits.waiting(std::future::pending::<()>())).await;
        assert!(waited.is_err());
        let (second, left) = heard(&path).await;
        assert_eq!(left, [suspect(4), suspect(2)], "as it would be after a kill");
        assert_eq!(heard(&path).await.1, [], "once");
        drop((second, working, again, waits));
    }

    #[tokio::test]
    async fn what_is_done_is_worked_on_until_its_end_is_kept() {
        let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
        let path = folder.path().join("under-way");
        let (witness, _) = heard(&path).await;
        let seen = witness.sees(suspect(1));
        seen.waiting(tokio::task::yield_now()).await;
        assert_eq!(left_behind(&path), [suspect(1)]);
        drop(seen);
        assert_eq!(left_behind(&path), [], "a usual end leaves nothing");
    }

    #[tokio::test]
    async fn a_file_of_another_start_of_the_machine_or_with_anything_else_in_it_is_no_evidence() {
        let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
        let path = folder.path().join("under-way");
        let lines = [heading(), line_of(&suspect(1))].concat();
        let write = |bytes: &[u8]| std::fs::write(&path, bytes).expect("the folder can be written");
        write(&lines);
        assert_eq!(left_behind(&path), [suspect(1)]);
        let mut other = lines.clone();
        other[5..9].copy_from_slice(b"last");
        for bytes in
            [other, lines[..LINE].to_vec(), lines[1..].to_vec(), vec![b'w'; 10 * LINE], [heading(), vec![0xff; LINE]].concat(), Vec::new()]
        {
            write(&bytes);
            assert_eq!(left_behind(&path), []);
        }
    }

    #[tokio::test]
    async fn what_a_task_fails_at_is_told_while_the_program_goes_on() {
        let witness = Arc::new(Witness::default());
        let seen = witness.sees(suspect(1));
        let failed = tokio::spawn(async move {
            seen.waiting(async { panic!("a fault that this test asked for") }).await;
        });
        assert!(failed.await.is_err_and(|error| error.is_panic()));
        drop(witness.sees(suspect(2)));
        assert_eq!(witness.take_failed(), [suspect(1)]);
        assert_eq!(witness.take_failed(), []);
    }
}
