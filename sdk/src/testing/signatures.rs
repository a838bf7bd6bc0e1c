//! The hash functions that the host provides in production.

use crate::contract::signing::Algorithm;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

pub(super) fn mac(algorithm: Algorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    macro_rules! hmac {
        ($hash:ty) => {
            Hmac::<$hash>::new_from_slice(key)
                .expect("an HMAC takes a key of any length")
                .chain_update(message)
                .finalize()
                .into_bytes()
                .to_vec()
        };
    }
    match algorithm {
        Algorithm::Md5 => hmac!(Md5),
        Algorithm::Sha1 => hmac!(Sha1),
        Algorithm::Sha256 => hmac!(Sha256),
        Algorithm::Sha512 => hmac!(Sha512),
    }
}

pub(super) fn digest(algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Md5 => Md5::digest(message).to_vec(),
        Algorithm::Sha1 => Sha1::digest(message).to_vec(),
        Algorithm::Sha256 => Sha256::digest(message).to_vec(),
        Algorithm::Sha512 => Sha512::digest(message).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::hex;

    #[test]
    fn known_answers() {
        // The examples of RFC 1321 and FIPS 180-4; test case 2 of RFC 2202 and RFC 4231.
        assert_eq!(hex(&digest(Algorithm::Md5, b"abc")), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(hex(&digest(Algorithm::Sha1, b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let mac = |algorithm| hex(&mac(algorithm, b"Jefe", b"what do ya want for nothing?"));
        assert_eq!(mac(Algorithm::Md5), "750c783e6ab0b503eaa86e310a5db738");
        assert_eq!(mac(Algorithm::Sha1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(mac(Algorithm::Sha256), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(mac(Algorithm::Sha512).starts_with("164b7a7bfcf819e2e395fbe73b56e0a3"));
        assert!(hex(&digest(Algorithm::Sha512, b"abc")).starts_with("ddaf35a193617aba"));
        assert!(hex(&digest(Algorithm::Sha256, b"abc")).starts_with("ba7816bf8f01cfea"));
    }
}
