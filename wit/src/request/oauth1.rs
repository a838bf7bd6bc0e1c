//! OAuth 1.0a (RFC 5849): the input of a signature, and the placement of its parameters. The host makes the nonce, the time and the hash.

use super::declared::{FORM, media_type};
use super::{Allowed, Denied, Secrets};
use crate::encoding;
use crate::manifest::{Oauth1, Oauth1Placement, Oauth1Signature, Slot, SlotKind};
use crate::parts::{Source, Value};
use crate::signing::Algorithm;
use std::fmt;

/// The values that the host makes anew for each request, by the names of their fields.
pub(super) const MADE: [&str; 3] = ["nonce", "timestamp", "signature"];

const SIGNATURE: &str = "oauth_signature";

/// The parameters, each with the field that holds its value. If the field is empty, the value is not a field.
pub(super) const PARAMETERS: [(&str, &str); 7] = [
    ("oauth_consumer_key", "consumer-key"),
    ("oauth_nonce", "nonce"),
    ("oauth_signature_method", ""),
    ("oauth_timestamp", "timestamp"),
    ("oauth_token", "token"),
    ("oauth_version", ""),
    (SIGNATURE, "signature"),
];

/// The input of a request's signature.
#[derive(Clone, PartialEq, Eq)]
pub struct Oauth1Input {
    /// The slot that signs the request.
    pub slot: String,
    /// The hash function of the HMAC.
    pub algorithm: Algorithm,
    /// The key (section 3.4.2).
    pub key: Vec<u8>,
    /// The signature base string (section 3.4.1).
    pub message: Vec<u8>,
}

impl fmt::Debug for Oauth1Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oauth1Input({}, {:?}, key [REDACTED], message bytes {})", self.slot, self.algorithm, self.message.len())
    }
}

/// The secrets of a request whose signature is not computed yet.
struct Unsigned<'a> {
    secrets: &'a dyn Secrets,
    slot: &'a str,
}

impl Secrets for Unsigned<'_> {
    fn field(&self, slot: &str, field: &str) -> Option<&str> {
        if slot == self.slot && field == "signature" { Some("") } else { self.secrets.field(slot, field) }
    }
}

impl Allowed {
    /// The slot that signs this request. `None` if the request is not signed by OAuth 1.0a.
    pub fn signing_slot(&self) -> Option<&str> {
        self.oauth1_slot().map(|(slot, _)| slot.name.as_str())
    }

    fn oauth1_slot(&self) -> Option<(&Slot, &Oauth1)> {
        self.auth.iter().find_map(|slot| if let SlotKind::Oauth1(oauth1) = &slot.kind { Some((slot, oauth1)) } else { None })
    }

    /// The input of this request's signature: the method, the URL and every parameter of the query, the form and OAuth itself. The secrets
    /// must contain the nonce and the time already. `None` if the request is not signed by OAuth 1.0a.
    ///
    /// # Errors
    /// As [`Allowed::wire`].
    pub fn oauth1(&self, secrets: &dyn Secrets) -> Result<Option<Oauth1Input>, Denied> {
        let Some((slot, oauth1)) = self.oauth1_slot() else { return Ok(None) };
        let source = &Unsigned { secrets, slot: &slot.name };
        let wire = self.compose(Source::Real(source))?;
        let mut parameters = pairs(wire.url.split_once('?').map_or("", |(_, query)| query).as_bytes());
        // OAuth parameters in the query are among the query's pairs.
        parameters.retain(|(name, _)| name.as_slice() != SIGNATURE.as_bytes());
        if oauth1.placement == Oauth1Placement::Header {
            let own = self.oauth1_values(slot, oauth1, Source::Real(source))?.into_iter().filter(|(name, _)| *name != SIGNATURE);
            parameters.extend(own.map(|(name, value)| (name.as_bytes().to_vec(), value.written(str::to_owned).into_bytes())));
        }
        // Section 3.4.1.3.1: only a body that is a form is signed.
        if media_type(&self.request).as_deref() == Some(FORM) {
            parameters.extend(pairs(wire.body.as_deref().unwrap_or_default()));
        }
        let signed = self.signed.as_ref().unwrap_or(&self.base).join(&self.request.path, "");
        let url = signed.split('?').next().unwrap_or_default();
        let secret = |field: &str| -> Result<String, Denied> {
            if slot.field(field).is_none() {
                return Ok(String::new());
            }
            Ok(self.value(slot, field, Source::Real(source))?.written(|value| encoding::query(value)))
        };
        Ok(Some(Oauth1Input {
            slot: slot.name.clone(),
            algorithm: match oauth1.signature {
                Oauth1Signature::HmacSha1 => Algorithm::Sha1,
                Oauth1Signature::HmacSha256 => Algorithm::Sha256,
            },
            key: format!("{}&{}", secret("consumer-secret")?, secret("token-secret")?).into_bytes(),
            message: base_string(wire.method.name(), url, parameters).into_bytes(),
        }))
    }

    /// The OAuth parameters as query pairs, names first.
    pub(super) fn oauth1_parameters(
        &self,
        slot: &Slot,
        oauth1: &Oauth1,
        source: Source<'_>,
    ) -> Result<Vec<(&'static str, String)>, Denied> {
        let values = self.oauth1_values(slot, oauth1, source)?;
        Ok(values.into_iter().map(|(name, value)| (name, value.written(|value| encoding::query(value)))).collect())
    }

    /// The value of the header that contains the OAuth parameters (section 3.5.1).
    pub(super) fn oauth1_header(&self, slot: &Slot, oauth1: &Oauth1, source: Source<'_>) -> Result<String, Denied> {
        let parameters = self.oauth1_parameters(slot, oauth1, source)?;
        let written: Vec<String> = parameters.into_iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        Ok(format!("OAuth {}", written.join(", ")))
    }

    /// The parameters that have a value: a slot need not contain a token pair.
    fn oauth1_values<'a>(&self, slot: &Slot, oauth1: &Oauth1, source: Source<'a>) -> Result<Vec<(&'static str, Value<'a>)>, Denied> {
        let mut values = Vec::new();
        for (name, field) in PARAMETERS {
            let value = match (name, oauth1.signature) {
                ("oauth_signature_method", Oauth1Signature::HmacSha1) => Value::Text("HMAC-SHA1"),
                ("oauth_signature_method", Oauth1Signature::HmacSha256) => Value::Text("HMAC-SHA256"),
                ("oauth_version", _) => Value::Text("1.0"),
                ("oauth_token", _) if slot.field("token").is_none() => continue,
                _ => self.value(slot, field, source)?,
            };
            if !matches!((name, &value), ("oauth_token", Value::Text(""))) {
                values.push((name, value));
            }
        }
        Ok(values)
    }
}

/// The signature base string (section 3.4.1) for a method, a URL without its query, and all parameters in decoded form.
pub fn base_string(method: &str, url: &str, parameters: Vec<(Vec<u8>, Vec<u8>)>) -> String {
    let mut encoded: Vec<(String, String)> =
        parameters.into_iter().map(|(name, value)| (encoding::query(name), encoding::query(value))).collect();
    encoded.sort();
    let normal: Vec<String> = encoded.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}&{}&{}", encoding::query(method), encoding::query(url), encoding::query(normal.join("&")))
}

/// The decoded pairs of a query or a form: a plus sign is a space, and a name without `=` has an empty value.
fn pairs(text: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pair = |pair: &[u8]| {
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        (decoded(&pair[..at]), decoded(pair.get(at + 1..).unwrap_or_default()))
    };
    text.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()).map(pair).collect()
}

/// Decodes the percent-encoding of forms. A percent sign without two hexadecimal digits stands for itself, as in common servers.
fn decoded(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                at += 3;
                continue;
            }
            (b'+', ..) => bytes.push(b' '),
            _ => bytes.push(*byte),
        }
        at += 1;
    }
    bytes
}
