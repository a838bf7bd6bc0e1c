//! Deliveries as they are shown.

use crate::api::schema;
use crate::api::schema::UnixMs;
use crate::api::schema::order::UpdateOfOrder;
use cartage_contract::orders::Update;
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::id::{CartId, DeliveryId, SenderOrderNumber};
use cartage_store::orders::OrderRef;
use cartage_store::outbox::{self, DeadLetter, Ending, How, MergedUpdate, Unreadable, Waits};
use cartage_store::receipts;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A page of deliveries, with counts of all.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Deliveries {
    pub(super) counts: Counts,
    pub(super) deliveries: Vec<Delivery>,
    /// The cursor of the next page. Null: this page is the last.
    #[schema(required)]
    pub(super) next: Option<String>,
}

/// The numbers of deliveries.
#[derive(Serialize, ToSchema)]
#[schema(as = DeliveryCounts)]
pub(in crate::api) struct Counts {
    pub(super) carts: Vec<CartCounts>,
    /// The dead letters by cart and reason.
    pub(super) dead_letters: Vec<DeadCount>,
}

/// The numbers of a cart's deliveries.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct CartCounts {
    #[schema(value_type = schema::CartId)]
    pub(super) cart: CartId,
    /// Deliveries that wait or are under way, also those behind a dead letter.
    pub(super) queued: u64,
    /// Dead letters.
    pub(super) dead: u64,
    /// Orders whose updates wait until somebody acts on a dead letter.
    pub(super) blocked_orders: u64,
    /// When the oldest queued delivery entered the queue. Null: nothing is queued.
    #[schema(required, value_type = Option<UnixMs>)]
    pub(super) oldest_queued_at_unix_ms: Option<u64>,
}

/// The number of a cart's dead letters of one reason.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct DeadCount {
    #[schema(value_type = schema::CartId)]
    pub(super) cart: CartId,
    /// The reason. Null: one that this release does not know.
    #[schema(required, value_type = Option<schema::Reason>)]
    pub(super) reason: Option<Reason>,
    pub(super) count: u64,
}

/// A delivery on record.
#[derive(Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(in crate::api) enum Delivery {
    /// The delivery waits or is under way.
    Queued(Queued),
    /// The delivery is a dead letter.
    Dead(Dead),
    /// The cart has the update.
    Delivered(Delivered),
    /// A person ended the delivery.
    Discarded(Ended),
    /// A newer update of the order replaces the delivery.
    Superseded(Ended),
}

/// A delivery that waits or is under way.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedDelivery)]
pub(in crate::api) struct Queued {
    #[schema(value_type = String)]
    delivery: DeliveryId,
    #[schema(value_type = schema::CartId)]
    cart: CartId,
    /// The number of the order, as its sender gave it.
    #[schema(value_type = String)]
    order_number: SenderOrderNumber,
    /// The number of the update within the order.
    sequence: u64,
    /// The label of the update. Null: this release cannot read the update.
    #[schema(required)]
    label: Option<String>,
    /// Why this release cannot read the update, which can still be discarded. Null: this release can read it.
    #[schema(required)]
    unreadable: Option<String>,
    attempts: Attempts,
    /// When the update was accepted.
    #[schema(value_type = UnixMs)]
    accepted_at_unix_ms: u64,
    /// What the delivery waits for.
    #[schema(value_type = QueuedFor, inline)]
    waits: Waits,
    /// The failure for which the order's queue rests. Null: the queue does not rest.
    #[schema(required)]
    fault: Option<String>,
    /// What followed from the last attempt: a name, or an object whose one member has the name. Null: there was no attempt.
    last_fate: Value,
}

/// A delivery that is not attempted again by itself.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(in crate::api) struct Dead {
    #[schema(value_type = String)]
    delivery: DeliveryId,
    #[schema(value_type = schema::CartId)]
    cart: CartId,
    /// The number of the order, as its sender gave it.
    #[schema(value_type = String)]
    order_number: SenderOrderNumber,
    /// The number of the update within the order.
    sequence: u64,
    /// The label of the update. Null: this release cannot read the update.
    #[schema(required)]
    label: Option<String>,
    /// Why this release cannot read the update, which can still be discarded. Null: this release can read it.
    #[schema(required)]
    unreadable: Option<String>,
    attempts: Attempts,
    /// When the update was accepted.
    #[schema(value_type = UnixMs)]
    accepted_at_unix_ms: u64,
    /// When the delivery became a dead letter.
    #[schema(value_type = UnixMs)]
    died_at_unix_ms: u64,
    /// The reason of its death. Null: one that this release does not know.
    #[schema(required, value_type = Option<schema::Reason>)]
    reason: Option<Reason>,
    /// Whether the order's later updates wait until somebody retries or discards this one.
    order_waits: bool,
    /// What followed from the last attempt: a name, or an object whose one member has the name. Null: there was no attempt.
    last_fate: Value,
}

/// The numbers of a delivery's attempts.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Attempts {
    /// Attempts that count against the retry schedule.
    counted: u32,
    /// Attempts that failed by a fault of the plugin.
    plugin_faults: u32,
    /// Attempts that were started.
    started: u32,
}

/// A delivery that the cart has, by its receipt.
#[derive(Serialize, ToSchema)]
#[schema(as = DeliveredDelivery)]
pub(in crate::api) struct Delivered {
    #[schema(value_type = String)]
    delivery: DeliveryId,
    #[schema(value_type = schema::CartId)]
    cart: CartId,
    /// The number of the order, as its sender gave it.
    #[schema(value_type = String)]
    order_number: SenderOrderNumber,
    /// The number of the update within the order.
    sequence: u64,
    /// The number of the attempt that the cart took.
    attempt: u32,
    /// When that attempt started.
    #[schema(value_type = UnixMs)]
    delivered_at_unix_ms: u64,
    /// The cart's own reference for the order. Null: the cart gave none.
    #[schema(required)]
    reference: Option<String>,
}

/// A delivery that ended without reaching its cart.
#[derive(Serialize, ToSchema)]
#[schema(as = EndedDelivery)]
pub(in crate::api) struct Ended {
    #[schema(value_type = String)]
    delivery: DeliveryId,
    #[schema(value_type = schema::CartId)]
    cart: CartId,
    /// The number of the order, as its sender gave it.
    #[schema(value_type = String)]
    order_number: SenderOrderNumber,
    /// The number of the update within the order.
    sequence: u64,
    /// When the delivery was ended.
    #[schema(value_type = UnixMs)]
    ended_at_unix_ms: u64,
    /// By whom or what the delivery was ended.
    #[schema(value_type = EndedBy, inline)]
    ending: How,
}

#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it describes `Waits` of the outbox and is never made")]
enum QueuedFor {
    /// Its due time. The delivery is the first of its order.
    Until {
        #[schema(value_type = UnixMs)]
        due_at_unix_ms: u64,
    },
    /// The end of its attempt, which is under way, or was cut off and may be under way at the cart.
    Attempt {
        /// When the delivery is due again if the outcome of the attempt stays unknown.
        #[schema(value_type = UnixMs)]
        due_at_unix_ms: u64,
    },
    /// The order's deliveries before this one.
    Behind,
    /// Somebody to act on a dead letter of the order.
    Blocked {
        /// The number of the dead letter's update within the order.
        by: u64,
    },
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "how")]
#[expect(dead_code, reason = "it describes `How` of the outbox and is never made")]
enum EndedBy {
    /// A person discarded the delivery.
    Discarded {
        /// The name of the user or of the token.
        who: String,
        /// The reason that the person gave.
        why: String,
    },
    /// A newer update of the order replaces the delivery and tells what it had to tell.
    Superseded {
        /// The delivery of the newer update.
        by: String,
    },
}

/// A delivery with its receipts, and with its update while that is kept.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct WholeDelivery {
    #[serde(flatten)]
    #[schema(inline)]
    pub(super) on_record: OnRecord,
    /// The update, in the form that the plugin is given. Left out: the update is not kept. Null: this release cannot read the update.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(super) update: Option<Option<Box<Update>>>,
    /// The receipts of the attempts, as they were stored. A receipt that this release cannot read is an object whose `unreadable` says why.
    #[schema(value_type = Vec<Object>)]
    pub(super) receipts: Vec<Value>,
    /// The numbers of the attempts whose cassettes are kept.
    pub(super) cassettes: Vec<u32>,
    /// Earlier updates that were merged into this one, and end with it.
    #[schema(value_type = Vec<UpdateOfOrder>)]
    pub(super) merged: Vec<MergedUpdate>,
}

/// What is on record of one delivery.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api) enum OnRecord {
    /// The delivery, as lists show it.
    Listed(Delivery),
    /// Only receipts of the delivery.
    Receipts(Recorded),
}

/// A delivery of which only receipts are on record.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordedDelivery)]
pub(in crate::api) struct Recorded {
    #[schema(value_type = String)]
    pub(super) delivery: DeliveryId,
    #[schema(inline)]
    pub(super) state: RecordedState,
    #[schema(value_type = schema::CartId)]
    pub(super) cart: CartId,
}

/// What the last receipt says of a delivery: the cart has the update, or something else.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::api) enum RecordedState {
    Delivered,
    Recorded,
}

/// The new place of a delivery in its queue.
#[derive(Serialize, ToSchema)]
#[schema(as = RetriedDelivery)]
pub(in crate::api) struct Placed {
    #[schema(value_type = String)]
    pub(super) delivery: DeliveryId,
    #[schema(inline)]
    pub(super) placed: Place,
    /// The number that the update has now within its order. Left out: the number is the same as before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) sequence: Option<u64>,
    /// The state of the order, in one sentence.
    pub(super) stands: String,
}

/// An end of an order's queue.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::api) enum Place {
    Head,
    Tail,
}

/// What ended with a delivery.
#[derive(Serialize, ToSchema)]
#[schema(as = DiscardedDelivery)]
pub(in crate::api) struct EndedNow {
    #[schema(value_type = String)]
    pub(super) delivery: DeliveryId,
    /// Always true.
    pub(super) discarded: bool,
    #[schema(inline)]
    pub(super) was: Was,
    /// Earlier updates that were merged into this one, and end with it.
    #[schema(value_type = Vec<UpdateOfOrder>)]
    pub(super) merged: Vec<MergedUpdate>,
}

/// The state of a delivery before it was discarded.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::api) enum Was {
    Dead,
    Queued,
}

impl Delivery {
    pub(super) fn ended(delivery: &DeliveryId, order: &OrderRef, sequence: u64, ending: &Ending) -> Delivery {
        let ended = Ended {
            delivery: delivery.clone(),
            cart: order.cart.clone(),
            order_number: order.number.clone(),
            sequence,
            ended_at_unix_ms: ending.at_unix_ms,
            ending: ending.how.clone(),
        };
        match ending.how {
            How::Discarded { .. } => Delivery::Discarded(ended),
            How::Superseded { .. } => Delivery::Superseded(ended),
        }
    }
}

impl From<&outbox::Queued> for Delivery {
    fn from(queued: &outbox::Queued) -> Delivery {
        Delivery::Queued(Queued {
            delivery: queued.delivery.clone(),
            cart: queued.order.cart.clone(),
            order_number: queued.order.number.clone(),
            sequence: queued.sequence,
            label: queued.label.as_ref().ok().cloned(),
            unreadable: unreadable(&queued.label),
            attempts: (&queued.attempts).into(),
            accepted_at_unix_ms: queued.accepted_at_unix_ms,
            waits: queued.waits,
            fault: queued.fault.clone(),
            last_fate: fate(queued.fate.as_ref()),
        })
    }
}

impl From<&DeadLetter> for Delivery {
    fn from(letter: &DeadLetter) -> Delivery {
        Delivery::Dead(Dead {
            delivery: letter.delivery.clone(),
            cart: letter.order.cart.clone(),
            order_number: letter.order.number.clone(),
            sequence: letter.sequence,
            label: letter.label.as_ref().ok().cloned(),
            unreadable: unreadable(&letter.label),
            attempts: (&letter.attempts).into(),
            accepted_at_unix_ms: letter.accepted_at_unix_ms,
            died_at_unix_ms: letter.died_at_unix_ms,
            reason: letter.reason,
            order_waits: letter.then == Then::Block,
            last_fate: fate(letter.fate.as_ref()),
        })
    }
}

impl From<&receipts::Delivered> for Delivery {
    fn from(has: &receipts::Delivered) -> Delivery {
        Delivery::Delivered(Delivered {
            delivery: has.delivery.clone(),
            cart: has.order.cart.clone(),
            order_number: has.order.number.clone(),
            sequence: has.sequence,
            attempt: has.attempt,
            delivered_at_unix_ms: has.at_unix_ms,
            reference: has.reference.clone(),
        })
    }
}

impl From<&outbox::Attempts> for Attempts {
    fn from(attempts: &outbox::Attempts) -> Attempts {
        Attempts { counted: attempts.counted, plugin_faults: attempts.plugin_faults, started: attempts.claims }
    }
}

impl OnRecord {
    /// The state's name.
    pub(super) fn state(&self) -> &'static str {
        match self {
            OnRecord::Listed(Delivery::Queued(_)) => "queued",
            OnRecord::Listed(Delivery::Dead(_)) => "dead",
            OnRecord::Listed(Delivery::Discarded(_)) => "discarded",
            OnRecord::Listed(Delivery::Superseded(_)) => "superseded",
            OnRecord::Listed(Delivery::Delivered(_)) | OnRecord::Receipts(Recorded { state: RecordedState::Delivered, .. }) => "delivered",
            OnRecord::Receipts(Recorded { state: RecordedState::Recorded, .. }) => "recorded",
        }
    }
}

/// Why this release cannot read a delivery. `None` if it can.
fn unreadable(label: &Result<String, Unreadable>) -> Option<String> {
    label.as_ref().err().map(Unreadable::to_string)
}

fn fate(fate: Option<&String>) -> Value {
    fate.and_then(|json| serde_json::from_str(json).ok()).unwrap_or(Value::Null)
}
