//! Alerts: conditions on which a person must act, and who is told of them.
//!
//! [`conditions`] decides from the facts of a moment which alerts are due. It is called again and again; the caller raises new alerts and clears
//! those whose condition has ended, so that no alert depends on an event that a crash may have taken. A condition that is unknown just now, such as a
//! breaker after a restart, neither raises nor clears an alert. [`notifier`] notifies people when an alert is new, once a day while it lasts, and when
//! it ends.
//!
//! `docs/alerts.md` has a section for each [`Kind`].

pub mod notifier;

pub use cartage_model::alerts::Subject;

use cartage_base::clock::Doubt;
use cartage_base::counted::counted;
use cartage_model::id::{CartId, DeliveryId};
use cartage_model::receipt::PauseReason;
use cartage_policy::gate::command;
use cartage_store::carts::Pause;
use cartage_store::data_dir::disk_level::{DiskLevel, free};
use cartage_store::outbox::sqlite::CART_GONE;
use cartage_store::outbox::{Backlog, Faults};

/// The name of the pause of carts whose plugin was banned.
pub const PAUSE_BANNED: &str = "plugin-banned";
/// The default of [`Facts::oldest_ms`]: one hour.
pub const OLDEST_MS_DEFAULT: u64 = 60 * 60 * 1000;

/// The kind of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Orders are blocked by a dead letter.
    Blocked,
    /// There are dead letters, but no order is blocked by them.
    DeadLetters,
    /// Deliveries became dead letters after several claims without an answer.
    Poison,
    /// Queues of orders rest because an error happened at them.
    Stuck,
    /// Deliveries on record cannot be read.
    Unreadable,
    /// The cart refused its credentials.
    CredentialsRefused,
    /// The cart accepts the credentials but does not allow what was asked with them.
    NotPermitted,
    /// Something must be corrected first, at the shop or in the plugin's settings.
    Misconfigured,
    /// The cart sent a secret back in an answer.
    SecretReflected,
    /// The cart answered that it no longer exists.
    CartGone,
    /// The cart fails again and again, so its breaker is open.
    BreakerOpen,
    /// The cart's plugin cannot run.
    PluginUnusable,
    /// The cart's plugin was banned.
    PluginBanned,
    /// The cart cannot be made ready for another reason.
    CartNotReady,
    /// The oldest update that waits at the cart is older than the limit.
    Overdue,
    /// The cart's inlet ignores a client whose log-ins failed.
    ClientShutOut,
    /// The disk of the data directory is nearly full.
    DiskLow,
    /// The store's writer cannot write, so this alert is not on record.
    StoreStuck,
    /// The wall clock went forward or back by more than the time that passed.
    ClockDoubted,
    /// The data directory is no longer where it was opened.
    DataDirMoved,
}

impl Kind {
    /// All kinds, in their order.
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

    /// The kind's name in the store and in JSON.
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

/// A condition that holds now and on which a person must act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The kind of the condition.
    pub kind: Kind,
    /// What the condition is about.
    pub subject: Subject,
    /// The facts and the remedy, for people.
    pub detail: String,
}

/// The conditions that hold, and those that are unknown just now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The conditions that hold.
    pub hold: Vec<Condition>,
    /// The kinds and subjects whose condition is unknown: their alerts stay as they are.
    pub unknown: Vec<(Kind, Subject)>,
}

/// A fact that may be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Certainty<T> {
    /// The fact holds, with its details.
    Yes(T),
    /// The fact does not hold.
    No,
    /// The fact is unknown just now, for example after a restart.
    #[default]
    Unknown,
}

/// The state of a cart, as far as alerts need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartFacts {
    /// The Cart ID.
    pub cart: CartId,
    /// Whether the cart is enabled.
    pub enabled: bool,
    /// The pause that holds the cart now, its own or one of several carts; `None` if it is not paused.
    pub pause: Option<Pause>,
    /// The numbers of waiting and of dead deliveries; `None` if there are none.
    pub backlog: Option<Backlog>,
    /// How many of the dead letters were claimed too often without an answer.
    pub poison: u64,
    /// How many of the dead letters failed because the cart did not permit the request.
    pub not_permitted: u64,
    /// The queues of orders that rest because of an error. `None` if none rests.
    pub faults: Option<Faults>,
    /// The cart's deliveries that cannot be read.
    pub unreadable: Certainty<Unreadable>,
    /// Whether the cart's breaker is open.
    pub breaker: Certainty<()>,
    /// Why the cart cannot be made ready: the part that is at fault, and the error's text.
    pub not_ready: Certainty<(NotReady, String)>,
    /// The clients that the cart's inlet ignores: how many, the address of one, and why. `None` if there are none.
    pub shut_out: Option<(usize, String, NotLetIn)>,
}

/// Deliveries that this release cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The number of such deliveries.
    pub count: u64,
    /// The order number of one of them.
    pub order: String,
    /// The id of that delivery.
    pub delivery: DeliveryId,
}

/// The part because of which a cart cannot be made ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReady {
    /// The cart's plugin cannot run.
    Plugin,
    /// The copy of the plugin's file does not have the digest by which it is named.
    Damaged,
    /// Another part, such as the definition or a credential.
    Else,
}

/// The facts of one merchant at one moment.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The moment, in milliseconds since 1970-01-01T00:00:00Z.
    pub now_unix_ms: u64,
    /// The age from which on a waiting update is overdue, in milliseconds.
    pub oldest_ms: u64,
    /// The states of the merchant's carts.
    pub carts: Vec<CartFacts>,
    /// Free bytes on the disk of the data directory. `None` if unknown, or if another merchant is told of this.
    pub free_bytes: Option<u64>,
    /// How far the wall clock is off. `None` if the clock is believed, or if another merchant is told of this.
    pub clock: Option<Doubt>,
    /// The former place of a data directory that was moved. `None` if it was not moved, or if another merchant is told of this.
    pub moved: Option<String>,
}

/// Why a client's posts to a cart's inlet are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotLetIn {
    /// The client's log-ins failed too often.
    ShutOut {
        /// Why the last log-in failed.
        last: String,
    },
    /// The cart's definition has no inlet.
    NoInlet,
    /// No password is set for the inlet.
    NoPassword,
}

/// Decides which conditions hold.
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
        let what = match DiskLevel::of(bytes) {
            DiskLevel::Enough => None,
            DiskLevel::NoRecording => Some("attempts are no longer recorded"),
            DiskLevel::Full => Some("no update is accepted any more"),
        };
        let detail = |what| format!("{} are free on the disk of the data directory, so {what}; free some disk space", free(bytes));
        found.hold.extend(what.map(|what| Condition { kind: Kind::DiskLow, subject: Subject::Installation, detail: detail(what) }));
    }
    of_machine(facts, &mut found);
    found
}

fn of_inlet(facts: &CartFacts, found: &mut Conditions) {
    let Some((clients, one, why)) = &facts.shut_out else { return };
    let cart = &facts.cart;
    let who = match clients {
        1 => format!("posts of the client {one} to this cart are refused"),
        many => format!("posts of {many} clients to this cart are refused, among them those of {one}"),
    };
    let set = command::inlet_password(cart);
    let detail = match why {
        NotLetIn::ShutOut { last } => format!(
            "{who}, because ten log-ins failed, the last one because {last}; each refusal lasts for ten minutes; if this client is your Order \
             Manager, compare its user name, password and store code with [seti] in the cart's file, or set the password again: `{set}`"
        ),
        NotLetIn::NoInlet => format!(
            "{who}, because the cart has no [seti] in its file; if this client is your Order Manager, add [seti] with its user name to the file, \
             load the file with `cartage apply`, and set the password: `{set}`"
        ),
        NotLetIn::NoPassword => {
            format!(
                "{who}, because no password was set for the cart's inlet; if this client is your Order Manager, set its password with `{set}`"
            )
        }
    };
    found.hold.push(Condition { kind: Kind::ClientShutOut, subject: Subject::Cart(cart.clone()), detail });
}

fn of_machine(facts: &Facts, found: &mut Conditions) {
    let mut hold = |kind, detail| found.hold.push(Condition { kind, subject: Subject::Installation, detail });
    if let Some(doubt) = facts.clock {
        let confirm = command::clock_confirm();
        hold(
            Kind::ClockDoubted,
            format!(
                "{}, so nothing is deleted because of its age; correct the clock, or confirm that it is right with `{confirm}`",
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
    let mut hold = |kind, detail| found.hold.push(Condition { kind, subject: Subject::Cart(cart.clone()), detail });
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
        let what = format!("the daemon ended five times in a row while it processed {which}");
        hold(Kind::Poison, format!("{what}; see `{list}` and the log of those moments, then retry or discard {}", them(facts.poison)));
    }
    // A cart that is paused for that is told of as such, once.
    let paused_for_it = facts.pause.as_ref().is_some_and(|pause| pause.why == PauseReason::NotPermitted.name());
    if facts.not_permitted > 0 && !paused_for_it {
        let list = command::deliveries(cart, Some("dead"), Some("not-permitted"));
        let what = format!("the cart {cart} accepts its credentials but does not permit {} with them", updates(facts.not_permitted));
        hold(
            Kind::NotPermitted,
            format!("{what}; see `{list}`, grant the missing right at the shop, then retry or discard {}", them(facts.not_permitted)),
        );
    }
    let waited = backlog.oldest_queued_at_unix_ms.map_or(0, |at| all.now_unix_ms.saturating_sub(at));
    if waited > all.oldest_ms {
        let list = command::deliveries(cart, Some("queued"), None);
        let which = if backlog.queued == 1 { "1 update".to_owned() } else { format!("the first of {}", updates(backlog.queued)) };
        hold(Kind::Overdue, format!("{which} has waited for {}; see `{list}`", span(waited)));
    }
}

fn of_faults(facts: &CartFacts, found: &mut Conditions) {
    let mut hold = |kind, detail| found.hold.push(Condition { kind, subject: Subject::Cart(facts.cart.clone()), detail });
    if let Some(Faults { lanes, first: (order, delivery, fault), .. }) = &facts.faults {
        let others = match lanes.saturating_sub(1) {
            0 => String::new(),
            1 => ", and 1 more order is not sent either".to_owned(),
            more => format!(", and {more} more orders are not sent either"),
        };
        let see = delivery.as_ref().map_or_else(String::new, |delivery| {
            format!("; see `cartage delivery show {delivery}`, or end the delivery with `cartage delivery discard {delivery} --why TEXT`")
        });
        hold(Kind::Stuck, format!("order {order} is not sent: {fault}{others}; Cartage tries again every ten minutes{see}"));
    }
    match &facts.unreadable {
        Certainty::Yes(Unreadable { count, order, delivery }) => {
            let which =
                if *count == 1 { format!("an update of order {order}") } else { format!("{count} updates, one of them of order {order},") };
            let see = format!("see `cartage delivery show {delivery}`, then use the release that wrote it, or end it");
            hold(
                Kind::Unreadable,
                format!("{which} cannot be read by this release; {see} with `cartage delivery discard {delivery} --why TEXT`"),
            );
        }
        Certainty::Unknown if facts.backlog.as_ref().is_some_and(|backlog| backlog.queued + backlog.dead > 0) => {
            found.unknown.push((Kind::Unreadable, Subject::Cart(facts.cart.clone())));
        }
        Certainty::No | Certainty::Unknown => {}
    }
}

fn of_pause(facts: &CartFacts, found: &mut Conditions) {
    let cart = &facts.cart;
    let hold = facts.pause.as_ref().filter(|pause| pause.until_unix_ms.is_none()).and_then(|pause| {
        let (resume, said) = (command::cart_resume(cart), said(pause));
        let (kind, detail) = match pause.why.as_str() {
            why if why == PauseReason::Credentials.name() => (
                Kind::CredentialsRefused,
                format!("the cart refused its credentials and is paused; see `cartage credential list {cart}`, set the wrong one again, then `{resume}`"),
            ),
            why if why == PauseReason::NotPermitted.name() => (
                Kind::NotPermitted,
                format!(
                    "the cart {cart} accepts its credentials but did not permit several orders in a row, so it is paused{said}; grant the missing \
                     right at the shop, then `{resume}`"
                ),
            ),
            why if why == PauseReason::Misconfigured.name() => (
                Kind::Misconfigured,
                format!("something must be corrected for the cart {cart}, which is paused{said}; correct it, then `{resume}`"),
            ),
            why if why == PauseReason::SecretReflected.name() => (
                Kind::SecretReflected,
                format!("the cart returned a secret in an answer and is paused; change that credential, then `{resume}`"),
            ),
            PAUSE_BANNED => (
                Kind::PluginBanned,
                format!(
                    "its plugin is banned, so the cart is paused and keeps its queue; give the cart another plugin with `{}`, or see `cartage plugin bans`",
                    command::cart_upgrade(cart, command::Consent::Asked)
                ),
            ),
            _ => return None,
        };
        Some(Condition { kind, subject: Subject::Cart(cart.clone()), detail })
    });
    found.hold.extend(hold);
    if !facts.enabled {
        // Whether the cart said so or a person did is known where it was disabled, and the alert was raised there.
        found.unknown.push((Kind::CartGone, Subject::Cart(cart.clone())));
    }
}

/// The plugin's message from when the cart was paused, for people.
fn said(pause: &Pause) -> String {
    pause.said.as_ref().map(|said| format!(": {said}")).unwrap_or_default()
}

fn of_readiness(facts: &CartFacts, found: &mut Conditions) {
    let cart = &facts.cart;
    let waits = facts.backlog.as_ref().is_some_and(|backlog| backlog.queued > 0);
    let mut hold = |kind, detail| found.hold.push(Condition { kind, subject: Subject::Cart(cart.clone()), detail });
    match &facts.breaker {
        Certainty::Yes(()) => {
            let see = command::deliveries(cart, Some("queued"), None);
            hold(
                Kind::BreakerOpen,
                format!("the cart fails repeatedly, so Cartage tries it only now and then; see `{see}` and `cartage cart check {cart}`"),
            );
        }
        Certainty::Unknown if waits => found.unknown.push((Kind::BreakerOpen, Subject::Cart(cart.clone()))),
        Certainty::No | Certainty::Unknown => {}
    }
    match &facts.not_ready {
        Certainty::Yes((NotReady::Plugin, why)) => {
            let upgrade = command::cart_upgrade(cart, command::Consent::Asked);
            found.hold.push(Condition {
                kind: Kind::PluginUnusable,
                subject: Subject::Cart(cart.clone()),
                detail: format!("nothing is sent to the cart: {why}; give the cart its plugin with `{upgrade}`"),
            });
        }
        Certainty::Yes((NotReady::Damaged, file)) => {
            let upgrade = command::cart_upgrade(cart, command::Consent::Asked);
            let what = format!("the copy of its plugin's file, {file}, is damaged, so no update is accepted for the cart");
            hold(Kind::PluginUnusable, format!("{what}; check the disk, and give the cart the same file again with `{upgrade}`"));
        }
        Certainty::Yes((NotReady::Else, why)) => found.hold.push(Condition {
            kind: Kind::CartNotReady,
            subject: Subject::Cart(cart.clone()),
            detail: format!("nothing is sent to the cart: {why}"),
        }),
        Certainty::Unknown if waits => {
            found.unknown.extend([Kind::PluginUnusable, Kind::CartNotReady].map(|kind| (kind, Subject::Cart(cart.clone()))));
        }
        Certainty::No | Certainty::Unknown => {}
    }
}

/// How far a clock is off, in words.
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

/// A length of time in words, in its largest unit.
pub fn span(ms: u64) -> String {
    let units = [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second")];
    let (unit, name) = units.into_iter().find(|(unit, _)| ms >= *unit).unwrap_or((1000, "second"));
    counted(ms / unit, name)
}

#[cfg(test)]
mod tests;
