//! The host's side of one call, without a socket: requests are checked as egress checks them, and answered by a [`Shop`].

use super::faults::{Fault, Left, Plan};
use super::shop::Shop;
use super::world::World;
use cartage_cart_script::Asked;
use cartage_contract::http::{Effect, Error, ErrorKind, Part, Reach, Request, Response};
use cartage_contract::request::{self, Denied};
use cartage_contract::signing::{self, Algorithm};
use cartage_model::exchange::{HostCall, HostReply, Services};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

/// The services of one call.
pub(super) struct Stage<'w, 's> {
    world: &'w World,
    delivery: Option<String>,
    shop: &'w mut Shop<'s>,
    plan: &'w Plan,
    pub(super) log: Log,
}

/// The record of one call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Log {
    /// All requests to the host, in order.
    pub(super) asks: Vec<HostCall>,
    /// The HTTP requests that were allowed.
    pub(super) exchanges: Vec<Exchange>,
    /// Why HTTP requests and signatures were denied, one text each.
    pub(super) denied: Vec<String>,
    /// Requests for which the script has no rule.
    pub(super) unruled: Vec<String>,
    /// The size of the largest HTTP request, in bytes.
    pub(super) request_bytes: u64,
}

/// An HTTP request and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exchange {
    /// The method, the endpoint and the path.
    pub(super) name: String,
    pub(super) effect: Effect,
    pub(super) reach: Reach,
    /// Whether the cart's own answer arrived, and was complete.
    pub(super) is_whole: bool,
}

impl Log {
    /// How far the writes got. A write that may have arrived counts as such, whatever the answers before and after.
    pub(super) fn reach(&self) -> Reach {
        let writes = || self.exchanges.iter().filter(|exchange| exchange.effect == Effect::Writes).map(|exchange| exchange.reach);
        if writes().any(|reach| reach == Reach::MaybeSent) { Reach::MaybeSent } else { writes().max().unwrap_or(Reach::NothingSent) }
    }
}

impl<'w, 's> Stage<'w, 's> {
    pub(super) fn new(world: &'w World, delivery: Option<String>, shop: &'w mut Shop<'s>, plan: &'w Plan) -> Stage<'w, 's> {
        Stage { world, delivery, shop, plan, log: Log::default() }
    }

    fn send(&mut self, request: Request) -> Result<Response, Error> {
        let (effect, endpoint) = (request.effect, request.endpoint.clone());
        let asked = self.judge(&request)?;
        let place = self.log.exchanges.len();
        let fault = self.plan.faults.get(&place).copied();
        let result = self.answer(&request, &asked, fault);
        let is_spoilt = matches!(fault, Some(Fault::Page | Fault::Redirect));
        let result = result.and_then(|response| self.shown(&endpoint, response));
        let is_redirect = result.as_ref().is_ok_and(|response| (300..=399).contains(&response.status));
        let reach = result.as_ref().map_or_else(|error| error.reach, |_| Reach::Answered);
        let is_whole = result.is_ok() && !is_spoilt && !is_redirect;
        self.log.exchanges.push(Exchange { name: asked.name(), effect, reach, is_whole });
        result
    }

    /// Counts and checks a request, and inserts its secrets.
    fn judge(&mut self, request: &Request) -> Result<Asked, Error> {
        let limit = self.world.grants.limits.requests as usize;
        if self.log.exchanges.len() >= limit {
            let message = format!("the call has used up its {limit} requests (limits.requests)");
            return Err(Error { kind: ErrorKind::QuotaExceeded, reach: Reach::NothingSent, message });
        }
        let World { manifest, grants, secrets, .. } = self.world;
        let allowed = request::check(request.clone(), manifest, grants, self.delivery.as_deref());
        let wire = allowed.and_then(|allowed| allowed.wire(secrets));
        let wire = wire.map_err(|Denied { kind, reason }| {
            self.log.denied.push(reason.clone());
            Error { kind, reach: Reach::NothingSent, message: reason }
        })?;
        let headers: usize = wire.headers.iter().map(|header| header.name.len() + header.value.len()).sum();
        let bytes = wire.url.len() + headers + wire.body.as_ref().map_or(0, Vec::len);
        self.log.request_bytes = self.log.request_bytes.max(bytes as u64);
        Ok(Asked::new(request, &wire))
    }

    fn answer(&mut self, request: &Request, asked: &Asked, fault: Option<Fault>) -> Result<Response, Error> {
        if let Some(refusal) = &self.plan.refusal
            && (refusal.rule.is_none() || refusal.rule.as_deref() == self.shop.rule_name(asked))
            && let Some(response) = self.shop.refuse(&refusal.reply, asked)
        {
            return Ok(response);
        }
        if fault.is_none_or(Fault::acts) {
            let answer = self.shop.answer(request, asked, self.world);
            match (answer, fault) {
                (Ok(response), None) => return Ok(response),
                (Ok(_), Some(_)) => {}
                (Err(unruled), _) => {
                    self.log.unruled.push(unruled.asked);
                    let message = "the cart script does not say how this is answered".to_owned();
                    return Err(Error { kind: ErrorKind::Other, reach: Reach::NothingSent, message });
                }
            }
        }
        match fault.expect("without a fault the shop has answered").left() {
            Left::Instead(response) => Ok(response),
            Left::Nothing(error) => Err(error),
        }
    }

    /// The part of an answer that the guest may see.
    fn shown(&self, endpoint: &str, mut response: Response) -> Result<Response, Error> {
        let endpoint = self.world.manifest.endpoint(endpoint).expect("the request was allowed");
        let content_type = response.headers.iter().find(|header| header.name == "content-type").map(|header| header.value.clone());
        let failed = |kind, reach, message: &str| Err(Error { kind, reach, message: message.to_owned() });
        if response.body.len() as u64 > self.world.limits.response_bytes {
            return failed(ErrorKind::ResponseTooLarge, Reach::MaybeSent, "the cart's answer is too large");
        }
        if !endpoint.reads_type(response.status, content_type.as_deref(), &response.body) {
            return failed(ErrorKind::ResponseType, Reach::Answered, "the cart answered with a content type that the plugin does not read");
        }
        let status = response.status;
        response.headers.retain(|header| endpoint.shows_header(&header.name, status));
        Ok(response)
    }

    fn sign(&mut self, slot: Option<&str>, algorithm: Algorithm, message: &[Part]) -> Result<Vec<u8>, signing::Error> {
        let World { manifest, grants, secrets, .. } = self.world;
        let signed = match slot {
            Some(slot) => {
                signing::mac_input(slot, message, manifest, grants, secrets).map(|input| mac(algorithm, &input.key, &input.message))
            }
            None => signing::digest_input(message, manifest, grants, secrets).map(|message| hash(algorithm, &message)),
        };
        signed.inspect_err(|error| self.log.denied.push(error.message.clone()))
    }
}

impl Services for Stage<'_, '_> {
    async fn answer(&mut self, ask: HostCall) -> HostReply {
        self.log.asks.push(ask.clone());
        match ask {
            HostCall::Send(request) => HostReply::Sent(self.send(request)),
            HostCall::Mac { slot, algorithm, message } => HostReply::Signed(self.sign(Some(&slot), algorithm, &message)),
            HostCall::Digest { algorithm, message } => HostReply::Signed(self.sign(None, algorithm, &message)),
            HostCall::Log { .. } => HostReply::Logged,
        }
    }
}

fn hash(algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Md5 => Md5::digest(message).to_vec(),
        Algorithm::Sha1 => Sha1::digest(message).to_vec(),
        Algorithm::Sha256 => Sha256::digest(message).to_vec(),
        Algorithm::Sha512 => Sha512::digest(message).to_vec(),
    }
}

/// HMAC (RFC 2104) with the hash function above. Nothing here is secret, so nothing has to be wiped.
fn mac(algorithm: Algorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    let block = if algorithm == Algorithm::Sha512 { 128 } else { 64 };
    let mut padded = if key.len() > block { hash(algorithm, key) } else { key.to_vec() };
    padded.resize(block, 0);
    let with =
        |byte: u8, rest: &[u8]| hash(algorithm, &padded.iter().map(|key| key ^ byte).chain(rest.iter().copied()).collect::<Vec<_>>());
    with(0x5c, &with(0x36, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_standard() {
        // RFC 2202 and RFC 4231, test case 2.
        let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let signed = |algorithm| hex(mac(algorithm, b"Jefe", b"what do ya want for nothing?"));
        assert_eq!(signed(Algorithm::Md5), "750c783e6ab0b503eaa86e310a5db738");
        assert!(signed(Algorithm::Sha256).starts_with("5bdcc146bf60754e6a042426089575c7"));
        assert!(signed(Algorithm::Sha512).starts_with("164b7a7bfcf819e2e395fbe73b56e0a3"));
    }

    #[test]
    fn what_may_have_arrived_stays_so() {
        let exchange = |effect, reach| Exchange { name: String::new(), effect, reach, is_whole: true };
        let reach = |exchanges: &[(Effect, Reach)]| {
            Log { exchanges: exchanges.iter().map(|(effect, reach)| exchange(*effect, *reach)).collect(), ..Log::default() }.reach()
        };
        assert_eq!(reach(&[]), Reach::NothingSent);
        assert_eq!(reach(&[(Effect::Reads, Reach::Answered)]), Reach::NothingSent);
        assert_eq!(reach(&[(Effect::Writes, Reach::NothingSent), (Effect::Writes, Reach::Answered)]), Reach::Answered);
        assert_eq!(reach(&[(Effect::Writes, Reach::MaybeSent), (Effect::Writes, Reach::Answered)]), Reach::MaybeSent);
    }
}
