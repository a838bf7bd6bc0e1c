//! One call's way out: each ask of the guest is judged, recorded, performed, and recorded with its answer.
//!
//! The steps of a request, in order: count, judge, record, obtain a token if one is needed, apply the credential, vet the address, send, bound the
//! answer, judge and scrub it, record it. A request is marked as maybe sent before it is given to the client, so that a call that is dropped at any
//! moment leaves a record that claims no less than what happened.

mod tokens;

use super::client::Received;
use super::failed::{Failed, denied};
use super::oauth1;
use super::own_headers::add_own_headers;
use super::record::{asked, log_line, printable, recording, wire_record};
use super::scrub::Found;
use super::shared::Shared;
use super::signing::{self, SIGNATURES_MAX};
use cartage_base::heavy;
use cartage_contract::http::{Effect, Error, ErrorKind, Part, Reach, Request, Response, ResponseHeader};
use cartage_contract::manifest::Endpoint;
use cartage_contract::request::{self, Allowed, Denied};
use cartage_contract::signing::{self as contract, Algorithm};
use cartage_model::cassette::{Entry, HttpEntry, Recording};
use cartage_model::exchange::{HostCall, HostReply, Services, Stop};
use http::{HeaderName, HeaderValue};
use std::sync::Arc;
use tokens::{CallTokens, WithTokens};
use zeroize::Zeroizing;

/// The most bytes of bodies that are recorded of one call; later entries are recorded without bodies.
pub const RECORDED_BYTES_MAX: usize = 32 << 20;

/// Which requests of a call are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendMode {
    /// All requests are sent.
    Live,
    /// None is sent: the first request is recorded and ends the call, without a socket or a DNS lookup.
    DryRun,
    /// Requests that only read, by the plugin's word, are sent; the first other request is recorded and ends the call.
    DryRunReads,
}

impl SendMode {
    fn stops_before(self, effect: Effect) -> bool {
        match self {
            SendMode::Live => false,
            SendMode::DryRun => true,
            SendMode::DryRunReads => effect == Effect::Writes,
        }
    }
}

/// Answers the asks of one call of a cart's plugin, and records them.
pub struct Session {
    cart_egress: Arc<Shared>,
    mode: SendMode,
    delivery_id: Option<String>,
    requests: u32,
    signatures: u32,
    entries: Vec<Entry>,
    /// The size of the recorded entries, in bytes.
    recorded: usize,
    /// The request under way; `None` between requests.
    current: Option<HttpEntry>,
    secret_reflected: bool,
    /// Whether the last request failed because of this machine.
    local_fault: bool,
    tokens: CallTokens,
}

impl Session {
    pub(super) fn new(cart_egress: Arc<Shared>, mode: SendMode, delivery_id: Option<&str>) -> Session {
        let delivery_id = delivery_id.map(str::to_owned);
        Session {
            cart_egress,
            mode,
            delivery_id,
            requests: 0,
            signatures: 0,
            entries: Vec::new(),
            recorded: 0,
            current: None,
            secret_reflected: false,
            local_fault: false,
            tokens: CallTokens::default(),
        }
    }

    /// Ends the session and returns its record. A request that was under way when the call was dropped is recorded without an answer.
    pub fn finish(mut self) -> Recording {
        self.keep_current();
        Recording { local_fault: self.local_fault, ..recording(self.entries, self.secret_reflected) }
    }

    async fn send(&mut self, request: Request) -> HostReply {
        self.keep_current();
        if self.secret_reflected {
            return HostReply::End(Stop::SecretReflected);
        }
        let started = self.cart_egress.clock.reading().elapsed_ms;
        let allowed = match self.allow(request) {
            Ok(allowed) => allowed,
            Err(error) => return HostReply::Sent(Err(error)),
        };
        if self.mode.stops_before(allowed.request().effect) {
            return HostReply::End(Stop::DryRun);
        }
        let result = Box::pin(self.perform(&allowed)).await;
        self.local_fault = result.as_ref().is_err_and(|failed| failed.of_this_machine);
        HostReply::Sent(self.settle(result, started))
    }

    /// Counts a request, judges it, and records it as it will go out.
    fn allow(&mut self, request: Request) -> Result<Allowed, Error> {
        let limit = self.cart_egress.grants.limits.requests;
        self.requests = self.requests.saturating_add(1);
        if self.requests > limit {
            let error = denied(ErrorKind::QuotaExceeded, format!("the call has used up its {limit} requests (limits.requests)"));
            // A guest that goes on asking does not fill the recording.
            return Err(if self.requests == limit + 1 { self.refuse(asked(request), error) } else { error });
        }
        let mut entry = asked(request.clone());
        let (manifest, grants) = (&self.cart_egress.manifest, &self.cart_egress.grants);
        let allowed = request::check(request, manifest, grants, self.delivery_id.as_deref());
        match allowed {
            Ok(allowed) => {
                let mut wire = allowed.wire_record();
                add_own_headers(&mut wire);
                entry.wire = Some(wire_record(wire));
                self.current = Some(entry);
                Ok(allowed)
            }
            Err(Denied { kind, reason }) => Err(self.refuse(entry, denied(kind, reason))),
        }
    }

    /// Sends a request with its credentials. If the cart refuses the stored token (401), the request is sent once more with a new token: a request
    /// that was refused for its credentials changed nothing. Log-ins do not count as requests of the call; the repeated request does.
    async fn perform(&mut self, allowed: &Allowed) -> Result<Looked, Failed> {
        let cart_egress = Arc::clone(&self.cart_egress);
        let secrets = self.tokens.secrets(&cart_egress, allowed).await?;
        let received = self.transmit(allowed, &secrets).await?;
        let is_refused = received.status == 401;
        let looked = self.look(received).await;
        if !is_refused || looked.found == Found::Secret || self.requests >= cart_egress.grants.limits.requests {
            return Ok(looked);
        }
        let Some(secrets) = self.tokens.after_refusal(allowed, secrets).await? else { return Ok(looked) };
        self.requests += 1;
        let received = self.transmit(allowed, &secrets).await?;
        Ok(self.look(received).await)
    }

    /// Applies the secrets to a request, and sends it.
    async fn transmit(&mut self, allowed: &Allowed, secrets: &WithTokens) -> Result<Received, Failed> {
        let signed = oauth1::sign(allowed, secrets, self.cart_egress.clock.now_unix_ms())?;
        let mut wire = signed.map_or_else(|| allowed.wire(secrets), |signed| allowed.wire(&signed))?;
        add_own_headers(&mut wire);
        let client = self.cart_egress.clients.get(&allowed.request().endpoint);
        let client = client.ok_or_else(|| denied(ErrorKind::EndpointDenied, "the endpoint is not bound".to_owned()))?;
        if let Some(current) = &mut self.current {
            current.reach = Reach::MaybeSent;
        }
        Ok(Box::pin(client.send(wire)).await?)
    }

    /// Replaces every secret in an answer, also in parts that the guest will not see: any secret in the answer counts as reflected.
    async fn look(&self, mut received: Received) -> Looked {
        let looks = self.tokens.looks(&self.cart_egress);
        let bytes = received.body.len();
        let work = move || {
            let found = looks.answer(&mut received);
            Looked { received, found }
        };
        heavy::work(bytes, work).await
    }

    /// Judges an answer or an error, and records it.
    fn settle(&mut self, result: Result<Looked, Failed>, started: u64) -> Result<Response, Error> {
        let Some(mut entry) = self.current.take() else { unreachable!("a request is recorded before it is performed") };
        let result = result.and_then(|Looked { received, found }| {
            self.secret_reflected |= found == Found::Secret;
            self.judge(received, &mut entry)
        });
        let answer = match result {
            Ok(response) => {
                entry.reach = Reach::Answered;
                Ok(response)
            }
            Err(Failed { error, cause, .. }) => {
                entry.reach = error.reach;
                entry.cause = Some(cause);
                Err(error)
            }
        };
        entry.took_ms = self.cart_egress.clock.reading().elapsed_ms.saturating_sub(started);
        entry.answer = Some(answer.clone());
        self.record(Entry::Http(Box::new(entry)));
        answer
    }

    /// Turns an answer into what the guest may see of it, or into an error.
    fn judge(&self, received: Received, entry: &mut HttpEntry) -> Result<Response, Failed> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        entry.peer = received.peer;
        let is_redirect = (300..=399).contains(&received.status);
        if let Some(location) = received.headers.get("location").filter(|_| is_redirect) {
            let mut location = printable(&text(location.as_bytes()));
            self.tokens.looks(&self.cart_egress).text(&mut location);
            entry.redirect_to = Some(location);
        }
        let cart_egress = Arc::clone(&self.cart_egress);
        let Some(endpoint) = cart_egress.manifest.endpoint(&entry.request.endpoint) else { unreachable!("the request was allowed") };
        let content_type = received.headers.get("content-type").map(|value| text(value.as_bytes()));
        if !endpoint.reads_type(received.status, content_type.as_deref(), &received.body) {
            return Err(self.wrong_type(endpoint, content_type.as_deref(), received.status));
        }
        let looks = self.tokens.looks(&cart_egress);
        let shown = received.headers.iter().filter(|(name, _)| endpoint.shows_header(name.as_str(), received.status));
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            let mut value = text(value.as_bytes());
            looks.text(&mut value);
            ResponseHeader { name: name.as_str().to_owned(), value }
        };
        Ok(Response { status: received.status, headers: shown.map(header).collect(), body: received.body, extra: Vec::new() })
    }

    fn wrong_type(&self, endpoint: &Endpoint, content_type: Option<&str>, status: u16) -> Failed {
        let mut given = content_type.map_or_else(|| "no content type".to_owned(), |given| format!("content type {given:?}"));
        self.tokens.looks(&self.cart_egress).text(&mut given);
        let message = format!("endpoint {} answered with status {status} and a content type that the plugin does not read", endpoint.name);
        let cause = format!("{message}: {given}, not one of {}", endpoint.response_types.join(", "));
        Failed { error: Error { kind: ErrorKind::ResponseType, reach: Reach::Answered, message }, cause, of_this_machine: false }
    }

    fn sign(&mut self, slot: Option<String>, algorithm: Algorithm, message: Vec<Part>) -> HostReply {
        self.signatures = self.signatures.saturating_add(1);
        let answer = self.signature(slot.as_deref(), algorithm, &message);
        if self.signatures <= SIGNATURES_MAX + 1 {
            self.record(Entry::Signature { slot, algorithm, message, answer: answer.clone() });
        }
        HostReply::Signed(answer)
    }

    fn signature(&self, slot: Option<&str>, algorithm: Algorithm, message: &[Part]) -> Result<Vec<u8>, contract::Error> {
        if self.signatures > SIGNATURES_MAX {
            let message = format!("the call has used up its {SIGNATURES_MAX} signatures");
            return Err(contract::Error { kind: contract::ErrorKind::QuotaExceeded, message });
        }
        let (manifest, grants, credentials) = (&self.cart_egress.manifest, &self.cart_egress.grants, &self.cart_egress.credentials);
        Ok(match slot {
            Some(slot) => {
                let input = contract::mac_input(slot, message, manifest, grants, credentials)?;
                let (key, message) = (Zeroizing::new(input.key), Zeroizing::new(input.message));
                signing::mac(algorithm, &key, &message)
            }
            None => {
                let message = Zeroizing::new(contract::digest_input(message, manifest, grants, credentials)?);
                signing::digest(algorithm, &message)
            }
        })
    }

    fn refuse(&mut self, mut entry: HttpEntry, error: Error) -> Error {
        entry.answer = Some(Err(error.clone()));
        self.record(Entry::Http(Box::new(entry)));
        error
    }

    /// Adds an entry to the record, with its bodies while the record has room for them.
    fn record(&mut self, mut entry: Entry) {
        if self.recorded + entry.bytes() > RECORDED_BYTES_MAX {
            entry.leave_out_bodies();
        }
        self.recorded += entry.bytes();
        self.entries.push(entry);
    }

    fn keep_current(&mut self) {
        if let Some(entry) = self.current.take() {
            self.record(Entry::Http(Box::new(entry)));
        }
    }
}

impl Services for Session {
    async fn answer(&mut self, ask: HostCall) -> HostReply {
        match ask {
            HostCall::Send(request) => self.send(request).await,
            HostCall::Mac { slot, algorithm, message } => self.sign(Some(slot), algorithm, message),
            HostCall::Digest { algorithm, message } => self.sign(None, algorithm, message),
            HostCall::Log { level, message } => {
                let (message, found) = log_line(&message, &self.cart_egress.scrubber);
                self.secret_reflected |= found == Found::Secret;
                self.entries.push(Entry::Log { level, message });
                HostReply::Logged
            }
        }
    }
}

/// An answer without secrets, and whether it held any.
struct Looked {
    received: Received,
    found: Found,
}
