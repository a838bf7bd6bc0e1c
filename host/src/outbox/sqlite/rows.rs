//! Deliveries as they stand in rows.

use super::super::{Attempts, Error, UPDATE_BYTES_MAX};
use crate::id::{DeliveryId, MerchantId};
use crate::store::{self, Tx};
use cartage_contract::delivery::EarlierAttempt;
use cartage_contract::orders::Update;
use serde::de::DeserializeOwned;

/// The columns of a delivery, in the order in which [`Raw::read`] takes them; those of a dead letter are called the same.
macro_rules! columns {
    () => {
        "nth, sequence, delivery, accepted_at, attempts, plugin_faults, claims, doubted, restored, earlier, fate, content"
    };
}
pub(super) use columns;

/// A delivery as it is kept; its update stays JSON until somebody needs it.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) nth: u64,
    pub(super) sequence: u64,
    pub(super) delivery: DeliveryId,
    pub(super) accepted_at_unix_ms: u64,
    pub(super) queued_at_unix_ms: u64,
    pub(super) attempts: Attempts,
    pub(super) fate: Option<String>,
    pub(super) content: String,
}

/// A row as SQLite gives it.
pub(super) struct Raw {
    row: Row,
    earlier: String,
}

impl Raw {
    /// Reads the columns of [`columns`], with this row's count of unanswered claims and the time when it came into the queue.
    pub(super) fn read(row: &rusqlite::Row<'_>, unanswered: u32, queued_at_unix_ms: u64) -> rusqlite::Result<Raw> {
        let attempts = Attempts {
            counted: row.get(4)?,
            plugin_faults: row.get(5)?,
            claims: row.get(6)?,
            unanswered,
            doubted: row.get(7)?,
            restored: row.get(8)?,
            earlier: Vec::new(),
        };
        let earlier = row.get(9)?;
        let row = Row {
            nth: row.get(0)?,
            sequence: row.get(1)?,
            delivery: row.get(2)?,
            accepted_at_unix_ms: row.get(3)?,
            queued_at_unix_ms,
            attempts,
            fate: row.get(10)?,
            content: row.get(11)?,
        };
        Ok(Raw { row, earlier })
    }

    pub(super) fn parse(mut self, merchant: &MerchantId) -> Result<Row, Error> {
        self.row.attempts.earlier = parse(merchant, &self.row.delivery, "the earlier attempts", &self.earlier)?;
        Ok(self.row)
    }
}

impl Row {
    pub(super) fn update(&self, merchant: &MerchantId) -> Result<Box<Update>, Error> {
        parse(merchant, &self.delivery, "the update", &self.content)
    }
}

/// Reads a column that holds JSON.
pub(super) fn parse<T: DeserializeOwned>(merchant: &MerchantId, delivery: &DeliveryId, what: &'static str, json: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|source| Error::Content { what, merchant: merchant.clone(), delivery: delivery.clone(), source })
}

/// An update as it is kept.
pub(super) fn content(update: &Update) -> Result<String, Error> {
    let json = serde_json::to_string(update).expect("an update is plain data");
    if json.len() > UPDATE_BYTES_MAX {
        return Err(store::Error::TooLarge { what: "keep an update", bytes: json.len(), most: UPDATE_BYTES_MAX }.into());
    }
    Ok(json)
}

/// What is known of earlier attempts, as it is kept.
pub(super) fn earlier(earlier: &[EarlierAttempt]) -> String {
    serde_json::to_string(earlier).expect("earlier attempts are plain data")
}

/// Writes what is known of the attempts at a waiting delivery.
pub(super) fn update_attempts(tx: &Tx<'_>, row: &Row) -> Result<(), Error> {
    let sql = "UPDATE deliveries SET attempts = ?2, plugin_faults = ?3, claims = ?4, unanswered = ?5, doubted = ?6, earlier = ?7, fate = ?8
        WHERE nth = ?1";
    let Attempts { counted, plugin_faults, claims, unanswered, doubted, restored: _, earlier } = &row.attempts;
    let values = (row.nth, counted, plugin_faults, claims, unanswered, doubted, self::earlier(earlier), &row.fate);
    tx.run("note an attempt", sql, values)?;
    Ok(())
}
