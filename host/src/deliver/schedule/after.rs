//! What follows from an attempt: for the update, for the cart, and for what is thought of the cart.

use super::time::{Now, doubled, jittered};
use crate::carts::{DeadLetters, DeliveryRules};
use crate::outbox::{Reason, Then};
use crate::receipt::{Fate, PauseReason, RETRY_WISH_MS_MAX};
use cartage_contract::delivery::FailureKind;

/// The attempts in a row that a plugin may spoil: the first, and two more.
pub const PLUGIN_FAULTS_MAX: u32 = 3;
/// How long a cart is left alone that this machine could not reach, with jitter.
pub const LOCAL_FAULT_MS: u64 = 10_000;
/// How long a cart that asks for fewer requests rests at least, whatever it says.
pub const RATE_LIMITED_MS_MIN: u64 = 1_000;
/// How long it rests the first time if it does not say how long.
pub const RATE_LIMITED_MS_FIRST: u64 = 10_000;
/// How long it rests at most if it does not say: the first time doubled with each time in a row.
pub const RATE_LIMITED_MS_LAST: u64 = 15 * 60 * 1000;

/// How long an update that is pending at its cart waits at least until it is asked about again.
const PENDING_MS_MIN: u64 = 1_000;
/// How long it waits where the plugin does not say: this share of the update's age, within these bounds.
const PENDING_AGE_SHARE: u64 = 10;
/// The shortest such wait.
const PENDING_MS_FIRST: u64 = 30_000;
/// The longest such wait.
const PENDING_MS_LAST: u64 = 60 * 60 * 1000;

/// What is known of an update before the attempt that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct History {
    /// The attempts that count: those that had an answer or a failure of their own.
    pub attempts: u32,
    /// How many of the last of them the plugin spoiled, without another between.
    pub plugin_faults: u32,
    /// How often in a row the cart asked for fewer requests: [`Scheduler::rate_limits`](super::Scheduler::rate_limits).
    pub rate_limits: u32,
    /// How long ago the update came into the queue, in milliseconds that really passed.
    pub age_ms: u64,
}

/// By what it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy<'a> {
    /// The cart's rules.
    pub rules: &'a DeliveryRules,
    /// Whether each status is a full state: the feature of the plugin's manifest.
    pub full_state: bool,
}

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// For the update.
    pub update: Follows,
    /// For the cart, besides.
    pub cart: Option<ForCart>,
    /// For what is thought of the cart.
    pub sign: Sign,
}

/// What follows for the update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// It is done.
    Delivered,
    /// It is tried again.
    Retry {
        /// Not before this time of the [`Timeline`](super::Timeline).
        due_unix_ms: u64,
        /// Whether the attempt counts.
        counted: bool,
    },
    /// It is not tried again by itself.
    Dead {
        /// Why not.
        reason: Reason,
        /// What becomes of the later updates of its order.
        then: Then,
    },
}

/// What follows for the cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForCart {
    /// It is paused.
    Pause {
        /// Why.
        reason: PauseReason,
        /// Until this time of the [`Timeline`](super::Timeline), or until a person resumes it.
        until_unix_ms: Option<u64>,
    },
    /// It is disabled.
    Disable,
    /// It is asked with one order, and with others once it answered that: nobody knows yet whether it takes the credentials that are used now.
    Prove,
    /// It is left alone until this time of the [`Timeline`](super::Timeline), unless something about it is changed. Nothing of that is on disk.
    Rest {
        /// Until when.
        until_unix_ms: u64,
    },
}

/// What an attempt says of the cart's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// The cart answered with sense, be it that it refused this one update.
    Answered,
    /// The cart could not be reached, or what it said could not be understood.
    Failed,
    /// The cart asked for fewer requests.
    RateLimited,
    /// Nothing.
    Nothing,
}

impl Verdict {
    /// Of an attempt that could not be begun: the update is as it was, due again after this wait.
    pub fn not_tried(now: Now, wait_ms: u64) -> Verdict {
        Verdict { update: Follows::Retry { due_unix_ms: now.plus(wait_ms), counted: false }, cart: None, sign: Sign::Nothing }
    }
}

impl Verdict {
    /// The same, but that the update is not due before this time of the [`Timeline`](super::Timeline).
    pub fn not_before(mut self, at_unix_ms: u64) -> Verdict {
        if let Follows::Retry { due_unix_ms, .. } = &mut self.update {
            *due_unix_ms = at_unix_ms.max(*due_unix_ms);
        }
        self
    }

    /// The same, but that the cart is left alone for so long, because the plugin says that its bucket of requests is nearly empty. What else follows
    /// for the cart is more than that.
    pub fn resting(self, rest_ms: u64, now: Now) -> Verdict {
        let rest = ForCart::Rest { until_unix_ms: now.plus(rest_ms.min(RETRY_WISH_MS_MAX)) };
        Verdict { cart: self.cart.or((rest_ms > 0).then_some(rest)), ..self }
    }
}

/// What follows from an attempt of this fate. `draw` is any number, evenly drawn: the jitter.
pub fn after(fate: Fate, history: &History, policy: &Policy<'_>, now: Now, draw: u64) -> Verdict {
    let judge = Judge { history, policy, now, draw };
    let (update, cart, sign) = match fate {
        Fate::Delivered | Fate::AlreadyDelivered => (Follows::Delivered, None, Sign::Answered),
        Fate::Retry { floor_ms } => (judge.retry(floor_ms.unwrap_or(0)), None, Sign::Failed),
        Fate::Busy { floor_ms } => (judge.retry(floor_ms.unwrap_or(0)), None, Sign::Answered),
        Fate::Pending { wish_ms } => (judge.pending(wish_ms), None, Sign::Answered),
        Fate::PauseCart { reason, for_ms } => judge.pause(reason, for_ms),
        Fate::DisableCart => (judge.as_it_was(), Some(ForCart::Disable), Sign::Nothing),
        Fate::DeadLetter { kind } => (judge.dead(Reason::Refused(kind)), None, sign(kind)),
        Fate::Gap { kind } => (Follows::Dead { reason: Reason::Refused(kind), then: Then::Go }, None, sign(kind)),
        Fate::PluginFault if history.plugin_faults.saturating_add(1) >= PLUGIN_FAULTS_MAX => {
            (judge.dead(Reason::PluginFault), None, Sign::Nothing)
        }
        // A cart that this machine cannot reach is left alone as a whole: its other orders would fare no better.
        Fate::LocalFault => {
            let rest_ms = jittered(LOCAL_FAULT_MS, draw);
            let until_unix_ms = now.plus(rest_ms);
            (Follows::Retry { due_unix_ms: until_unix_ms, counted: false }, Some(ForCart::Rest { until_unix_ms }), Sign::Nothing)
        }
        // What was not sent is still to be sent; on the schedule, so that a mistake elsewhere becomes no busy loop.
        Fate::PluginFault | Fate::NotSent => (judge.retry(0), None, Sign::Nothing),
    };
    Verdict { update, cart, sign }
}

/// A failure that is final for its update says of the cart that it answers, unless the plugin only saw no use in trying again.
fn sign(kind: FailureKind) -> Sign {
    match kind {
        FailureKind::Unavailable | FailureKind::Protocol => Sign::Failed,
        FailureKind::RateLimited => Sign::RateLimited,
        FailureKind::Credentials | FailureKind::Misconfigured | FailureKind::HostDenied => Sign::Nothing,
        FailureKind::NotPermitted
        | FailureKind::Pending
        | FailureKind::OrderBusy
        | FailureKind::OrderNotFound
        | FailureKind::AmbiguousOrder
        | FailureKind::InvalidData
        | FailureKind::StatusNotSupported
        | FailureKind::IllegalTransition
        | FailureKind::Gone => Sign::Answered,
    }
}

struct Judge<'a> {
    history: &'a History,
    policy: &'a Policy<'a>,
    now: Now,
    draw: u64,
}

impl Judge<'_> {
    /// The next step of the schedule, not before the floor; the last attempt is made when the update is as old as it may get.
    fn retry(&self, floor_ms: u64) -> Follows {
        let Some(left_ms) = self.left_ms() else { return self.dead(Reason::TooOld) };
        let waits = &self.policy.rules.retry_waits;
        let at = usize::try_from(self.history.attempts).unwrap_or(usize::MAX).min(waits.len().saturating_sub(1));
        let step_ms = waits.get(at).map_or(RETRY_WISH_MS_MAX, |wait| wait.ms());
        let wait_ms = jittered(step_ms, self.draw).min(left_ms).max(floor_ms.min(RETRY_WISH_MS_MAX));
        Follows::Retry { due_unix_ms: self.now.plus(wait_ms), counted: true }
    }

    /// Asked again by the wish; without one the wait grows with the update's age, so that a cart that takes days is not asked all the time.
    fn pending(&self, wish_ms: Option<u64>) -> Follows {
        let Some(left_ms) = self.left_ms() else { return self.dead(Reason::TooOld) };
        let age_ms = self.history.age_ms;
        let unless_wished = || jittered((age_ms / PENDING_AGE_SHARE).clamp(PENDING_MS_FIRST, PENDING_MS_LAST), self.draw);
        let wait_ms = wish_ms.unwrap_or_else(unless_wished).clamp(PENDING_MS_MIN, RETRY_WISH_MS_MAX).min(left_ms);
        Follows::Retry { due_unix_ms: self.now.plus(wait_ms), counted: false }
    }

    fn pause(&self, reason: PauseReason, for_ms: Option<u64>) -> (Follows, Option<ForCart>, Sign) {
        let limited = reason == PauseReason::RateLimited;
        let for_ms = if limited { Some(self.rest_ms(for_ms)) } else { for_ms };
        let until_unix_ms = for_ms.map(|ms| self.now.plus(ms.min(RETRY_WISH_MS_MAX)));
        let cart = Some(ForCart::Pause { reason, until_unix_ms });
        match reason {
            // An order that is throttled for days is not told to anybody if it never dies.
            PauseReason::RateLimited if self.left_ms().is_none() => (self.dead(Reason::TooOld), cart, Sign::RateLimited),
            PauseReason::RateLimited => (self.as_it_was(), cart, Sign::RateLimited),
            PauseReason::Credentials | PauseReason::NotPermitted | PauseReason::Misconfigured | PauseReason::SecretReflected => {
                (self.as_it_was(), cart, Sign::Nothing)
            }
        }
    }

    /// How long a cart rests that asks for fewer requests.
    fn rest_ms(&self, wish_ms: Option<u64>) -> u64 {
        let unless_it_says = || doubled(RATE_LIMITED_MS_FIRST, RATE_LIMITED_MS_LAST, self.history.rate_limits, self.draw);
        wish_ms.unwrap_or_else(unless_it_says).max(RATE_LIMITED_MS_MIN)
    }

    fn as_it_was(&self) -> Follows {
        Follows::Retry { due_unix_ms: self.now.unix_ms(), counted: false }
    }

    fn dead(&self, reason: Reason) -> Follows {
        let then = match self.policy.rules.dead_letters {
            DeadLetters::Skip => Then::Go,
            DeadLetters::LatestWins if self.policy.full_state => Then::Go,
            DeadLetters::LatestWins | DeadLetters::Block => Then::Block,
        };
        Follows::Dead { reason, then }
    }

    /// How long the update may still be tried. None: no longer.
    fn left_ms(&self) -> Option<u64> {
        self.policy.rules.give_up_after.ms().checked_sub(self.history.age_ms).filter(|left| *left > 0)
    }
}

#[cfg(test)]
mod tests;
