//! Computes MACs and digests. The contract says what may be signed and of which bytes a message is made ([`cartage_contract::signing`]); the host
//! supplies the keys.

use cartage_contract::signing::Algorithm;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

/// The most MACs and digests of one call.
pub const SIGNATURES_MAX: u32 = 100;

/// Computes the HMAC (RFC 2104) of a message.
pub(super) fn mac(algorithm: Algorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    fn with<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
        let mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
        mac.chain_update(message).finalize().into_bytes().to_vec()
    }
    match algorithm {
        Algorithm::Md5 => with::<Hmac<Md5>>(key, message),
        Algorithm::Sha1 => with::<Hmac<Sha1>>(key, message),
        Algorithm::Sha256 => with::<Hmac<Sha256>>(key, message),
        Algorithm::Sha512 => with::<Hmac<Sha512>>(key, message),
    }
}

/// Computes the digest of a message.
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

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 2202 (MD5 and SHA-1) and RFC 4231 (SHA-2), test cases 1, 2, 3 and 6: short keys, and one longer than the block.
    #[test]
    fn macs_are_those_of_the_rfcs() {
        let (quick, jefe, long) = (b"Hi There".as_slice(), b"what do ya want for nothing?".as_slice(), [0xaa; 131]);
        let (fifty, larger) = ([0xdd; 50], b"Test Using Larger Than Block-Size Key - Hash Key First".as_slice());
        for (algorithm, key, message, expected) in [
            (Algorithm::Md5, [0x0b; 16].as_slice(), quick, "9294727a3638bb1c13f48ef8158bfc9d"),
            (Algorithm::Md5, b"Jefe", jefe, "750c783e6ab0b503eaa86e310a5db738"),
            (Algorithm::Md5, &[0xaa; 16], &fifty, "56be34521d144c88dbb8c733f0e8b3f6"),
            (Algorithm::Sha1, &[0x0b; 20], quick, "b617318655057264e28bc0b6fb378c8ef146be00"),
            (Algorithm::Sha1, b"Jefe", jefe, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (Algorithm::Sha1, &[0xaa; 20], &fifty, "125d7342b9ac11cd91a39af48aa17b4f63f175d3"),
            (Algorithm::Sha256, &[0x0b; 20], quick, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (Algorithm::Sha256, b"Jefe", jefe, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (Algorithm::Sha256, &long, larger, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
            (
                Algorithm::Sha512,
                &[0x0b; 20],
                quick,
                "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
            ),
            (
                Algorithm::Sha512,
                b"Jefe",
                jefe,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
        ] {
            assert_eq!(hex(&mac(algorithm, key, message)), expected, "{algorithm:?} of {message:?}");
        }
    }

    /// RFC 1321 and FIPS 180 example messages.
    #[test]
    fn digests_are_those_of_the_standards() {
        for (algorithm, message, expected) in [
            (Algorithm::Md5, "", "d41d8cd98f00b204e9800998ecf8427e"),
            (Algorithm::Md5, "abc", "900150983cd24fb0d6963f7d28e17f72"),
            (Algorithm::Sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Algorithm::Sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                Algorithm::Sha512,
                "abc",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
        ] {
            assert_eq!(hex(&digest(algorithm, message.as_bytes())), expected, "{algorithm:?} of {message:?}");
        }
    }
}
