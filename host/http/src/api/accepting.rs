//! Operations of the API that take more than one operation of the service.

use super::problem::Problem;
use cartage::service::{self, Acceptance, IdempotencyKey, OrderStatus, Request, Service};
use cartage_model::id::DeliveryId;
use cartage_model::receipt::Receipt;
use cartage_policy::gate::Decision;

/// The result of a request.
pub(super) struct Accepted {
    pub(super) decision: Decision,
    pub(super) done: Done,
    /// The state of the order after the request.
    pub(super) standing: OrderStatus,
}

/// What followed from a decision.
pub(super) enum Done {
    /// A condition does not hold, so nothing followed.
    Nothing,
    /// The cart's mode only records. The receipt is that of the dry run; `None` if there was nothing to tell the cart.
    Recorded { receipt: Option<Receipt> },
    /// The update waits in the outbox.
    Queued { delivery: DeliveryId, sequence: u64 },
}

/// Asks the gate and accepts the update. For a cart that only records, the dry run is made at once.
pub(super) async fn accept(service: &Service, request: Request, key: Option<&IdempotencyKey>) -> Result<Accepted, Problem> {
    let service::Accepted { mut decision, done } = Box::pin(service.intake().accept(&request, key)).await?;
    let own = match &done {
        Acceptance::Queued { delivery, .. } => Some(delivery),
        Acceptance::Nothing | Acceptance::Recorded => None,
    };
    let standing = service.orders().judge(&mut decision, own).await?;
    let done = match done {
        Acceptance::Nothing => Done::Nothing,
        Acceptance::Recorded => {
            Done::Recorded { receipt: Box::pin(service.sending().record(&request)).await?.map(|attempt| attempt.receipt) }
        }
        Acceptance::Queued { delivery, sequence } => Done::Queued { delivery, sequence },
    };
    Ok(Accepted { decision, done, standing })
}
