//! The migrations that make the schema, and the version that they lead to.

/// One migration. Its number is its place in the list, from 1.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

/// Every migration there ever was. A released one is never changed.
pub(super) const STEPS: &[Step] = &[
    Step { name: "first", sql: include_str!("migrations/0001_first.sql") },
    Step { name: "outbox", sql: include_str!("migrations/0002_outbox.sql") },
    Step { name: "operations", sql: include_str!("migrations/0003_operations.sql") },
    Step { name: "keep", sql: include_str!("migrations/0004_keep.sql") },
    Step { name: "settings", sql: include_str!("migrations/0005_settings.sql") },
    Step { name: "faults", sql: include_str!("migrations/0006_faults.sql") },
    Step { name: "overlap", sql: include_str!("migrations/0007_overlap.sql") },
    Step { name: "suspicions", sql: include_str!("migrations/0008_suspicions.sql") },
    Step { name: "clock", sql: include_str!("migrations/0009_clock.sql") },
    Step { name: "forget", sql: include_str!("migrations/0010_forget.sql") },
    Step { name: "incarnations", sql: include_str!("migrations/0011_incarnations.sql") },
    Step { name: "origins", sql: include_str!("migrations/0012_origins.sql") },
    Step { name: "contract", sql: include_str!("migrations/0013_contract.sql") },
    Step { name: "quotas", sql: include_str!("migrations/0014_quotas.sql") },
    Step { name: "remedies", sql: include_str!("migrations/0015_remedies.sql") },
];

/// The schema version that this release writes.
pub(super) const KNOWN: u32 = STEPS.len() as u32;
