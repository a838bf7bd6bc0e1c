//! The permissions of a plugin, from its manifest and its imports: as text for an operator, and as data.

use cartage_contract::manifest::{Base, Endpoint, KeyEncoding, Login, LoginToken, Manifest, Slot, SlotKind, TokenPlacement};
use serde::Serialize;

/// The permissions of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Powers {
    pub(super) endpoints: Vec<Requests>,
    pub(super) credentials: Vec<Credential>,
    pub(super) imports: Vec<Import>,
}

/// The requests that may go to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Requests {
    pub(super) endpoint: String,
    pub(super) required: bool,
    pub(super) purpose: String,
    /// The URLs to which the operator may bind the endpoint.
    pub(super) leads_to: String,
    pub(super) methods: Vec<String>,
    /// The allowed paths, each with everything below it.
    pub(super) paths: Vec<String>,
    pub(super) sets_headers: Vec<String>,
    pub(super) body_types: Vec<String>,
    pub(super) reads_headers: Vec<String>,
    /// The media types of responses that the plugin reads; empty if any type is allowed.
    pub(super) reads_types: Vec<String>,
    /// The slots whose values may be sent to the endpoint.
    pub(super) credentials: Vec<String>,
}

/// A credential slot, and where its value goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Credential {
    pub(super) slot: String,
    pub(super) required: bool,
    pub(super) purpose: String,
    pub(super) goes: String,
    pub(super) endpoints: Vec<String>,
    /// Whether the plugin may have the value hashed into a message. The plugin sees the hash.
    pub(super) hashed: bool,
}

/// An interface that the plugin imports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Import {
    pub(super) name: String,
    pub(super) gives: &'static str,
}

impl Powers {
    /// The permissions of an admitted plugin. `imports` holds the names of its imports.
    pub(super) fn of(manifest: &Manifest, imports: Vec<String>) -> Powers {
        let import = |name: String| Import { gives: gives(&name), name };
        Powers {
            endpoints: manifest.endpoints.iter().map(|endpoint| requests(manifest, endpoint)).collect(),
            credentials: manifest.slots.iter().map(credential).collect(),
            imports: imports.into_iter().map(import).collect(),
        }
    }
}

impl Requests {
    /// The permissions as rows of a name and a value.
    pub(super) fn rows(&self) -> Vec<(&'static str, String)> {
        let list = |items: &[String], none: &str| if items.is_empty() { none.to_owned() } else { items.join(", ") };
        let all = self.paths.iter().any(|path| path == "/");
        let paths =
            if all { "every path below it".to_owned() } else { format!("only the paths {} and those below", list(&self.paths, "")) };
        vec![
            ("for", self.purpose.clone()),
            ("leads to", self.leads_to.clone()),
            ("requests", format!("{} to {paths}", self.methods.join(", "))),
            ("sets headers", list(&self.sets_headers, "content-type alone")),
            ("sends", list(&self.body_types, "no bodies")),
            ("reads", format!("{} of answers", list(&self.reads_types, "any type"))),
            ("reads headers", list(&self.reads_headers, "content-type, retry-after and date alone")),
            ("credentials", list(&self.credentials, "none")),
        ]
    }
}

impl Credential {
    /// The credential's purpose, and where its value goes.
    pub(super) fn words(&self) -> String {
        let hashed = if self.hashed { "\nthe plugin may have it hashed into a message, and sees the hash" } else { "" };
        format!("{}\n{}{hashed}", self.purpose, self.goes)
    }
}

fn requests(manifest: &Manifest, endpoint: &Endpoint) -> Requests {
    let leads_to = match &endpoint.base {
        Base::Any => format!("a base URL that you bind, such as {}", endpoint.example),
        Base::Pattern(pattern) => format!("a base URL like {pattern} that you bind, such as {}", endpoint.example),
        Base::Fixed(url) => format!("always {url}, once you bind it"),
        Base::OneOf(urls) => format!("one of {}, once you bind it", urls.join(", ")),
    };
    let slots = manifest.slots.iter().filter(|slot| slot.endpoints.contains(&endpoint.name));
    Requests {
        endpoint: endpoint.name.clone(),
        required: endpoint.required,
        purpose: endpoint.purpose.clone(),
        leads_to,
        methods: endpoint.methods.iter().map(ToString::to_string).collect(),
        paths: endpoint.path_prefixes.clone(),
        sets_headers: endpoint.request_headers.clone(),
        body_types: endpoint.request_types.clone(),
        reads_headers: endpoint.response_headers.clone(),
        reads_types: endpoint.response_types.clone(),
        credentials: slots.map(|slot| slot.name.clone()).collect(),
    }
}

fn credential(slot: &Slot) -> Credential {
    let requests = format!("requests to {}", slot.endpoints.join(", "));
    let also = format!("of {requests}; the plugin may have the host put it elsewhere in them");
    let goes = match &slot.kind {
        SlotKind::Basic => format!("user name and password in the header authorization {also}"),
        SlotKind::Bearer => format!("a token in the header authorization {also}"),
        SlotKind::Header(placement) if placement.prefix.is_empty() => format!("in the header {} {also}", placement.name),
        SlotKind::Header(placement) => format!("after {:?} in the header {} {also}", placement.prefix, placement.name),
        SlotKind::Query(name) => format!("in the pair {name} of the URL's query {also}"),
        SlotKind::FormField => format!("in fields of a form {also}"),
        SlotKind::MacKey(encoding) => {
            format!("never sent: the host signs messages with it, a key written as {}", written(*encoding))
        }
        SlotKind::Oauth1(_) => format!("never sent: the host signs {requests} with it by OAuth 1.0a"),
        SlotKind::Oauth2ClientCredentials(oauth) => format!(
            "to the endpoint {}, where the host obtains a token by OAuth 2.0 client credentials; the token goes {} of {requests}",
            oauth.token_endpoint,
            put(&oauth.apply)
        ),
        SlotKind::Login(login) => log_in(login, &requests),
        SlotKind::Other(extension) => format!("as {} (not supported)", extension.name),
    };
    Credential {
        slot: slot.name.clone(),
        required: slot.required,
        purpose: slot.purpose.clone(),
        goes,
        endpoints: slot.endpoints.clone(),
        hashed: slot.hashed,
    }
}

/// Describes a log-in: what is sent where, and how the response is used.
fn log_in(login: &Login, requests: &str) -> String {
    let token = |token: &LoginToken| match &token.apply {
        Some(placement) => format!("{} {}", token.name, put(placement)),
        None => format!("{} where the plugin has the host put it", token.name),
    };
    let tokens = login.tokens.iter().map(token).collect::<Vec<_>>().join(", and ");
    let mut words = format!("to the endpoint {}, where the host logs in; of its answer go into {requests}: {tokens}", login.endpoint);
    if !login.auth.is_empty() {
        words.push_str(&format!("\nthe log-in also carries the credentials {}", login.auth.join(", ")));
    }
    if !login.replaces.is_empty() {
        let fields = login.replaces.iter().map(|replaced| replaced.field.as_str()).collect::<Vec<_>>().join(", ");
        words.push_str(&format!("\nthe log-in's answer replaces the stored value of {fields} for good"));
    }
    words
}

/// Describes where a token is put in a request.
fn put(placement: &TokenPlacement) -> String {
    match placement {
        TokenPlacement::Header(placement) if placement.prefix.is_empty() => format!("in the header {}", placement.name),
        TokenPlacement::Header(placement) => format!("after {:?} in the header {}", placement.prefix, placement.name),
        TokenPlacement::Query(name) => format!("in the pair {name} of the query"),
        TokenPlacement::Cookie(name) => format!("in the cookie {name}"),
    }
}

fn written(encoding: KeyEncoding) -> &'static str {
    match encoding {
        KeyEncoding::Text => "text",
        KeyEncoding::Base64 => "base64",
        KeyEncoding::Hex => "hexadecimal digits",
        KeyEncoding::Whsec => "whsec_ and base64",
    }
}

/// What an interface of the contract gives to a plugin.
fn gives(import: &str) -> &'static str {
    let interface = import.rsplit('/').next().and_then(|name| name.split('@').next()).unwrap_or_default();
    match interface {
        "http" => "requests, which the host sends to the endpoints alone",
        "signing" => "signatures and hashes, which the host makes without showing a key",
        "log" => "lines in the record of an attempt",
        _ => "types alone",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::plugin::sample::manifest;

    #[test]
    fn what_a_plugin_may_do_is_said_for_each_endpoint_and_credential() {
        let imports = ["cartage:plugin/http@1.0.0", "cartage:plugin/orders@1.0.0"].map(str::to_owned);
        let powers = Powers::of(&manifest(), imports.into());
        let rows: Vec<String> = powers.endpoints[0].rows().into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
        for row in [
            "leads to: a base URL that you bind, such as https://shop.example/api",
            "requests: GET, POST to only the paths /orders and those below",
            "sets headers: x-shop",
            "sends: application/json",
            "reads: any type of answers",
            "credentials: token, account, key",
        ] {
            assert!(rows.iter().any(|said| said == row), "{row}\n{rows:?}");
        }
        assert_eq!(powers.endpoints[1].credentials, Vec::<String>::new(), "no slot lists the second endpoint");
        let words: Vec<String> = powers.credentials.iter().map(Credential::words).collect();
        for (words, part) in words.iter().zip([
            "after \"Seed \" in the header x-token of requests to api;",
            "in fields of a form of requests to api;",
            "never sent: the host signs",
        ]) {
            assert!(words.contains(part), "{part}: {words}");
        }
        assert_eq!(
            powers.imports.iter().map(|import| import.gives).collect::<Vec<_>>(),
            ["requests, which the host sends to the endpoints alone", "types alone"]
        );
    }
}
