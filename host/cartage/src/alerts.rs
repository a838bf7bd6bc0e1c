//! Alerts: conditions on which a person must act, and who is told of them.
//!
//! [`conditions`] decides from the facts of a moment which alerts are due. It is called again and again; the caller raises new alerts and clears
//! those whose condition has ended, so that no alert depends on an event that a crash may have taken. A condition that is unknown just now, such as a
//! breaker after a restart, neither raises nor clears an alert. [`notifier`] notifies people when an alert is new, once a day while it lasts, and when
//! it ends.
//!
//! `docs/alerts.md` has a section for each [`AlertKind`].

mod facts;
pub mod notifier;

pub use cartage_model::alerts::Subject;
pub use facts::{CartFacts, Certainty, Facts, NotLetIn, UnreadableDeliveries, Unready, UnreadyPart};

use cartage_base::clock::Doubt;
use cartage_base::counted::counted;
use cartage_model::id::DeliveryId;
use cartage_model::receipt::PauseReason;
use cartage_model::remedy::{DeliveryState, Remedy};
use cartage_store::carts::PauseRow;
use cartage_store::data_dir::disk_level::{DiskLevel, free};
use cartage_store::outbox::Faults;
use cartage_store::outbox::sqlite::CART_GONE;

/// The name of the pause of carts whose plugin was banned.
pub const PAUSE_BANNED: &str = "plugin-banned";
/// The default of [`Facts::oldest_ms`]: one hour.
pub const OLDEST_MS_DEFAULT: u64 = 60 * 60 * 1000;

/// The kind of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertKind {
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

impl AlertKind {
    /// All kinds, in their order.
    pub const ALL: [AlertKind; 20] = [
        AlertKind::Blocked,
        AlertKind::DeadLetters,
        AlertKind::Poison,
        AlertKind::Stuck,
        AlertKind::Unreadable,
        AlertKind::CredentialsRefused,
        AlertKind::NotPermitted,
        AlertKind::Misconfigured,
        AlertKind::SecretReflected,
        AlertKind::CartGone,
        AlertKind::BreakerOpen,
        AlertKind::PluginUnusable,
        AlertKind::PluginBanned,
        AlertKind::CartNotReady,
        AlertKind::Overdue,
        AlertKind::ClientShutOut,
        AlertKind::DiskLow,
        AlertKind::StoreStuck,
        AlertKind::ClockDoubted,
        AlertKind::DataDirMoved,
    ];

    /// The kind's name in the store and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            AlertKind::Blocked => "blocked",
            AlertKind::DeadLetters => "dead-letters",
            AlertKind::Poison => "poison",
            AlertKind::Stuck => "stuck",
            AlertKind::Unreadable => "unreadable",
            AlertKind::CredentialsRefused => "credentials-refused",
            AlertKind::NotPermitted => "not-permitted",
            AlertKind::Misconfigured => "misconfigured",
            AlertKind::SecretReflected => "secret-reflected",
            AlertKind::CartGone => CART_GONE,
            AlertKind::BreakerOpen => "breaker-open",
            AlertKind::PluginUnusable => "plugin-unusable",
            AlertKind::PluginBanned => "plugin-banned",
            AlertKind::CartNotReady => "cart-not-ready",
            AlertKind::Overdue => "overdue",
            AlertKind::ClientShutOut => "client-shut-out",
            AlertKind::DiskLow => "disk-low",
            AlertKind::StoreStuck => "store-stuck",
            AlertKind::ClockDoubted => "clock-doubted",
            AlertKind::DataDirMoved => "data-dir-moved",
        }
    }
}

/// A condition that holds now and on which a person must act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertCondition {
    /// The kind of the condition.
    pub kind: AlertKind,
    /// What the condition is about.
    pub subject: Subject,
    /// The facts, for people.
    pub detail: String,
    /// What a person can do, in order.
    pub remedies: Vec<Remedy>,
}

/// The conditions that hold, and those that are unknown just now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The conditions that hold.
    pub hold: Vec<AlertCondition>,
    /// The kinds and subjects whose condition is unknown: their alerts stay as they are.
    pub unknown: Vec<(AlertKind, Subject)>,
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
        found.hold.extend(what.map(|what| AlertCondition::everywhere(AlertKind::DiskLow, detail(what), vec![])));
    }
    of_machine(facts, &mut found);
    found
}

impl AlertCondition {
    fn everywhere(kind: AlertKind, detail: String, remedies: Vec<Remedy>) -> AlertCondition {
        AlertCondition { kind, subject: Subject::Installation, detail, remedies }
    }

    fn at(facts: &CartFacts, kind: AlertKind, detail: String, remedies: Vec<Remedy>) -> AlertCondition {
        AlertCondition { kind, subject: Subject::Cart(facts.cart.clone()), detail, remedies }
    }
}

fn of_inlet(facts: &CartFacts, found: &mut Conditions) {
    let Some((clients, one, why)) = &facts.shut_out else { return };
    let cart = facts.cart.clone();
    let who = match clients {
        1 => format!("posts of the client {one} to this cart are refused"),
        many => format!("posts of {many} clients to this cart are refused, among them those of {one}"),
    };
    let (why, remedy) = match why {
        NotLetIn::ShutOut { last } => {
            (format!("ten log-ins failed, the last one because {last}; each refusal lasts for ten minutes"), Remedy::CompareLogIn { cart })
        }
        NotLetIn::NoInlet => ("the cart has no [seti] in its file".to_owned(), Remedy::AddInlet { cart }),
        NotLetIn::NoPassword => ("no password was set for the cart's inlet".to_owned(), Remedy::SetInletPassword { cart }),
    };
    found.hold.push(AlertCondition::at(facts, AlertKind::ClientShutOut, format!("{who}, because {why}"), vec![remedy]));
}

fn of_machine(facts: &Facts, found: &mut Conditions) {
    if let Some(doubt) = facts.clock {
        let detail = format!("{}, so nothing is deleted because of its age", clock(doubt));
        found.hold.push(AlertCondition::everywhere(AlertKind::ClockDoubted, detail, vec![Remedy::ConfirmClock]));
    }
    if let Some(path) = &facts.moved {
        let detail = format!("the data directory is no longer at {path}, so no update is accepted; put it back, or mount its disk again");
        found.hold.push(AlertCondition::everywhere(AlertKind::DataDirMoved, detail, vec![]));
    }
}

fn of_queue(facts: &CartFacts, all: &Facts, found: &mut Conditions) {
    let Some(backlog) = &facts.backlog else { return };
    let cart = || facts.cart.clone();
    let settle = |state, reason: Option<&str>| Remedy::SettleDeliveries { cart: cart(), state, reason: reason.map(str::to_owned) };
    let mut hold = |kind, detail, remedies| found.hold.push(AlertCondition::at(facts, kind, detail, remedies));
    if backlog.blocked > 0 {
        let (are, each) = if backlog.blocked == 1 { ("is", "a dead letter") } else { ("are", "a dead letter each") };
        let detail = format!("{} {are} blocked by {each}", orders(backlog.blocked));
        hold(AlertKind::Blocked, detail, vec![settle(DeliveryState::Blocked, None)]);
    }
    let beside = backlog.dead.saturating_sub(backlog.blocked.max(facts.poison).max(facts.not_permitted));
    if beside > 0 {
        hold(AlertKind::DeadLetters, format!("{} not sent any more", updates_are(beside)), vec![settle(DeliveryState::Dead, None)]);
    }
    if facts.poison > 0 {
        let which = if facts.poison == 1 { "one update".to_owned() } else { format!("each of {}", updates(facts.poison)) };
        let detail = format!("the daemon ended five times in a row while it processed {which}; the log of those moments says more");
        hold(AlertKind::Poison, detail, vec![settle(DeliveryState::Dead, Some("poison"))]);
    }
    // A cart that is paused for that is told of as such, once.
    let paused_for_it = facts.pause.as_ref().is_some_and(|pause| pause.why == PauseReason::NotPermitted.name());
    if facts.not_permitted > 0 && !paused_for_it {
        let what = updates(facts.not_permitted);
        let detail = format!("the cart {} accepts its credentials but does not permit {what} with them", facts.cart);
        hold(AlertKind::NotPermitted, detail, vec![Remedy::GrantRight, settle(DeliveryState::Dead, Some("not-permitted"))]);
    }
    let waited = backlog.oldest_queued_at_unix_ms.map_or(0, |at| all.now_unix_ms.saturating_sub(at));
    if waited > all.oldest_ms {
        let which = if backlog.queued == 1 { "1 update".to_owned() } else { format!("the first of {}", updates(backlog.queued)) };
        let list = Remedy::ListDeliveries { cart: cart(), state: DeliveryState::Queued };
        hold(AlertKind::Overdue, format!("{which} has waited for {}", span(waited)), vec![list]);
    }
}

fn of_faults(facts: &CartFacts, found: &mut Conditions) {
    let end = |delivery: &DeliveryId| {
        vec![Remedy::ShowDelivery { delivery: delivery.clone() }, Remedy::DiscardDelivery { delivery: delivery.clone() }]
    };
    if let Some(Faults { lanes, first: (order, delivery, fault), .. }) = &facts.faults {
        let others = match lanes.saturating_sub(1) {
            0 => String::new(),
            1 => ", and 1 more order is not sent either".to_owned(),
            more => format!(", and {more} more orders are not sent either"),
        };
        let detail = format!("order {order} is not sent: {fault}{others}; Cartage tries again every ten minutes");
        found.hold.push(AlertCondition::at(facts, AlertKind::Stuck, detail, delivery.as_ref().map(end).unwrap_or_default()));
    }
    match &facts.unreadable {
        Certainty::Yes(UnreadableDeliveries { count, order, delivery }) => {
            let which =
                if *count == 1 { format!("an update of order {order}") } else { format!("{count} updates, one of them of order {order},") };
            let detail = format!("{which} cannot be read by this release; use the release that wrote it, or end it");
            found.hold.push(AlertCondition::at(facts, AlertKind::Unreadable, detail, end(delivery)));
        }
        Certainty::Unknown if facts.backlog.as_ref().is_some_and(|backlog| backlog.queued + backlog.dead > 0) => {
            found.unknown.push((AlertKind::Unreadable, Subject::Cart(facts.cart.clone())));
        }
        Certainty::No | Certainty::Unknown => {}
    }
}

fn of_pause(facts: &CartFacts, found: &mut Conditions) {
    let cart = || facts.cart.clone();
    let hold = facts.pause.as_ref().filter(|pause| pause.until_unix_ms.is_none()).and_then(|pause| {
        let (resume, said) = (Remedy::ResumeCart { cart: cart() }, said(pause));
        let (kind, detail, remedies) = match pause.why.as_str() {
            why if why == PauseReason::Credentials.name() => {
                let detail = "the cart refused its credentials and is paused".to_owned();
                (AlertKind::CredentialsRefused, detail, vec![Remedy::ReplaceCredential { cart: cart() }, resume])
            }
            why if why == PauseReason::NotPermitted.name() => {
                let what = "accepts its credentials but did not permit several orders in a row";
                (
                    AlertKind::NotPermitted,
                    format!("the cart {} {what}, so it is paused{said}", facts.cart),
                    vec![Remedy::GrantRight, resume],
                )
            }
            why if why == PauseReason::Misconfigured.name() => {
                let detail = format!("something must be corrected for the cart {}, which is paused{said}", facts.cart);
                (AlertKind::Misconfigured, detail, vec![Remedy::ResumeCorrected { cart: cart() }])
            }
            why if why == PauseReason::SecretReflected.name() => {
                let detail = "the cart returned a secret in an answer and is paused".to_owned();
                (AlertKind::SecretReflected, detail, vec![Remedy::RenewCredential { cart: cart() }, resume])
            }
            PAUSE_BANNED => {
                let detail = "its plugin is banned, so the cart is paused and keeps its queue".to_owned();
                (AlertKind::PluginBanned, detail, vec![Remedy::UpgradePlugin { cart: cart() }, Remedy::ListBans])
            }
            _ => return None,
        };
        Some(AlertCondition::at(facts, kind, detail, remedies))
    });
    found.hold.extend(hold);
    if !facts.enabled {
        // Whether the cart said so or a person did is known where it was disabled, and the alert was raised there.
        found.unknown.push((AlertKind::CartGone, Subject::Cart(cart())));
    }
}

/// The plugin's message from when the cart was paused, for people.
fn said(pause: &PauseRow) -> String {
    pause.said.as_ref().map(|said| format!(": {said}")).unwrap_or_default()
}

fn of_readiness(facts: &CartFacts, found: &mut Conditions) {
    let cart = || facts.cart.clone();
    let waits = facts.backlog.as_ref().is_some_and(|backlog| backlog.queued > 0);
    let mut hold = |kind, detail, remedies| found.hold.push(AlertCondition::at(facts, kind, detail, remedies));
    match &facts.breaker {
        Certainty::Yes(()) => {
            let list = Remedy::ListDeliveries { cart: cart(), state: DeliveryState::Queued };
            let detail = "the cart fails repeatedly, so Cartage tries it only now and then".to_owned();
            hold(AlertKind::BreakerOpen, detail, vec![list, Remedy::CheckCart { cart: cart() }]);
        }
        Certainty::Unknown if waits => found.unknown.push((AlertKind::BreakerOpen, Subject::Cart(cart()))),
        Certainty::No | Certainty::Unknown => {}
    }
    match &facts.not_ready {
        Certainty::Yes(Unready { part: UnreadyPart::Plugin, why, remedy }) => {
            let remedies = remedy.iter().cloned().chain([Remedy::UpgradePlugin { cart: cart() }]).collect();
            hold(AlertKind::PluginUnusable, format!("nothing is sent to the cart: {why}"), remedies);
        }
        Certainty::Yes(Unready { part: UnreadyPart::Damaged, why: file, .. }) => {
            let detail = format!("the copy of its plugin's file, {file}, is damaged, so no update is accepted for the cart");
            hold(AlertKind::PluginUnusable, detail, vec![Remedy::ReplacePluginFile { cart: Some(cart()) }]);
        }
        Certainty::Yes(Unready { part: UnreadyPart::Else, why, remedy }) => {
            hold(AlertKind::CartNotReady, format!("nothing is sent to the cart: {why}"), remedy.iter().cloned().collect());
        }
        Certainty::Unknown if waits => {
            found.unknown.extend([AlertKind::PluginUnusable, AlertKind::CartNotReady].map(|kind| (kind, Subject::Cart(cart()))));
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

/// A length of time in words, in its largest unit.
pub fn span(ms: u64) -> String {
    let units = [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second")];
    let (unit, name) = units.into_iter().find(|(unit, _)| ms >= *unit).unwrap_or((1000, "second"));
    counted(ms / unit, name)
}

#[cfg(test)]
mod tests;
