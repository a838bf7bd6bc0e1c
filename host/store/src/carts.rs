//! Carts as their operators defined them, whether they may run, and which plugins ran for them.

use super::error::bounded;
use super::{Error, Tx, View};
use cartage_model::id::{CartId, Digest, MerchantId};
use cartage_model::receipt::RETRY_WISH_MS_MAX;
use rusqlite::Row;

/// The largest definition that is stored, in bytes of TOML.
pub const DEFINITION_BYTES_MAX: usize = 256 << 10;

/// An operator's definition of a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionRow {
    /// The cart's id.
    pub cart: CartId,
    /// The whole definition, as TOML.
    pub text: String,
    /// The digest of the plugin that the cart is pinned to; `None` if it is pinned to none.
    pub plugin: Option<Digest>,
    /// The cart's mode, by name.
    pub mode: String,
}

/// A cart with its current state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartRow {
    /// The operator's definition.
    pub definition: DefinitionRow,
    /// Whether the cart is enabled; a disabled cart is sent nothing.
    pub enabled: bool,
    /// The cart's own pause; `None` if it has none.
    pub pause: Option<PauseRow>,
    /// Whether the cart is paused together with all others, besides any pause of its own.
    pub paused_with_all: bool,
    /// When the cart was first defined.
    pub made_at_unix_ms: u64,
    /// When the definition last changed.
    pub changed_at_unix_ms: u64,
    /// How often lists that only the cart's shop knows were stored.
    pub lists: u64,
}

/// Why a cart is paused, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PauseRow {
    /// The reason, by name.
    pub why: String,
    /// The end of the pause; `None` until somebody resumes the cart.
    pub until_unix_ms: Option<u64>,
    /// What the plugin said when the cart was paused, for the person who must act; `None` if it said nothing.
    pub said: Option<String>,
}

/// The longest pause that ends by itself: a day, and as much again for a clock that was set meanwhile.
pub const PAUSE_MS_MAX: u64 = 2 * RETRY_WISH_MS_MAX;

impl PauseRow {
    /// A pause for this reason until the given time; `None` until somebody resumes the cart.
    pub fn new(why: impl Into<String>, until_unix_ms: Option<u64>) -> PauseRow {
        PauseRow { why: why.into(), until_unix_ms, said: None }
    }

    /// Whether the pause holds at this time. A pause whose end lies beyond [`PAUSE_MS_MAX`] does not: a wrong clock wrote it.
    pub fn holds(&self, now_unix_ms: u64) -> bool {
        self.until_unix_ms.is_none_or(|until| until > now_unix_ms && until - now_unix_ms <= PAUSE_MS_MAX)
    }

    /// Whether the pause replaces another: it is longer, or the other's end lies beyond [`PAUSE_MS_MAX`].
    pub fn outlasts(&self, other: &PauseRow) -> bool {
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
    /// When the plugin first ran for the cart.
    pub first_ran_at_unix_ms: u64,
    /// When the plugin last ran for the cart.
    pub last_ran_at_unix_ms: u64,
}

/// Stores a definition. A new cart is enabled and not paused; an existing cart keeps its state.
///
/// # Errors
///
/// [`Error::TooLarge`], or another [`Error`] if the write fails.
pub fn put(tx: &Tx<'_>, merchant: &MerchantId, definition: &DefinitionRow, at_unix_ms: u64) -> Result<(), Error> {
    let DefinitionRow { cart, text, plugin, mode } = definition;
    bounded("keep a cart's definition", text, DEFINITION_BYTES_MAX)?;
    let sql =
        "INSERT INTO carts (merchant, cart, definition, plugin, enabled, mode, made_at, changed_at) VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?6)
        ON CONFLICT DO UPDATE SET definition = excluded.definition, plugin = excluded.plugin, mode = excluded.mode,
        changed_at = excluded.changed_at";
    tx.run("keep a cart", sql, (merchant, cart, text, plugin, mode, at_unix_ms)).map(drop)
}

/// Stores a definition if the cart still has the one that was looked at, or still is not there (`None`). Returns whether it was so.
///
/// # Errors
///
/// [`Error`] if a read or the write fails.
pub fn put_over(
    tx: &Tx<'_>,
    merchant: &MerchantId,
    looked_at: Option<&DefinitionRow>,
    new: &DefinitionRow,
    at_unix_ms: u64,
) -> Result<bool, Error> {
    let present = get(tx, merchant, &new.cart)?.map(|row| row.definition);
    let is_same = present.as_ref() == looked_at;
    if is_same {
        put(tx, merchant, new, at_unix_ms)?;
    }
    Ok(is_same)
}

/// Enables or disables a cart. Returns whether there is such a cart.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn set_enabled(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId, enabled: bool) -> Result<bool, Error> {
    let sql = "UPDATE carts SET enabled = ?3 WHERE merchant = ?1 AND cart = ?2";
    tx.run("enable or disable a cart", sql, (merchant, cart, enabled)).map(|rows| rows > 0)
}

/// Pauses a cart, or resumes it with `None`, whatever the earlier pause. Returns whether there is such a cart.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn set_pause(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId, pause: Option<&PauseRow>) -> Result<bool, Error> {
    let sql = "UPDATE carts SET paused_why = ?3, paused_until = ?4, paused_said = ?5, paused_with_all = 0, own_paused_why = NULL,
        own_paused_until = NULL, own_paused_said = NULL WHERE merchant = ?1 AND cart = ?2";
    let (why, until) = (pause.map(|pause| &pause.why), pause.and_then(|pause| pause.until_unix_ms));
    let said = pause.and_then(|pause| pause.said.as_ref());
    tx.run("pause or resume a cart", sql, (merchant, cart, why, until, said)).map(|rows| rows > 0)
}

/// Pauses a cart, unless it is paused for longer already: a rate limit does not end a pause that a person began. A cart that is paused
/// together with all others has this pause once they are resumed. Returns whether the cart was paused now.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn pause_longer(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId, pause: &PauseRow) -> Result<bool, Error> {
    // As [`PauseRow::outlasts`] says.
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

/// Pauses every cart, including those that are paused already; each keeps its own pause beside. Returns how many carts this paused.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn pause_all(tx: &Tx<'_>, merchant: &MerchantId, why: &str) -> Result<usize, Error> {
    let sql =
        "UPDATE carts SET own_paused_why = paused_why, own_paused_until = paused_until, own_paused_said = paused_said, paused_with_all = 1,
        paused_why = ?2, paused_until = NULL, paused_said = NULL WHERE merchant = ?1 AND paused_with_all = 0";
    tx.run("pause all carts", sql, (merchant, why))
}

/// Ends the common pause of all carts and leaves each with its own: most go on, and a cart that was paused by itself stays paused. Returns
/// how many carts there were.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn resume_all(tx: &Tx<'_>, merchant: &MerchantId) -> Result<usize, Error> {
    let sql =
        "UPDATE carts SET paused_why = own_paused_why, paused_until = own_paused_until, paused_said = own_paused_said, paused_with_all = 0,
        own_paused_why = NULL, own_paused_until = NULL, own_paused_said = NULL WHERE merchant = ?1 AND paused_with_all = 1";
    tx.run("resume all carts", sql, (merchant,))
}

/// Ends the pauses with this reason at the carts that are pinned to a plugin, and lists the carts that go on.
///
/// # Errors
///
/// [`Error`] if the write fails.
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

/// Records that a plugin ran for a cart, so that the cart can be rolled back to it.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn ran(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId, plugin: Digest, at_unix_ms: u64) -> Result<(), Error> {
    let sql = "INSERT INTO cart_plugins (merchant, cart, plugin, first_ran_at, last_ran_at) VALUES (?1, ?2, ?3, ?4, ?4)
        ON CONFLICT DO UPDATE SET last_ran_at = excluded.last_ran_at";
    tx.run("note that a cart's plugin ran", sql, (merchant, cart, plugin, at_unix_ms)).map(drop)
}

/// Removes a cart with its parameters, credentials, lists and the record of the plugins that ran. Decisions, receipts and the audit stay.
/// What the cart was told of its orders no longer counts: a later cart with this id was told nothing. Returns whether there was such a
/// cart.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn remove(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId) -> Result<bool, Error> {
    for sql in [
        "DELETE FROM parameters WHERE merchant = ?1 AND cart = ?2",
        "DELETE FROM credentials WHERE merchant = ?1 AND cart = ?2",
        "DELETE FROM fetched_credentials WHERE merchant = ?1 AND cart = ?2",
        "DELETE FROM cart_plugins WHERE merchant = ?1 AND cart = ?2",
        "DELETE FROM cart_lists WHERE merchant = ?1 AND cart = ?2",
    ] {
        tx.run("remove the data of a cart", sql, (merchant, cart))?;
    }
    let sql = "INSERT INTO cart_incarnations (merchant, cart, incarnation) VALUES (?1, ?2, 1)
        ON CONFLICT DO UPDATE SET incarnation = incarnation + 1";
    tx.run("end a cart's incarnation", sql, (merchant, cart))?;
    let sql = "DELETE FROM carts WHERE merchant = ?1 AND cart = ?2";
    tx.run("remove a cart", sql, (merchant, cart)).map(|rows| rows > 0)
}

/// Looks up one cart; `None` if there is none.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn get(view: &View<'_>, merchant: &MerchantId, cart: &CartId) -> Result<Option<CartRow>, Error> {
    let sql = "SELECT cart, definition, plugin, mode, enabled, paused_why, paused_until, paused_with_all, made_at, changed_at, paused_said, lists FROM carts
        WHERE merchant = ?1 AND cart = ?2";
    view.one("look up a cart", sql, (merchant, cart), read)
}

/// Lists every cart, by id.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn list(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<CartRow>, Error> {
    let sql = "SELECT cart, definition, plugin, mode, enabled, paused_why, paused_until, paused_with_all, made_at, changed_at, paused_said, lists FROM carts
        WHERE merchant = ?1 ORDER BY cart";
    view.all("list the carts", sql, (merchant,), read)
}

/// Lists every plugin that ran for a cart, the most recent first.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn plugins_that_ran(view: &View<'_>, merchant: &MerchantId, cart: &CartId) -> Result<Vec<PluginRun>, Error> {
    let sql = "SELECT plugin, first_ran_at, last_ran_at FROM cart_plugins WHERE merchant = ?1 AND cart = ?2
        ORDER BY last_ran_at DESC, first_ran_at DESC, plugin";
    view.all("list the plugins that ran for a cart", sql, (merchant, cart), |row| {
        Ok(PluginRun { plugin: row.get(0)?, first_ran_at_unix_ms: row.get(1)?, last_ran_at_unix_ms: row.get(2)? })
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<CartRow> {
    let definition = DefinitionRow { cart: row.get(0)?, text: row.get(1)?, plugin: row.get(2)?, mode: row.get(3)? };
    let (why, until_unix_ms): (Option<String>, _) = (row.get(5)?, row.get(6)?);
    let said = row.get(10)?;
    let pause = why.map(|why| PauseRow { why, until_unix_ms, said });
    let (paused_with_all, made_at_unix_ms, changed_at_unix_ms) = (row.get(7)?, row.get(8)?, row.get(9)?);
    Ok(CartRow { definition, enabled: row.get(4)?, pause, paused_with_all, made_at_unix_ms, changed_at_unix_ms, lists: row.get(11)? })
}
