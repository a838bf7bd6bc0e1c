//! One delivery as it is shown, and what became of it.

use super::documents::Delivery;
use crate::api::schema;
use crate::api::schema::order::UpdateOfOrder;
use cartage_contract::orders::Update;
use cartage_model::id::{CartId, DeliveryId};
use cartage_store::outbox::MergedUpdate;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A delivery with its receipts, and with its update while that is kept.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WholeDelivery {
    /// What is on record of the delivery itself.
    #[serde(flatten)]
    #[schema(inline)]
    pub on_record: OnRecord,
    /// The update, in the form that the plugin is given. Left out: the update is not kept. Null: this release cannot read the update.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "kept")]
    #[schema(value_type = Option<Object>)]
    pub update: Option<Option<Box<Update>>>,
    /// The receipts of the attempts, as they were stored. A receipt that this release cannot read is an object whose `unreadable` says why.
    #[schema(value_type = Vec<Object>)]
    pub receipts: Vec<Value>,
    /// The numbers of the attempts whose cassettes are kept.
    pub cassettes: Vec<u32>,
    /// The deliveries before this one in the order's queue.
    #[schema(value_type = Vec<String>)]
    pub before: Vec<DeliveryId>,
    /// Earlier updates that were merged into this one, and end with it.
    #[schema(value_type = Vec<UpdateOfOrder>)]
    pub merged: Vec<MergedUpdate>,
}

/// Reads a member that may be null and is not left out.
fn kept<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// What is on record of one delivery.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum OnRecord {
    /// The delivery, as lists show it.
    Listed(Delivery),
    /// Only receipts of the delivery.
    Receipts(RecordedDelivery),
}

/// A delivery of which only receipts are on record.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecordedDelivery {
    /// The id of the delivery.
    #[schema(value_type = String)]
    pub delivery: DeliveryId,
    /// What the last receipt says.
    #[schema(inline)]
    pub state: RecordedState,
    /// The cart of the delivery.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
}

/// What the last receipt says of a delivery: the cart has the update, or something else.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RecordedState {
    /// The cart has the update.
    Delivered,
    /// The attempt ended in another way.
    Recorded,
}

/// The new place of a delivery in its queue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = RetriedDelivery)]
pub struct Placed {
    /// The id of the delivery.
    #[schema(value_type = String)]
    pub delivery: DeliveryId,
    /// The end of the queue at which the delivery stands.
    #[schema(inline)]
    pub placed: QueueEnd,
    /// The number that the update has now within its order. Left out: the number is the same as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sequence: Option<u64>,
    /// The state of the order, in one sentence.
    pub stands: String,
}

/// An end of an order's queue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QueueEnd {
    /// The front, where the delivery stood before.
    Head,
    /// The back, because the order went on meanwhile.
    Tail,
}

/// What ended with a delivery.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = DiscardedDelivery)]
pub struct EndedNow {
    /// The id of the delivery.
    #[schema(value_type = String)]
    pub delivery: DeliveryId,
    /// Always true.
    pub discarded: bool,
    /// What the delivery was before.
    #[schema(inline)]
    pub was: Was,
    /// Earlier updates that were merged into this one, and end with it.
    #[schema(value_type = Vec<UpdateOfOrder>)]
    pub merged: Vec<MergedUpdate>,
}

/// The state of a delivery before it was discarded.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Was {
    /// A dead letter.
    Dead,
    /// A delivery that waited.
    Queued,
}

impl OnRecord {
    /// The state's name.
    pub(super) fn state(&self) -> &'static str {
        match self {
            OnRecord::Listed(Delivery::Queued(_)) => "queued",
            OnRecord::Listed(Delivery::Dead(_)) => "dead",
            OnRecord::Listed(Delivery::Discarded(_)) => "discarded",
            OnRecord::Listed(Delivery::Superseded(_)) => "superseded",
            OnRecord::Listed(Delivery::Delivered(_)) | OnRecord::Receipts(RecordedDelivery { state: RecordedState::Delivered, .. }) => {
                "delivered"
            }
            OnRecord::Receipts(RecordedDelivery { state: RecordedState::Recorded, .. }) => "recorded",
        }
    }
}
