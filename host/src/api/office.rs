//! What the API does through the office that takes more than one step there.

use super::problem::Problem;
use crate::gate::Decision;
use crate::id::DeliveryId;
use crate::office::{self, IdempotencyKey, Office, Outcome, Request, Standing};
use crate::receipt::Receipt;

/// What came of a request.
pub(super) struct Accepted {
    pub(super) decision: Decision,
    pub(super) done: Done,
    /// Where the order stands now.
    pub(super) standing: Standing,
}

/// What followed.
pub(super) enum Done {
    /// Nothing: a condition does not hold.
    Nothing,
    /// The cart's mode only records: the receipt of the dry run, if there was anything to tell the cart.
    Recorded { receipt: Option<Receipt> },
    /// It waits in the outbox.
    Queued { delivery: DeliveryId, sequence: u64 },
}

/// Asks the gate and accepts. For a cart that only records, the record is made at once.
pub(super) async fn accept(office: &Office, request: Request, key: Option<&IdempotencyKey>) -> Result<Accepted, Problem> {
    let office::Accepted { mut decision, done } = Box::pin(office.accept(&request, key)).await?;
    let own = match &done {
        Outcome::Queued { delivery, .. } => Some(delivery),
        Outcome::Nothing | Outcome::Recorded => None,
    };
    let standing = office.stand(&mut decision, own).await?;
    let done = match done {
        Outcome::Nothing => Done::Nothing,
        Outcome::Recorded => Done::Recorded { receipt: Box::pin(office.record(&request)).await?.map(|attempt| attempt.receipt) },
        Outcome::Queued { delivery, sequence } => Done::Queued { delivery, sequence },
    };
    Ok(Accepted { decision, done, standing })
}
