//! Recordings of attempts: removing personal data before they are stored, keeping it in them for a while, reading them, and exporting them
//! for support.

use super::Error;
use super::cart_clients::Changes;
use super::carts::Carts;
use super::deliveries::{Deliveries, shown};
use super::stored_cart::StoredCart;
use super::tenant::Tenant;
use crate::deliver::Attempt;
use crate::deliver::registry::Recorded;
use cartage_base::causes::chain;
use cartage_base::heavy;
use cartage_model::cassette::Cassette;
use cartage_model::cassette::redact::Rules;
use cartage_model::id::{CartId, DeliveryId};
use cartage_model::receipt::Receipt;
use cartage_store::cassettes::{CASSETTE_BYTES_MAX, Personal, Tape};
use cartage_store::orders::OrderRef;
use cartage_store::outbox::{EndCause, FoundDelivery, Unreadable};
use cartage_store::{self as store, Tx, View, cassettes, decisions, receipts, recordings};
use serde_json::{Value, json};
use std::io;

/// The longest time for which recordings may keep personal data: 24 hours.
pub const RAW_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// The most deliveries in one file for support.
pub const SUPPORT_DELIVERIES_MAX: usize = 200;
/// The version of the support file's format.
const SUPPORT_FORMAT: u32 = 1;

/// The recordings of attempts at a merchant's carts.
#[derive(Clone)]
pub struct Recordings {
    pub(super) tenant: Tenant,
    pub(super) carts: Carts,
    pub(super) deliveries: Deliveries,
    pub(super) changes: Changes,
}

impl Recordings {
    /// Until when recordings of a cart's attempts keep personal data. They do not keep it if this is `None`, in the past, or further ahead
    /// than [`RAW_MS_MAX`] (left by a clock that was set since).
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn raw_until(&self, cart: &CartId) -> Result<Option<u64>, Error> {
        let (merchant, cart) = (self.tenant.merchant.clone(), cart.clone());
        Ok(self.tenant.store.read::<_, store::Error>(move |view| recordings::raw_until(view, &merchant, &cart)).await?)
    }

    /// Lets recordings of a cart's attempts keep personal data for this long, at most [`RAW_MS_MAX`]; `None` ends that. Such recordings are
    /// deleted a day later. Returns the end of the period.
    ///
    /// # Errors
    ///
    /// [`Error::NoCart`], [`Error::Store`].
    pub async fn set_raw(&self, cart: &CartId, for_ms: Option<u64>, why: &str) -> Result<Option<u64>, Error> {
        self.tenant.must_have_cart(cart).await?;
        let until = for_ms.map(|ms| self.tenant.now_unix_ms() + ms.min(RAW_MS_MAX));
        let what = if until.is_some() { "recording raw" } else { "recording redacted" };
        let detail = until.map_or_else(|| why.to_owned(), |until| format!("until {until}: {why}"));
        let id = cart.clone();
        let write = move |tx: &Tx<'_>, merchant: &_| recordings::set_raw_until(tx, merchant, &id, until);
        self.tenant.change(self.tenant.line(what, &format!("cart {cart}"), detail), write).await?;
        self.changes.cart(cart);
        Ok(until)
    }

    /// The recording of one attempt at a delivery; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], and [`Error::Kept`] if this release cannot read the recording.
    pub async fn cassette(&self, delivery: &DeliveryId, attempt: u32) -> Result<Option<Cassette>, Error> {
        let Some(json) = self.cassette_json(delivery, attempt).await? else { return Ok(None) };
        Ok(Some(serde_json::from_str(&json).map_err(Error::kept("a recording"))?))
    }

    /// The recording of one attempt as it is stored, in JSON; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn cassette_json(&self, delivery: &DeliveryId, attempt: u32) -> Result<Option<String>, Error> {
        let (merchant, id) = (self.tenant.merchant.clone(), delivery.clone());
        let look = move |view: &View<'_>| cassettes::get(view, &merchant, &id, attempt);
        Ok(self.tenant.store.read::<_, store::Error>(look).await?.map(|kept| kept.tape.json))
    }

    /// Exports deliveries with all that is known of them, for support: without personal data, even if recordings hold it, and without
    /// secrets, which nothing that is stored holds. Unknown deliveries are left out.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], [`Error::Outbox`], [`Error::Kept`].
    pub async fn support(&self, deliveries: &[DeliveryId]) -> Result<Value, Error> {
        let mut all = Vec::new();
        for delivery in deliveries.iter().take(SUPPORT_DELIVERIES_MAX) {
            all.extend(self.support_one(delivery).await?);
        }
        Ok(json!({
            "format": SUPPORT_FORMAT, "cartage": env!("CARGO_PKG_VERSION"), "platform": format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            "made_at_unix_ms": self.tenant.now_unix_ms(), "left_out": deliveries.len().saturating_sub(SUPPORT_DELIVERIES_MAX), "deliveries": all,
        }))
    }

    async fn support_one(&self, delivery: &DeliveryId) -> Result<Option<Value>, Error> {
        let Some(shown) = self.deliveries.find(delivery).await? else { return Ok(None) };
        let order = self.order_of(delivery, shown.found.as_ref()).await?;
        let (state, is) = match &shown.found {
            None => ("delivered", Value::Null),
            Some(FoundDelivery::Queued(queued, update)) => (
                "queued",
                json!({
                    "sequence": queued.sequence, "update": update, "unreadable": unreadable(&queued.label), "fault": queued.fault, "waits": queued.waits, "attempts": queued.attempts.claims,
                    "accepted_at_unix_ms": queued.accepted_at_unix_ms,
                }),
            ),
            Some(FoundDelivery::Dead(dead, update)) => (
                "dead",
                json!({
                    "sequence": dead.sequence, "update": update, "unreadable": unreadable(&dead.label), "reason": dead.reason, "attempts": dead.attempts.claims,
                    "accepted_at_unix_ms": dead.accepted_at_unix_ms, "died_at_unix_ms": dead.died_at_unix_ms,
                }),
            ),
            Some(FoundDelivery::Ended { sequence, ending, .. }) => {
                let how = match &ending.how {
                    EndCause::Discarded { .. } => "discarded",
                    EndCause::Superseded { .. } => "superseded",
                };
                ("ended", json!({ "sequence": sequence, "how": how, "at_unix_ms": ending.at_unix_ms }))
            }
        };
        let kept = match &order {
            Some(order) => self.carts.find(&order.cart).await?,
            None => None,
        };
        let rules = rules_of(kept.as_ref());
        let mut tapes = Vec::new();
        for attempt in &shown.cassettes {
            match self.redacted_cassette(delivery, *attempt, &rules).await {
                Ok(redacted) => tapes.extend(redacted.map(|cassette| json!({ "attempt": attempt, "cassette": cassette }))),
                Err(error @ Error::Kept { .. }) => tapes.push(json!({ "attempt": attempt, "unreadable": chain(&error) })),
                Err(error) => return Err(error),
            }
        }
        let decisions = match &order {
            Some(order) => self.decisions_about(order).await?,
            None => Vec::new(),
        };
        let about = json!({
            "delivery": delivery, "cart": order.as_ref().map(|order| &order.cart), "state": state, "at": kept.as_ref().map(|kept| standing(kept, self.tenant.now_unix_ms())),
        });
        let document = json!({
            "order": order.as_ref().map(|order| &order.number), "is": is, "before": shown.before, "receipts": shown.receipts,
            "decisions": decisions,
        });
        let document = document.to_string();
        let redacted = heavy::work(document.len(), move || redacted(&rules, &document)).await;
        let mut document = merged(about, redacted);
        document["cassettes"] = tapes.into();
        Ok(Some(document))
    }

    /// The recording of one attempt at a delivery, with personal data removed even if the recording holds it; `None` if there is none, or if
    /// its personal data cannot be removed.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], and [`Error::Kept`] if this release cannot read the recording.
    pub async fn redacted(&self, delivery: &DeliveryId, attempt: u32) -> Result<Option<Cassette>, Error> {
        let Some(shown) = self.deliveries.find(delivery).await? else { return Ok(None) };
        let kept = self.carts.find(&shown.cart).await?;
        self.redacted_cassette(delivery, attempt, &rules_of(kept.as_ref())).await
    }

    /// The recording of an attempt with personal data removed; `None` if there is no recording or its personal data cannot be removed.
    async fn redacted_cassette(&self, delivery: &DeliveryId, attempt: u32, rules: &Rules) -> Result<Option<Cassette>, Error> {
        let Some(cassette) = self.cassette(delivery, attempt).await? else { return Ok(None) };
        let rules = rules.clone();
        Ok(heavy::work(cassette.bytes(), move || rules.cassette(&cassette)).await.ok())
    }

    /// The order of a delivery; `None` if nothing is known of the delivery.
    async fn order_of(&self, delivery: &DeliveryId, found: Option<&FoundDelivery>) -> Result<Option<OrderRef>, Error> {
        if let Some(found) = found {
            return Ok(Some(order_of(found)));
        }
        let (merchant, id) = (self.tenant.merchant.clone(), delivery.clone());
        Ok(self.tenant.store.read::<_, store::Error>(move |view| receipts::order(view, &merchant, &id)).await?)
    }

    async fn decisions_about(&self, order: &OrderRef) -> Result<Vec<Value>, Error> {
        let (merchant, order) = (self.tenant.merchant.clone(), order.clone());
        let kept = self.tenant.store.read::<_, store::Error>(move |view| decisions::list(view, &merchant, &order)).await?;
        Ok(kept.iter().map(|kept| shown("a decision", &kept.json)).collect())
    }
}

/// The records of an attempt to store, with personal data removed except from a cassette that is kept raw. `keep` says in which form the
/// cassette is stored; `None` stores none. A cassette whose personal data cannot be removed is not stored, and the receipt then loses the
/// text of the plugin and the cart.
pub(super) async fn recorded(rules: Rules, attempt: &Attempt, keep: Option<Personal>) -> Recorded {
    let Attempt { receipt, cassette } = attempt.clone();
    let work = move || {
        let tape = |personal, cassette: &Cassette| json_within(cassette, CASSETTE_BYTES_MAX).map(|json| Tape { json, personal });
        let mut without = receipt.clone();
        match (rules.with_texts(&cassette, without.texts_mut()), keep) {
            (Ok(redacted), keep) => {
                let kept = |personal| tape(personal, if personal == Personal::Raw { &cassette } else { &redacted });
                Recorded { receipt: without, cassette: keep.and_then(kept) }
            }
            (Err(why), keep) => {
                let Receipt { cart, delivery, attempt, .. } = &receipt;
                tracing::warn!(%cart, %delivery, attempt, error = &why as &dyn std::error::Error, "could not redact a recording; no redacted copy is stored");
                let raw = keep.filter(|personal| *personal == Personal::Raw).and_then(|personal| tape(personal, &cassette));
                Recorded { receipt: receipt.without_words(&why.to_string()), cassette: raw }
            }
        }
    };
    heavy::work(attempt.cassette.bytes(), work).await
}

/// A cassette as JSON; `None` if the JSON would be longer than `bytes_max`, in which case writing stops early.
fn json_within(cassette: &Cassette, bytes_max: usize) -> Option<String> {
    let mut json = Within { bytes: Vec::new(), bytes_max };
    serde_json::to_writer(&mut json, cassette).ok()?;
    Some(String::from_utf8(json.bytes).expect("JSON is UTF-8"))
}

/// A writer that accepts a limited number of bytes.
struct Within {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl io::Write for Within {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if more.len() > self.bytes_max - self.bytes.len() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A document with personal data removed or, if that fails, the reason.
fn redacted(rules: &Rules, document: &str) -> Value {
    let left_out = |why: String| json!({ "left_out": why });
    match rules.text(document) {
        // A person's text that looks like JSON may stand across the ends of other texts; without it they are none.
        Ok(text) => serde_json::from_str(&text)
            .unwrap_or_else(|error| left_out(format!("the document is not valid JSON after personal data was removed: {error}"))),
        Err(why) => left_out(why.to_string()),
    }
}

/// The members of two objects, in one.
fn merged(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}

/// Why this release cannot read a delivery; `None` if it can.
fn unreadable(label: &Result<String, Unreadable>) -> Option<String> {
    label.as_ref().err().map(Unreadable::to_string)
}

/// What is removed from the recordings of a cart: what its plugin declares personal, besides what always is.
fn rules_of(kept: Option<&StoredCart>) -> Rules {
    let fields = kept.and_then(StoredCart::manifest).map(|manifest| manifest.personal_fields.clone()).unwrap_or_default();
    Rules::new(&fields)
}

fn order_of(found: &FoundDelivery) -> OrderRef {
    match found {
        FoundDelivery::Queued(queued, _) => queued.order.clone(),
        FoundDelivery::Dead(dead, _) => dead.order.clone(),
        FoundDelivery::Ended { order, .. } => order.clone(),
    }
}

/// The state of a cart: what it runs, and whether it may.
fn standing(kept: &StoredCart, now_unix_ms: u64) -> Value {
    let manifest = kept.manifest();
    json!({
        "mode": kept.mode.name(), "enabled": kept.row.enabled, "paused": kept.pause_at(now_unix_ms).is_some(), "digest": kept.pinned(),
        "plugin": manifest.map(|manifest| &manifest.name), "version": manifest.map(|manifest| &manifest.version),
    })
}
