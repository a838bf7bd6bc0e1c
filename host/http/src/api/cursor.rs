//! The cursors of lists, which say where the next page begins. They are sealed: a cursor that was made up, changed, or issued for another merchant,
//! list or filter is refused.
//!
//! The key of the seal is made with the router. A cursor from before a restart is refused too, and the sender begins the list again.

use super::problem::{Kind, Problem};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The most characters of a cursor.
pub(super) const CURSOR_CHARS_MAX: usize = 256;
const SEAL_BYTES: usize = 16;

/// The key that seals cursors.
pub(super) struct Seal {
    key: [u8; 32],
}

impl Seal {
    pub(super) fn new() -> Result<Seal, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Seal { key })
    }

    fn mac(&self, scope: &str, place: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of any length will do");
        // With its length, the scope cannot run into the place.
        mac.update(&(scope.len() as u64).to_be_bytes());
        mac.update(scope.as_bytes());
        mac.update(place.as_bytes());
        mac
    }

    /// Seals a place in the list that `scope` identifies.
    pub(super) fn give(&self, scope: &str, place: &str) -> String {
        let seal = self.mac(scope, place).finalize().into_bytes();
        BASE64_URL_SAFE_NO_PAD.encode([&seal[..SEAL_BYTES], place.as_bytes()].concat())
    }

    /// The place in a cursor, if the cursor was issued for this list.
    pub(super) fn take(&self, scope: &str, cursor: &str) -> Result<String, Problem> {
        let place = (cursor.len() <= CURSOR_CHARS_MAX).then(|| BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()).flatten().and_then(|bytes| {
            let (seal, place) = bytes.split_at_checked(SEAL_BYTES)?;
            let place = std::str::from_utf8(place).ok()?;
            self.mac(scope, place).verify_truncated_left(seal).ok()?;
            Some(place.to_owned())
        });
        place.ok_or_else(|| {
            Problem::new(
                Kind::BadCursor,
                "the cursor was not given out for this list: not for this merchant, token and these filters, or not since the daemon was \
                 started; begin again without a cursor",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let seal = Seal::new().expect("there is randomness");
        let cursor = seal.give("default/dead", "17");
        assert_eq!(seal.take("default/dead", &cursor).ok().as_deref(), Some("17"));
        let other = Seal::new().expect("there is randomness");
        let long = "A".repeat(CURSOR_CHARS_MAX + 1);
        let mut forged = BASE64_URL_SAFE_NO_PAD.decode(&cursor).expect("it is base64");
        *forged.last_mut().expect("it is not empty") ^= 1;
        let forged = BASE64_URL_SAFE_NO_PAD.encode(forged);
        let cut = &cursor[..cursor.len() - 1];
        for (scope, cursor) in [
            ("default/dea", format!("d{cursor}")),
            ("seed/dead", cursor.clone()),
            ("default/dead", forged),
            ("default/dead", cut.to_owned()),
            ("default/dead", String::new()),
            ("default/dead", "17".to_owned()),
            ("default/dead", "!".to_owned()),
            ("default/dead", long),
            ("default/dead", other.give("default/dead", "17")),
        ] {
            assert_eq!(seal.take(scope, &cursor).map_err(|problem| problem.kind), Err(Kind::BadCursor), "{scope} {cursor}");
        }
    }
}
