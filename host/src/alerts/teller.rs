//! Who is told of alerts, and when: of a new one at once, of the same again each day, and of its end.
//!
//! Each [`Destination`] hears everything at least once. One that fails is tried again, ever more seldom, and holds up neither the other
//! nor any delivery. What a destination was told is remembered for as long as the process lives; after a start the store's word counts, that
//! somebody was told.

use super::Kind;
use crate::causes::chain;
use crate::egress::post::{self, Post};
use crate::id::MerchantId;
use crate::store::alerts::Alert;
use serde::Serialize;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// After so long an alert that is still open is told again.
pub const AGAIN_MS: u64 = 24 * 60 * 60 * 1000;
/// How long a destination that failed is left alone the first time; doubled each further time.
pub const REST_MS_FIRST: u64 = 30_000;
/// The longest that it is left alone.
pub const REST_MS_MAX: u64 = 60 * 60 * 1000;
/// How long a command may take. Then it is killed with all that it started, and counts as failed.
pub const COMMAND_MS_MAX: u64 = 30_000;
/// The variables that a command gets of the daemon's own: the others may hold the secrets of carts.
const VARIABLES: [&str; 5] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ"];

/// Where alerts are told.
#[derive(Debug)]
pub enum Destination {
    /// They are posted to a URL, as JSON.
    Url(Post),
    /// They are handed to a command on its standard input, as JSON. No shell is involved.
    Command(PathBuf),
}

/// Why somebody could not be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// By the URL.
    #[error(transparent)]
    Post(#[from] post::Error),
    /// The command could not be run.
    #[error("could not run the alerts' command {}; check that it is there and may be executed", .command.display())]
    Run {
        /// The command.
        command: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The command said that it failed, or was ended.
    #[error("the alerts' command {} failed ({status}); it is run again later", .command.display())]
    Failed {
        /// The command.
        command: PathBuf,
        /// How it ended.
        status: ExitStatus,
    },
    /// The command took too long.
    #[error("the alerts' command {} did not end within {COMMAND_MS_MAX} ms and was killed; it is run again later", .command.display())]
    TooLong {
        /// The command.
        command: PathBuf,
    },
}

/// What is told of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum News {
    Raised,
    StillOpen,
    Cleared,
}

type Key = (MerchantId, String, String);

/// A destination, with what it was told.
struct Line {
    destination: Destination,
    /// When it was told last of each alert that is open as far as it knows.
    told: BTreeMap<Key, u64>,
    failures: u32,
    not_before_unix_ms: u64,
}

/// Tells of alerts.
pub struct Teller {
    lines: Vec<Line>,
    seeded: bool,
}

impl Teller {
    /// Tells these.
    pub fn new(destinations: Vec<Destination>) -> Teller {
        let line = |destination| Line { destination, told: BTreeMap::new(), failures: 0, not_before_unix_ms: 0 };
        Teller { lines: destinations.into_iter().map(line).collect(), seeded: false }
    }

    /// Tells what is to be told of all the alerts on record. Gives back those of which a note is due: open ones of which somebody was told
    /// now, and cleared ones of whose end nobody is to be told any more.
    pub async fn tell<'a>(&mut self, all: &'a [(MerchantId, Alert)], now_unix_ms: u64) -> Vec<&'a (MerchantId, Alert)> {
        if !self.seeded {
            self.seeded = true;
            let told = |(merchant, alert): &(MerchantId, Alert)| Some((key(merchant, alert), alert.told_at_unix_ms?));
            let told: BTreeMap<Key, u64> = all.iter().filter_map(told).collect();
            self.lines.iter_mut().for_each(|line| line.told.extend(told.clone()));
        }
        let mut noted = Vec::new();
        for one in all {
            let mut told = false;
            for line in &mut self.lines {
                told |= line.tell(one, now_unix_ms).await;
            }
            let (merchant, alert) = one;
            let owed = || self.lines.iter().any(|line| line.told.contains_key(&key(merchant, alert)));
            let note = match alert.cleared_at_unix_ms {
                None => told,
                Some(_) => !owed(),
            };
            noted.extend(note.then_some(one));
        }
        noted
    }

    /// Tells of one alert that cannot be put on record. Whether somebody who was told of it is still to hear of its end.
    pub async fn tell_unrecorded(&mut self, one: &(MerchantId, Alert), now_unix_ms: u64) -> bool {
        for line in &mut self.lines {
            line.tell(one, now_unix_ms).await;
        }
        let key = key(&one.0, &one.1);
        self.lines.iter().any(|line| line.told.contains_key(&key))
    }

    /// When a destination that failed may be tried again, the first of them.
    pub fn again_unix_ms(&self) -> Option<u64> {
        self.lines.iter().filter(|line| line.failures > 0).map(|line| line.not_before_unix_ms).min()
    }
}

impl Line {
    /// Tells what this destination does not know. Whether it was told something.
    async fn tell(&mut self, (merchant, alert): &(MerchantId, Alert), now_unix_ms: u64) -> bool {
        let key = key(merchant, alert);
        let news = match (alert.cleared_at_unix_ms, self.told.get(&key)) {
            (None, None) => News::Raised,
            // Neither a clock that was set forward nor one that was set back keeps it quiet for longer.
            (None, Some(at)) if at.abs_diff(now_unix_ms) >= AGAIN_MS => News::StillOpen,
            (Some(_), Some(_)) => News::Cleared,
            (None, Some(_)) | (Some(_), None) => return false,
        };
        if self.not_before_unix_ms.checked_sub(now_unix_ms).is_some_and(|left| left > 0 && left <= REST_MS_MAX) {
            return false;
        }
        match self.destination.tell(document(merchant, alert, news)).await {
            Ok(()) => {
                (self.failures, self.not_before_unix_ms) = (0, 0);
                match news {
                    News::Raised | News::StillOpen => self.told.insert(key, now_unix_ms),
                    News::Cleared => self.told.remove(&key),
                };
                true
            }
            Err(error) => {
                let rest_ms = REST_MS_FIRST.saturating_mul(1 << self.failures.min(16)).min(REST_MS_MAX);
                self.failures = self.failures.saturating_add(1);
                self.not_before_unix_ms = now_unix_ms.saturating_add(rest_ms);
                let (kind, subject) = (&alert.kind, &alert.subject);
                tracing::warn!(error = chain(&error), kind, subject, again_s = rest_ms / 1000, "nobody could be told of an alert");
                false
            }
        }
    }
}

impl Destination {
    async fn tell(&self, document: String) -> Result<(), Error> {
        match self {
            Destination::Url(post) => Ok(post.send(document).await?),
            Destination::Command(command) => run(command, document, Duration::from_millis(COMMAND_MS_MAX)).await,
        }
    }
}

fn key(merchant: &MerchantId, alert: &Alert) -> Key {
    (merchant.clone(), alert.kind.clone(), alert.subject.clone())
}

/// What a destination gets. `text` is the whole of it in one line, which is all that a chat room needs.
fn document(merchant: &MerchantId, alert: &Alert, news: News) -> String {
    let Alert { kind, subject, detail, raised_at_unix_ms, cleared_at_unix_ms, .. } = alert;
    let about = if subject.is_empty() { "Cartage" } else { subject };
    let text = match news {
        News::Raised => format!("Cartage: {about}: {kind}: {detail}"),
        News::StillOpen => format!("Cartage: {about}: still {kind}: {detail}"),
        News::Cleared => format!("Cartage: {about}: no longer {kind}"),
    };
    let more = Kind::ALL.iter().any(|known| known.name() == kind).then(|| format!("docs/alerts.md#{kind}"));
    let document = serde_json::json!({
        "news": news, "merchant": merchant, "kind": kind, "subject": subject, "detail": detail, "raised_at_unix_ms": raised_at_unix_ms,
        "cleared_at_unix_ms": cleared_at_unix_ms, "text": text, "more": more,
    });
    document.to_string()
}

/// Runs a command that gets the document on its standard input, and waits for its end, at most so long.
async fn run(command: &Path, document: String, at_most: Duration) -> Result<(), Error> {
    let failed = |source| Error::Run { command: command.to_owned(), source };
    let mut child = start(command).map_err(failed)?;
    let mut input = child.stdin.take().expect("it was asked for");
    // A command may know enough before it has read all: only how it ended counts.
    let writing = async move {
        let _ = input.write_all(document.as_bytes()).await;
        drop(input);
        std::future::pending::<Infallible>().await
    };
    let ended = timeout(at_most, async {
        tokio::select! {
            ended = child.wait() => ended,
            never = writing => match never {},
        }
    });
    match ended.await {
        Ok(status) => match status.map_err(failed)? {
            status if status.success() => Ok(()),
            status => Err(Error::Failed { command: command.to_owned(), status }),
        },
        Err(_) => {
            kill(&mut child).await.map_err(failed)?;
            Err(Error::TooLong { command: command.to_owned() })
        }
    }
}

/// Ends a command and what it started.
async fn kill(child: &mut Child) -> io::Result<()> {
    let group = child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
    if let Some(group) = group {
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL)?;
    }
    child.wait().await.map(drop)
}

fn start(command: &Path) -> io::Result<Child> {
    let variables = VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    let mut command = Command::new(command);
    command.env_clear().envs(variables).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::inherit());
    // A group of its own, so that all of it can be ended. A daemon that ends meanwhile takes the command with it.
    command.process_group(0).kill_on_drop(true).spawn()
}

#[cfg(test)]
mod tests;
