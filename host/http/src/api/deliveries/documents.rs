//! Deliveries as lists show them.

use crate::api::schema;
use crate::api::schema::UnixMs;
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::id::{CartId, DeliveryId, SenderOrderNumber};
use cartage_store::orders::OrderRef;
use cartage_store::outbox::{self, DeadLetter, DeliveryEnd, EndCause, Unreadable, Waits};
use cartage_store::receipts;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A page of deliveries, with counts of all.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeliveryPage {
    /// The numbers of all deliveries.
    pub counts: DeliveryCounts,
    /// The deliveries of the page.
    pub deliveries: Vec<Delivery>,
    /// The cursor of the next page. Null: this page is the last.
    #[schema(required)]
    pub next: Option<String>,
}

/// The numbers of deliveries.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeliveryCounts {
    /// The numbers of each cart.
    pub carts: Vec<CartCounts>,
    /// The dead letters by cart and reason.
    pub dead_letters: Vec<DeadCount>,
}

/// The numbers of a cart's deliveries.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CartCounts {
    /// The cart of the deliveries.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// Deliveries that wait or are under way, also those behind a dead letter.
    pub queued: u64,
    /// Dead letters.
    pub dead: u64,
    /// Orders whose updates wait until somebody acts on a dead letter.
    pub blocked_orders: u64,
    /// When the oldest queued delivery entered the queue. Null: nothing is queued.
    #[schema(required, value_type = Option<UnixMs>)]
    pub oldest_queued_at_unix_ms: Option<u64>,
}

/// The number of a cart's dead letters of one reason.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeadCount {
    /// The cart of the dead letters.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// The reason. Null: one that this release does not know.
    #[schema(required, value_type = Option<schema::Reason>)]
    pub reason: Option<Reason>,
    /// The number of dead letters.
    pub count: u64,
}

/// A delivery on record.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Delivery {
    /// The delivery waits or is under way.
    Queued(QueuedDelivery),
    /// The delivery is a dead letter.
    Dead(DeadDelivery),
    /// The cart has the update.
    Delivered(DeliveredDelivery),
    /// A person ended the delivery.
    Discarded(EndedDelivery),
    /// A newer update of the order replaces the delivery.
    Superseded(EndedDelivery),
}

/// A delivery that waits or is under way.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct QueuedDelivery {
    /// The id of the delivery.
    #[schema(value_type = String)]
    pub delivery: DeliveryId,
    /// The cart of the delivery.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// The number of the order, as its sender gave it.
    #[schema(value_type = String)]
    pub order_number: SenderOrderNumber,
    /// The number of the update within the order.
    pub sequence: u64,
    /// The label of the update. Null: this release cannot read the update.
    #[schema(required)]
    pub label: Option<String>,
    /// Why this release cannot read the update, which can still be discarded. Null: this release can read it.
    #[schema(required)]
    pub unreadable: Option<String>,
    /// The numbers of the attempts.
    pub attempts: AttemptCounts,
    /// When the update was accepted.
    #[schema(value_type = UnixMs)]
    pub accepted_at_unix_ms: u64,
    /// When the delivery entered the queue: on acceptance, or on its last retry.
    #[schema(value_type = UnixMs)]
    pub queued_at_unix_ms: u64,
    /// What the delivery waits for.
    #[schema(value_type = QueuedFor, inline)]
    pub waits: Waits,
    /// The failure for which the order's queue rests. Null: the queue does not rest.
    #[schema(required)]
    pub fault: Option<String>,
    /// What followed from the last attempt: a name, or an object whose one member has the name. Null: there was no attempt.
    pub last_fate: Value,
}

/// A delivery that is not attempted again by itself.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = DeadLetter)]
pub struct DeadDelivery {
    /// The id of the delivery.
    #[schema(value_type = String)]
    pub delivery: DeliveryId,
    /// The cart of the delivery.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// The number of the order, as its sender gave it.
    #[schema(value_type = String)]
    pub order_number: SenderOrderNumber,
    /// The number of the update within the order.
    pub sequence: u64,
    /// The label of the update. Null: this release cannot read the update.
    #[schema(required)]
    pub label: Option<String>,
    /// Why this release cannot read the update, which can still be discarded. Null: this release can read it.
    #[schema(required)]
    pub unreadable: Option<String>,
    /// The numbers of the attempts.
    pub attempts: AttemptCounts,
    /// When the update was accepted.
    #[schema(value_type = UnixMs)]
    pub accepted_at_unix_ms: u64,
    /// When the delivery became a dead letter.
    #[schema(value_type = UnixMs)]
    pub died_at_unix_ms: u64,
    /// The reason of its death. Null: one that this release does not know.
    #[schema(required, value_type = Option<schema::Reason>)]
    pub reason: Option<Reason>,
    /// Whether the order's later updates wait until somebody retries or discards this one.
    pub order_waits: bool,
    /// What followed from the last attempt: a name, or an object whose one member has the name. Null: there was no attempt.
    pub last_fate: Value,
}

/// The numbers of a delivery's attempts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AttemptCounts {
    /// Attempts that count against the retry schedule.
    pub counted: u32,
    /// Attempts that failed by a fault of the plugin.
    pub plugin_faults: u32,
    /// Attempts that were started.
    pub started: u32,
}

/// A delivery that the cart has, by its receipt.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeliveredDelivery {
    /// The id of the delivery.
    #[schema(value_type = String)]
    pub delivery: DeliveryId,
    /// The cart of the delivery.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// The number of the order, as its sender gave it.
    #[schema(value_type = String)]
    pub order_number: SenderOrderNumber,
    /// The number of the update within the order.
    pub sequence: u64,
    /// The number of the attempt that the cart took.
    pub attempt: u32,
    /// When that attempt started.
    #[schema(value_type = UnixMs)]
    pub delivered_at_unix_ms: u64,
    /// The cart's own reference for the order. Null: the cart gave none.
    #[schema(required)]
    pub reference: Option<String>,
}

/// A delivery that ended without reaching its cart.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EndedDelivery {
    /// The id of the delivery.
    #[schema(value_type = String)]
    pub delivery: DeliveryId,
    /// The cart of the delivery.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// The number of the order, as its sender gave it.
    #[schema(value_type = String)]
    pub order_number: SenderOrderNumber,
    /// The number of the update within the order.
    pub sequence: u64,
    /// When the delivery was ended.
    #[schema(value_type = UnixMs)]
    pub ended_at_unix_ms: u64,
    /// By whom or what the delivery was ended.
    #[schema(value_type = EndedBy, inline)]
    pub ending: EndCause,
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
#[expect(dead_code, reason = "it describes `EndCause` of the outbox and is never made")]
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

impl EndedDelivery {
    pub(super) fn of(delivery: &DeliveryId, order: &OrderRef, sequence: u64, ending: &DeliveryEnd) -> EndedDelivery {
        EndedDelivery {
            delivery: delivery.clone(),
            cart: order.cart.clone(),
            order_number: order.number.clone(),
            sequence,
            ended_at_unix_ms: ending.at_unix_ms,
            ending: ending.how.clone(),
        }
    }
}

impl From<EndedDelivery> for Delivery {
    fn from(ended: EndedDelivery) -> Delivery {
        match ended.ending {
            EndCause::Discarded { .. } => Delivery::Discarded(ended),
            EndCause::Superseded { .. } => Delivery::Superseded(ended),
        }
    }
}

impl From<&outbox::Queued> for QueuedDelivery {
    fn from(queued: &outbox::Queued) -> QueuedDelivery {
        QueuedDelivery {
            delivery: queued.delivery.clone(),
            cart: queued.order.cart.clone(),
            order_number: queued.order.number.clone(),
            sequence: queued.sequence,
            label: queued.label.as_ref().ok().cloned(),
            unreadable: unreadable(&queued.label),
            attempts: (&queued.attempts).into(),
            accepted_at_unix_ms: queued.accepted_at_unix_ms,
            queued_at_unix_ms: queued.queued_at_unix_ms,
            waits: queued.waits,
            fault: queued.fault.clone(),
            last_fate: fate(queued.fate.as_ref()),
        }
    }
}

impl From<&DeadLetter> for DeadDelivery {
    fn from(letter: &DeadLetter) -> DeadDelivery {
        DeadDelivery {
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
        }
    }
}

impl From<&receipts::Delivered> for DeliveredDelivery {
    fn from(has: &receipts::Delivered) -> DeliveredDelivery {
        DeliveredDelivery {
            delivery: has.delivery.clone(),
            cart: has.order.cart.clone(),
            order_number: has.order.number.clone(),
            sequence: has.sequence,
            attempt: has.attempt,
            delivered_at_unix_ms: has.at_unix_ms,
            reference: has.reference.clone(),
        }
    }
}

impl From<outbox::Count> for DeadCount {
    fn from(outbox::Count { cart, reason, count }: outbox::Count) -> DeadCount {
        DeadCount { cart, reason, count }
    }
}

impl From<outbox::Backlog> for CartCounts {
    fn from(backlog: outbox::Backlog) -> CartCounts {
        CartCounts {
            cart: backlog.cart,
            queued: backlog.queued,
            dead: backlog.dead,
            blocked_orders: backlog.blocked,
            oldest_queued_at_unix_ms: backlog.oldest_queued_at_unix_ms,
        }
    }
}

impl From<&outbox::Attempts> for AttemptCounts {
    fn from(attempts: &outbox::Attempts) -> AttemptCounts {
        AttemptCounts { counted: attempts.counted, plugin_faults: attempts.plugin_faults, started: attempts.claims }
    }
}

/// Why this release cannot read a delivery. `None` if it can.
fn unreadable(label: &Result<String, Unreadable>) -> Option<String> {
    label.as_ref().err().map(Unreadable::to_string)
}

fn fate(fate: Option<&String>) -> Value {
    fate.and_then(|json| serde_json::from_str(json).ok()).unwrap_or(Value::Null)
}
