//! Notifies people of alerts: when one is new, once a day while it lasts, and when it ends.
//!
//! Each [`Destination`] is told everything at least once. A destination that fails is tried again after growing waits, and delays neither the other
//! destinations nor any delivery. Whoever makes the notifier says in which words remedies are put. What a destination was told is remembered while the process lives; after a restart, the store says which alerts
//! somebody was told of.

use super::AlertKind;
use cartage_base::causes::chain;
use cartage_egress::post::{self, Post};
use cartage_model::alerts::Subject;
use cartage_model::id::MerchantId;
use cartage_model::remedy::Words;
use cartage_store::alerts::Alert;
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

/// The time after which an open alert is repeated, in milliseconds.
pub const AGAIN_MS: u64 = 24 * 60 * 60 * 1000;
/// The first wait after a destination failed, in milliseconds. The wait doubles with each further failure.
pub const REST_MS_FIRST: u64 = 30_000;
/// The longest wait after a destination failed, in milliseconds.
pub const REST_MS_MAX: u64 = 60 * 60 * 1000;
/// How long a command may take, in milliseconds. After that it is killed with all that it started, and counts as failed.
pub const COMMAND_MS_MAX: u64 = 30_000;
/// The variables of the daemon's environment that a command gets. The others may hold the secrets of carts.
const VARIABLES: [&str; 5] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ"];

/// A place to which alerts are sent.
#[derive(Debug)]
pub enum Destination {
    /// Alerts are posted to a URL as JSON.
    Url(Post),
    /// Alerts are given to a command on its standard input as JSON. No shell is involved.
    Command(PathBuf),
}

/// Why a destination could not be notified.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The post to the URL failed.
    #[error(transparent)]
    Post(#[from] post::Error),
    /// The command could not be started, awaited or killed.
    #[error("could not run the alert command {}; check that the file exists and is executable", .command.display())]
    Run {
        /// The path of the command.
        command: PathBuf,
        /// The system's reason, for example a missing permission.
        #[source]
        source: io::Error,
    },
    /// The command ended with a failure, or was killed.
    #[error("the alert command {} failed ({status}); Cartage runs it again later", .command.display())]
    Failed {
        /// The path of the command.
        command: PathBuf,
        /// The command's exit code or the signal that ended it.
        status: ExitStatus,
    },
    /// The command did not end within [`COMMAND_MS_MAX`].
    #[error("the alert command {} did not end within {COMMAND_MS_MAX} ms and was killed; Cartage runs it again later", .command.display())]
    TooLong {
        /// The path of the command.
        command: PathBuf,
    },
}

/// The kind of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum News {
    Raised,
    StillOpen,
    Cleared,
}

type Key = (MerchantId, String, Subject);

/// A destination, with the alerts that it was told of.
struct Line {
    destination: Destination,
    /// By open alert: when the destination was told last, in milliseconds since 1970.
    told: BTreeMap<Key, u64>,
    failures: u32,
    not_before_unix_ms: u64,
}

/// Notifies all destinations.
pub struct Notifier {
    lines: Vec<Line>,
    words: Box<dyn Words + Send + Sync>,
    seeded: bool,
}

impl Notifier {
    /// Notifies these destinations, in the words of the people who are told there.
    pub fn new(destinations: Vec<Destination>, words: impl Words + Send + Sync + 'static) -> Notifier {
        let line = |destination| Line { destination, told: BTreeMap::new(), failures: 0, not_before_unix_ms: 0 };
        Notifier { lines: destinations.into_iter().map(line).collect(), words: Box::new(words), seeded: false }
    }

    /// Sends the notifications that are due for the alerts on record. Returns those of which a note must be stored: open alerts of which somebody was
    /// told now, and cleared ones whose end everybody has been told of.
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
                told |= line.tell(one, &*self.words, now_unix_ms).await;
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

    /// Sends a notification of one alert that cannot be put on record. Returns whether somebody who was told of the alert must still be told of its
    /// end.
    pub async fn tell_unrecorded(&mut self, one: &(MerchantId, Alert), now_unix_ms: u64) -> bool {
        for line in &mut self.lines {
            line.tell(one, &*self.words, now_unix_ms).await;
        }
        let key = key(&one.0, &one.1);
        self.lines.iter().any(|line| line.told.contains_key(&key))
    }
}

impl Line {
    /// Tells this destination what it does not know yet. Returns whether anything was told.
    async fn tell(&mut self, (merchant, alert): &(MerchantId, Alert), words: &(dyn Words + Send + Sync), now_unix_ms: u64) -> bool {
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
        match self.destination.tell(document(merchant, alert, words, news)).await {
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
                let (kind, subject) = (&alert.kind, alert.subject.to_string());
                tracing::warn!(error = chain(&error), kind, subject, again_s = rest_ms / 1000, "could not send an alert");
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

/// The JSON document that a destination gets. `text` is all of it in one line, for chat rooms.
fn document(merchant: &MerchantId, alert: &Alert, words: &dyn Words, news: News) -> String {
    let Alert { kind, subject, detail, remedies, raised_at_unix_ms, cleared_at_unix_ms, .. } = alert;
    let about = subject.cart().map_or_else(|| "Cartage".to_owned(), |_| subject.to_string());
    let text = match news {
        News::Raised => format!("Cartage: {about}: {kind}: {}", alert.text(words)),
        News::StillOpen => format!("Cartage: {about}: still {kind}: {}", alert.text(words)),
        News::Cleared => format!("Cartage: {about}: no longer {kind}"),
    };
    let more = AlertKind::ALL.iter().any(|known| known.name() == kind).then(|| format!("docs/alerts.md#{kind}"));
    let remedies: Vec<String> = remedies.iter().map(|remedy| words.advice(remedy)).collect();
    let document = serde_json::json!({
        "news": news, "merchant": merchant, "kind": kind, "subject": subject, "detail": detail, "remedies": remedies, "raised_at_unix_ms": raised_at_unix_ms,
        "cleared_at_unix_ms": cleared_at_unix_ms, "text": text, "more": more,
    });
    document.to_string()
}

/// Runs a command with the document on its standard input, and waits at most `at_most` for its end.
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

/// Kills a command and all processes that it started.
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
