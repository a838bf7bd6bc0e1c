//! Where a cart's endpoints lead: the operator's words, checked against the manifest and the rules, once, when they are bound.
//!
//! https is the rule. Plain http needs either the operator's consent (`plain_http = "accepted"`) or a private exception in which every
//! address lies that the endpoint may reach. Addresses in place of names, names that only mean something inside a network, and unusual
//! ports need a private exception as well; a port may also be listed. Which addresses a name leads to is not known here: they are
//! vetted for each connection, by the [`Rules`] that a [`Binding`] carries.

use super::address::{self, Public, Rules, Target, TargetError, ThisMachine, normal_name};
use crate::carts::{self, Consent};
use crate::nearest;
use cartage_contract::grants::{BaseUrl, BaseUrlError, BoundEndpoint, SecretsInClear};
use cartage_contract::manifest::{Base, Endpoint, Manifest};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::IpAddr;
use url::Host;

/// Why an endpoint cannot be bound so.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The manifest has no such endpoint.
    #[error("the plugin has no endpoint {name:?}; {hint}")]
    Unknown {
        /// The name given.
        name: String,
        /// What was probably meant.
        hint: String,
    },
    /// An endpoint that the plugin cannot work without is not bound.
    #[error("endpoint {name} ({purpose}) is not bound: give its base URL, for example {example}")]
    Missing {
        /// The endpoint.
        name: String,
        /// What for.
        purpose: String,
        /// The manifest's example.
        example: String,
    },
    /// The text is no base URL in its normal form.
    #[error("the base URL of endpoint {endpoint} cannot be used")]
    BaseUrl {
        /// The endpoint.
        endpoint: String,
        /// Why not.
        #[source]
        source: BaseUrlError,
    },
    /// The text that OAuth 1.0a is to sign is no base URL in its normal form.
    #[error("the signed_base_url of endpoint {endpoint} cannot be used")]
    SignedBaseUrl {
        /// The endpoint.
        endpoint: String,
        /// Why not.
        #[source]
        source: BaseUrlError,
    },
    /// The plugin does not speak to such a URL.
    #[error("endpoint {endpoint} cannot be bound to {base_url}: the plugin takes {takes}")]
    Unfit {
        /// The endpoint.
        endpoint: String,
        /// The URL.
        base_url: String,
        /// The manifest's pattern.
        takes: String,
    },
    /// Plain http without consent.
    #[error(
        "endpoint {endpoint} is bound to {base_url}, which is not encrypted: use https, or name a private exception for {host}, \
         or set plain_http = \"accepted\" for this endpoint"
    )]
    PlainHttp {
        /// The endpoint.
        endpoint: String,
        /// The URL.
        base_url: String,
        /// Its host.
        host: String,
    },
    /// An address that is no public name.
    #[error("endpoint {endpoint} is bound to the address {ip}: use a host name, or name a private exception that holds the address")]
    Literal {
        /// The endpoint.
        endpoint: String,
        /// The address.
        ip: IpAddr,
    },
    /// An address that is denied.
    #[error("endpoint {endpoint} cannot be bound to this address")]
    Address {
        /// The endpoint.
        endpoint: String,
        /// Why not.
        #[source]
        source: address::Denied,
    },
    /// A name that only means something inside a network.
    #[error(
        "endpoint {endpoint} is bound to {host}, a name that is not public: use a public name, or name a private exception that allows {host:?}"
    )]
    PrivateName {
        /// The endpoint.
        endpoint: String,
        /// The name.
        host: String,
    },
    /// A port that is not the scheme's.
    #[error(
        "endpoint {endpoint} is bound to port {port}: use the usual port, or add {port} to the endpoint's ports, or name a private exception for {host}"
    )]
    Port {
        /// The endpoint.
        endpoint: String,
        /// The port.
        port: u16,
        /// The host.
        host: String,
    },
    /// An exception without a name.
    #[error("endpoint {endpoint} has a private exception for {allow} without a name: say what is there")]
    Unnamed {
        /// The endpoint.
        endpoint: String,
        /// What it opens.
        allow: String,
    },
    /// An exception that opens nothing, or too much.
    #[error("the private exception {name:?} of endpoint {endpoint} cannot be used")]
    Exception {
        /// The endpoint.
        endpoint: String,
        /// The exception.
        name: String,
        /// Why not.
        #[source]
        source: TargetError,
    },
}

/// An endpoint, bound: where it leads, by which rules.
#[derive(Debug, Clone)]
pub struct Binding {
    base: BaseUrl,
    secrets: SecretsInClear,
    signed: Option<BaseUrl>,
    rules: Rules,
}

impl Binding {
    /// Checks one endpoint's destination.
    ///
    /// # Errors
    ///
    /// Every variant of [`Error`] but `Unknown` and `Missing`.
    pub fn new(endpoint: &Endpoint, config: &carts::Binding) -> Result<Binding, Error> {
        let name = || endpoint.name.clone();
        let base = BaseUrl::parse(&config.base_url).map_err(|source| Error::BaseUrl { endpoint: name(), source })?;
        if !base.fits(&endpoint.base) {
            return Err(Error::Unfit { endpoint: name(), base_url: config.base_url.clone(), takes: takes(&endpoint.base) });
        }
        let asked = Asked { endpoint: &endpoint.name, base: &base, config, opened: opened(&endpoint.name, config)? };
        let rules = asked.rules();
        asked.check_host(&rules)?;
        asked.check_scheme(&rules)?;
        asked.check_port(&rules)?;
        let in_clear = !base.is_https() && rules.public == Public::Allowed && config.secrets_in_clear == Consent::Refused;
        let secrets = if in_clear { SecretsInClear::Denied } else { SecretsInClear::Accepted };
        let signed = config.signed_base_url.as_deref().map(BaseUrl::parse).transpose();
        let signed = signed.map_err(|source| Error::SignedBaseUrl { endpoint: name(), source })?;
        Ok(Binding { base, secrets, signed, rules })
    }

    /// The base URL.
    pub fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// What the request checks need to know of it.
    pub fn grant(&self) -> BoundEndpoint {
        BoundEndpoint { base: self.base.clone(), secrets: self.secrets, signed: self.signed.clone() }
    }

    /// By which rules its addresses are vetted.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }
}

/// A cart's bound endpoints, by the manifest's names.
#[derive(Debug, Clone)]
pub struct Bindings(BTreeMap<String, Binding>);

impl Bindings {
    /// Checks a cart's destinations against the plugin's manifest: none unknown, none missing, each by the rules.
    pub fn new(manifest: &Manifest, configs: &BTreeMap<String, carts::Binding>) -> Result<Bindings, Error> {
        let names = || manifest.endpoints.iter().map(|endpoint| endpoint.name.as_str());
        let bind = |(name, config): (&String, &carts::Binding)| match manifest.endpoint(name) {
            Some(endpoint) => Ok((name.clone(), Binding::new(endpoint, config)?)),
            None => Err(Error::Unknown { name: name.clone(), hint: nearest::or_all(name, names()) }),
        };
        let bindings = configs.iter().map(bind).collect::<Result<BTreeMap<_, _>, _>>()?;
        match manifest.endpoints.iter().find(|endpoint| endpoint.required && !bindings.contains_key(&endpoint.name)) {
            Some(Endpoint { name, purpose, example, .. }) => {
                Err(Error::Missing { name: name.clone(), purpose: purpose.clone(), example: example.clone() })
            }
            None => Ok(Bindings(bindings)),
        }
    }

    /// The bound endpoints, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Binding)> {
        self.0.iter().map(|(name, binding)| (name.as_str(), binding))
    }
}

/// What the operator's exceptions open.
fn opened(endpoint: &str, config: &carts::Binding) -> Result<Vec<Target>, Error> {
    let open = |exception: &carts::PrivateException| {
        if exception.name.trim().is_empty() {
            return Err(Error::Unnamed { endpoint: endpoint.to_owned(), allow: exception.allow.clone() });
        }
        let named = |source| Error::Exception { endpoint: endpoint.to_owned(), name: exception.name.clone(), source };
        exception.allow.parse().map_err(named)
    };
    config.private.iter().map(open).collect()
}

/// What the operator asks for one endpoint, parsed but not yet judged.
struct Asked<'a> {
    endpoint: &'a str,
    base: &'a BaseUrl,
    config: &'a carts::Binding,
    opened: Vec<Target>,
}

impl Asked<'_> {
    /// The host as names are compared.
    fn name(&self) -> String {
        normal_name(&self.base.host().to_string())
    }

    fn literal(&self) -> Option<IpAddr> {
        match self.base.host() {
            Host::Domain(_) => None,
            Host::Ipv4(ip) => Some(ip.into()),
            Host::Ipv6(ip) => Some(IpAddr::from(ip).to_canonical()),
        }
    }

    /// An exception for the host itself, or consent withheld from plain http, keeps the endpoint within its exceptions.
    fn rules(&self) -> Rules {
        let network = |target: &Target| if let Target::Network(network) = target { Some(*network) } else { None };
        let networks: Vec<IpNet> = self.opened.iter().filter_map(network).collect();
        let host_named = self.opened.contains(&Target::Host(self.name()));
        let unencrypted = !self.base.is_https() && self.config.plain_http == Consent::Refused;
        let private = host_named || unencrypted || self.literal().is_some();
        Rules {
            public: if private { Public::Denied } else { Public::Allowed },
            networks,
            host_named,
            own: Vec::new(),
            this_machine: ThisMachine::Denied,
        }
    }

    fn check_host(&self, rules: &Rules) -> Result<(), Error> {
        let endpoint = self.endpoint.to_owned();
        if let Some(ip) = self.literal() {
            return match rules.vet(ip) {
                Ok(_) => Ok(()),
                Err(address::Denied::OutsideExceptions { ip }) => Err(Error::Literal { endpoint, ip }),
                Err(source) => Err(Error::Address { endpoint, source }),
            };
        }
        let host = self.name();
        if is_private_name(&host) && !rules.host_named { Err(Error::PrivateName { endpoint, host }) } else { Ok(()) }
    }

    fn check_scheme(&self, rules: &Rules) -> Result<(), Error> {
        let open = rules.public == Public::Allowed || rules.host_named || !rules.networks.is_empty();
        if !self.base.is_https() && !open {
            let (endpoint, base_url) = (self.endpoint.to_owned(), self.config.base_url.clone());
            return Err(Error::PlainHttp { endpoint, base_url, host: self.name() });
        }
        Ok(())
    }

    fn check_port(&self, rules: &Rules) -> Result<(), Error> {
        let url = self.base.url();
        match url.port() {
            None => Ok(()),
            Some(port) if port != 0 && (rules.public == Public::Denied || self.config.ports.contains(&port)) => Ok(()),
            Some(port) => Err(Error::Port { endpoint: self.endpoint.to_owned(), port, host: self.name() }),
        }
    }
}

/// Whether a name only means something inside a network: one label, or below a suffix kept for that.
fn is_private_name(host: &str) -> bool {
    const SUFFIXES: &[&str] = &[".internal", ".local", ".localhost", ".svc", ".home.arpa"];
    !host.contains('.') || SUFFIXES.iter().any(|suffix| host.ends_with(suffix))
}

/// The exception without which no cart is reached at a base URL: for an address of a private network or of loopback, and for a name that only means
/// something inside a network. `None` if the URL needs none, or none would help.
pub fn exception_for(base_url: &str) -> Option<carts::PrivateException> {
    let base = BaseUrl::parse(base_url).ok()?;
    let (allow, here) = match base.host() {
        Host::Domain(name) => {
            let name = normal_name(name);
            is_private_name(&name).then(|| (name.clone(), name == "localhost" || name.ends_with(".localhost")))?
        }
        Host::Ipv4(ip) => (IpNet::from(IpAddr::from(ip)).to_string(), ip.is_loopback()),
        Host::Ipv6(ip) => (IpNet::from(IpAddr::from(ip).to_canonical()).to_string(), ip.is_loopback()),
    };
    allow.parse::<Target>().ok()?;
    let name = if here { "the shop on this machine" } else { "the shop in our own network" };
    Some(carts::PrivateException { name: name.to_owned(), allow })
}

fn takes(base: &Base) -> String {
    match base {
        Base::Any => "any base URL".to_owned(),
        Base::Pattern(pattern) => format!("URLs like {pattern}"),
        Base::Fixed(url) => format!("only {url}"),
        Base::OneOf(urls) => format!("one of {}", urls.join(", ")),
    }
}

#[cfg(test)]
mod tests;
