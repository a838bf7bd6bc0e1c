//! Decides what follows from an attempt: for the update, for the cart, and for the cart's health.

use super::time::{Now, doubled, jittered};
use cartage_contract::delivery::FailureKind;
use cartage_model::carts::DeliveryRules;
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::receipt::{Fate, PauseReason, RETRY_WISH_MS_MAX};

/// How many attempts in a row may fail because of the plugin: the first, and two more.
pub const PLUGIN_FAULTS_MAX: u32 = 3;
/// How long a cart is left alone that this machine could not reach, in milliseconds before jitter.
pub const LOCAL_FAULT_MS: u64 = 10_000;
/// The shortest rest of a cart that asks for fewer requests, in milliseconds, whatever the cart says.
pub const RATE_LIMITED_MS_MIN: u64 = 1_000;
/// The first rest of a cart that asks for fewer requests without saying for how long, in milliseconds.
pub const RATE_LIMITED_MS_FIRST: u64 = 10_000;
/// The longest such rest, in milliseconds. The rest doubles with each time in a row.
pub const RATE_LIMITED_MS_LAST: u64 = 15 * 60 * 1000;

/// The shortest wait before the cart is asked again about an update that is pending there, in milliseconds.
const PENDING_MS_MIN: u64 = 1_000;
/// The wait where the plugin names none is the update's age divided by this number, within the bounds below.
const PENDING_AGE_SHARE: u64 = 10;
/// The shortest such wait, in milliseconds.
const PENDING_MS_FIRST: u64 = 30_000;
/// The longest such wait, in milliseconds.
const PENDING_MS_LAST: u64 = 60 * 60 * 1000;

/// The history of an update before the attempt that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct History {
    /// The number of attempts that count: those that had an answer or an error of their own.
    pub attempts: u32,
    /// How many of the last attempts in a row failed because of the plugin.
    pub plugin_faults: u32,
    /// How often in a row the cart asked for fewer requests: [`Scheduler::rate_limits`](super::Scheduler::rate_limits).
    pub rate_limits: u32,
    /// The time that has really passed since the update entered the queue, in milliseconds.
    pub age_ms: u64,
}

/// The settings by which an attempt is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy<'a> {
    /// The cart's delivery rules.
    pub rules: &'a DeliveryRules,
    /// Whether the plugin's manifest states that each status is a full state.
    pub full_state: bool,
}

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptVerdict {
    /// The consequence for the update.
    pub update: NextStep,
    /// The consequence for the cart; `None` if there is none.
    pub cart: Option<CartStep>,
    /// What the attempt says of the cart's health, for its breaker.
    pub sign: Sign,
}

/// The consequence of an attempt for the update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// The cart has the update, and the delivery ends.
    Delivered,
    /// The update is tried again.
    Retry {
        /// The earliest time of the next attempt, on the [`Timeline`](super::Timeline).
        due_unix_ms: u64,
        /// Whether the attempt counts towards the schedule of waits.
        counted: bool,
    },
    /// The update becomes a dead letter.
    Dead {
        /// Why the update is not tried again.
        reason: Reason,
        /// What happens to the later updates of its order.
        then: Then,
    },
}

/// The consequence of an attempt for the cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CartStep {
    /// The cart is paused.
    Pause {
        /// Why the cart is paused.
        reason: PauseReason,
        /// The end of the pause on the [`Timeline`](super::Timeline); `None` if a person must resume the cart.
        until_unix_ms: Option<u64>,
    },
    /// The cart is disabled, because it answered that it no longer exists.
    Disable,
    /// The cart is asked with one order until it has answered one, because nobody knows yet whether it accepts the credentials in use.
    Prove,
    /// The cart rests, unless something about it is changed. The rest is not on disk.
    Rest {
        /// The end of the rest, on the [`Timeline`](super::Timeline).
        until_unix_ms: u64,
    },
}

/// What an attempt says of the cart's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// The cart gave a meaningful answer, even if it refused this update.
    Answered,
    /// The cart could not be reached, or its answer could not be understood.
    Failed,
    /// The cart asked for fewer requests.
    RateLimited,
    /// The attempt says nothing of the cart's health.
    Nothing,
}

impl AttemptVerdict {
    /// The verdict on an attempt that could not begin: the update is unchanged and due again after this wait.
    pub fn not_tried(now: Now, wait_ms: u64) -> AttemptVerdict {
        AttemptVerdict { update: NextStep::Retry { due_unix_ms: now.plus(wait_ms), counted: false }, cart: None, sign: Sign::Nothing }
    }
}

impl AttemptVerdict {
    /// This verdict, with the update not due before this time of the [`Timeline`](super::Timeline).
    pub fn not_before(mut self, at_unix_ms: u64) -> AttemptVerdict {
        if let NextStep::Retry { due_unix_ms, .. } = &mut self.update {
            *due_unix_ms = at_unix_ms.max(*due_unix_ms);
        }
        self
    }

    /// This verdict, with a rest of the cart, because the plugin says that its budget of requests is nearly used up. A stronger consequence for the
    /// cart is kept.
    pub fn resting(self, rest_ms: u64, now: Now) -> AttemptVerdict {
        let rest = CartStep::Rest { until_unix_ms: now.plus(rest_ms.min(RETRY_WISH_MS_MAX)) };
        AttemptVerdict { cart: self.cart.or((rest_ms > 0).then_some(rest)), ..self }
    }
}

/// Decides what follows from an attempt of this fate. `draw` is a random number for jitter, evenly distributed over its range.
pub fn after(fate: Fate, history: &History, policy: &Policy<'_>, now: Now, draw: u64) -> AttemptVerdict {
    let judge = Judge { history, policy, now, draw };
    let (update, cart, sign) = match fate {
        Fate::Delivered | Fate::AlreadyDelivered => (NextStep::Delivered, None, Sign::Answered),
        Fate::Retry { floor_ms } => (judge.retry(floor_ms.unwrap_or(0)), None, Sign::Failed),
        Fate::Busy { floor_ms } => (judge.retry(floor_ms.unwrap_or(0)), None, Sign::Answered),
        Fate::Pending { wish_ms } => (judge.pending(wish_ms), None, Sign::Answered),
        Fate::PauseCart { reason, for_ms } => judge.pause(reason, for_ms),
        Fate::DisableCart => (judge.as_it_was(), Some(CartStep::Disable), Sign::Nothing),
        Fate::DeadLetter { kind } => (judge.dead(Reason::Refused(kind)), None, sign(kind)),
        Fate::Gap { kind } => (NextStep::Dead { reason: Reason::Refused(kind), then: Then::Go }, None, sign(kind)),
        Fate::PluginFault if history.plugin_faults.saturating_add(1) >= PLUGIN_FAULTS_MAX => {
            (judge.dead(Reason::PluginFault), None, Sign::Nothing)
        }
        // A cart that this machine cannot reach is left alone as a whole: its other orders would fare no better.
        Fate::LocalFault => {
            let rest_ms = jittered(LOCAL_FAULT_MS, draw);
            let until_unix_ms = now.plus(rest_ms);
            (NextStep::Retry { due_unix_ms: until_unix_ms, counted: false }, Some(CartStep::Rest { until_unix_ms }), Sign::Nothing)
        }
        // What was not sent is still to be sent; on the schedule, so that a mistake elsewhere becomes no busy loop.
        Fate::PluginFault | Fate::NotSent => (judge.retry(0), None, Sign::Nothing),
    };
    AttemptVerdict { update, cart, sign }
}

/// What a final failure of an update says of the cart: that it answers, unless the plugin only saw no use in trying again.
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
    /// Tries the update again at the next step of the schedule, not before the floor. The last attempt is made at the age at which the update is
    /// given up.
    fn retry(&self, floor_ms: u64) -> NextStep {
        let Some(left_ms) = self.left_ms() else { return self.dead(Reason::TooOld) };
        let waits = &self.policy.rules.retry_waits;
        let at = usize::try_from(self.history.attempts).unwrap_or(usize::MAX).min(waits.len().saturating_sub(1));
        let step_ms = waits.get(at).map_or(RETRY_WISH_MS_MAX, |wait| wait.ms());
        let wait_ms = jittered(step_ms, self.draw).min(left_ms).max(floor_ms.min(RETRY_WISH_MS_MAX));
        NextStep::Retry { due_unix_ms: self.now.plus(wait_ms), counted: true }
    }

    /// Asks again when the plugin wishes. Without a wish the wait grows with the update's age, so that a cart that takes days is not asked all the
    /// time.
    fn pending(&self, wish_ms: Option<u64>) -> NextStep {
        let Some(left_ms) = self.left_ms() else { return self.dead(Reason::TooOld) };
        let age_ms = self.history.age_ms;
        let unless_wished = || jittered((age_ms / PENDING_AGE_SHARE).clamp(PENDING_MS_FIRST, PENDING_MS_LAST), self.draw);
        let wait_ms = wish_ms.unwrap_or_else(unless_wished).clamp(PENDING_MS_MIN, RETRY_WISH_MS_MAX).min(left_ms);
        NextStep::Retry { due_unix_ms: self.now.plus(wait_ms), counted: false }
    }

    fn pause(&self, reason: PauseReason, for_ms: Option<u64>) -> (NextStep, Option<CartStep>, Sign) {
        let limited = reason == PauseReason::RateLimited;
        let for_ms = if limited { Some(self.rest_ms(for_ms)) } else { for_ms };
        let until_unix_ms = for_ms.map(|ms| self.now.plus(ms.min(RETRY_WISH_MS_MAX)));
        let cart = Some(CartStep::Pause { reason, until_unix_ms });
        match reason {
            // An order that is throttled for days is not told to anybody if it never dies.
            PauseReason::RateLimited if self.left_ms().is_none() => (self.dead(Reason::TooOld), cart, Sign::RateLimited),
            PauseReason::RateLimited => (self.as_it_was(), cart, Sign::RateLimited),
            PauseReason::Credentials | PauseReason::NotPermitted | PauseReason::Misconfigured | PauseReason::SecretReflected => {
                (self.as_it_was(), cart, Sign::Nothing)
            }
        }
    }

    /// How long a cart rests that asks for fewer requests, in milliseconds.
    fn rest_ms(&self, wish_ms: Option<u64>) -> u64 {
        let unless_it_says = || doubled(RATE_LIMITED_MS_FIRST, RATE_LIMITED_MS_LAST, self.history.rate_limits, self.draw);
        wish_ms.unwrap_or_else(unless_it_says).max(RATE_LIMITED_MS_MIN)
    }

    fn as_it_was(&self) -> NextStep {
        NextStep::Retry { due_unix_ms: self.now.unix_ms(), counted: false }
    }

    fn dead(&self, reason: Reason) -> NextStep {
        NextStep::Dead { reason, then: self.policy.rules.dead_letters.then(self.policy.full_state) }
    }

    /// How long the update may still be tried, in milliseconds. `None` if it is too old.
    fn left_ms(&self) -> Option<u64> {
        self.policy.rules.give_up_after.ms().checked_sub(self.history.age_ms).filter(|left| *left > 0)
    }
}

#[cfg(test)]
mod tests;
