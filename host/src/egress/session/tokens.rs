//! The tokens of one call: which it uses, and when it has one obtained anew.

use super::{Failed, Found, Received};
use crate::egress::door::Open;
use crate::egress::tokens::{Got, LOG_INS_MAX, Obtained, Wanted, get};
use cartage_contract::http::Reach;
use cartage_contract::request::{Allowed, Secrets};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a call knows of tokens.
#[derive(Default)]
pub(super) struct CallTokens {
    /// Those that it used, each once.
    used: Vec<Arc<Obtained>>,
    /// The number of the one that it used last, by slot.
    last: BTreeMap<String, u64>,
    /// The slots of which one was obtained anew because the cart refused the one before.
    renewed: BTreeSet<String>,
    obtained: u32,
}

/// The secrets of a request: the cart's credentials and the tokens that it carries.
pub(super) struct WithTokens {
    door: Arc<Open>,
    tokens: BTreeMap<String, Got>,
}

impl Secrets for WithTokens {
    fn field(&self, slot: &str, field: &str) -> Option<&str> {
        let token = self.tokens.get(slot).and_then(|got| got.obtained.value(field));
        token.or_else(|| self.door.credentials.field(slot, field))
    }
}

impl CallTokens {
    /// The secrets of a request. Tokens that are not there are obtained.
    pub(super) async fn secrets(&mut self, door: &Arc<Open>, allowed: &Allowed) -> Result<WithTokens, Failed> {
        let request = allowed.request();
        let mut tokens = BTreeMap::new();
        for slot in allowed.token_slots() {
            let wanted = if request.renew && request.auth.iter().any(|named| named == slot) { self.renewal(slot) } else { Wanted::Any };
            tokens.insert(slot.to_owned(), self.get(door, slot, wanted).await?);
        }
        Ok(WithTokens { door: door.clone(), tokens })
    }

    /// The secrets of a request with a new token in the place of each that the cart refused (401). `None`: none of them was there before it was asked
    /// for, or each was obtained anew in this call already, so that the answer is the guest's.
    pub(super) async fn after_refusal(&mut self, allowed: &Allowed, refused: WithTokens) -> Result<Option<WithTokens>, Failed> {
        let WithTokens { door, mut tokens } = refused;
        let old: Vec<String> =
            allowed.token_slots().filter(|slot| tokens.get(*slot).is_some_and(|got| !got.fresh)).map(str::to_owned).collect();
        let mut is_new = false;
        for slot in old {
            let wanted = self.renewal(&slot);
            if wanted != Wanted::Any {
                let got = self.get(&door, &slot, wanted).await.map_err(|mut failed| {
                    failed.error.reach = Reach::Answered;
                    failed
                })?;
                tokens.insert(slot, got);
                is_new = true;
            }
        }
        Ok(is_new.then_some(WithTokens { door, tokens }))
    }

    /// A token is renewed once in a call: a cart that refuses a new one as well does not mean the token.
    fn renewal(&mut self, slot: &str) -> Wanted {
        if !self.renewed.insert(slot.to_owned()) {
            return Wanted::Any;
        }
        self.last.get(slot).map_or(Wanted::New, |number| Wanted::After(*number))
    }

    async fn get(&mut self, door: &Arc<Open>, slot: &str, wanted: Wanted) -> Result<Got, Failed> {
        let got = get(door, slot, wanted, self.obtained < LOG_INS_MAX).await;
        self.obtained += u32::from(got.as_ref().is_ok_and(|got| got.fresh) || got.is_err());
        let got = got?;
        if self.last.insert(slot.to_owned(), got.obtained.number) != Some(got.obtained.number) {
            self.used.push(got.obtained.clone());
        }
        Ok(got)
    }

    /// What looks for secrets in what the cart answers.
    pub(super) fn looks(&self, door: &Arc<Open>) -> Looks {
        Looks { door: door.clone(), used: self.used.clone() }
    }
}

/// Looks for the secrets of the cart, and for the tokens that a call used.
pub(super) struct Looks {
    door: Arc<Open>,
    used: Vec<Arc<Obtained>>,
}

impl Looks {
    /// Replaces every secret in a body, and tells whether there was one in all that came back. A cookie that is set again is no secret that was
    /// given away: no guest ever sees it.
    pub(super) fn answer(&self, received: &mut Received) -> Found {
        let mut found = vec![self.door.scrubber.bytes(&mut received.body)];
        found.extend(received.headers.values().map(|value| self.door.scrubber.look(value.as_bytes())));
        for token in &self.used {
            found.push(token.scrubber.bytes(&mut received.body));
            let shown = received.headers.iter().filter(|(name, _)| name.as_str() != "set-cookie");
            found.extend(shown.map(|(_, value)| token.scrubber.look(value.as_bytes())));
        }
        either(found)
    }

    /// Replaces every secret in this text.
    pub(super) fn text(&self, text: &mut String) {
        self.door.scrubber.text(text);
        self.used.iter().for_each(|token| _ = token.scrubber.text(text));
    }
}

fn either(found: Vec<Found>) -> Found {
    if found.contains(&Found::Secret) { Found::Secret } else { Found::Nothing }
}
