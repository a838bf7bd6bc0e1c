//! The tokens of one call: which of them the call uses, and when a new one is obtained.

use crate::client::Received;
use crate::failed::Failed;
use crate::log_in::{Got, Wanted, get};
use crate::scrub::Found;
use crate::shared::Shared;
use crate::tokens::{LOG_INS_MAX, Obtained};
use cartage_contract::http::Reach;
use cartage_contract::request::{Allowed, Secrets};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The tokens that a call has used.
#[derive(Default)]
pub(super) struct CallTokens {
    /// Every token that the call used, once each.
    used: Vec<Arc<Obtained>>,
    /// By slot: the number of the token that the call used last.
    last: BTreeMap<String, u64>,
    /// The slots whose token was renewed in this call because the cart refused it.
    renewed: BTreeSet<String>,
    obtained: u32,
}

/// The secrets of a request: the cart's credentials and the tokens that the request carries.
pub(super) struct WithTokens {
    cart_egress: Arc<Shared>,
    tokens: BTreeMap<String, Got>,
}

impl Secrets for WithTokens {
    fn field(&self, slot: &str, field: &str) -> Option<&str> {
        let token = self.tokens.get(slot).and_then(|got| got.obtained.value(field));
        token.or_else(|| self.cart_egress.credentials.field(slot, field))
    }
}

impl CallTokens {
    /// The secrets of a request. Missing tokens are obtained.
    pub(super) async fn secrets(&mut self, cart_egress: &Arc<Shared>, allowed: &Allowed) -> Result<WithTokens, Failed> {
        let request = allowed.request();
        let mut tokens = BTreeMap::new();
        for slot in allowed.token_slots() {
            let wanted = if request.renew && request.auth.iter().any(|named| named == slot) { self.renewal(slot) } else { Wanted::Any };
            tokens.insert(slot.to_owned(), self.get(cart_egress, slot, wanted).await?);
        }
        Ok(WithTokens { cart_egress: cart_egress.clone(), tokens })
    }

    /// The secrets of a request with a new token in place of each that the cart refused (401). `None` if each was obtained for this request or was
    /// renewed in this call already, so that the refusal goes to the guest.
    pub(super) async fn after_refusal(&mut self, allowed: &Allowed, refused: WithTokens) -> Result<Option<WithTokens>, Failed> {
        let WithTokens { cart_egress, mut tokens } = refused;
        let old: Vec<String> =
            allowed.token_slots().filter(|slot| tokens.get(*slot).is_some_and(|got| !got.fresh)).map(str::to_owned).collect();
        let mut is_new = false;
        for slot in old {
            let wanted = self.renewal(&slot);
            if wanted != Wanted::Any {
                let got = self.get(&cart_egress, &slot, wanted).await.map_err(|mut failed| {
                    failed.error.reach = Reach::Answered;
                    failed
                })?;
                tokens.insert(slot, got);
                is_new = true;
            }
        }
        Ok(is_new.then_some(WithTokens { cart_egress, tokens }))
    }

    /// Which token to ask for after a refusal. A token is renewed once in a call: a cart that refuses the new token too has another reason.
    fn renewal(&mut self, slot: &str) -> Wanted {
        if !self.renewed.insert(slot.to_owned()) {
            return Wanted::Any;
        }
        self.last.get(slot).map_or(Wanted::New, |number| Wanted::After(*number))
    }

    async fn get(&mut self, cart_egress: &Arc<Shared>, slot: &str, wanted: Wanted) -> Result<Got, Failed> {
        let got = get(cart_egress, slot, wanted, self.obtained < LOG_INS_MAX).await;
        self.obtained += u32::from(got.as_ref().is_ok_and(|got| got.fresh) || got.is_err());
        let got = got?;
        if self.last.insert(slot.to_owned(), got.obtained.number) != Some(got.obtained.number) {
            self.used.push(got.obtained.clone());
        }
        Ok(got)
    }

    /// The search for secrets in the cart's answers to this call.
    pub(super) fn looks(&self, cart_egress: &Arc<Shared>) -> Looks {
        Looks { cart_egress: cart_egress.clone(), used: self.used.clone() }
    }
}

/// Searches answers for the cart's secrets and for the tokens that a call used.
pub(super) struct Looks {
    cart_egress: Arc<Shared>,
    used: Vec<Arc<Obtained>>,
}

impl Looks {
    /// Replaces every secret in a body, and says whether the body or the headers held one. A cookie that is set again is not a secret given away: no
    /// guest ever sees it.
    pub(super) fn answer(&self, received: &mut Received) -> Found {
        let mut found = vec![self.cart_egress.scrubber.bytes(&mut received.body)];
        found.extend(received.headers.values().map(|value| self.cart_egress.scrubber.look(value.as_bytes())));
        for token in &self.used {
            found.push(token.scrubber.bytes(&mut received.body));
            let shown = received.headers.iter().filter(|(name, _)| name.as_str() != "set-cookie");
            found.extend(shown.map(|(_, value)| token.scrubber.look(value.as_bytes())));
        }
        either(found)
    }

    /// Replaces every secret in a text.
    pub(super) fn text(&self, text: &mut String) {
        self.cart_egress.scrubber.text(text);
        self.used.iter().for_each(|token| _ = token.scrubber.text(text));
    }
}

fn either(found: Vec<Found>) -> Found {
    if found.contains(&Found::Secret) { Found::Secret } else { Found::Nothing }
}
