//! Where a cart's endpoints lead: the operator's base URLs, checked once, when they are bound, against the manifest and the address rules.
//!
//! The rule is https. Plain http needs either the operator's consent (`plain_http = "accepted"`) or a private exception that covers every address
//! that the endpoint may reach. IP addresses in place of names, names that only mean something inside a network, and unusual ports need a private
//! exception as well; a port may also be listed. The addresses of a name are not known here: they are vetted for each connection, by the
//! [`AddressRules`] in a [`CheckedBinding`].

use super::address::{self, AddressRules, Public, Target, TargetError, ThisMachine, normal_name};
use cartage_base::nearest;
use cartage_contract::grants::{BaseUrl, BaseUrlError, BoundEndpoint, SecretsInClear};
use cartage_contract::manifest::{Base, Endpoint, Manifest};
use cartage_model::carts::{self, Consent};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::IpAddr;
use url::Host;

/// Why an endpoint cannot be bound to the operator's base URL.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The manifest has no such endpoint.
    #[error("the plugin has no endpoint {name:?}; {hint}")]
    Unknown {
        /// The endpoint's name as the operator wrote it.
        name: String,
        /// The most similar endpoint name, or the list of all of them, as the end of a sentence.
        hint: String,
    },
    /// An endpoint that the plugin cannot work without is not bound.
    #[error("endpoint {name} ({purpose}) is not bound: give its base URL, for example {example}")]
    Missing {
        /// The endpoint's name in the manifest.
        name: String,
        /// What the plugin uses the endpoint for, as the manifest says.
        purpose: String,
        /// The manifest's example of a base URL.
        example: String,
    },
    /// The operator's text is not a base URL in its normal form.
    #[error("the base URL of endpoint {endpoint} cannot be used")]
    BaseUrl {
        /// The endpoint's name in the manifest.
        endpoint: String,
        /// The rule for base URLs that the text breaks.
        #[source]
        source: BaseUrlError,
    },
    /// The base URL that OAuth 1.0a is to sign is not in its normal form.
    #[error("the signed_base_url of endpoint {endpoint} cannot be used")]
    SignedBaseUrl {
        /// The endpoint's name in the manifest.
        endpoint: String,
        /// The rule for base URLs that the text breaks.
        #[source]
        source: BaseUrlError,
    },
    /// The base URL does not match the manifest's pattern for the endpoint.
    #[error("endpoint {endpoint} cannot be bound to {base_url}: the plugin takes {takes}")]
    Unfit {
        /// The endpoint's name in the manifest.
        endpoint: String,
        /// The base URL as the operator wrote it.
        base_url: String,
        /// The URLs that the manifest accepts, in words.
        takes: String,
    },
    /// The base URL is plain http, without the operator's consent and without a private exception.
    #[error(
        "endpoint {endpoint} is bound to {base_url}, which is not encrypted: use https, or name a private exception for {host}, \
         or set plain_http = \"accepted\" for this endpoint"
    )]
    PlainHttp {
        /// The endpoint's name in the manifest.
        endpoint: String,
        /// The base URL as the operator wrote it.
        base_url: String,
        /// The URL's host in lower case, which a private exception may name.
        host: String,
    },
    /// The base URL has an IP address in place of a host name, and no private exception holds the address.
    #[error("endpoint {endpoint} is bound to the address {ip}: use a host name, or name a private exception that holds the address")]
    Literal {
        /// The endpoint's name in the manifest.
        endpoint: String,
        /// The address, an IPv4-mapped one as IPv4.
        ip: IpAddr,
    },
    /// The base URL has an IP address that the address rules deny.
    #[error("endpoint {endpoint} cannot be bound to this address")]
    Address {
        /// The endpoint's name in the manifest.
        endpoint: String,
        /// The address rule that denies the address.
        #[source]
        source: address::Denied,
    },
    /// The host name only means something inside a network, and no private exception names the host.
    #[error(
        "endpoint {endpoint} is bound to {host}, a name that is not public: use a public name, or name a private exception that allows {host:?}"
    )]
    PrivateName {
        /// The endpoint's name in the manifest.
        endpoint: String,
        /// The host name in lower case.
        host: String,
    },
    /// The port is not the scheme's usual one, is not listed in the endpoint's ports, and no private exception applies.
    #[error(
        "endpoint {endpoint} is bound to port {port}: use the usual port, or add {port} to the endpoint's ports, or name a private exception for {host}"
    )]
    Port {
        /// The endpoint's name in the manifest.
        endpoint: String,
        /// The port that the base URL names.
        port: u16,
        /// The URL's host in lower case, which a private exception may name.
        host: String,
    },
    /// A private exception has no name, so nobody can tell what it is for.
    #[error("endpoint {endpoint} has a private exception for {allow} without a name: add a name that says what is at this address")]
    Unnamed {
        /// The endpoint's name in the manifest.
        endpoint: String,
        /// What the exception opens, as the operator wrote it.
        allow: String,
    },
    /// A private exception is not an address, a network or a host name, or opens addresses that no exception can open.
    #[error("the private exception {name:?} of endpoint {endpoint} cannot be used")]
    Exception {
        /// The endpoint's name in the manifest.
        endpoint: String,
        /// The exception's name, given by the operator.
        name: String,
        /// What is wrong with the exception's target.
        #[source]
        source: TargetError,
    },
}

/// A bound endpoint: its base URL and the rules for the addresses that it may reach.
#[derive(Debug, Clone)]
pub struct CheckedBinding {
    base: BaseUrl,
    secrets: SecretsInClear,
    signed: Option<BaseUrl>,
    rules: AddressRules,
}

impl CheckedBinding {
    /// Checks the destination that the operator configured for one endpoint.
    ///
    /// # Errors
    ///
    /// All variants of [`Error`] except `Unknown` and `Missing`.
    pub fn new(endpoint: &Endpoint, config: &carts::Binding) -> Result<CheckedBinding, Error> {
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
        Ok(CheckedBinding { base, secrets, signed, rules })
    }

    /// The base URL to which the plugin's paths are added.
    pub fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// The endpoint as the request checks see it: its base URLs, and whether secrets may be sent there.
    pub fn grant(&self) -> BoundEndpoint {
        BoundEndpoint { base: self.base.clone(), secrets: self.secrets, signed: self.signed.clone() }
    }

    /// The rules by which each address of the endpoint's host is vetted before a connection.
    pub fn rules(&self) -> &AddressRules {
        &self.rules
    }
}

/// A cart's bound endpoints, by their names in the manifest.
#[derive(Debug, Clone)]
pub struct Bindings(BTreeMap<String, CheckedBinding>);

impl Bindings {
    /// Checks a cart's destinations against the plugin's manifest: every name is known, every required endpoint is bound, and each binding is valid.
    pub fn new(manifest: &Manifest, configs: &BTreeMap<String, carts::Binding>) -> Result<Bindings, Error> {
        let names = || manifest.endpoints.iter().map(|endpoint| endpoint.name.as_str());
        let bind = |(name, config): (&String, &carts::Binding)| match manifest.endpoint(name) {
            Some(endpoint) => Ok((name.clone(), CheckedBinding::new(endpoint, config)?)),
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

    /// The bound endpoints with their names, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &CheckedBinding)> {
        self.0.iter().map(|(name, binding)| (name.as_str(), binding))
    }
}

/// Parses the targets of the operator's private exceptions.
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

/// The operator's settings of one endpoint, parsed but not yet judged.
struct Asked<'a> {
    endpoint: &'a str,
    base: &'a BaseUrl,
    config: &'a carts::Binding,
    opened: Vec<Target>,
}

impl Asked<'_> {
    /// The host in the form in which names are compared.
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

    /// The rules that the operator's settings lead to. An exception for the host itself, plain http without consent, or a literal address keeps the
    /// endpoint within its exceptions.
    fn rules(&self) -> AddressRules {
        let network = |target: &Target| if let Target::Network(network) = target { Some(*network) } else { None };
        let networks: Vec<IpNet> = self.opened.iter().filter_map(network).collect();
        let host_named = self.opened.contains(&Target::Host(self.name()));
        let unencrypted = !self.base.is_https() && self.config.plain_http == Consent::Refused;
        let private = host_named || unencrypted || self.literal().is_some();
        AddressRules {
            public: if private { Public::Denied } else { Public::Allowed },
            networks,
            host_named,
            own: Vec::new(),
            this_machine: ThisMachine::Denied,
        }
    }

    fn check_host(&self, rules: &AddressRules) -> Result<(), Error> {
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

    fn check_scheme(&self, rules: &AddressRules) -> Result<(), Error> {
        let open = rules.public == Public::Allowed || rules.host_named || !rules.networks.is_empty();
        if !self.base.is_https() && !open {
            let (endpoint, base_url) = (self.endpoint.to_owned(), self.config.base_url.clone());
            return Err(Error::PlainHttp { endpoint, base_url, host: self.name() });
        }
        Ok(())
    }

    fn check_port(&self, rules: &AddressRules) -> Result<(), Error> {
        let url = self.base.url();
        match url.port() {
            None => Ok(()),
            Some(port) if port != 0 && (rules.public == Public::Denied || self.config.ports.contains(&port)) => Ok(()),
            Some(port) => Err(Error::Port { endpoint: self.endpoint.to_owned(), port, host: self.name() }),
        }
    }
}

/// Whether a name only means something inside a network: it has one label, or ends with a suffix reserved for private use.
fn is_private_name(host: &str) -> bool {
    const SUFFIXES: &[&str] = &[".internal", ".local", ".localhost", ".svc", ".home.arpa"];
    !host.contains('.') || SUFFIXES.iter().any(|suffix| host.ends_with(suffix))
}

/// The private exception that a cart at this base URL needs: for an address of a private network or of loopback, or for a name that only means
/// something inside a network. `None` if the URL needs no exception, or none would help.
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
