//! Obtains a token: one log-in at a time for a slot, through the same client as every request of the cart.

mod answer;

use super::client::{self, Received};
use super::failed::Failed;
use super::own_headers::add_own_headers;
use super::shared::Shared;
use super::tokens::{ANSWER_BYTES_MAX, Basis, Held, LOG_INS_MAX, NotKept, Obtained, Replaced, Unkept, until};
use answer::{Answer, Given};
use cartage_base::failpoint;
use cartage_contract::grants::Grants;
use cartage_contract::http::{Error, ErrorKind, Reach};
use cartage_contract::manifest::{Login, Oauth2, Slot, SlotKind};
use cartage_contract::request::{Secrets, Wire, check_login, token_request};
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Which token a request can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Any token that is still valid.
    Any,
    /// A token from a later log-in than the one of this number, whose token the cart refused.
    After(u64),
    /// A token from a log-in that ends after this request for it began.
    New,
}

/// A token, and whether it was obtained for this request.
pub(super) struct Got {
    pub(super) obtained: Arc<Obtained>,
    pub(super) fresh: bool,
}

/// The token of a slot, stored or new. `may_log_in` says whether the call may obtain another token.
pub(super) async fn get(cart_egress: &Arc<Shared>, slot: &str, wanted: Wanted, may_log_in: bool) -> Result<Got, Failed> {
    let of_slot = cart_egress.keeping.tokens.of_slot(slot);
    let ended = of_slot.ended.load(Ordering::Relaxed);
    let after = match wanted {
        Wanted::Any => 0,
        Wanted::After(number) => number,
        Wanted::New => ended,
    };
    let mut held = of_slot.held.clone().lock_owned().await;
    let fingerprint = cart_egress.fingerprints.get(slot).copied().unwrap_or_default();
    let basis = Basis { epoch: cart_egress.keeping.tokens.epoch.load(Ordering::Relaxed), fingerprint };
    let now = cart_egress.clock.reading().elapsed_ms;
    let is_usable = |token: &&Arc<Obtained>| token.basis == basis && token.number > after && token.until_ms.is_none_or(|until| now < until);
    if let Some(obtained) = held.obtained.as_ref().filter(is_usable) {
        return Ok(Got { obtained: obtained.clone(), fresh: false });
    }
    // Whoever waited for a log-in takes what it failed for: a wrong password is not tried by everybody who waits.
    if let Some((_, failed)) = held.failed.as_ref().filter(|(of, _)| *of == basis && of_slot.ended.load(Ordering::Relaxed) > ended) {
        return Err(failed.clone());
    }
    if !may_log_in {
        let message = format!("the call has obtained {} tokens, the most that a call may obtain", LOG_INS_MAX);
        return Err(nothing_sent(ErrorKind::QuotaExceeded, message));
    }
    let Some(slot) = cart_egress.manifest.slot(slot).cloned() else { unreachable!("the request was allowed") };
    let cart_egress = cart_egress.clone();
    // In a task of its own: a call that ends must not take a new value with it between the answer and the disk.
    let work = tokio::spawn(async move {
        let result = LogIn { cart_egress: &cart_egress, slot: &slot, basis }.obtain(&mut held).await;
        let number = of_slot.ended.fetch_add(1, Ordering::Relaxed) + 1;
        match result {
            Ok(obtained) => {
                let obtained = Arc::new(Obtained { number, ..obtained });
                (held.obtained, held.failed) = (Some(obtained.clone()), None);
                tracing::debug!(slot = slot.name, "a token was obtained");
                Ok(Got { obtained, fresh: true })
            }
            Err(failed) => {
                held.failed = Some((basis, failed.clone()));
                Err(failed)
            }
        }
    });
    match work.await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(nothing_sent(ErrorKind::Other, "the log-in was stopped because the process is shutting down".to_owned())),
        },
    }
}

/// One log-in under way.
struct LogIn<'a> {
    cart_egress: &'a Shared,
    slot: &'a Slot,
    basis: Basis,
}

/// The values of a log-in: those that earlier log-ins replaced, else those of the cart's egress.
struct Values<'a> {
    cart_egress: &'a Shared,
    slot: &'a str,
    current: BTreeMap<String, SecretString>,
}

impl Secrets for Values<'_> {
    fn field(&self, slot: &str, field: &str) -> Option<&str> {
        let current = self.current.get(field).filter(|_| slot == self.slot).map(|value| value.expose_secret());
        current.or_else(|| self.cart_egress.credentials.field(slot, field))
    }
}

impl LogIn<'_> {
    async fn obtain(&self, held: &mut Held) -> Result<Obtained, Failed> {
        if let Some(obtained) = self.keep_what_was_held(held).await? {
            return Ok(obtained);
        }
        let values = self.values().await?;
        let (endpoint, wire) = self.request(&values)?;
        let asked_ms = self.cart_egress.clock.reading().elapsed_ms;
        let client = self.cart_egress.clients.get(endpoint).ok_or_else(|| self.refused("its endpoint is not bound"))?;
        let received = client.send_within(wire, ANSWER_BYTES_MAX).await.map_err(|error| self.unanswered(error))?;
        failpoint::reach("log-in-answered");
        let given = self.read(&received)?;
        let from = |field: &str| values.field(&self.slot.name, field).map(SecretString::from);
        let change = |(field, to): (String, SecretString)| Replaced { from: from(&field), field, to };
        let changes: Vec<Replaced> = given.replaced.into_iter().map(change).filter(is_new).collect();
        let until_ms = given.lifetime_s.map(|lifetime_s| until(asked_ms, lifetime_s));
        let tokens = given.tokens.map_err(|why| self.refused(&format!("its answer cannot be used: {why}")));
        let tokens = tokens.map(|tokens| Obtained::new(self.slot, tokens, &changes, until_ms, self.basis));
        if !changes.is_empty() {
            if let Err(error) = self.cart_egress.keeping.keeper.replace(&self.slot.name, &changes).await {
                if let NotKept::Fault(_) = error {
                    held.unkept = Some(Unkept { changes, obtained: tokens.ok() });
                }
                return Err(self.unkept(&error));
            }
            failpoint::reach("log-in-kept");
        }
        tokens
    }

    /// Stores the values that an earlier log-in replaced, and returns its tokens. `None` if none of them is valid, so that a new log-in is needed.
    async fn keep_what_was_held(&self, held: &mut Held) -> Result<Option<Obtained>, Failed> {
        let Some(unkept) = held.unkept.take() else { return Ok(None) };
        match self.cart_egress.keeping.keeper.replace(&self.slot.name, &unkept.changes).await {
            Ok(()) => {
                let now = self.cart_egress.clock.reading().elapsed_ms;
                let holds = |token: &Obtained| token.basis == self.basis && token.until_ms.is_none_or(|until| now < until);
                Ok(unkept.obtained.filter(holds))
            }
            // Somebody set the field: that value counts.
            Err(NotKept::Changed) => Ok(None),
            Err(error @ NotKept::Fault(_)) => {
                held.unkept = Some(unkept);
                Err(self.unkept(&error))
            }
        }
    }

    /// The current values of the fields that log-ins replace.
    async fn values(&self) -> Result<Values<'_>, Failed> {
        let mut current = BTreeMap::new();
        if let SlotKind::Login(login) = &self.slot.kind {
            for replaced in &login.replaces {
                let value =
                    self.cart_egress.keeping.keeper.current(&self.slot.name, &replaced.field).await.map_err(|error| self.unkept(&error))?;
                current.extend(value.map(|value| (replaced.field.clone(), value)));
            }
        }
        Ok(Values { cart_egress: self.cart_egress, slot: &self.slot.name, current })
    }

    /// The log-in's endpoint and request, with its secrets.
    fn request(&self, values: &Values<'_>) -> Result<(&str, Wire), Failed> {
        let manifest = &self.cart_egress.manifest;
        let (endpoint, mut wire) = match &self.slot.kind {
            SlotKind::Login(login) => {
                // A field that had no value may have been given one since.
                let mut grants = Grants::clone(&self.cart_egress.grants);
                grants.slots.entry(self.slot.name.clone()).or_default().extend(values.current.keys().cloned());
                (login.endpoint.as_str(), check_login(self.slot, login, manifest, &grants)?.wire(values)?)
            }
            SlotKind::Oauth2ClientCredentials(oauth2) => {
                (oauth2.token_endpoint.as_str(), token_request(self.slot, oauth2, manifest, &self.cart_egress.grants, values)?)
            }
            _ => unreachable!("no token is obtained for other kinds"),
        };
        add_own_headers(&mut wire);
        Ok((endpoint, wire))
    }

    /// Reads an answer. An answer that is not a success gives no tokens.
    fn read(&self, received: &Received) -> Result<Given, Failed> {
        let answer = Answer::new(&received.headers, &received.body);
        let status = received.status;
        match status {
            200..=299 => Ok(match &self.slot.kind {
                SlotKind::Login(login) => Answer::of_login(&answer, login),
                SlotKind::Oauth2ClientCredentials(oauth2) => answer.of_oauth2(oauth2),
                _ => unreachable!("no token is obtained for other kinds"),
            }),
            300..=399 => Err(self.refused(&format!(
                "it was answered with a redirect (status {status}), and redirects are not followed; bind the endpoint to the redirect's \
                 target"
            ))),
            408 | 429 | 500..=599 => Err(nothing_sent(ErrorKind::Other, self.words(&format!("it was answered with status {status}")))),
            _ => {
                let code = answer.error_code().map(|code| format!(" and the error {code}")).unwrap_or_default();
                Err(self.refused(&format!("it was answered with status {status}{code}; check the credential")))
            }
        }
    }

    fn words(&self, why: &str) -> String {
        let endpoint = match &self.slot.kind {
            SlotKind::Login(Login { endpoint, .. }) | SlotKind::Oauth2ClientCredentials(Oauth2 { token_endpoint: endpoint, .. }) => {
                endpoint
            }
            _ => "",
        };
        format!("the host could not log in at the endpoint {endpoint} with the credential slot {}: {why}", self.slot.name)
    }

    fn refused(&self, why: &str) -> Failed {
        nothing_sent(ErrorKind::TokenRefused, self.words(why))
    }

    /// The failure of a log-in without an answer. Nothing of the guest's own request was sent.
    fn unanswered(&self, error: client::Error) -> Failed {
        let mut failed = Failed::from(error);
        failed.error.reach = Reach::NothingSent;
        failed.error.message = self.words(&failed.error.message);
        failed.cause = self.words(&failed.cause);
        failed
    }

    fn unkept(&self, error: &NotKept) -> Failed {
        let of_this_machine = matches!(error, NotKept::Fault(_));
        let failed = nothing_sent(ErrorKind::Other, self.words(&error.to_string()));
        Failed { cause: self.words(&cartage_base::causes::chain(error)), of_this_machine, ..failed }
    }
}

fn nothing_sent(kind: ErrorKind, message: String) -> Failed {
    Error { kind, reach: Reach::NothingSent, message }.into()
}

/// Whether a replaced value differs from the one before.
fn is_new(change: &Replaced) -> bool {
    change.from.as_ref().is_none_or(|from| from.expose_secret() != change.to.expose_secret())
}
