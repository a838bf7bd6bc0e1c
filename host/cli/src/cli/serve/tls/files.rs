//! The two PEM files: read with a size limit, the key only if others cannot read it, and parsed for rustls.

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, InconsistentKeys, RootCertStore};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Largest size of one file, in bytes. A chain of ten certificates has about 20 KB.
pub(super) const FILE_BYTES_MAX: u64 = 256 * 1024;
/// Largest number of certificates in a chain.
pub(super) const CHAIN_MAX: usize = 16;

/// Why a certificate and its key cannot be served.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum Error {
    /// A file could not be read.
    #[error("could not read {path}", path = .path.display())]
    Read {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
    /// A file is too long to be what it should be.
    #[error("{path} has more than {FILE_BYTES_MAX} bytes, so it is not a PEM file of a certificate or key", path = .path.display())]
    TooLong {
        /// The path of the file.
        path: PathBuf,
    },
    /// Others may read or change the key.
    #[error("{path} has mode {mode:o}: others may read the private key, or change it; chmod 600 {path}, or 640 where the daemon has it through its group", path = .path.display())]
    TooOpen {
        /// The path of the file.
        path: PathBuf,
        /// The file's permission bits.
        mode: u32,
    },
    /// A file is broken PEM.
    #[error("{path} is not well-formed PEM", path = .path.display())]
    Pem {
        /// The path of the file.
        path: PathBuf,
        /// The parser's error.
        #[source]
        source: pem::Error,
    },
    /// The file contains no certificate.
    #[error("{path} holds no certificate: it has no section BEGIN CERTIFICATE", path = .path.display())]
    NoCertificate {
        /// The path of the file.
        path: PathBuf,
    },
    /// The file contains too many certificates.
    #[error("{path} holds more than {CHAIN_MAX} certificates; give the server's certificate and its intermediate certificates", path = .path.display())]
    LongChain {
        /// The path of the file.
        path: PathBuf,
    },
    /// The file contains no key that can be read without a passphrase.
    #[error("{path} holds no private key that can be read: it has no section BEGIN PRIVATE KEY; decrypt an encrypted key with openssl pkey", path = .path.display())]
    NoKey {
        /// The path of the file.
        path: PathBuf,
    },
    /// The key does not belong to the certificate.
    #[error("the private key in {key} is not that of the first certificate in {certificate}; the server's own certificate comes first", key = .key.display(), certificate = .certificate.display())]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// rustls does not support the certificate or its key.
    #[error("the certificate in {certificate} and the key in {key} cannot be served", key = .key.display(), certificate = .certificate.display())]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// The error of rustls.
        #[source]
        source: rustls::Error,
    },
    /// rustls could not be set up.
    #[error("could not set up TLS")]
    Protocol(#[source] rustls::Error),
}

/// The paths of a certificate and its key.
#[derive(Debug)]
pub(super) struct Files {
    /// The certificate and those that lead to its authority.
    pub(super) certificate: PathBuf,
    /// The private key.
    pub(super) key: PathBuf,
}

/// The content of the two files.
#[derive(PartialEq, Eq)]
pub(super) struct Content {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Files {
    pub(super) fn read(&self) -> Result<Content, Error> {
        let (certificate, _) = read(&self.certificate)?;
        let (key, mode) = read(&self.key)?;
        match mode & 0o037 {
            0 => Ok(Content { certificate: certificate.to_vec(), key }),
            _ => Err(Error::TooOpen { path: self.key.clone(), mode: mode & 0o7777 }),
        }
    }

    pub(super) fn parse(&self, content: &Content) -> Result<CertifiedKey, Error> {
        let chain = CertificateDer::pem_slice_iter(&content.certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|source| Error::Pem { path: self.certificate.clone(), source })?;
        match chain.len() {
            0 => return Err(Error::NoCertificate { path: self.certificate.clone() }),
            1..=CHAIN_MAX => {}
            _ => return Err(Error::LongChain { path: self.certificate.clone() }),
        }
        let key = PrivateKeyDer::from_pem_slice(&content.key).map_err(|error| match error {
            pem::Error::NoItemsFound => Error::NoKey { path: self.key.clone() },
            source => Error::Pem { path: self.key.clone(), source },
        })?;
        CertifiedKey::from_der(chain, key, &rustls::crypto::ring::default_provider()).map_err(|error| {
            let (certificate, key) = (self.certificate.clone(), self.key.clone());
            match error {
                rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => Error::Mismatch { certificate, key },
                source => Error::Unusable { certificate, key, source },
            }
        })
    }
}

/// A file's content and mode. Both belong to the same file, even if the name is given to another file meanwhile.
fn read(path: &Path) -> Result<(Zeroizing<Vec<u8>>, u32), Error> {
    use std::os::unix::fs::MetadataExt as _;
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode();
    let mut content = Zeroizing::new(Vec::new());
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > FILE_BYTES_MAX {
        return Err(Error::TooLong { path: path.to_owned() });
    }
    Ok((content, mode))
}

/// Why clients will reject the certificate because of its dates, now or within `soon_ms`; `None` if they will not.
pub(super) fn doubt(key: &CertifiedKey, now_unix_ms: u64, soon_ms: u64) -> Option<String> {
    let at = |unix_ms| dates(key, UnixTime::since_unix_epoch(Duration::from_millis(unix_ms)));
    match at(now_unix_ms) {
        Some(CertificateError::ExpiredContext { not_after, .. }) => {
            Some(format!("the certificate ended on {}: clients refuse it until it is renewed", day(not_after)))
        }
        Some(CertificateError::NotValidYetContext { not_before, .. }) => {
            Some(format!("the certificate begins on {}: clients refuse it until then, or this machine's clock is wrong", day(not_before)))
        }
        _ => match at(now_unix_ms.saturating_add(soon_ms)) {
            Some(CertificateError::ExpiredContext { not_after, .. }) => {
                Some(format!("the certificate ends on {}: renew it", day(not_after)))
            }
            _ => None,
        },
    }
}

/// Checks the certificate as a client would that knows only the public authorities. That check begins with the dates. Its other results are ignored, because
/// clients may know a private authority.
fn dates(key: &CertifiedKey, at: UnixTime) -> Option<CertificateError> {
    let roots = Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let judge = WebPkiServerVerifier::builder_with_provider(roots, provider).build().ok()?;
    let name = ServerName::try_from("localhost").expect("it is a name");
    match judge.verify_server_cert(key.cert.first()?, &[], &name, &[], at) {
        Err(rustls::Error::InvalidCertificate(error)) => Some(error),
        _ => None,
    }
}

fn day(at: UnixTime) -> String {
    match jiff::Timestamp::from_second(i64::try_from(at.as_secs()).unwrap_or(i64::MAX)) {
        Ok(at) => at.strftime("%Y-%m-%d").to_string(),
        Err(_) => "a day beyond the calendar".to_owned(),
    }
}
