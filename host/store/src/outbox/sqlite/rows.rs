//! Deliveries as rows. The update stays unread in its row until a caller needs it.

use super::super::{Attempts, Error, UPDATE_BYTES_MAX, Unreadable};
use crate::{self as store, Tx, View};
use cartage_contract::delivery::EarlierAttempt;
use cartage_contract::orders::Update;
use cartage_model::id::{DeliveryId, MerchantId};
use serde::de::DeserializeOwned;

/// The columns of a delivery, in the order in which [`Raw::read`] reads them. The columns of a dead letter have the same names.
macro_rules! columns {
    () => {
        "nth, sequence, delivery, accepted_at, attempts, plugin_faults, claims, doubted, restored, earlier, fate"
    };
}
pub(super) use columns;

/// Further columns of a queued delivery.
macro_rules! waiting_columns {
    () => {
        "queued_at, unanswered, suspicions, suspected"
    };
}
pub(super) use waiting_columns;

/// A stored delivery, without its update.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) nth: u64,
    pub(super) sequence: u64,
    pub(super) delivery: DeliveryId,
    pub(super) accepted_at_unix_ms: u64,
    pub(super) queued_at_unix_ms: u64,
    pub(super) attempts: Attempts,
    pub(super) fate: Option<String>,
}

/// A row with its JSON columns unread, so that a row with damaged content can still be named, shown and discarded.
pub(super) struct Raw {
    /// The row; its earlier attempts are still empty.
    pub(super) row: Row,
    earlier: Vec<u8>,
}

impl Raw {
    /// Reads the columns of [`columns`] and, for a queued delivery, those of [`waiting_columns`], which begin at `waiting_at`.
    pub(super) fn read(row: &rusqlite::Row<'_>, waiting_at: Option<usize>) -> rusqlite::Result<Raw> {
        let own = |nth: usize| waiting_at.map_or(Ok(0), |at| number(row, at + nth));
        let [queued_at_unix_ms, unanswered, suspicions, suspected] = [own(0)?, own(1)?, own(2)?, own(3)?];
        let small = |number| u32::try_from(number).unwrap_or(u32::MAX);
        let attempts = Attempts {
            counted: count(row, 4)?,
            plugin_faults: count(row, 5)?,
            claims: count(row, 6)?,
            unanswered: small(unanswered),
            suspicions: small(suspicions),
            suspected: small(suspected),
            doubted: row.get(7)?,
            restored: row.get(8)?,
            earlier: Vec::new(),
        };
        let earlier = json(row, 9)?;
        let fate = row.get_ref(10)?.as_bytes_or_null()?.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let row = Row {
            nth: number(row, 0)?,
            sequence: number(row, 1)?,
            delivery: row.get(2)?,
            accepted_at_unix_ms: number(row, 3)?,
            queued_at_unix_ms,
            attempts,
            fate,
        };
        Ok(Raw { row, earlier })
    }

    pub(super) fn parse(mut self, merchant: &MerchantId) -> Result<Row, Error> {
        self.row.attempts.earlier = parse(merchant, &self.row.delivery, "the earlier attempts", &self.earlier)?;
        Ok(self.row)
    }

    /// The readable part of the row, with the label of its update, for a list.
    pub(super) fn show(mut self, content: &[u8]) -> (Row, Result<String, Unreadable>) {
        let label = match serde_json::from_slice(&self.earlier) {
            Ok(earlier) => {
                self.row.attempts.earlier = earlier;
                shown("the update", content).map(|update: Update| update.label)
            }
            Err(error) => Err(Unreadable::new("the earlier attempts", &error)),
        };
        (self.row, label)
    }
}

/// Reads JSON that is to be shown to a person.
pub(super) fn shown<T: DeserializeOwned>(what: &'static str, json: &[u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(json).map_err(|error| Unreadable::new(what, &error))
}

/// A column with an integer that is never negative.
pub(super) fn number(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

/// A column with a small integer that is never negative.
pub(super) fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u32> {
    Ok(u32::try_from(number(row, column)?).unwrap_or(u32::MAX))
}

/// A column that holds JSON, as bytes. Whether the bytes are text is seen when the JSON is parsed.
pub(super) fn json(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Vec<u8>> {
    Ok(row.get_ref(column)?.as_bytes()?.to_vec())
}

/// The rows of a list without those whose key is damaged, because nothing could name them. The log tells of them.
pub(super) fn nameable<T>(what: &'static str, rows: Vec<rusqlite::Result<T>>) -> Vec<T> {
    let mut kept = Vec::with_capacity(rows.len());
    for row in rows {
        match row {
            Ok(row) => kept.push(row),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "could not {what}: a row is left out"),
        }
    }
    kept
}

/// Parses a column that holds JSON.
pub(super) fn parse<T: DeserializeOwned>(
    merchant: &MerchantId,
    delivery: &DeliveryId,
    what: &'static str,
    json: &[u8],
) -> Result<T, Error> {
    serde_json::from_slice(json).map_err(|source| Error::Content { what, merchant: merchant.clone(), delivery: delivery.clone(), source })
}

/// The update of a queued delivery, with its size in bytes.
pub(super) fn update(view: &View<'_>, merchant: &MerchantId, row: &Row) -> Result<(Box<Update>, usize), Error> {
    let found = view.one("look up an update", "SELECT content FROM deliveries WHERE nth = ?1", (row.nth,), |row| json(row, 0))?;
    let content = found.unwrap_or_default();
    Ok((parse(merchant, &row.delivery, "the update", &content)?, content.len()))
}

/// An update as JSON for its row.
pub(super) fn content(update: &Update) -> Result<String, Error> {
    let json = serde_json::to_string(update).expect("an update is plain data");
    if json.len() > UPDATE_BYTES_MAX {
        return Err(store::Error::TooLarge { what: "keep an update", bytes: json.len(), most: UPDATE_BYTES_MAX }.into());
    }
    Ok(json)
}

/// The earlier attempts as JSON for their column.
pub(super) fn earlier(earlier: &[EarlierAttempt]) -> String {
    serde_json::to_string(earlier).expect("earlier attempts are plain data")
}

/// Stores the attempt counts and history of a queued delivery.
pub(super) fn update_attempts(tx: &Tx<'_>, row: &Row) -> Result<(), Error> {
    let sql =
        "UPDATE deliveries SET attempts = ?2, plugin_faults = ?3, claims = ?4, unanswered = ?5, doubted = ?6, earlier = ?7, fate = ?8,
            suspicions = ?9, suspected = ?10 WHERE nth = ?1";
    let Attempts { counted, plugin_faults, claims, unanswered, suspicions, suspected, doubted, restored: _, earlier } = &row.attempts;
    let earlier = self::earlier(earlier);
    let values = (row.nth, counted, plugin_faults, claims, unanswered, doubted, earlier, &row.fate, suspicions, suspected);
    tx.run("note an attempt", sql, values)?;
    Ok(())
}
