//! What the carts were told of each order, or are about to be told: the state that the gate compares with.
//!
//! Each accepted update has the order's next sequence number, and leaves a row for each label and each package in it. When it is settled
//! as applied, the rows before its own are no longer needed; when it is taken back, its own go, and what was there before holds again. So
//! "the last label accepted and not discarded" is the row with the highest number, whatever was taken back in between.
//!
//! All of it belongs to an incarnation of the cart, which ends when the cart is removed: a cart that is made later under the same id may be
//! another shop, which was told nothing. What is kept of an order under an earlier incarnation counts as not there, and goes when the order's
//! next update is accepted. So removing a cart costs the same however many orders it has.

use super::{Error, Tx, View};
use crate::id::{CartId, MerchantId, SenderOrderNumber};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A hash of each thing that is known of a package besides its id, carrier and number, by name.
pub type Details = BTreeMap<String, String>;

/// Names an order of one of the merchant's carts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderRef {
    /// The cart.
    pub cart: CartId,
    /// The number that its sender gives it.
    pub number: SenderOrderNumber,
}

/// What is known of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The number of the update that was accepted last.
    pub sequence: u64,
    /// The cart's own reference, from the last success.
    pub reference: Option<String>,
    /// Whether an attempt that is not on record may have reached the cart.
    pub doubtful: bool,
    /// When the last update was accepted.
    pub accepted_at_unix_ms: u64,
    /// By line, the order itself first, and by sequence number.
    pub labels: Vec<AcceptedLabel>,
    /// The oldest first.
    pub packages: Vec<AcceptedPackage>,
}

/// A label that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedLabel {
    /// Whose and which.
    pub label: Label,
    /// Of the update that brought it.
    pub sequence: u64,
    /// When the update was settled as applied, if it was.
    pub settled_at_unix_ms: Option<u64>,
}

/// A package that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedPackage {
    /// Which, and as what.
    pub package: Package,
    /// Of the update that brought it.
    pub sequence: u64,
    /// When the cart was told of it, if it was: its update was settled as applied, or the plugin named it as told.
    pub settled_at_unix_ms: Option<u64>,
    /// The cart's own reference of it, if it gave one.
    pub reference: Option<String>,
}

/// The label of an order or of one of its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The line. Empty: the order itself.
    pub line: String,
    /// The label.
    pub text: String,
}

/// A package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// The sender's id of it.
    pub id: Option<String>,
    /// The carrier in the Order Manager's words.
    pub carrier: Option<String>,
    /// Its tracking number.
    pub number: Option<String>,
    /// Whether it was taken out again.
    pub withdrawn: bool,
    /// What else is known of it. None: it was kept by a release that did not note that.
    #[serde(default)]
    pub details: Option<Details>,
}

/// What a cart was told of an order in one attempt, whatever becomes of the update.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The cart's own reference of the order. None: the one from before stays.
    pub reference: Option<String>,
    /// The packages that the plugin named as told.
    pub packages: Vec<ToldPackage>,
}

/// A package that a plugin named as told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldPackage {
    /// Which, as the plugin was given it.
    pub package: Package,
    /// The cart's own reference of it. None: the one from before stays.
    pub reference: Option<String>,
}

impl Order {
    /// The last label of this line that was accepted and not taken back.
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

/// Takes in an update and gives its sequence number: 1 for an order's first.
///
/// # Errors
///
/// [`Error`], when it could not be written, also where a line is named twice.
pub fn accept(
    tx: &Tx<'_>,
    merchant: &MerchantId,
    order: &OrderRef,
    labels: &[Label],
    packages: &[Package],
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
            tx.run("forget what an earlier cart was told", sql, (merchant, cart, number))?;
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

/// Keeps what an update brings, under its number: a new one, or one that was taken back and counts again.
///
/// # Errors
///
/// As [`accept`].
pub fn bring(
    tx: &Tx<'_>,
    merchant: &MerchantId,
    order: &OrderRef,
    sequence: u64,
    labels: &[Label],
    packages: &[Package],
) -> Result<(), Error> {
    let OrderRef { cart, number } = order;
    let sql = "INSERT INTO order_labels (merchant, cart, order_number, line, sequence, label) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    for Label { line, text } in labels {
        tx.run("accept a label", sql, (merchant, cart, number, line, sequence, text))?;
    }
    packages.iter().try_for_each(|package| bring_package(tx, merchant, order, sequence, package))
}

/// Keeps a package of an update, after those that are kept of it.
fn bring_package(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, sequence: u64, package: &Package) -> Result<(), Error> {
    let sql = "INSERT INTO order_packages (merchant, cart, order_number, sequence, nth, id, carrier, number, withdrawn, details)
        VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(nth) + 1, 0) FROM order_packages
            WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4), ?5, ?6, ?7, ?8, ?9)";
    let Package { id, carrier, number, withdrawn, details } = package;
    let row = (merchant, &order.cart, &order.number, sequence, id, carrier, number, withdrawn, details.as_ref().map(json));
    tx.run("accept a package", sql, row).map(drop)
}

fn json(details: &Details) -> String {
    serde_json::to_string(details).expect("names and hashes are text")
}

/// What was written of a package, where this release can read it.
fn details(json: Option<String>) -> Option<Details> {
    serde_json::from_str(&json?).ok()
}

/// Keeps what a cart was told in an attempt at the update of this number: its reference of the order, and the packages that the plugin named,
/// which are told from now on whatever becomes of the update. A package that the update did not bring so, because it was put together from
/// several, is kept besides.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn told(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, sequence: u64, told: &Told, at_unix_ms: u64) -> Result<(), Error> {
    let key = (merchant, &order.cart, &order.number);
    if let Some(reference) = &told.reference {
        let sql = "UPDATE orders SET reference = ?4 WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3";
        tx.run("keep a cart's reference", sql, (key.0, key.1, key.2, reference))?;
    }
    for ToldPackage { package, reference } in &told.packages {
        let sql = "UPDATE order_packages SET settled_at = ?5, reference = coalesce(?6, reference)
            WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4 AND id IS ?7 AND carrier IS ?8 AND number IS ?9 AND withdrawn = ?10";
        let Package { id, carrier, number, withdrawn, .. } = package;
        let row = (key.0, key.1, key.2, sequence, at_unix_ms, reference, id, carrier, number, withdrawn);
        if tx.run("keep that a package was told", sql, row)? == 0 {
            bring_package(tx, merchant, order, sequence, package)?;
            tx.run("keep that a package was told", sql, row)?;
        }
    }
    if told.packages.is_empty() { Ok(()) } else { replace_packages(tx, merchant, order, sequence) }
}

/// Packages of an update that the cart was told of take the place of earlier ones of the same id, carrier and number, and keep what was known of
/// those and is not said anew.
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

/// The cart has applied the update of this number: what it brought is now what the cart was told, and replaces what went before on the same
/// line, and packages of the same id, carrier and number. A reference that is given replaces the
/// one before. Doubt ends here.
///
/// # Errors
///
/// [`Error`], when it could not be written.
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

/// Takes back an update that ended as a dead letter or was discarded. One that is settled stays.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn take_back(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, sequence: u64) -> Result<(), Error> {
    for sql in [
        "DELETE FROM order_labels WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4 AND settled_at IS NULL",
        "DELETE FROM order_packages WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4 AND settled_at IS NULL",
    ] {
        tx.run("take an update back", sql, (merchant, &order.cart, &order.number, sequence))?;
    }
    Ok(())
}

/// Forgets what is known of an order.
pub(crate) const FORGET: [&str; 3] = [
    "DELETE FROM order_labels WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3",
    "DELETE FROM order_packages WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3",
    "DELETE FROM orders WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3",
];

/// Forgets all that is known of an order: what its cart was told, and was about to be told. Gives how many rows that was.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn forget(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<usize, Error> {
    let mut rows = 0;
    for sql in FORGET {
        rows += tx.run("forget an order", sql, (merchant, &order.cart, &order.number))?;
    }
    Ok(rows)
}

/// What an update brought that is not settled: what taking it back would take.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn brought(view: &View<'_>, merchant: &MerchantId, order: &OrderRef, sequence: u64) -> Result<(Vec<Label>, Vec<Package>), Error> {
    let key = (merchant, &order.cart, &order.number, sequence);
    let sql = "SELECT line, label FROM order_labels
        WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4 AND settled_at IS NULL ORDER BY line";
    let labels = view.all("look up an update's labels", sql, key, |row| Ok(Label { line: row.get(0)?, text: row.get(1)? }))?;
    let sql = "SELECT id, carrier, number, withdrawn, details FROM order_packages
        WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND sequence = ?4 AND settled_at IS NULL ORDER BY nth";
    let packages = view.all("look up an update's packages", sql, key, package)?;
    Ok((labels, packages))
}

/// Lets a later update bring what an earlier one brought: labels of lines that the later does not name, and packages before its own, but
/// for those with the id of one of its own. For updates that are told as one.
///
/// # Errors
///
/// [`Error`], when it could not be written.
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

/// What an attempt at an order must know of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The cart's own reference of the order.
    pub reference: Option<String>,
    /// Whether an attempt may have been made that is on no record.
    pub doubtful: bool,
    /// From when until when the cart may be at work on it: an attempt has no answer yet, or had none. Both are 0 where it is not.
    pub busy: (u64, u64),
}

/// What an attempt at an order must know of it.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn standing(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<Standing, Error> {
    let sql = "SELECT reference, doubtful, max(busy_since, 0), max(busy_until, 0) FROM orders WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3";
    let key = (merchant, &order.cart, &order.number);
    let read = |row: &rusqlite::Row<'_>| Ok(Standing { reference: row.get(0)?, doubtful: row.get(1)?, busy: (row.get(2)?, row.get(3)?) });
    Ok(view.one("look up an order's reference", sql, key, read)?.unwrap_or_default())
}

/// Notes from when until when the cart may be at work on an order; both are 0 where it is not.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn set_busy(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, (since, until): (u64, u64)) -> Result<(), Error> {
    let sql = "UPDATE orders SET busy_since = ?4, busy_until = ?5 WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3";
    tx.run("note that a cart is at work on an order", sql, (merchant, &order.cart, &order.number, since, until)).map(drop)
}

/// Takes in what a cart knows already, without anything being sent.
///
/// # Errors
///
/// As [`accept`].
pub fn baseline(
    tx: &Tx<'_>,
    merchant: &MerchantId,
    order: &OrderRef,
    labels: &[Label],
    packages: &[Package],
    at_unix_ms: u64,
) -> Result<(), Error> {
    let sequence = accept(tx, merchant, order, labels, packages, at_unix_ms)?;
    settle(tx, merchant, order, sequence, None, at_unix_ms)
}

/// What is known of an order. None: this cart never accepted an update of it.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn get(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<Option<Order>, Error> {
    let key = (merchant, &order.cart, &order.number);
    let sql = concat!(
        "SELECT sequence, reference, doubtful, accepted_at FROM orders WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND incarnation = ",
        incarnation!()
    );
    let order = view.one("look up an order", sql, key, |row| {
        Ok(Order {
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
        let label = Label { line: row.get(0)?, text: row.get(1)? };
        Ok(AcceptedLabel { label, sequence: row.get(2)?, settled_at_unix_ms: row.get(3)? })
    })?;
    let sql = "SELECT id, carrier, number, withdrawn, details, sequence, settled_at, reference FROM order_packages
        WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 ORDER BY sequence, nth";
    let packages = view.all("look up an order's packages", sql, key, |row| {
        Ok(AcceptedPackage { package: package(row)?, sequence: row.get(5)?, settled_at_unix_ms: row.get(6)?, reference: row.get(7)? })
    })?;
    Ok(Some(Order { labels, packages, ..order }))
}

fn package(row: &rusqlite::Row<'_>) -> rusqlite::Result<Package> {
    let (id, carrier, number, withdrawn) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    Ok(Package { id, carrier, number, withdrawn, details: details(row.get(4)?) })
}
