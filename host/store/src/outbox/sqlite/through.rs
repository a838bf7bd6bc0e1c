//! A search for stored deliveries that this release cannot read. The search runs in parts, because reading all of them at once may take
//! long.

use super::dead::{Kept, dead_columns};
use super::look::{self, waiting};
use super::rows::{columns, nameable, number, waiting_columns};
use crate::View;
use crate::orders::OrderRef;
use crate::outbox::Error;
use cartage_model::id::{CartId, DeliveryId, MerchantId};

/// The most rows that one part reads.
const ROWS: u32 = 500;
/// A part ends once it has read this many bytes of updates: 16 MiB.
const BYTES: usize = 16 << 20;

/// Where the search begins or continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanFrom<'a> {
    /// After the dead letter with this `nth`.
    Dead(u64),
    /// After the delivery with this `nth` among those queued for a cart.
    Queued(&'a CartId, u64),
}

/// The result of one part of the search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchPart {
    /// The deliveries that cannot be read. The head of a lane that is known to rest is not listed.
    pub unreadable: Vec<(OrderRef, DeliveryId)>,
    /// The number of bytes of updates that were read.
    pub bytes: usize,
    /// The row after which the next part begins; `None` if there are no more rows here.
    pub next: Option<u64>,
}

/// Searches one part.
///
/// # Errors
///
/// [`Error::Store`].
pub fn part(view: &View<'_>, merchant: &MerchantId, from: ScanFrom<'_>) -> Result<SearchPart, Error> {
    let (mut bytes, mut rows, mut next) = (0, 0, 0);
    // What comes after the last byte is not even read from the disk.
    let mut look = |row: &rusqlite::Row<'_>, size: fn(&rusqlite::Row<'_>) -> rusqlite::Result<Seen>| {
        if bytes > BYTES {
            return Ok(None);
        }
        (rows, next) = (rows + 1, number(row, 0)?);
        let seen = size(row);
        bytes += seen.as_ref().map_or(0, |seen| seen.bytes);
        Ok(Some(seen))
    };
    let what = "search the stored deliveries";
    let seen = match from {
        ScanFrom::Dead(after) => {
            let sql = concat!(dead_columns!(), " WHERE merchant = ?1 AND nth > ?2 ORDER BY nth LIMIT ?3");
            view.all(what, sql, (merchant, after, ROWS), |row| look(row, dead))?
        }
        ScanFrom::Queued(cart, after) => {
            let sql = concat!(waiting!(), " WHERE d.merchant = ?1 AND d.cart = ?2 AND nth > ?3 ORDER BY nth LIMIT ?4");
            view.all(what, sql, (merchant, cart, after, ROWS), |row| look(row, queued))?
        }
    };
    let is_whole = rows < ROWS && bytes <= BYTES;
    let seen = nameable(what, seen.into_iter().flatten().collect());
    let unreadable = seen.into_iter().filter_map(|seen| seen.unreadable).collect();
    Ok(SearchPart { unreadable, bytes, next: (!is_whole).then_some(next) })
}

/// A row that was read.
struct Seen {
    unreadable: Option<(OrderRef, DeliveryId)>,
    bytes: usize,
}

fn dead(row: &rusqlite::Row<'_>) -> rusqlite::Result<Seen> {
    let kept = Kept::read(row)?;
    let bytes = kept.content.len();
    let letter = kept.show();
    Ok(Seen { unreadable: letter.label.is_err().then_some((letter.order, letter.delivery)), bytes })
}

fn queued(row: &rusqlite::Row<'_>) -> rusqlite::Result<Seen> {
    let waiting = look::read(row)?;
    let bytes = waiting.content.len();
    let queued = waiting.show();
    Ok(Seen { unreadable: (queued.label.is_err() && queued.fault.is_none()).then_some((queued.order, queued.delivery)), bytes })
}
