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
    let standing = service.orders().judge(&mut decision, own).await.map_err(|error| after_acceptance(error, own))?;
    let done = match done {
        Acceptance::Nothing => Done::Nothing,
        Acceptance::Recorded => {
            Done::Recorded { receipt: Box::pin(service.sending().record(&request)).await?.map(|attempt| attempt.receipt) }
        }
        Acceptance::Queued { delivery, sequence } => Done::Queued { delivery, sequence },
    };
    Ok(Accepted { decision, done, standing })
}

/// The problem that a request was decided, and that its answer could not be put together then.
fn after_acceptance(error: service::Error, delivery: Option<&DeliveryId>) -> Problem {
    let detail = match delivery {
        Some(delivery) => format!(
            "the update was accepted as delivery {delivery} and is delivered, but the state of its order could not be read; look at \
             /v1/deliveries/{delivery} later, and send the update again only under the same Idempotency-Key"
        ),
        None => "the decision was stored, but the state of the order could not be read; send the request again later".to_owned(),
    };
    Problem::from(error).causing(detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_store as store;
    use http::StatusCode;

    #[test]
    fn an_update_that_was_accepted_is_not_said_to_be_lost() {
        let busy = || service::Error::Store(store::Error::Busy { what: "read the order".into() });
        let delivery = DeliveryId::named("0199aaaa-0000-7000-8000-000000000000");
        for (accepted, expected) in [(Some(&delivery), delivery.as_str()), (None, "the decision was stored")] {
            let problem = after_acceptance(busy(), accepted);
            assert_eq!(problem.status(), StatusCode::SERVICE_UNAVAILABLE);
            let document = serde_json::to_value(problem.document("/v1/status-updates")).expect("a problem is plain data");
            let detail = document["detail"].as_str().expect("it has a text");
            assert!(detail.contains(expected) && !detail.contains("nothing of the request"), "{detail}");
            let machine = problem.whole_document("/v1/status-updates");
            assert!(machine.detail.contains(expected) && machine.causes == [busy().to_string()], "{machine:?}");
        }
    }
}
