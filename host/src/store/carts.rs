//! Carts as their operators wrote them, whether they may run, and which plugins ran for them.

use super::error::bounded;
use super::{Error, Tx, View};
use crate::id::{CartId, Digest, MerchantId};
use crate::receipt::RETRY_WISH_MS_MAX;
use rusqlite::Row;

/// The longest definition that is kept.
pub const DEFINITION_BYTES_MAX: usize = 256 << 10;

/// What an operator says of a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its id.
    pub cart: CartId,
    /// The whole TOML.
    pub text: String,
    /// The digest of the plugin that it is pinned to.
    pub plugin: Option<Digest>,
    /// Its mode, by name.
    pub mode: String,
}

/// A cart as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cart {
    /// What its operator says.
    pub definition: Definition,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether it is paused.
    pub pause: Option<Pause>,
    /// Whether it is paused together with all others; it may have been paused before.
    pub paused_with_all: bool,
    /// When it was first defined.
    pub made_at_unix_ms: u64,
    /// When its definition changed last.
    pub changed_at_unix_ms: u64,
    /// How often lists that only its shop knows were kept.
    pub lists: u64,
}

/// Why a cart is paused, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// The reason, by name.
    pub why: String,
    /// Until when. None: until somebody resumes it.
    pub until_unix_ms: Option<u64>,
    /// What the plugin said when it was paused, for whoever must act on it.
    pub said: Option<String>,
}

/// No pause that ends by itself is longer: a day, and as much again for a clock that was set meanwhile.
pub const PAUSE_MS_MAX: u64 = 2 * RETRY_WISH_MS_MAX;

impl Pause {
    /// A pause of this reason until then. None: until somebody resumes it.
    pub fn new(why: impl Into<String>, until_unix_ms: Option<u64>) -> Pause {
        Pause { why: why.into(), until_unix_ms, said: None }
    }

    /// Whether it holds at this time. One whose end lies beyond all limits was written by a clock that was wrong.
    pub fn holds(&self, now_unix_ms: u64) -> bool {
        self.until_unix_ms.is_none_or(|until| until > now_unix_ms && until - now_unix_ms <= PAUSE_MS_MAX)
    }

    /// Whether it takes the place of another: it is longer, or the other's end lies beyond all limits.
    pub fn outlasts(&self, other: &Pause) -> bool {
        match (other.until_unix_ms, self.until_unix_ms) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(other), Some(until)) => until > other || other - until > PAUSE_MS_MAX,
        }
    }
}

/// A plugin that ran for a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginRun {
    /// The plugin's digest.
    pub plugin: Digest,
    /// When it ran first.
    pub first_ran_at_unix_ms: u64,
    /// When it ran last.
    pub last_ran_at_unix_ms: u64,
}

/// Keeps a definition. A new cart is enabled and not paused; one that is known stays as enabled and as paused as it is.
///
/// # Errors
///
/// [`Error::TooLarge`], else [`Error`] when it could not be written.
pub fn put(tx: &Tx<'_>, merchant: &MerchantId, definition: &Definition, at_unix_ms: u64) -> Result<(), Error> {
    let Definition { cart, text, plugin, mode } = definition;
    bounded("keep a cart's definition", text, DEFINITION_BYTES_MAX)?;
    let sql =
        "INSERT INTO carts (merchant, cart, definition, plugin, enabled, mode, made_at, changed_at) VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?6)
        ON CONFLICT DO UPDATE SET definition = excluded.definition, plugin = excluded.plugin, mode = excluded.mode,
        changed_at = excluded.changed_at";
    tx.run("keep a cart", sql, (merchant, cart, text, plugin, mode, at_unix_ms)).map(drop)
}

/// Enables or disables a cart. Tells whether there is such a cart.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn set_enabled(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId, enabled: bool) -> Result<bool, Error> {
    let sql = "UPDATE carts SET enabled = ?3 WHERE merchant = ?1 AND cart = ?2";
    tx.run("enable or disable a cart", sql, (merchant, cart, enabled)).map(|rows| rows > 0)
}

/// Pauses a cart, or resumes it with None, whatever it was paused for before. Tells whether there is such a cart.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn set_pause(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId, pause: Option<&Pause>) -> Result<bool, Error> {
    let sql = "UPDATE carts SET paused_why = ?3, paused_until = ?4, paused_said = ?5, paused_with_all = 0, own_paused_why = NULL,
        own_paused_until = NULL, own_paused_said = NULL WHERE merchant = ?1 AND cart = ?2";
    let (why, until) = (pause.map(|pause| &pause.why), pause.and_then(|pause| pause.until_unix_ms));
    let said = pause.and_then(|pause| pause.said.as_ref());
    tx.run("pause or resume a cart", sql, (merchant, cart, why, until, said)).map(|rows| rows > 0)
}

/// Pauses a cart, unless it is paused for longer already: a rate limit does not end what a person began. One that is paused together with
/// all others has this pause when they are resumed. Tells whether it was paused now.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn pause_longer(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId, pause: &Pause) -> Result<bool, Error> {
    // As [`Pause::outlasts`] says.
    let key = (merchant, cart, &pause.why, pause.until_unix_ms, PAUSE_MS_MAX, &pause.said);
    let sql = "UPDATE carts SET own_paused_why = ?3, own_paused_until = ?4, own_paused_said = ?6 WHERE merchant = ?1 AND cart = ?2 AND paused_with_all = 1
        AND (own_paused_why IS NULL OR own_paused_until < ?4 OR own_paused_until - ?4 > ?5 OR (own_paused_until IS NOT NULL AND ?4 IS NULL))";
    if tx.run("pause a cart", sql, key)? > 0 {
        return Ok(true);
    }
    let sql =
        "UPDATE carts SET paused_why = ?3, paused_until = ?4, paused_said = ?6 WHERE merchant = ?1 AND cart = ?2 AND paused_with_all = 0
        AND (paused_why IS NULL OR paused_until < ?4 OR paused_until - ?4 > ?5 OR (paused_until IS NOT NULL AND ?4 IS NULL))";
    tx.run("pause a cart", sql, key).map(|rows| rows > 0)
}

/// Pauses every cart, those that are paused already as well: what each had of its own is kept beside. Tells how many this made paused
/// together.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn pause_all(tx: &Tx<'_>, merchant: &MerchantId, why: &str) -> Result<usize, Error> {
    let sql =
        "UPDATE carts SET own_paused_why = paused_why, own_paused_until = paused_until, own_paused_said = paused_said, paused_with_all = 1,
        paused_why = ?2, paused_until = NULL, paused_said = NULL WHERE merchant = ?1 AND paused_with_all = 0";
    tx.run("pause all carts", sql, (merchant, why))
}

/// Gives every cart that was paused together with the others back what it had of its own: most go on, and what was paused by itself stays
/// so. Tells how many there were.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn resume_all(tx: &Tx<'_>, merchant: &MerchantId) -> Result<usize, Error> {
    let sql =
        "UPDATE carts SET paused_why = own_paused_why, paused_until = own_paused_until, paused_said = own_paused_said, paused_with_all = 0,
        own_paused_why = NULL, own_paused_until = NULL, own_paused_said = NULL WHERE merchant = ?1 AND paused_with_all = 1";
    tx.run("resume all carts", sql, (merchant,))
}

/// Ends the pauses of this reason at the carts that are pinned to a plugin. Tells which carts go on.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn end_pauses(tx: &Tx<'_>, merchant: &MerchantId, plugin: Digest, why: &str) -> Result<Vec<CartId>, Error> {
    let key = (merchant, plugin, why);
    let sql = "SELECT cart FROM carts WHERE merchant = ?1 AND plugin = ?2 AND paused_why = ?3 AND paused_with_all = 0 ORDER BY cart";
    let carts = tx.all("look up the carts that are paused", sql, key, |row| row.get(0))?;
    for sql in [
        "UPDATE carts SET paused_why = NULL, paused_until = NULL, paused_said = NULL
            WHERE merchant = ?1 AND plugin = ?2 AND paused_why = ?3 AND paused_with_all = 0",
        "UPDATE carts SET own_paused_why = NULL, own_paused_until = NULL, own_paused_said = NULL
            WHERE merchant = ?1 AND plugin = ?2 AND own_paused_why = ?3 AND paused_with_all = 1",
    ] {
        tx.run("end the pauses of a reason", sql, key)?;
    }
    Ok(carts)
}

/// Notes that a plugin ran for a cart, which makes it one to roll back to.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn ran(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId, plugin: Digest, at_unix_ms: u64) -> Result<(), Error> {
    let sql = "INSERT INTO cart_plugins (merchant, cart, plugin, first_ran_at, last_ran_at) VALUES (?1, ?2, ?3, ?4, ?4)
        ON CONFLICT DO UPDATE SET last_ran_at = excluded.last_ran_at";
    tx.run("note that a cart's plugin ran", sql, (merchant, cart, plugin, at_unix_ms)).map(drop)
}

/// Removes a cart with its parameters, its credentials, its lists and the plugins that ran. Decisions, receipts and the audit stay. What it was told
/// of its orders no longer counts: a cart that is made later under this id was told nothing. Tells whether there was such a cart.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn remove(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId) -> Result<bool, Error> {
    for sql in [
        "DELETE FROM parameters WHERE merchant = ?1 AND cart = ?2",
        "DELETE FROM credentials WHERE merchant = ?1 AND cart = ?2",
        "DELETE FROM fetched_credentials WHERE merchant = ?1 AND cart = ?2",
        "DELETE FROM cart_plugins WHERE merchant = ?1 AND cart = ?2",
        "DELETE FROM cart_lists WHERE merchant = ?1 AND cart = ?2",
    ] {
        tx.run("remove what belongs to a cart", sql, (merchant, cart))?;
    }
    let sql = "INSERT INTO cart_incarnations (merchant, cart, incarnation) VALUES (?1, ?2, 1)
        ON CONFLICT DO UPDATE SET incarnation = incarnation + 1";
    tx.run("end a cart's incarnation", sql, (merchant, cart))?;
    let sql = "DELETE FROM carts WHERE merchant = ?1 AND cart = ?2";
    tx.run("remove a cart", sql, (merchant, cart)).map(|rows| rows > 0)
}

/// One cart.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn get(view: &View<'_>, merchant: &MerchantId, cart: &CartId) -> Result<Option<Cart>, Error> {
    let sql = "SELECT cart, definition, plugin, mode, enabled, paused_why, paused_until, paused_with_all, made_at, changed_at, paused_said, lists FROM carts
        WHERE merchant = ?1 AND cart = ?2";
    view.one("look up a cart", sql, (merchant, cart), read)
}

/// Every cart, by its id.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn list(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<Cart>, Error> {
    let sql = "SELECT cart, definition, plugin, mode, enabled, paused_why, paused_until, paused_with_all, made_at, changed_at, paused_said, lists FROM carts
        WHERE merchant = ?1 ORDER BY cart";
    view.all("list the carts", sql, (merchant,), read)
}

/// Every plugin that ran for a cart, the last first.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn plugins_that_ran(view: &View<'_>, merchant: &MerchantId, cart: &CartId) -> Result<Vec<PluginRun>, Error> {
    let sql = "SELECT plugin, first_ran_at, last_ran_at FROM cart_plugins WHERE merchant = ?1 AND cart = ?2
        ORDER BY last_ran_at DESC, first_ran_at DESC, plugin";
    view.all("list the plugins that ran for a cart", sql, (merchant, cart), |row| {
        Ok(PluginRun { plugin: row.get(0)?, first_ran_at_unix_ms: row.get(1)?, last_ran_at_unix_ms: row.get(2)? })
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Cart> {
    let definition = Definition { cart: row.get(0)?, text: row.get(1)?, plugin: row.get(2)?, mode: row.get(3)? };
    let (why, until_unix_ms): (Option<String>, _) = (row.get(5)?, row.get(6)?);
    let said = row.get(10)?;
    let pause = why.map(|why| Pause { why, until_unix_ms, said });
    let (paused_with_all, made_at_unix_ms, changed_at_unix_ms) = (row.get(7)?, row.get(8)?, row.get(9)?);
    Ok(Cart { definition, enabled: row.get(4)?, pause, paused_with_all, made_at_unix_ms, changed_at_unix_ms, lists: row.get(11)? })
}
