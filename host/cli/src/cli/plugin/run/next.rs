//! Predicts what a host would do after an attempt. The host's own code decides, and this module puts the decision into words.

use cartage::carts::DeliveryRules;
use cartage::dead_letter::Then;
use cartage::deliver::{Attempt, counts, judge};
use cartage::outbox::{Attempts, Counted};
use cartage::receipt::{Fate, PauseReason};
use cartage::schedule::{AttemptVerdict, CartStep, FAILURES_IN_A_ROW, History, NextStep, Now, Policy, Sign};
use cartage_contract::delivery::EarlierAttempt;
use cartage_contract::http::Reach;
use serde::Serialize;

/// A delivery that is tried several times, with the state that a host would have.
pub(super) struct Repeats {
    attempts: Attempts,
    rules: DeliveryRules,
    full_state: bool,
    busy_ms: u64,
    rate_limits: u32,
    /// The waits between attempts in a host, in milliseconds. Here the attempts follow each other at once.
    age_ms: u64,
    why_again: Option<&'static str>,
}

/// The host's next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "update")]
pub(super) enum Update {
    /// No further attempt: the cart has the update.
    Delivered,
    /// The host tries the update again.
    Retry {
        /// The shortest wait, in milliseconds.
        soonest_ms: u64,
        /// The longest wait, in milliseconds.
        latest_ms: u64,
        /// Whether the attempt counts against the schedule.
        counted: bool,
    },
    /// The host does not try the update again by itself.
    Dead {
        /// The reason of the dead letter.
        reason: String,
        /// Whether the order's later updates wait for a person.
        blocks_the_order: bool,
    },
    /// No next step, because the attempt was a dry run.
    NotSent,
}

/// The host's next step, as data and in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Next {
    #[serde(flatten)]
    pub(super) update: Update,
    pub(super) words: Vec<String>,
}

impl Repeats {
    /// A delivery that has not been tried yet.
    pub(super) fn new(rules: DeliveryRules, full_state: bool, busy_ms: u64) -> Repeats {
        Repeats { attempts: Attempts::default(), rules, full_state, busy_ms, rate_limits: 0, age_ms: 0, why_again: None }
    }

    /// Starts an attempt. Returns its number, what it learns of the attempts before, and why a host would make it.
    pub(super) fn claim(&mut self) -> (u32, Vec<EarlierAttempt>, Option<&'static str>) {
        let number = self.attempts.claim(false).expect("only a host that dies makes a delivery suspect");
        (number, self.attempts.earlier.clone(), self.why_again)
    }

    /// Records the result of the attempt and returns the host's next step.
    pub(super) fn settle(&mut self, attempt: &Attempt, now: Now) -> Next {
        let fate = attempt.receipt.fate;
        if fate == Fate::NotSent {
            return Next { update: Update::NotSent, words: vec!["nothing: a dry run has no result for a host".to_owned()] };
        }
        let history = History {
            attempts: self.attempts.counted,
            plugin_faults: self.attempts.plugin_faults,
            rate_limits: self.rate_limits,
            age_ms: self.age_ms,
        };
        let policy = Policy { rules: &self.rules, full_state: self.full_state };
        let judged = |draw| judge(attempt, &history, &policy, attempt.receipt.at_unix_ms.saturating_add(self.busy_ms), now, draw);
        let (soonest, latest) = (judged(0), judged(u64::MAX));
        let next = Next { update: update(&soonest, &latest, now), words: words(&soonest, &latest, now, &self.rules) };
        match latest.sign {
            Sign::RateLimited => self.rate_limits = self.rate_limits.saturating_add(1),
            Sign::Answered => self.rate_limits = 0,
            Sign::Failed | Sign::Nothing => {}
        }
        self.remember(attempt, fate, &latest, now);
        next
    }

    fn remember(&mut self, attempt: &Attempt, fate: Fate, verdict: &AttemptVerdict, now: Now) {
        match verdict.update {
            NextStep::Retry { due_unix_ms, .. } => {
                self.attempts.settle(counts(fate, verdict), Some(attempt.earlier()));
                self.age_ms = self.age_ms.saturating_add(now.until_ms(due_unix_ms));
                self.why_again = Some("made at once, where a host would have waited");
            }
            NextStep::Dead { .. } => {
                self.attempts.settle(Counted::Nothing, Some(attempt.earlier()));
                self.attempts.anew();
                self.age_ms = 0;
                self.why_again = Some("made as after `cartage delivery retry`, since the update was a dead letter");
            }
            // The attempt is not settled: the next claim reports an attempt without a recorded outcome.
            NextStep::Delivered => {
                self.why_again = Some("made as by a host that died before it recorded that the update was delivered");
            }
        }
    }
}

/// Describes what an attempt learns of an earlier one.
pub(super) fn told(earlier: &EarlierAttempt) -> String {
    let reach = match earlier.reach {
        Reach::NothingSent => "nothing was sent",
        Reach::MaybeSent => "the request may have reached the cart",
        Reach::Answered => "the cart answered",
    };
    let steps: Vec<&str> = earlier.steps.iter().map(|step| step.name.as_str()).collect();
    let steps = if steps.is_empty() { "no step is known".to_owned() } else { format!("done: {}", steps.join(", ")) };
    let resume = earlier.resume.as_ref().map(|bytes| format!(", {} to resume by", cartage::counted::counted(bytes.len(), "byte")));
    format!("attempt {}: {reach}, {steps}{}", earlier.attempt, resume.unwrap_or_default())
}

fn update(soonest: &AttemptVerdict, latest: &AttemptVerdict, now: Now) -> Update {
    match (soonest.update, latest.update) {
        (NextStep::Delivered, _) => Update::Delivered,
        (NextStep::Dead { reason, then }, _) => Update::Dead { reason: reason.to_string(), blocks_the_order: then == Then::Block },
        (NextStep::Retry { due_unix_ms, counted }, late) => {
            let late_ms = if let NextStep::Retry { due_unix_ms, .. } = late { due_unix_ms } else { due_unix_ms };
            Update::Retry { soonest_ms: now.until_ms(due_unix_ms), latest_ms: now.until_ms(late_ms), counted }
        }
    }
}

fn words(soonest: &AttemptVerdict, latest: &AttemptVerdict, now: Now, rules: &DeliveryRules) -> Vec<String> {
    let stops = matches!(latest.cart, Some(CartStep::Pause { .. } | CartStep::Disable));
    let mut words = vec![match update(soonest, latest, now) {
        Update::NotSent => "nothing".to_owned(),
        Update::Delivered => "the update is done, and the order's next update may go".to_owned(),
        Update::Retry { .. } if stops => {
            "the update is kept and tried again once the cart is resumed; this attempt does not count".to_owned()
        }
        Update::Retry { soonest_ms, latest_ms, counted } => format!(
            "the update is tried again in {}, at most until it is {} old; this attempt {}",
            between(soonest_ms, latest_ms),
            span(rules.give_up_after.ms()),
            if counted { "counts against the schedule" } else { "does not count" }
        ),
        Update::Dead { reason, blocks_the_order } => format!(
            "the update becomes a dead letter ({reason}): it is not tried again by itself, and {}",
            if blocks_the_order {
                "the order's later updates wait until somebody runs `cartage delivery retry` or `cartage delivery discard`"
            } else {
                "the order's later updates go on"
            }
        ),
    }];
    words.extend(of_the_cart(soonest, latest, now));
    match latest.sign {
        Sign::Failed => words.push(format!(
            "the attempt counts as a failure of the cart: after {FAILURES_IN_A_ROW} in a row the cart's breaker opens, and the cart gets \
             no requests for a while"
        )),
        Sign::Answered | Sign::RateLimited | Sign::Nothing => {}
    }
    words
}

/// The effect on the cart's other orders; `None` if there is none.
fn of_the_cart(soonest: &AttemptVerdict, latest: &AttemptVerdict, now: Now) -> Option<String> {
    let until = |verdict: &AttemptVerdict| match verdict.cart {
        Some(CartStep::Pause { until_unix_ms, .. }) => until_unix_ms.map(|at| now.until_ms(at)),
        Some(CartStep::Rest { until_unix_ms }) => Some(now.until_ms(until_unix_ms)),
        Some(CartStep::Disable | CartStep::Prove) | None => None,
    };
    let wait = until(soonest).zip(until(latest)).map(|(soonest, latest)| between(soonest, latest));
    Some(match (latest.cart?, wait) {
        (CartStep::Pause { reason, .. }, Some(wait)) => format!("the whole cart is paused for {wait} ({})", reason.name()),
        (CartStep::Pause { reason, .. }, None) => format!(
            "the whole cart is paused ({}), and an alert is raised: {}, then run `cartage cart resume CART`",
            reason.name(),
            match reason {
                PauseReason::Credentials => "set the right credentials with `cartage credential set`",
                PauseReason::NotPermitted => "grant the credentials the permission at the cart",
                PauseReason::Misconfigured => "correct what the message names",
                PauseReason::RateLimited => "wait",
                PauseReason::SecretReflected => "change the credential that the cart's answer contained",
            }
        ),
        (CartStep::Disable, _) => {
            "the cart is disabled, because its shop is closed; `cartage cart enable CART` enables it again".to_owned()
        }
        (CartStep::Rest { .. }, wait) => format!("the whole cart gets no requests for {}", wait.unwrap_or_default()),
        (CartStep::Prove, _) => "the cart is tried with one order first".to_owned(),
    })
}

/// A random wait between two limits.
fn between(soonest_ms: u64, latest_ms: u64) -> String {
    let (soonest, latest) = (span(soonest_ms), span(latest_ms));
    if soonest == latest { latest } else { format!("{soonest} to {latest}") }
}

/// A time in seconds (rounded up), minutes or hours (both rounded down).
fn span(ms: u64) -> String {
    match ms.div_ceil(1000) {
        s @ 0..120 => format!("{s} s"),
        s @ 120..7_200 => format!("{} min", s / 60),
        s => format!("{} h", s / 3_600),
    }
}

#[cfg(test)]
mod tests;
