//! The way out: the only crate with sockets and credentials.
//!
//! A guest's request comes in as plain data and leaves as bytes on a connection. Each step is a module: [`cartage_contract::request`] judges what the
//! plugin may ask; secrets are fetched where the cart's file says ([`secrets`]) and used as [`credential`] says, or are obtained with those ([`tokens`]); the destinations of an endpoint are decided when it is
//! bound ([`endpoint`]), and again for every connection, for the addresses that its name has then ([`resolve`], [`address`]); [`client`] sends the
//! request within limits; secrets in the answer are scrubbed; and all is recorded, without a secret ever having been in the record. [`session`] is
//! that order.
//!
//! A process has one [`Egress`], a cart one [`CartEgress`], and a call one [`Session`]. Carts share the TLS configuration and nothing else: each
//! cart has its own connections.
//!
//! Egress cannot know what a request means. A plugin can do with a credential whatever the credential allows at the endpoint.

pub mod address;
pub mod client;
pub mod credential;
mod cart_egress;
pub mod endpoint;
mod failed;
mod log_in;
mod oauth1;
mod own_headers;
pub mod post;
mod record;
pub mod resolve;
mod scrub;
pub mod secrets;
pub mod session;
mod shared;
pub mod signing;
#[cfg(test)]
mod testing;
pub mod tokens;

pub use cart_egress::CartEgress;
pub use session::{SendMode, Session};

use address::{AddressRules, ThisMachine};
use cartage_base::clock::Clock;
use cartage_contract::grants::Grants;
use cartage_contract::manifest::Manifest;
use cartage_model::carts::Limits;
use client::Client;
use credential::CredentialValues;
use endpoint::Bindings;
use ipnet::IpNet;
use resolve::{Resolver, SystemResolver};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use scrub::Scrubber;
use shared::Shared;
use std::fmt;
use std::sync::Arc;
use tokens::{Keeping, fingerprints};

/// The configuration that the connections of all carts share.
pub struct Egress {
    roots: RootCertStore,
    tls: ClientConfig,
    resolver: Arc<dyn Resolver>,
    clock: Arc<dyn Clock>,
    own: Vec<IpNet>,
    this_machine: ThisMachine,
}

/// Why a cart's connections cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The certificate of a certificate authority cannot be read, so the authority cannot be trusted.
    #[error("could not read the certificate of a certificate authority")]
    Authority(#[source] rustls::Error),
    /// The HTTP client of an endpoint could not be set up.
    #[error("could not set up the connections to endpoint {endpoint}")]
    Client {
        /// The endpoint's name in the manifest.
        endpoint: String,
        /// The error of the HTTP client.
        #[source]
        source: reqwest::Error,
    },
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("own", &self.own).finish_non_exhaustive()
    }
}

impl Egress {
    /// Trusts Mozilla's certificate authorities, speaks TLS 1.2 and 1.3, and asks the operating system for names.
    pub fn new(clock: Arc<dyn Clock>) -> Egress {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = tls(roots.clone());
        Egress { roots, tls, resolver: Arc::new(SystemResolver), clock, own: Vec::new(), this_machine: ThisMachine::Denied }
    }

    /// Trusts this certificate authority as well, such as that of a shop in the operator's own network. The certificate is in DER.
    ///
    /// # Errors
    ///
    /// [`Error::Authority`] if the certificate cannot be read.
    pub fn trusting(mut self, authority: &[u8]) -> Result<Egress, Error> {
        self.roots.add(CertificateDer::from_slice(authority)).map_err(Error::Authority)?;
        self.tls = tls(self.roots.clone());
        Ok(self)
    }

    /// Resolves host names by this resolver, in place of the operating system's.
    #[must_use]
    pub fn with_resolver(mut self, resolver: Arc<dyn Resolver>) -> Egress {
        self.resolver = resolver;
        self
    }

    /// Denies the operator's own public addresses as well.
    #[must_use]
    pub fn denying(mut self, own: Vec<IpNet>) -> Egress {
        self.own = own;
        self
    }

    /// Sets whether carts may be at this machine's own addresses. The default is that they may not.
    #[must_use]
    pub fn at_this_machine(mut self, this_machine: ThisMachine) -> Egress {
        self.this_machine = this_machine;
        self
    }

    /// Prepares a cart's connections. No connection is made yet.
    ///
    /// # Errors
    ///
    /// [`Error::Client`] if the HTTP client cannot be set up.
    pub fn open(
        &self,
        manifest: Arc<Manifest>,
        bindings: &Bindings,
        credentials: CredentialValues,
        limits: &Limits,
    ) -> Result<CartEgress, Error> {
        self.open_with(manifest, bindings, credentials, limits, Keeping::in_memory())
    }

    /// As [`Egress::open`], with tokens that every [`CartEgress`] of the cart shares, and a keeper of the fields that log-ins replace.
    ///
    /// # Errors
    ///
    /// As [`Egress::open`].
    pub fn open_with(
        &self,
        manifest: Arc<Manifest>,
        bindings: &Bindings,
        credentials: CredentialValues,
        limits: &Limits,
        keeping: Keeping,
    ) -> Result<CartEgress, Error> {
        let client = |(name, binding): (&str, &endpoint::CheckedBinding)| {
            let rules = AddressRules { own: self.own.clone(), this_machine: self.this_machine, ..binding.rules().clone() };
            let client = Client::new(self.tls.clone(), Arc::clone(&self.resolver), binding.base().clone(), rules, limits);
            match client {
                Ok(client) => Ok((name.to_owned(), client)),
                Err(source) => Err(Error::Client { endpoint: name.to_owned(), source }),
            }
        };
        let clients = bindings.iter().map(client).collect::<Result<_, _>>()?;
        let grants = Grants {
            endpoints: bindings.iter().map(|(name, binding)| (name.to_owned(), binding.grant())).collect(),
            slots: credentials.granted(),
            limits: limits.requests(),
        };
        let scrubber = Scrubber::new(&credentials.needles(&manifest));
        let endpoints = bindings.iter().map(|(name, binding)| (name.to_owned(), binding.base().as_str().to_owned())).collect();
        let fingerprints = fingerprints(&manifest, &credentials, &endpoints);
        let clock = Arc::clone(&self.clock);
        Ok(CartEgress(Arc::new(Shared { manifest, grants, credentials, scrubber, clients, clock, keeping, fingerprints })))
    }
}

fn tls(roots: RootCertStore) -> ClientConfig {
    let mut tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .expect("the provider speaks both versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    tls
}
