//! The daemon's own TLS: a certificate and its key from two PEM files, which are read again when they change.
//!
//! A [`Keeper`] holds the certificate of a listener. Its files are checked every ten seconds, and at once on SIGHUP, so that the next connection uses a
//! renewed certificate without a restart; open connections keep theirs. If the files cannot be used, the previous certificate stays in use, and the log says
//! why, once for each cause. That includes the moment in which a renewal has written only one of the two files. The daemon supports TLS 1.2 and 1.3 with
//! HTTP/1.1. It asks for no client certificates: clients identify themselves by their token. The [listener](super::listener) accepts the connections.
//!
//! A keeper cannot know whether a client will trust the certificate. It checks only the dates, because a certificate expires without anybody's action.

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

/// Interval at which the files are checked.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long before its end the log warns of a certificate. Renewals are commonly made a month before.
const ENDS_SOON_MS: u64 = 14 * DAY_MS;
/// Interval at which the same warning about dates is repeated.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The certificates of the daemon's listeners.
#[derive(Debug, clap::Args)]
pub(super) struct Certificates {
    /// A PEM file with the API's certificate, then the intermediate certificates. With it the API speaks TLS.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// A PEM file with the certificate's private key, which only its owner and group may read.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The certificate for posts of Order Managers, which may be the API's.
    #[arg(long, value_name = "FILE", requires = "seti_tls_key")]
    seti_tls_cert: Option<PathBuf>,
    /// The private key of that certificate.
    #[arg(long, value_name = "FILE", requires = "seti_tls_cert")]
    seti_tls_key: Option<PathBuf>,
}

impl Certificates {
    /// Reads the API's certificate; `None` if none is configured.
    pub(super) fn api(&self) -> Result<Option<Arc<Keeper>>, Error> {
        keeper(self.tls_cert.as_ref(), self.tls_key.as_ref())
    }

    /// Reads the certificate for Order Managers' posts; `None` if none is configured.
    pub(super) fn seti(&self) -> Result<Option<Arc<Keeper>>, Error> {
        keeper(self.seti_tls_cert.as_ref(), self.seti_tls_key.as_ref())
    }
}

fn keeper(certificate: Option<&PathBuf>, key: Option<&PathBuf>) -> Result<Option<Arc<Keeper>>, Error> {
    let files = certificate.zip(key).map(|(certificate, key)| Files { certificate: certificate.clone(), key: key.clone() });
    files.map(|files| Keeper::open(files, Arc::new(SystemClock)).map(Arc::new)).transpose()
}

/// A certificate and its key, kept in step with their files.
pub(super) struct Keeper {
    files: Files,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
}

struct Kept {
    key: Arc<CertifiedKey>,
    /// The content of the files when they were last accepted.
    content: Content,
    /// The last reported reason why the files could not be used since then.
    failed: Option<String>,
    /// When the log last warned of the dates.
    warned_at_unix_ms: Option<u64>,
}

/// The result of checking the files.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The files hold the certificate that is in use.
    Same,
    /// The files hold a new certificate, which is used from now on.
    Taken,
    /// The files cannot be used; the previous certificate stays in use.
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

    /// The TLS configuration of a listener.
    pub(super) fn config(self: &Arc<Self>) -> Result<ServerConfig, Error> {
        let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let builder = builder.with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12]).map_err(Error::Protocol)?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::<Keeper>::clone(self));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Checks the files, and uses their new content if that is valid.
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
                tracing::info!(certificate = %self.files.certificate.display(), "the certificate was reloaded, and is used from now on");
                self.warn_of_dates();
                Look::Taken
            }
            Err(error) => {
                let why = cartage::causes::chain(&error);
                if self.kept().failed.replace(why.clone()).is_none_or(|before| before != why) {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the certificate could not be reloaded: the previous one stays in use"
                    );
                }
                Look::Failed(why)
            }
        }
    }

    /// Warns once a day if clients will reject the certificate because of its dates.
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
        // No code panics while it holds the lock, and the state is consistent in any case.
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

/// The SIGHUP stream, if there is a certificate to read again. Otherwise SIGHUP keeps its default effect and ends the daemon.
pub(super) fn hang_ups(keepers: &[Arc<Keeper>]) -> std::io::Result<Option<Signal>> {
    if keepers.is_empty() { Ok(None) } else { signal(SignalKind::hangup()).map(Some) }
}

/// Checks the files at intervals, and on SIGHUP.
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
                    tracing::info!(certificate = %keeper.files.certificate.display(), "the certificate has not changed")
                }
                Ok(_) => {}
                Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "the check of a certificate was cut off"),
            }
        }
    }
}
