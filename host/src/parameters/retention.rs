//! How long things are kept, in days. They are the merchant's, and the daemon removes what is older.

use super::{Group, Kind, Parameter, ScopeKind};
use crate::origin::Origin;

/// The most days for which anything is kept.
const DAYS_MAX: i64 = 36_500;

const fn days(name: &'static str, least: i64, default: &'static str, help: &'static str) -> Parameter {
    Parameter {
        name,
        group: Group::Retention,
        kind: Kind::Integer { min: least, max: DAYS_MAX },
        default,
        scopes: &[ScopeKind::System],
        origin: Origin::Ours,
        help,
    }
}

/// Of senders' idempotency keys.
pub static KEEP_IDEMPOTENCY_KEYS_DAYS: Parameter = days(
    "KeepIdempotencyKeysDays",
    1,
    "7",
    "For how many days a request that a sender makes again under the same Idempotency-Key gets the same answer.",
);

/// Of receipts.
pub static KEEP_RECEIPTS_DAYS: Parameter = days(
    "KeepReceiptsDays",
    1,
    "90",
    "For how many days the receipts of attempts are kept, and how deliveries ended. Those of what waits or is a dead letter stay.",
);

/// Of recordings of attempts that did what they were for.
pub static KEEP_CASSETTES_DAYS: Parameter =
    days("KeepCassettesDays", 1, "14", "For how many days recordings of attempts that were delivered are kept.");

/// Of recordings of attempts that failed.
pub static KEEP_FAILED_CASSETTES_DAYS: Parameter =
    days("KeepFailedCassettesDays", 1, "30", "For how many days recordings of attempts that failed are kept.");

/// Of the audit.
pub static KEEP_AUDIT_DAYS: Parameter = days("KeepAuditDays", 30, "365", "For how many days it is kept who changed what.");

/// Of what carts were told of orders.
pub static KEEP_ORDER_STATE_DAYS: Parameter = days(
    "KeepOrderStateDays",
    30,
    "730",
    "For how many days after its last update it is kept what a cart was told of an order, and how the gate decided. After that an order is \
     new again.",
);
