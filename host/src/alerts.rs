//! Alerts: what somebody must act on, and who is told of it.
//!
//! [`conditions`] says from the facts of a moment which alerts hold. It is asked again and again, and whoever keeps the alerts raises what is
//! new and clears what no longer holds: so no alert rests on an event that a crash may have taken. What cannot be known just now (a breaker
//! after a restart) neither raises nor clears. [`teller`] tells people: an alert that is new, the same again each day, and its end.
//!
//! `docs/alerts.md` has a section for each [`Kind`].

pub mod teller;

use crate::clock::Doubt;
use crate::counted::counted;
use crate::data_dir::room::{Room, free};
use crate::gate::command;
use crate::id::{CartId, DeliveryId};
use crate::outbox::sqlite::CART_GONE;
use crate::outbox::{Backlog, Faults};
use crate::receipt::PauseReason;
use crate::store::carts::Pause;

/// The pause of carts whose plugin was banned, by name.
pub const PAUSE_BANNED: &str = "plugin-banned";
/// How old the first of what waits at a cart may be, unless it is said otherwise.
pub const OLDEST_MS_DEFAULT: u64 = 60 * 60 * 1000;

/// What kind of condition it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Orders wait for a dead letter.
    Blocked,
    /// Dead letters for which no order waits.
    DeadLetters,
    /// Deliveries were tried again and again without an answer.
    Poison,
    /// Orders' queues rest because something failed at them.
    Stuck,
    /// Deliveries cannot be read.
    Unreadable,
    /// The cart refused its credentials.
    CredentialsRefused,
    /// The cart takes the credentials and does not allow them what was asked.
    NotPermitted,
    /// Something must be set right first, at the shop or in the plugin's settings.
    Misconfigured,
    /// The cart gave a secret back.
    SecretReflected,
    /// The cart said that it is gone.
    CartGone,
    /// The cart fails again and again.
    BreakerOpen,
    /// The cart's plugin cannot run.
    PluginUnusable,
    /// The cart's plugin was banned.
    PluginBanned,
    /// The cart cannot be made ready for another reason.
    CartNotReady,
    /// What waits at the cart has waited too long.
    Overdue,
    /// The cart's inlet does not listen to a client whose log-ins failed.
    ClientShutOut,
    /// The disk is nearly full.
    DiskLow,
    /// The store's writer does not write, so this stands nowhere in the store.
    StoreStuck,
    /// The clock went further, or back, than any time that passed.
    ClockDoubted,
    /// The data directory is no longer where it was.
    DataDirMoved,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 20] = [
        Kind::Blocked,
        Kind::DeadLetters,
        Kind::Poison,
        Kind::Stuck,
        Kind::Unreadable,
        Kind::CredentialsRefused,
        Kind::NotPermitted,
        Kind::Misconfigured,
        Kind::SecretReflected,
        Kind::CartGone,
        Kind::BreakerOpen,
        Kind::PluginUnusable,
        Kind::PluginBanned,
        Kind::CartNotReady,
        Kind::Overdue,
        Kind::ClientShutOut,
        Kind::DiskLow,
        Kind::StoreStuck,
        Kind::ClockDoubted,
        Kind::DataDirMoved,
    ];

    /// Its name, as it stands in the store and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Blocked => "blocked",
            Kind::DeadLetters => "dead-letters",
            Kind::Poison => "poison",
            Kind::Stuck => "stuck",
            Kind::Unreadable => "unreadable",
            Kind::CredentialsRefused => "credentials-refused",
            Kind::NotPermitted => "not-permitted",
            Kind::Misconfigured => "misconfigured",
            Kind::SecretReflected => "secret-reflected",
            Kind::CartGone => CART_GONE,
            Kind::BreakerOpen => "breaker-open",
            Kind::PluginUnusable => "plugin-unusable",
            Kind::PluginBanned => "plugin-banned",
            Kind::CartNotReady => "cart-not-ready",
            Kind::Overdue => "overdue",
            Kind::ClientShutOut => "client-shut-out",
            Kind::DiskLow => "disk-low",
            Kind::StoreStuck => "store-stuck",
            Kind::ClockDoubted => "clock-doubted",
            Kind::DataDirMoved => "data-dir-moved",
        }
    }
}

/// Something that holds now and that somebody must act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What kind.
    pub kind: Kind,
    /// What it is about. Empty: the whole installation.
    pub subject: String,
    /// What there is to know and to do, for people.
    pub detail: String,
}

/// What holds, and of what nobody can know just now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// What holds.
    pub hold: Vec<Condition>,
    /// What may hold or not: an alert of it stays as it is.
    pub unknown: Vec<(Kind, String)>,
}

/// Something that may be known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Known<T> {
    /// It holds.
    Yes(T),
    /// It does not.
    No,
    /// Nobody can know just now.
    #[default]
    Unknown,
}

/// A cart as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartFacts {
    /// Which.
    pub cart: CartId,
    /// Whether it is enabled.
    pub enabled: bool,
    /// The pause that holds it now, of its own or together with others.
    pub pause: Option<Pause>,
    /// What waits and what died.
    pub backlog: Option<Backlog>,
    /// How many of the dead letters were claimed too often without an answer.
    pub poison: u64,
    /// How many of them its credentials were not permitted.
    pub not_permitted: u64,
    /// The orders' queues that rest because something failed. None: there are none.
    pub faults: Option<Faults>,
    /// Its deliveries that cannot be read.
    pub unreadable: Known<Unreadable>,
    /// Whether its breaker is open.
    pub breaker: Known<()>,
    /// Why it cannot be made ready: of its plugin, or else.
    pub not_ready: Known<(NotReady, String)>,
    /// How many clients its inlet does not listen to because their log-ins failed, and the address of one. None: there are none.
    pub shut_out: Option<(usize, String, NotLetIn)>,
}

/// Deliveries that this release cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// How many were found.
    pub count: u64,
    /// The order of one of them.
    pub order: String,
    /// Which that is.
    pub delivery: DeliveryId,
}

/// Of what a cart cannot be made ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReady {
    /// Its plugin cannot run.
    Plugin,
    /// The copy of its plugin's file, which is named, has another content than it was given.
    Damaged,
    /// Anything else: its definition, a credential.
    Else,
}

/// The facts of a moment, of one merchant.
#[derive(Debug, Clone)]
pub struct Facts {
    /// When.
    pub now_unix_ms: u64,
    /// How old the first of what waits at a cart may be.
    pub oldest_ms: u64,
    /// The merchant's carts.
    pub carts: Vec<CartFacts>,
    /// Free bytes where the data directory lies. None: it is another merchant's business, or unknown.
    pub free_bytes: Option<u64>,
    /// How far the clock is off. None: it is another merchant's business, or the clock is believed.
    pub clock: Option<Doubt>,
    /// Where the data directory was, if it is no longer there. None: it is another merchant's business, or it is in its place.
    pub moved: Option<String>,
}

/// What an alert of a cart is about.
pub fn subject(cart: &CartId) -> String {
    format!("cart {cart}")
}

/// Why a client's posts are not taken at a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotLetIn {
    /// Its log-ins failed too often.
    ShutOut {
        /// What was wrong with the last of them.
        last: String,
    },
    /// The cart has no inlet.
    NoInlet,
    /// The inlet has no password.
    NoPassword,
}

/// Which conditions hold.
pub fn conditions(facts: &Facts) -> Conditions {
    let mut found = Conditions::default();
    for cart in &facts.carts {
        of_queue(cart, facts, &mut found);
        of_faults(cart, &mut found);
        of_pause(cart, &mut found);
        of_readiness(cart, &mut found);
        of_inlet(cart, &mut found);
    }
    if let Some(bytes) = facts.free_bytes {
        let what = match Room::of(bytes) {
            Room::Enough => None,
            Room::NoRecording => Some("attempts are no longer recorded"),
            Room::Full => Some("no update is accepted any more"),
        };
        let detail = |what| format!("{} are free where the data directory lies, so {what}; make room", free(bytes));
        found.hold.extend(what.map(|what| Condition { kind: Kind::DiskLow, subject: String::new(), detail: detail(what) }));
    }
    of_machine(facts, &mut found);
    found
}

fn of_inlet(facts: &CartFacts, found: &mut Conditions) {
    let Some((clients, one, why)) = &facts.shut_out else { return };
    let cart = &facts.cart;
    let who = match clients {
        1 => format!("posts of the client {one} to this cart are not taken"),
        many => format!("posts of {many} clients to this cart are not taken; of {one}"),
    };
    let set = command::inlet_password(cart);
    let detail = match why {
        NotLetIn::ShutOut { last } => format!(
            "{who}, because ten log-ins failed, the last one because {last}; that lasts for ten minutes each time; if that is your Order Manager, compare \
             its user name, password and store code with [seti] in the cart's file, or set the password again: `{set}`"
        ),
        NotLetIn::NoInlet => format!(
            "{who}, because the cart has no [seti] in its file; if that is your Order Manager, write [seti] with its user name there, load the file with \
             `cartage apply`, and set the password: `{set}`"
        ),
        NotLetIn::NoPassword => {
            format!(
                "{who}, because no password of the cart's inlet was set then; if that is your Order Manager, set the same as there: `{set}`"
            )
        }
    };
    found.hold.push(Condition { kind: Kind::ClientShutOut, subject: subject(cart), detail });
}

fn of_machine(facts: &Facts, found: &mut Conditions) {
    let mut hold = |kind, detail| found.hold.push(Condition { kind, subject: String::new(), detail });
    if let Some(doubt) = facts.clock {
        let confirm = command::clock_confirm();
        hold(
            Kind::ClockDoubted,
            format!(
                "{}, so nothing is deleted for its age on its word; set it right, or say that it is right with `{confirm}`",
                clock(doubt)
            ),
        );
    }
    if let Some(path) = &facts.moved {
        hold(
            Kind::DataDirMoved,
            format!("the data directory is no longer at {path}, so no update is accepted; put it back, or mount its disk again"),
        );
    }
}

fn of_queue(facts: &CartFacts, all: &Facts, found: &mut Conditions) {
    let Some(backlog) = &facts.backlog else { return };
    let cart = &facts.cart;
    let mut hold = |kind, detail| found.hold.push(Condition { kind, subject: subject(cart), detail });
    if backlog.blocked > 0 {
        let list = command::deliveries(cart, Some("blocked"), None);
        let (are, each, those) = match backlog.blocked {
            1 => ("is", "a dead letter", "it"),
            _ => ("are", "a dead letter each", "those"),
        };
        hold(Kind::Blocked, format!("{} {are} blocked by {each}; see `{list}`, then retry or discard {those}", orders(backlog.blocked)));
    }
    let beside = backlog.dead.saturating_sub(backlog.blocked.max(facts.poison).max(facts.not_permitted));
    if beside > 0 {
        let list = command::deliveries(cart, Some("dead"), None);
        hold(Kind::DeadLetters, format!("{} not sent any more; see `{list}`, then retry or discard {}", updates_are(beside), them(beside)));
    }
    if facts.poison > 0 {
        let list = command::deliveries(cart, Some("dead"), Some("poison"));
        let which = if facts.poison == 1 { "one update".to_owned() } else { format!("each of {}", updates(facts.poison)) };
        let what = format!("the daemon ended five times in a row while it was at work on {which}");
        hold(Kind::Poison, format!("{what}; see `{list}` and the log of those moments, then retry or discard {}", them(facts.poison)));
    }
    // A cart that is paused for that is told of as such, once.
    let paused_for_it = facts.pause.as_ref().is_some_and(|pause| pause.why == PauseReason::NotPermitted.name());
    if facts.not_permitted > 0 && !paused_for_it {
        let list = command::deliveries(cart, Some("dead"), Some("not-permitted"));
        let what = format!("the cart {cart} takes its credentials and does not allow them {}", updates(facts.not_permitted));
        hold(Kind::NotPermitted, format!("{what}; see `{list}`, give them that right at the shop, then retry or discard those"));
    }
    let waited = backlog.oldest_queued_at_unix_ms.map_or(0, |at| all.now_unix_ms.saturating_sub(at));
    if waited > all.oldest_ms {
        let list = command::deliveries(cart, Some("queued"), None);
        let which = if backlog.queued == 1 { "1 update".to_owned() } else { format!("the first of {}", updates(backlog.queued)) };
        hold(Kind::Overdue, format!("{which} has waited for {}; see `{list}`", span(waited)));
    }
}

fn of_faults(facts: &CartFacts, found: &mut Conditions) {
    let mut hold = |kind, detail| found.hold.push(Condition { kind, subject: subject(&facts.cart), detail });
    if let Some(Faults { lanes, first: (order, delivery, fault), .. }) = &facts.faults {
        let others = if *lanes > 1 { format!(", and {} are like it", orders(lanes - 1)) } else { String::new() };
        let see = delivery.as_ref().map_or_else(String::new, |delivery| {
            format!("; see `cartage delivery show {delivery}`, which `cartage delivery discard {delivery} --why TEXT` ends")
        });
        hold(Kind::Stuck, format!("order {order} is not sent: {fault}{others}; it is tried again every ten minutes{see}"));
    }
    match &facts.unreadable {
        Known::Yes(Unreadable { count, order, delivery }) => {
            let which =
                if *count == 1 { format!("an update of order {order}") } else { format!("{count} updates, one of them of order {order},") };
            let see = format!("see `cartage delivery show {delivery}`, then use the release that wrote it, or end it");
            hold(
                Kind::Unreadable,
                format!("{which} cannot be read by this release; {see} with `cartage delivery discard {delivery} --why TEXT`"),
            );
        }
        Known::Unknown if facts.backlog.as_ref().is_some_and(|backlog| backlog.queued + backlog.dead > 0) => {
            found.unknown.push((Kind::Unreadable, subject(&facts.cart)));
        }
        Known::No | Known::Unknown => {}
    }
}

fn of_pause(facts: &CartFacts, found: &mut Conditions) {
    let cart = &facts.cart;
    let hold = facts.pause.as_ref().filter(|pause| pause.until_unix_ms.is_none()).and_then(|pause| {
        let (kind, detail) = match pause.why.as_str() {
            why if why == PauseReason::Credentials.name() => (
                Kind::CredentialsRefused,
                format!("the cart does not take its credentials, and is paused; `cartage credential list {cart}` names them; set the wrong one, then `{}`", command::cart_resume(cart)),
            ),
            why if why == PauseReason::NotPermitted.name() => (
                Kind::NotPermitted,
                format!("the cart {cart} takes its credentials and did not allow them several orders in a row, so it is paused{}; give them that right at the shop, then `{}`", said(pause), command::cart_resume(cart)),
            ),
            why if why == PauseReason::Misconfigured.name() => (
                Kind::Misconfigured,
                format!("something must be set right for the cart {cart}, which is paused{}; set that right, then `{}`", said(pause), command::cart_resume(cart)),
            ),
            why if why == PauseReason::SecretReflected.name() => (
                Kind::SecretReflected,
                format!("the cart gave a secret back in an answer, and is paused; change that credential, then `{}`", command::cart_resume(cart)),
            ),
            PAUSE_BANNED => (
                Kind::PluginBanned,
                format!("its plugin is banned, so the cart is paused and keeps its queue; give it another with `{}`, or see `cartage plugin bans`", command::cart_upgrade(cart, command::Consent::Asked)),
            ),
            _ => return None,
        };
        Some(Condition { kind, subject: subject(cart), detail })
    });
    found.hold.extend(hold);
    if !facts.enabled {
        // Whether the cart said so or a person did is known where it was disabled, and the alert was raised there.
        found.unknown.push((Kind::CartGone, subject(cart)));
    }
}

/// What the plugin said when the cart was paused.
fn said(pause: &Pause) -> String {
    pause.said.as_ref().map(|said| format!(": {said}")).unwrap_or_default()
}

fn of_readiness(facts: &CartFacts, found: &mut Conditions) {
    let cart = &facts.cart;
    let waits = facts.backlog.as_ref().is_some_and(|backlog| backlog.queued > 0);
    let mut hold = |kind, detail| found.hold.push(Condition { kind, subject: subject(cart), detail });
    match &facts.breaker {
        Known::Yes(()) => {
            let see = command::deliveries(cart, Some("queued"), None);
            hold(
                Kind::BreakerOpen,
                format!("the cart fails again and again and is asked seldom; see `{see}` and `cartage cart check {cart}`"),
            );
        }
        Known::Unknown if waits => found.unknown.push((Kind::BreakerOpen, subject(cart))),
        Known::No | Known::Unknown => {}
    }
    match &facts.not_ready {
        Known::Yes((NotReady::Plugin, why)) => {
            let upgrade = command::cart_upgrade(cart, command::Consent::Asked);
            found.hold.push(Condition {
                kind: Kind::PluginUnusable,
                subject: subject(cart),
                detail: format!("nothing is sent there: {why}; give it its plugin with `{upgrade}`"),
            });
        }
        Known::Yes((NotReady::Damaged, file)) => {
            let upgrade = command::cart_upgrade(cart, command::Consent::Asked);
            let what = format!("the copy of its plugin's file, {file}, is damaged, so no update is accepted there");
            hold(Kind::PluginUnusable, format!("{what}; see to the disk, and give it the same file again with `{upgrade}`"));
        }
        Known::Yes((NotReady::Else, why)) => {
            found.hold.push(Condition { kind: Kind::CartNotReady, subject: subject(cart), detail: format!("nothing is sent there: {why}") })
        }
        Known::Unknown if waits => {
            found.unknown.extend([Kind::PluginUnusable, Kind::CartNotReady].map(|kind| (kind, subject(cart))));
        }
        Known::No | Known::Unknown => {}
    }
}

/// How far a clock is off, for people.
pub fn clock(doubt: Doubt) -> String {
    match doubt {
        Doubt::Ahead(ms) => format!("the clock went {} further than the time that passed", span(ms)),
        Doubt::Behind(ms) => format!("the clock went back by {}", span(ms)),
    }
}

fn orders(count: u64) -> String {
    counted(count, "order")
}

fn updates(count: u64) -> String {
    counted(count, "update")
}

fn updates_are(count: u64) -> String {
    format!("{} {}", updates(count), if count == 1 { "is" } else { "are" })
}

fn them(count: u64) -> &'static str {
    if count == 1 { "it" } else { "them" }
}

/// A time for people, in its largest unit.
pub fn span(ms: u64) -> String {
    let units = [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second")];
    let (unit, name) = units.into_iter().find(|(unit, _)| ms >= *unit).unwrap_or((1000, "second"));
    counted(ms / unit, name)
}

#[cfg(test)]
mod tests;
