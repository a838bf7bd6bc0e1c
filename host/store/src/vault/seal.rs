//! Sealing and opening: XChaCha20-Poly1305, a random nonce each time, and the value's place as associated data.

use super::{Error, Key, KeyId};
use crate::credentials::{CredentialRef, Generation, Sealed};
use cartage_model::carts::BoundTo;
use cartage_model::id::MerchantId;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 24;

/// The place of a sealed value and the time when it was set: everything but the value.
#[derive(Debug, Clone)]
pub(super) struct Label<'a> {
    pub(super) merchant: &'a MerchantId,
    pub(super) place: &'a CredentialRef,
    pub(super) generation: Generation,
    /// The origins that the value is bound to.
    pub(super) bound_to: BoundTo,
    pub(super) set_at_unix_ms: u64,
}

/// Seals a secret for its place.
pub(super) fn seal(key: &Key, label: Label<'_>, secret: &SecretString) -> Result<Sealed, Error> {
    let text = secret.expose_secret();
    if text.len() > super::SECRET_BYTES_MAX {
        return Err(Error::TooLong { place: Box::new(label.place.clone()), bytes: text.len() });
    }
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|source| Error::Random { source })?;
    let payload = Payload { msg: text.as_bytes(), aad: &associated(label.merchant, label.place, &label.bound_to) };
    let sealed = XChaCha20Poly1305::new(key.bytes().into()).encrypt(&XNonce::from(nonce), payload);
    Ok(Sealed {
        place: label.place.clone(),
        generation: label.generation,
        bound_to: label.bound_to,
        key_id: key.id().to_string(),
        nonce: nonce.to_vec(),
        sealed: sealed.expect("the cipher takes gigabytes, and the length was checked above"),
        set_at_unix_ms: label.set_at_unix_ms,
    })
}

/// Opens a sealed value that was found at its place.
pub(super) fn open(key: &Key, merchant: &MerchantId, value: &Sealed) -> Result<SecretString, Error> {
    let place = &value.place;
    if value.key_id != key.id().0 {
        return Err(Error::WrongKey { place: Box::new(place.clone()), sealed_with: KeyId(value.key_id.clone()), key: key.id().clone() });
    }
    let broken = || Error::BrokenSeal { place: Box::new(place.clone()) };
    let nonce: [u8; NONCE_BYTES] = value.nonce.as_slice().try_into().map_err(|_| broken())?;
    let payload = Payload { msg: &value.sealed, aad: &associated(merchant, place, &value.bound_to) };
    let opened = XChaCha20Poly1305::new(key.bytes().into()).decrypt(&XNonce::from(nonce), payload).map_err(|_| broken())?;
    let opened = Zeroizing::new(opened);
    let text = std::str::from_utf8(&opened).map_err(|_| broken())?;
    Ok(SecretString::from(text))
}

/// What the seal covers besides the secret. Each part is preceded by its length, so that no two places give the same bytes. The generation is not
/// covered, because a next value becomes the current one without being sealed again.
fn associated(merchant: &MerchantId, place: &CredentialRef, bound_to: &BoundTo) -> Vec<u8> {
    let CredentialRef { cart, slot, field } = place;
    let mut bytes = b"cartage credential 1\0".to_vec();
    for part in [merchant.as_str(), cart.as_str(), slot, field, bound_to.as_str()] {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    bytes
}
