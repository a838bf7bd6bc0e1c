//! TLS of the daemon's own: a certificate and its key from two PEM files, served to whoever connects and read again when they change.
//!
//! A [`Keeper`] holds what is served at a listener. Its files are looked at every ten seconds, and at once on SIGHUP, so that a renewed
//! certificate is used by the next connection without a restart; connections that are open keep theirs. Files that cannot be used change
//! nothing: what was read before is served on, and the log says why, once for each cause. A renewal that writes one file after the other is
//! such a moment, and passes. TLS 1.2 and 1.3, HTTP/1.1, no certificates of clients: those say who they are by their token. How connections
//! come in is the [listener](super::listener)'s.
//!
//! It cannot know whether a client will trust the certificate. Only its dates are looked at, since they are what goes wrong by itself.

mod files;

#[cfg(test)]
mod tests;

pub(super) use files::Error;

use cartage::clock::{Clock, SystemClock};
use files::{Content, Files};
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// From how long before its end a certificate is warned of. Renewals are commonly made a month before.
const ENDS_SOON_MS: u64 = 14 * DAY_MS;
/// How often the same warning of a date is given.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The certificates that the daemon's listeners have.
#[derive(Debug, clap::Args)]
pub(super) struct Certificates {
    /// A file with the API's certificate and those that lead to its authority, in PEM. With it the API speaks TLS.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// A file with the certificate's private key, in PEM. Nobody but its owner and group may read it.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The same for posts of Order Managers, which may have the API's files too.
    #[arg(long, value_name = "FILE", requires = "seti_tls_key")]
    seti_tls_cert: Option<PathBuf>,
    /// The private key of that certificate.
    #[arg(long, value_name = "FILE", requires = "seti_tls_cert")]
    seti_tls_key: Option<PathBuf>,
}

impl Certificates {
    /// Reads what the API is served with, if it has a certificate.
    pub(super) fn api(&self) -> Result<Option<Arc<Keeper>>, Error> {
        keeper(self.tls_cert.as_ref(), self.tls_key.as_ref())
    }

    /// Reads what posts are taken with, if there is a certificate for them.
    pub(super) fn seti(&self) -> Result<Option<Arc<Keeper>>, Error> {
        keeper(self.seti_tls_cert.as_ref(), self.seti_tls_key.as_ref())
    }
}

fn keeper(certificate: Option<&PathBuf>, key: Option<&PathBuf>) -> Result<Option<Arc<Keeper>>, Error> {
    let files = certificate.zip(key).map(|(certificate, key)| Files { certificate: certificate.clone(), key: key.clone() });
    files.map(|files| Keeper::open(files, Arc::new(SystemClock)).map(Arc::new)).transpose()
}

/// A certificate and its key, kept as their files are.
pub(super) struct Keeper {
    files: Files,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
}

struct Kept {
    key: Arc<CertifiedKey>,
    /// What the files held when they were last taken.
    content: Content,
    /// Why they could not be taken since, as it was said.
    failed: Option<String>,
    /// When their dates were last warned of.
    warned_at_unix_ms: Option<u64>,
}

/// What a look at the files came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// They hold what is served.
    Same,
    /// What they hold is served from now on.
    Taken,
    /// They cannot be used; what was read before is served on.
    Failed(String),
}

impl Keeper {
    fn open(files: Files, clock: Arc<dyn Clock>) -> Result<Keeper, Error> {
        let content = files.read()?;
        let key = Arc::new(files.parse(&content)?);
        let keeper = Keeper { files, clock, kept: Mutex::new(Kept { key, content, failed: None, warned_at_unix_ms: None }) };
        keeper.warn_of_dates();
        Ok(keeper)
    }

    /// What a listener speaks.
    pub(super) fn config(self: &Arc<Self>) -> Result<ServerConfig, Error> {
        let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let builder = builder.with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12]).map_err(Error::Protocol)?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::<Keeper>::clone(self));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Looks at the files, and takes what they hold now if it can be used.
    pub(super) fn look(&self) -> Look {
        let read = self.files.read();
        if read.as_ref().is_ok_and(|content| *content == self.kept().content) {
            self.kept().failed = None;
            self.warn_of_dates();
            return Look::Same;
        }
        match read.and_then(|content| Ok((self.files.parse(&content)?, content))) {
            Ok((key, content)) => {
                *self.kept() = Kept { key: Arc::new(key), content, failed: None, warned_at_unix_ms: None };
                tracing::info!(certificate = %self.files.certificate.display(), "the certificate was read again, and is served from now on");
                self.warn_of_dates();
                Look::Taken
            }
            Err(error) => {
                let why = cartage::causes::chain(&error);
                if self.kept().failed.replace(why.clone()).is_none_or(|before| before != why) {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the certificate could not be read again: the one from before is served on"
                    );
                }
                Look::Failed(why)
            }
        }
    }

    /// Warns once a day of dates that clients will not take.
    fn warn_of_dates(&self) {
        let now = self.clock.now_unix_ms();
        let mut kept = self.kept();
        if kept.warned_at_unix_ms.is_some_and(|at| now.saturating_sub(at) < DAY_MS) {
            return;
        }
        if let Some(doubt) = files::doubt(&kept.key, now, ENDS_SOON_MS) {
            kept.warned_at_unix_ms = Some(now);
            tracing::warn!(certificate = %self.files.certificate.display(), "{doubt}");
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        // Nothing panics while it is held; what is in it is whole in any case.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("files", &self.files).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Keeper {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.kept().key.clone())
    }
}

/// SIGHUP, where there is a certificate to read again; without one it ends the daemon, as it does any program.
pub(super) fn hang_ups(keepers: &[Arc<Keeper>]) -> std::io::Result<Option<Signal>> {
    if keepers.is_empty() { Ok(None) } else { signal(SignalKind::hangup()).map(Some) }
}

/// Looks at the files again and again.
pub(super) async fn keep(keepers: Vec<Arc<Keeper>>, hang_ups: Option<Signal>) {
    let Some(mut hang_ups) = hang_ups else { return std::future::pending().await };
    loop {
        let asked = tokio::select! {
            _ = hang_ups.recv() => true,
            () = tokio::time::sleep(LOOK_EVERY) => false,
        };
        for keeper in keepers.iter().cloned() {
            let looked = tokio::task::spawn_blocking(move || (keeper.look(), keeper)).await;
            match looked {
                Ok((Look::Same, keeper)) if asked => {
                    tracing::info!(certificate = %keeper.files.certificate.display(), "the certificate is the one that is served")
                }
                Ok(_) => {}
                Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "looking at a certificate was cut off"),
            }
        }
    }
}
