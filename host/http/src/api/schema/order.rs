//! The state of an order at its cart: the types of the service and of the outbox.
#![expect(dead_code, reason = "these types describe others and are never made")]

use super::decision::{Decision, Explanation};
use super::{CartId, UnixMs, names};
use cartage_policy::gate;
use serde::Serialize;
use utoipa::ToSchema;

names! {
    /// Who gave a label directly: a person by a command, a program through the API, or an Order Manager in the classic protocol.
    Given of gate::Given: ByHand Api Seti;
}

/// The state of an order at a cart.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct OrderStatus {
    #[schema(value_type = CartId)]
    cart: String,
    /// The number of the order, as the sender gave it.
    order: String,
    #[serde(flatten)]
    #[schema(inline)]
    place: Progress,
    /// The update that was asked about. Null: it is the one that the state is about.
    #[schema(required)]
    own: Option<UpdateOfOrder>,
    /// Whether an attempt without an answer may have reached the cart.
    may_have_reached: bool,
    /// Dead letters of the order besides the one that the state is about.
    other_dead_letters: Vec<String>,
    /// Whether a worker serves the data directory and sends what is due by itself.
    serving: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "stands")]
pub(in crate::api) enum Progress {
    /// The cart has the order's last update.
    Delivered {
        /// The delivery. Null: the cart was told before Cartage, or the receipt is deleted.
        #[schema(required)]
        delivery: Option<String>,
        /// The number of the update within the order.
        sequence: u64,
        /// When the cart took the update.
        #[schema(value_type = UnixMs)]
        at_unix_ms: u64,
        /// The cart's own reference for the order.
        #[schema(required)]
        reference: Option<String>,
    },
    /// An update waits, or is under way.
    Waiting {
        /// The delivery of the update.
        delivery: String,
        /// The number of the update within the order.
        sequence: u64,
        /// What the update waits for.
        #[schema(inline)]
        waits: WaitsFor,
        /// The number of attempts so far.
        attempts: u32,
        /// The name of what followed from the last attempt.
        #[schema(required)]
        last: Option<String>,
        /// What the plugin said about the last attempt.
        #[schema(required)]
        said: Option<String>,
    },
    /// An update is a dead letter.
    DeadLetter {
        /// The delivery of the update.
        delivery: String,
        /// The number of the update within the order.
        sequence: u64,
        /// The reason of its death.
        reason: String,
        /// What the plugin or Cartage said of it.
        #[schema(required)]
        said: Option<String>,
        /// When the delivery became a dead letter.
        #[schema(value_type = UnixMs)]
        at_unix_ms: u64,
        /// Whether the dead letter blocks the rest of its order.
        blocks: bool,
        /// The number of updates that wait behind it.
        behind: u64,
        /// Whether this release can read the dead letter. One that it cannot read can only be discarded.
        readable: bool,
    },
    /// A person discarded the order's last update.
    Discarded {
        /// The delivery of the update.
        delivery: String,
        /// The number of the update within the order.
        sequence: u64,
        /// The name of the user or of the token.
        who: String,
        /// The reason that the person gave.
        why: String,
        /// When the update was discarded.
        #[schema(value_type = UnixMs)]
        at_unix_ms: u64,
    },
    /// No update of the order was accepted.
    NotAccepted,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "for")]
pub(in crate::api) enum WaitsFor {
    /// The cart no longer exists.
    NoCart,
    /// Somebody must enable the cart.
    Enabled,
    /// The cart is paused.
    Resumed {
        /// The reason of the pause, by name.
        why: String,
        /// The end of the pause. Null: until somebody resumes the cart.
        #[schema(required, value_type = Option<UnixMs>)]
        until_unix_ms: Option<u64>,
        /// What the plugin said when the cart was paused.
        #[schema(required)]
        said: Option<String>,
    },
    /// The order's queue rests after a failure in Cartage.
    Mended {
        /// The error with all its causes.
        fault: String,
        /// When the next attempt is due.
        #[schema(value_type = UnixMs)]
        until_unix_ms: u64,
    },
    /// An attempt is under way, or was cut off and may be under way at the cart.
    Attempt {
        /// When the attempt is certainly over.
        #[schema(value_type = UnixMs)]
        until_unix_ms: u64,
    },
    /// The cart's breaker is open.
    Breaker {
        /// When the breaker lets one order through.
        #[schema(value_type = UnixMs)]
        until_unix_ms: u64,
    },
    /// The update is due later.
    Schedule {
        /// When the update is due.
        #[schema(value_type = UnixMs)]
        until_unix_ms: u64,
    },
    /// The cart cannot be made ready.
    Ready {
        /// The error with all its causes.
        why: String,
    },
    /// The update is due, and is sent when the cart's rate and concurrency allow.
    Turn,
}

/// An update of an order.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct UpdateOfOrder {
    /// The id of the update's delivery.
    delivery: String,
    /// The number of the update within the order.
    sequence: u64,
}

/// Why an order's status is sent or not.
#[derive(ToSchema)]
pub(in crate::api) struct Explained {
    /// The decision and the state of the order, in words.
    explanation: Explanation,
    /// What the gate would decide now. The decision is not kept.
    decision: Decision,
    /// What the decision is about.
    #[schema(inline)]
    cause: Cause,
    /// The last receipts of the order, the last one first.
    #[schema(value_type = Vec<Object>)]
    receipts: (),
    standing: OrderStatus,
    /// The order's deliveries on record.
    deliveries: Vec<OrderDelivery>,
    /// The cart's own reference for the order.
    #[schema(required)]
    reference: Option<String>,
    /// The order's packages.
    packages: Vec<OrderPackage>,
}

#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(in crate::api) enum Cause {
    /// The name of a status event.
    Event(String),
    /// A label was given directly.
    Given(#[schema(inline)] Given),
}

/// What followed from a request that waited for the cart.
#[derive(ToSchema)]
pub(in crate::api) struct Sent {
    /// The gate's decision, which is stored.
    decision: Decision,
    /// What followed from the decision.
    #[schema(inline)]
    done: Done,
    /// The state of the order now.
    standing: OrderStatus,
    /// The state and the decision, in words.
    explanation: Explanation,
}

#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(in crate::api) enum Done {
    /// Nothing was sent: a condition does not hold.
    Nothing,
    /// The cart's mode only records. The receipt and the recording of the dry run show what would have been sent.
    Recorded(Attempt),
    /// The update was accepted and attempted.
    Tried {
        /// The attempt.
        attempt: Attempt,
    },
    /// The update was accepted, and waits.
    Waits {
        /// The id of the delivery.
        delivery: String,
    },
}

/// An attempt: its receipt, and its recording, which holds personal data.
#[derive(ToSchema)]
pub(in crate::api) struct Attempt {
    #[schema(value_type = Object)]
    receipt: (),
    #[schema(value_type = Object)]
    cassette: (),
}

/// A delivery of an order.
#[derive(ToSchema)]
pub(in crate::api) struct OrderDelivery {
    /// The id of the delivery.
    delivery: String,
    /// The number of the delivery's update within the order.
    sequence: u64,
    /// The state of the delivery: queued, dead, delivered, discarded or superseded.
    state: String,
}

/// A package of an order, and whether its cart knows it.
#[derive(ToSchema)]
pub(in crate::api) struct OrderPackage {
    /// The sender's id for the package.
    #[schema(required)]
    id: Option<String>,
    /// The carrier, in the Order Manager's words.
    #[schema(required)]
    carrier: Option<String>,
    /// The tracking number.
    #[schema(required)]
    tracking_number: Option<String>,
    /// Whether the package was withdrawn.
    withdrawn: bool,
    /// Whether the cart was told of the package in this form. If not, the update with it is on its way.
    told: bool,
    /// The cart's own reference for the package.
    #[schema(required)]
    reference: Option<String>,
}
