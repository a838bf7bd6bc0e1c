//! Retention periods, in days. They are the merchant's settings, and the daemon deletes older rows.

use super::{Group, Parameter, ScopeKind, ValueKind};
use crate::origin::Origin;

/// The longest retention period, in days.
const DAYS_MAX: i64 = 36_500;

const fn days(name: &'static str, least: i64, default: &'static str, help: &'static str) -> Parameter {
    Parameter {
        name,
        group: Group::Retention,
        kind: ValueKind::Integer { min: least, max: DAYS_MAX },
        default,
        scopes: &[ScopeKind::System],
        origin: Origin::Ours,
        help,
    }
}

/// How long senders' idempotency keys are kept, in days.
pub static KEEP_IDEMPOTENCY_KEYS_DAYS: Parameter = days(
    "KeepIdempotencyKeysDays",
    1,
    "7",
    "The number of days for which a request that a sender repeats under the same Idempotency-Key gets the same answer.",
);

/// How long receipts are kept, in days.
pub static KEEP_RECEIPTS_DAYS: Parameter = days(
    "KeepReceiptsDays",
    1,
    "90",
    "The number of days for which receipts of attempts and the outcomes of deliveries are kept. Those of waiting deliveries and dead letters stay.",
);

/// How long recordings of successful attempts are kept, in days.
pub static KEEP_CASSETTES_DAYS: Parameter =
    days("KeepCassettesDays", 1, "14", "The number of days for which recordings of successful attempts are kept.");

/// How long recordings of failed attempts are kept, in days.
pub static KEEP_FAILED_CASSETTES_DAYS: Parameter =
    days("KeepFailedCassettesDays", 1, "30", "The number of days for which recordings of failed attempts are kept.");

/// How long the audit is kept, in days.
pub static KEEP_AUDIT_DAYS: Parameter = days("KeepAuditDays", 30, "365", "The number of days for which the audit keeps who changed what.");

/// How long the record of what carts were told of orders is kept, in days.
pub static KEEP_ORDER_STATE_DAYS: Parameter = days(
    "KeepOrderStateDays",
    30,
    "730",
    "The number of days after an order's last update for which Cartage keeps what a cart was told of the order, and how the gate decided. After \
     that the order counts as new.",
);
