//! OAuth 1.0a: a nonce, a time and a signature for one request. The contract says what is signed ([`Allowed::oauth1`]).

use super::failed::Failed;
use super::signing::mac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cartage_contract::http::{Error, ErrorKind, Reach};
use cartage_contract::request::{Allowed, Secrets};
use zeroize::Zeroizing;

/// The number of random bytes in a nonce.
const NONCE_BYTES: usize = 16;

/// The secrets of a request, with the nonce, the time and the signature made for this request.
pub(super) struct Signed<'a> {
    secrets: &'a dyn Secrets,
    slot: &'a str,
    nonce: String,
    timestamp: String,
    signature: String,
}

impl Secrets for Signed<'_> {
    fn field(&self, slot: &str, field: &str) -> Option<&str> {
        match field {
            _ if slot != self.slot => self.secrets.field(slot, field),
            "nonce" => Some(&self.nonce),
            "timestamp" => Some(&self.timestamp),
            "signature" => Some(&self.signature),
            _ => self.secrets.field(slot, field),
        }
    }
}

/// Signs a request anew. `None` if no slot signs the request.
pub(super) fn sign<'a>(allowed: &'a Allowed, secrets: &'a dyn Secrets, now_unix_ms: u64) -> Result<Option<Signed<'a>>, Failed> {
    let Some(slot) = allowed.signing_slot() else { return Ok(None) };
    let mut random = [0; NONCE_BYTES];
    getrandom::fill(&mut random).map_err(|error| Failed {
        error: Error { kind: ErrorKind::Other, reach: Reach::NothingSent, message: "the request could not be signed".to_owned() },
        cause: format!("could not get random bytes for a nonce from the system: {error}"),
        of_this_machine: true,
    })?;
    let nonce = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut signed = Signed { secrets, slot, nonce, timestamp: (now_unix_ms / 1000).to_string(), signature: String::new() };
    if let Some(input) = allowed.oauth1(&signed)? {
        let (key, message) = (Zeroizing::new(input.key), Zeroizing::new(input.message));
        signed.signature = STANDARD.encode(mac(input.algorithm, &key, &message));
    }
    Ok(Some(signed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_contract::request::base_string;
    use cartage_contract::signing::Algorithm;

    /// RFC 5849 section 1.2 and, with the signature that its erratum 2550 corrects, section 3.4.1.1.
    #[test]
    fn signatures_are_those_of_the_rfc() {
        let own = |key: &str, token: Option<&str>, timestamp: &str, nonce: &str| {
            let pairs = [("oauth_consumer_key", key), ("oauth_signature_method", "HMAC-SHA1"), ("oauth_timestamp", timestamp)];
            let mut own: Vec<(String, String)> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            own.push(("oauth_nonce".to_owned(), nonce.to_owned()));
            own.extend(token.map(|token| ("oauth_token".to_owned(), token.to_owned())));
            own
        };
        let printer = "dpf43f3p2l4k3l03";
        for (method, url, query, own, key, signature) in [
            (
                "POST",
                "https://photos.example.net/token",
                vec![("oauth_verifier", "hfdp7dh39dks9884")],
                own(printer, Some("hh5s93j4hdidpola"), "137131201", "walatlh"),
                "kd94hf93k423kf44&hdhd0244k9j7ao03",
                "gKgrFCywp7rO0OXSjdot/IHF7IU=",
            ),
            (
                "GET",
                "http://photos.example.net/photos",
                vec![("file", "vacation.jpg"), ("size", "original")],
                own(printer, Some("nnch734d00sl2jdk"), "137131202", "chapoH"),
                "kd94hf93k423kf44&pfkkdhi9sl3r4s00",
                "MdpQcU8iPSUjWoN/UDMsK2sui9I=",
            ),
            (
                "POST",
                "http://example.com/request",
                vec![("b5", "=%3D"), ("a3", "a"), ("c@", ""), ("a2", "r b"), ("c2", ""), ("a3", "2 q")],
                own("9djdj82h48djs9d2", Some("kkk9d7dh3k39sjv7"), "137131201", "7d8f3e4a"),
                "j49sk3j29djd&dh893hdasih9",
                "r6/TJjbCOr97/+UU0NsvSne7s5g=",
            ),
        ] {
            let query = query.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
            let pairs = query.chain(own).map(|(name, value)| (name.into_bytes(), value.into_bytes())).collect();
            let message = base_string(method, url, pairs);
            assert_eq!(STANDARD.encode(mac(Algorithm::Sha1, key.as_bytes(), message.as_bytes())), signature, "{url} {message}");
        }
    }
}
