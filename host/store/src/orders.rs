//! What the carts were told of each order, or are about to be told: the state that the gate compares with.
//!
//! Each accepted update gets the order's next sequence number, and leaves a row for each label and each package in it. When the update is
//! settled as applied, the rows before its own are no longer needed; when it is taken back, its own rows are deleted, and the state before
//! it holds again. So "the last label accepted and not discarded" is the row with the highest number, whatever was taken back in between.
//!
//! All of this belongs to an incarnation of the cart, which ends when the cart is removed: a later cart with the same id may be another
//! shop, which was told nothing. Rows of an earlier incarnation count as absent, and are deleted when the order's next update is accepted.
//! So removing a cart costs the same however many orders it has.

use super::{Error, Tx, View};
use cartage_model::id::{CartId, MerchantId, SenderOrderNumber};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A hash of each thing that is known of a package besides its id, carrier and number, by the thing's name.
pub type Details = BTreeMap<String, String>;

/// An order of one of the merchant's carts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderRef {
    /// The cart that the order belongs to.
    pub cart: CartId,
    /// The order's number as the sender wrote it.
    pub number: SenderOrderNumber,
}

/// What is known of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    /// The sequence number of the update that was accepted last.
    pub sequence: u64,
    /// The cart's own reference from the last success; `None` if it gave none.
    pub reference: Option<String>,
    /// Whether an attempt that is not on record may have reached the cart.
    pub doubtful: bool,
    /// When the last update was accepted.
    pub accepted_at_unix_ms: u64,
    /// The accepted labels by line, the order's own first, and by sequence number.
    pub labels: Vec<AcceptedLabel>,
    /// The accepted packages, the oldest first.
    pub packages: Vec<AcceptedPackage>,
}

/// An accepted label, with the update that brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedLabel {
    /// The label and its line.
    pub label: LabelRow,
    /// The sequence number of the update that brought the label.
    pub sequence: u64,
    /// When the update was settled as applied; `None` until then.
    pub settled_at_unix_ms: Option<u64>,
}

/// An accepted package, with the update that brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedPackage {
    /// The package as the sender described it.
    pub package: PackageRow,
    /// The sequence number of the update that brought the package.
    pub sequence: u64,
    /// When the cart was told of the package: its update was settled as applied, or the plugin named it as told. `None` until then.
    pub settled_at_unix_ms: Option<u64>,
    /// The cart's own reference for the package; `None` if it gave none.
    pub reference: Option<String>,
}

/// The label of an order or of one of its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelRow {
    /// The line's id; empty for the order itself.
    pub line: String,
    /// The label as the merchant spells it.
    pub text: String,
}

/// A package as the sender described it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageRow {
    /// The sender's id for the package; `None` if it gave none.
    pub id: Option<String>,
    /// The carrier in the Order Manager's words; `None` if it named none.
    pub carrier: Option<String>,
    /// The tracking number; `None` if there is none yet.
    pub number: Option<String>,
    /// Whether the package was withdrawn.
    pub withdrawn: bool,
    /// The other things that are known of the package; `None` in a row of a release that did not store them.
    #[serde(default)]
    pub details: Option<Details>,
}

/// What a cart was told of an order in one attempt, whatever becomes of the update.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The cart's own reference for the order; `None` leaves the earlier one in place.
    pub reference: Option<String>,
    /// The packages that the plugin named as told.
    pub packages: Vec<ToldPackage>,
}

/// A package that a plugin named as told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldPackage {
    /// The package as the plugin was given it.
    pub package: PackageRow,
    /// The cart's own reference for the package; `None` leaves the earlier one in place.
    pub reference: Option<String>,
}

impl OrderRow {
    /// The label of this line that was last accepted and not taken back; `None` if there is none.
    pub fn label(&self, line: &str) -> Option<&AcceptedLabel> {
        self.labels.iter().rfind(|accepted| accepted.label.line == line)
    }
}

/// The cart's present incarnation, for a statement whose first parameters are the merchant and the cart.
macro_rules! incarnation {
    () => {
        "coalesce((SELECT incarnation FROM cart_incarnations WHERE merchant = ?1 AND cart = ?2), 0)"
    };
}

/// Accepts an update and returns its sequence number, which is 1 for an order's first.
///
/// # Errors
///
/// [`Error`] if the write fails, also if a line is named twice.
pub fn accept(
    tx: &Tx<'_>,
    merchant: &MerchantId,
    order: &OrderRef,
    labels: &[LabelRow],
    packages: &[PackageRow],
    at_unix_ms: u64,
) -> Result<u64, Error> {
    let OrderRef { cart, number } = order;
    let sql = concat!(
        "UPDATE orders SET incarnation = ",
        incarnation!(),
        ", reference = NULL, doubtful = 0
            WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND incarnation <> ",
        incarnation!()
    );
    if tx.run("begin an order anew", sql, (merchant, cart, number))? > 0 {
        for sql in &FORGET[..2] {
            tx.run("forget what an earlier cart of this name was told", sql, (merchant, cart, number))?;
        }
    }
    let sql = concat!(
        "INSERT INTO orders (merchant, cart, order_number, sequence, doubtful, accepted_at, incarnation) VALUES (?1, ?2, ?3, 1, 0, ?4, ",
        incarnation!(),
        ") ON CONFLICT DO UPDATE SET sequence = sequence + 1, accepted_at = excluded.accepted_at"
    );
    tx.run("accept an update", sql, (merchant, cart, number, at_unix_ms))?;
    let sql = "SELECT sequence FROM orders WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3";
    let sequence: Option<u64> = tx.one("number an update", sql, (merchant, cart, number), |row| row.get(0))?;
    let sequence = sequence.expect("the row was written above, in this transaction");
    bring(tx, merchant, order, sequence, labels, packages)?;
    Ok(sequence)
}

/// Stores what an update brings, under its sequence number: a new update, or one that was taken back and counts again.
///
/// # Errors
///
/// As [`accept`].
pub fn bring(
    tx: &Tx<'_>,
    merchant: &MerchantId,
    order: &OrderRef,
    sequence: u64,
    labels: &[LabelRow],
    packages: &[PackageRow],
) -> Result<(), Error> {
    let OrderRef { cart, number } = order;
    let sql = "INSERT INTO order_labels (merchant, cart, order_number, line, sequence, label) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    for LabelRow { line, text } in labels {
        tx.run("accept a label", sql, (merchant, cart, number, line, sequence, text))?;
    }
    packages.iter().try_for_each(|package| bring_package(tx, merchant, order, sequence, package))
}

/// Stores a package of an update, after its other packages.
fn bring_package(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, sequence: u64, package: &PackageRow) -> Result<(), Error> {
    let sql = "INSERT INTO order_packages (merchant, cart, order_number, sequence, nth, id, carrier, number, withdrawn, details)
        VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(nth) + 1, 0) FROM order_packages
            WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4), ?5, ?6, ?7, ?8, ?9)";
    let PackageRow { id, carrier, number, withdrawn, details } = package;
    let row = (merchant, &order.cart, &order.number, sequence, id, carrier, number, withdrawn, details.as_ref().map(json));
    tx.run("accept a package", sql, row).map(drop)
}

fn json(details: &Details) -> String {
    serde_json::to_string(details).expect("names and hashes are text")
}

/// The details of a package as written; `None` if this release cannot read them.
fn details(json: Option<String>) -> Option<Details> {
    serde_json::from_str(&json?).ok()
}

/// Stores what a cart was told in an attempt at the update with this sequence number: the cart's reference for the order, and the packages
/// that the plugin named, which count as told whatever becomes of the update. A package that the update did not bring in this form, because
/// it was merged from several, is stored in addition.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn told(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, sequence: u64, told: &Told, at_unix_ms: u64) -> Result<(), Error> {
    let key = (merchant, &order.cart, &order.number);
    if let Some(reference) = &told.reference {
        let sql = "UPDATE orders SET reference = ?4 WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3";
        tx.run("keep a cart's reference", sql, (key.0, key.1, key.2, reference))?;
    }
    for ToldPackage { package, reference } in &told.packages {
        let sql = "UPDATE order_packages SET settled_at = ?5, reference = coalesce(?6, reference)
            WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4 AND id IS ?7 AND carrier IS ?8 AND number IS ?9 AND withdrawn = ?10";
        let PackageRow { id, carrier, number, withdrawn, .. } = package;
        let row = (key.0, key.1, key.2, sequence, at_unix_ms, reference, id, carrier, number, withdrawn);
        if tx.run("note that a package was told", sql, row)? == 0 {
            bring_package(tx, merchant, order, sequence, package)?;
            tx.run("note that a package was told", sql, row)?;
        }
    }
    if told.packages.is_empty() { Ok(()) } else { replace_packages(tx, merchant, order, sequence) }
}

/// Lets the told packages of an update replace earlier ones with the same id, carrier and number. Details of the earlier ones that are not
/// given anew are kept.
fn replace_packages(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, sequence: u64) -> Result<(), Error> {
    for sql in [
        "UPDATE order_packages AS new SET reference = coalesce(new.reference, old.reference),
            details = CASE WHEN old.details IS NULL THEN new.details ELSE json_patch(old.details, coalesce(new.details, '{}')) END
            FROM order_packages AS old WHERE new.merchant = ?1 AND new.cart = ?2 AND new.order_number = ?3 AND new.sequence = ?4
            AND new.settled_at IS NOT NULL AND old.merchant = ?1 AND old.cart = ?2 AND old.order_number = ?3 AND old.settled_at IS NOT NULL
            AND new.id IS old.id AND new.carrier IS old.carrier AND new.number IS old.number
            AND old.sequence = (SELECT max(last.sequence) FROM order_packages AS last WHERE last.merchant = ?1 AND last.cart = ?2
                AND last.order_number = ?3 AND last.sequence < ?4 AND last.settled_at IS NOT NULL
                AND last.id IS new.id AND last.carrier IS new.carrier AND last.number IS new.number)",
        "DELETE FROM order_packages WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence < ?4 AND EXISTS
            (SELECT 1 FROM order_packages AS new WHERE new.merchant = ?1 AND new.cart = ?2 AND new.order_number = ?3 AND new.sequence = ?4
            AND new.settled_at IS NOT NULL
            AND new.id IS order_packages.id AND new.carrier IS order_packages.carrier AND new.number IS order_packages.number)",
    ] {
        tx.run("forget what an update replaced", sql, (merchant, &order.cart, &order.number, sequence))?;
    }
    Ok(())
}

/// Records that the cart has applied the update with this sequence number: its labels and packages are now what the cart was told, and
/// replace earlier labels of the same lines and earlier packages with the same id, carrier and number. A reference, if given, replaces the
/// earlier one. The order is no longer in doubt.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn settle(
    tx: &Tx<'_>,
    merchant: &MerchantId,
    order: &OrderRef,
    sequence: u64,
    reference: Option<&str>,
    at_unix_ms: u64,
) -> Result<(), Error> {
    let OrderRef { cart, number } = order;
    let sql = "UPDATE orders SET reference = coalesce(?4, reference), doubtful = 0 WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3";
    tx.run("settle an update", sql, (merchant, cart, number, reference))?;
    for sql in [
        "UPDATE order_labels SET settled_at = ?5 WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4",
        "UPDATE order_packages SET settled_at = ?5 WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4",
    ] {
        tx.run("settle an update", sql, (merchant, cart, number, sequence, at_unix_ms))?;
    }
    let sql = "DELETE FROM order_labels WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence < ?4 AND line IN
        (SELECT line FROM order_labels WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4)";
    tx.run("forget what an update replaced", sql, (merchant, cart, number, sequence))?;
    replace_packages(tx, merchant, order, sequence)
}

/// Takes back an update that became a dead letter or was discarded. An update that is settled stays.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn take_back(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, sequence: u64) -> Result<(), Error> {
    for sql in [
        "DELETE FROM order_labels WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4 AND settled_at IS NULL",
        "DELETE FROM order_packages WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4 AND settled_at IS NULL",
    ] {
        tx.run("undo an update", sql, (merchant, &order.cart, &order.number, sequence))?;
    }
    Ok(())
}

/// The statements that delete what is known of an order.
pub const FORGET: [&str; 3] = [
    "DELETE FROM order_labels WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3",
    "DELETE FROM order_packages WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3",
    "DELETE FROM orders WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3",
];

/// Deletes everything that is known of an order: what its cart was told, and was about to be told. Returns the number of rows.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn forget(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<usize, Error> {
    let mut rows = 0;
    for sql in FORGET {
        rows += tx.run("forget an order", sql, (merchant, &order.cart, &order.number))?;
    }
    Ok(rows)
}

/// What an update brought that is not settled, which is what [`take_back`] would remove.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn brought(view: &View<'_>, merchant: &MerchantId, order: &OrderRef, sequence: u64) -> Result<(Vec<LabelRow>, Vec<PackageRow>), Error> {
    let key = (merchant, &order.cart, &order.number, sequence);
    let sql = "SELECT line, label FROM order_labels
        WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4 AND settled_at IS NULL ORDER BY line";
    let labels = view.all("look up an update's labels", sql, key, |row| Ok(LabelRow { line: row.get(0)?, text: row.get(1)? }))?;
    let sql = "SELECT id, carrier, number, withdrawn, details FROM order_packages
        WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4 AND settled_at IS NULL ORDER BY nth";
    let packages = view.all("look up an update's packages", sql, key, package)?;
    Ok((labels, packages))
}

/// Moves what an earlier update brought to a later one: labels of lines that the later does not name, and packages, which stand before the
/// later's own, except those with the id of one of its own. For updates that are merged.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn move_on(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, from: u64, to: u64) -> Result<(), Error> {
    let row = (merchant, &order.cart, &order.number, from, to);
    for sql in [
        "DELETE FROM order_labels WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4 AND settled_at IS NULL
            AND line IN (SELECT line FROM order_labels WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?5)",
        "UPDATE order_labels SET sequence = ?5
            WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4 AND settled_at IS NULL",
        "DELETE FROM order_packages WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4 AND settled_at IS NULL
            AND id IN (SELECT id FROM order_packages WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?5)",
        // Below the first of the later one's own, in the order that they had.
        "UPDATE order_packages SET sequence = ?5, nth = nth - 1
            + (SELECT coalesce(min(nth), 0) FROM order_packages WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?5)
            - (SELECT max(nth) FROM order_packages WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4)
            WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4 AND settled_at IS NULL",
    ] {
        tx.run("move an update's rows to a later one", sql, row)?;
    }
    Ok(())
}

/// What an attempt must know of its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderState {
    /// The cart's own reference for the order; `None` if it gave none.
    pub reference: Option<String>,
    /// Whether there may have been an attempt that is on no record.
    pub doubtful: bool,
    /// From when until when the cart may be at work on the order, because an attempt has no answer yet or got none. Both are 0 if it is
    /// not.
    pub busy: (u64, u64),
}

/// Reads what an attempt must know of its order.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn standing(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<OrderState, Error> {
    let sql = "SELECT reference, doubtful, max(busy_since, 0), max(busy_until, 0) FROM orders WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3";
    let key = (merchant, &order.cart, &order.number);
    let read = |row: &rusqlite::Row<'_>| Ok(OrderState { reference: row.get(0)?, doubtful: row.get(1)?, busy: (row.get(2)?, row.get(3)?) });
    Ok(view.one("look up an order's reference", sql, key, read)?.unwrap_or_default())
}

/// Stores from when until when the cart may be at work on an order; both are 0 if it is not.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn set_busy(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, (since, until): (u64, u64)) -> Result<(), Error> {
    let sql = "UPDATE orders SET busy_since = ?4, busy_until = ?5 WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3";
    tx.run("note that a cart is at work on an order", sql, (merchant, &order.cart, &order.number, since, until)).map(drop)
}

/// Records what a cart knows already, without anything being sent.
///
/// # Errors
///
/// As [`accept`].
pub fn baseline(
    tx: &Tx<'_>,
    merchant: &MerchantId,
    order: &OrderRef,
    labels: &[LabelRow],
    packages: &[PackageRow],
    at_unix_ms: u64,
) -> Result<(), Error> {
    let sequence = accept(tx, merchant, order, labels, packages, at_unix_ms)?;
    settle(tx, merchant, order, sequence, None, at_unix_ms)
}

/// Reads what is known of an order; `None` if no update of it was ever accepted for this cart.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn get(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<Option<OrderRow>, Error> {
    let key = (merchant, &order.cart, &order.number);
    let sql = concat!(
        "SELECT sequence, reference, doubtful, accepted_at FROM orders WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND incarnation = ",
        incarnation!()
    );
    let order = view.one("look up an order", sql, key, |row| {
        Ok(OrderRow {
            sequence: row.get(0)?,
            reference: row.get(1)?,
            doubtful: row.get(2)?,
            accepted_at_unix_ms: row.get(3)?,
            labels: Vec::new(),
            packages: Vec::new(),
        })
    })?;
    let Some(order) = order else { return Ok(None) };
    let sql = "SELECT line, label, sequence, settled_at FROM order_labels WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3
        ORDER BY line, sequence";
    let labels = view.all("look up an order's labels", sql, key, |row| {
        let label = LabelRow { line: row.get(0)?, text: row.get(1)? };
        Ok(AcceptedLabel { label, sequence: row.get(2)?, settled_at_unix_ms: row.get(3)? })
    })?;
    let sql = "SELECT id, carrier, number, withdrawn, details, sequence, settled_at, reference FROM order_packages
        WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 ORDER BY sequence, nth";
    let packages = view.all("look up an order's packages", sql, key, |row| {
        Ok(AcceptedPackage { package: package(row)?, sequence: row.get(5)?, settled_at_unix_ms: row.get(6)?, reference: row.get(7)? })
    })?;
    Ok(Some(OrderRow { labels, packages, ..order }))
}

fn package(row: &rusqlite::Row<'_>) -> rusqlite::Result<PackageRow> {
    let (id, carrier, number, withdrawn) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    Ok(PackageRow { id, carrier, number, withdrawn, details: details(row.get(4)?) })
}
