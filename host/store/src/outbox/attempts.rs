//! What is known of the attempts at one delivery, and how it grows. The code is pure, so that every implementation counts alike.
//!
//! Three counts are kept apart. An attempt counts when the cart or its network answered; a fault of the plugin is counted separately; and a
//! suspicion counts when the host died or failed during an attempt. So a host that keeps dying uses up no attempts, and the delivery that
//! kills its host is found and not confused with another: an attempt without an answer is no evidence against its delivery.

use super::settlement::Counted;
use cartage_contract::delivery::EarlierAttempt;
use cartage_contract::http::Reach;
use serde::{Deserialize, Serialize};

/// After this many suspicions in a row no claim is given: the delivery is poison.
pub const POISON_SUSPICIONS: u32 = 5;
/// The most earlier attempts that the next one is told of. What the oldest knew moves into the one after it.
pub const EARLIER_MAX: usize = 20;
/// The most steps that are kept when attempts are folded into one; the oldest are dropped first.
const STEPS_MAX: usize = 100;

/// The counts and the history of the attempts at a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// Attempts that count against the retry schedule.
    pub counted: u32,
    /// Attempts that failed by a fault of the plugin.
    pub plugin_faults: u32,
    /// The number of the last attempt: all that were started, and one for those that nobody can know of after a restore.
    pub claims: u32,
    /// Claims since the last settlement.
    pub unanswered: u32,
    /// How often the host died or failed during an attempt, since an attempt last ended.
    pub suspicions: u32,
    /// The claim that was suspected last; 0 if none was.
    pub suspected: u32,
    /// Whether the doubt that a restore left has been passed to an attempt already.
    pub doubted: bool,
    /// Whether the delivery came out of a backup: an attempt made after the backup may have reached the cart.
    pub restored: bool,
    /// What the next attempt is told of those before it.
    pub earlier: Vec<EarlierAttempt>,
}

/// The delivery was suspected too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poison;

impl Attempts {
    /// Starts an attempt and returns its number. An earlier claim that was not settled may have reached the cart; so may an attempt that is
    /// on no record, if the order is in doubt or the delivery came out of a backup.
    ///
    /// # Errors
    ///
    /// [`Poison`]: the delivery is not attempted again until a person retries it.
    pub fn claim(&mut self, doubtful: bool) -> Result<u32, Poison> {
        if self.unanswered > 0 {
            self.remember(cut_off(self.claims));
        }
        if self.suspicions >= POISON_SUSPICIONS {
            return Err(Poison);
        }
        if (doubtful || self.restored) && !self.doubted {
            self.doubted = true;
            self.doubt();
        }
        self.claims += 1;
        self.unanswered += 1;
        Ok(self.claims)
    }

    /// Records that the host died or failed during this attempt. Each attempt is suspected once, and only while it has not ended.
    #[cfg(test)]
    pub(super) fn suspect(&mut self, attempt: u32) {
        if self.unanswered > 0 && self.claims == attempt && self.suspected != attempt {
            (self.suspicions, self.suspected) = (self.suspicions + 1, attempt);
        }
    }

    /// Records the outcome of the attempt that was claimed last. An attempt that never began does not reset the suspicions.
    pub fn settle(&mut self, counted: Counted, attempt: Option<EarlierAttempt>) {
        self.unanswered = 0;
        if attempt.is_some() {
            self.suspicions = 0;
        }
        match counted {
            Counted::Attempt => self.counted += 1,
            Counted::PluginFault => self.plugin_faults += 1,
            Counted::Nothing => {}
        }
        if let Some(attempt) = attempt {
            self.remember(attempt);
        }
    }

    /// Records an attempt that is on no record here and may have reached the cart.
    pub(super) fn doubt(&mut self) {
        self.claims += 1;
        self.remember(cut_off(self.claims));
    }

    /// Whether any of these attempts may have reached the cart.
    pub(super) fn may_have_reached(&self) -> bool {
        self.unanswered > 0 || self.earlier.iter().any(|earlier| earlier.reach != Reach::NothingSent)
    }

    /// Prepares a retry by a person: the counts that would end the delivery begin anew, the history stays.
    pub fn anew(&mut self) {
        (self.counted, self.plugin_faults, self.unanswered, self.suspicions) = (0, 0, 0, 0);
    }

    fn remember(&mut self, attempt: EarlierAttempt) {
        self.earlier.push(attempt);
        while self.earlier.len() > EARLIER_MAX {
            let oldest = self.earlier.remove(0);
            fold(oldest, &mut self.earlier[0]);
        }
    }
}

fn cut_off(attempt: u32) -> EarlierAttempt {
    EarlierAttempt { attempt, reach: Reach::MaybeSent, steps: Vec::new(), resume: None, extra: Vec::new() }
}

/// Folds the oldest attempt into the next one, so that nothing is lost that a careful plugin would act on.
fn fold(oldest: EarlierAttempt, next: &mut EarlierAttempt) {
    next.reach = match (oldest.reach, next.reach) {
        (Reach::MaybeSent, _) | (_, Reach::MaybeSent) => Reach::MaybeSent,
        (one, other) => one.max(other),
    };
    next.steps.splice(0..0, oldest.steps);
    next.steps.drain(..next.steps.len().saturating_sub(STEPS_MAX));
    if next.resume.is_none() {
        next.resume = oldest.resume;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_contract::delivery::Step;

    fn numbers(attempts: &Attempts) -> Vec<(u32, Reach)> {
        attempts.earlier.iter().map(|earlier| (earlier.attempt, earlier.reach)).collect()
    }

    fn answered(attempt: u32, step: &str) -> EarlierAttempt {
        EarlierAttempt {
            attempt,
            reach: Reach::Answered,
            steps: vec![Step { name: step.into(), reference: None }],
            resume: Some(vec![attempt as u8]),
            extra: Vec::new(),
        }
    }

    #[test]
    fn a_claim_without_an_answer_may_have_reached_the_cart_and_is_nothing_against_the_delivery() {
        let mut attempts = Attempts::default();
        for number in 1..50 {
            assert_eq!(attempts.claim(false), Ok(number));
        }
        assert_eq!(numbers(&attempts).last(), Some(&(48, Reach::MaybeSent)), "the last one is told of as well");
        assert_eq!((attempts.counted, attempts.suspicions), (0, 0));
    }

    #[test]
    fn after_the_fifth_suspicion_in_a_row_it_is_poison_and_after_the_fourth_it_is_not() {
        let mut attempts = Attempts::default();
        for number in 1..=POISON_SUSPICIONS {
            assert_eq!(attempts.claim(false), Ok(number));
            attempts.suspect(number - 1);
            attempts.suspect(number);
            attempts.suspect(number);
            assert_eq!(attempts.suspicions, number, "each attempt is suspected once");
        }
        assert_eq!(attempts.claim(false), Err(Poison));
        assert_eq!(numbers(&attempts).last(), Some(&(5, Reach::MaybeSent)), "the last one is told of as well");
        assert_eq!(attempts.counted, 0, "hosts that die cost no attempt");
        attempts.anew();
        assert_eq!((attempts.claim(false), attempts.earlier.len()), (Ok(6), 5), "a person's retry begins anew and knows of each once");
    }

    #[test]
    fn an_attempt_that_ended_ends_the_row_and_one_that_never_began_does_not() {
        let mut attempts = Attempts::default();
        let suspected = |attempts: &mut Attempts| {
            let number = attempts.claim(false).expect("it was not suspected often enough");
            attempts.suspect(number);
        };
        for _ in 1..POISON_SUSPICIONS {
            suspected(&mut attempts);
        }
        attempts.claim(false).expect("it was not suspected often enough");
        attempts.settle(Counted::Nothing, None);
        attempts.suspect(attempts.claims);
        assert_eq!(attempts.suspicions, POISON_SUSPICIONS - 1, "what is over is not suspected");
        attempts.claim(false).expect("it was not suspected often enough");
        attempts.settle(Counted::Attempt, Some(answered(6, "found")));
        assert_eq!((attempts.suspicions, attempts.unanswered), (0, 0));
        suspected(&mut attempts);
        assert_eq!(attempts.suspicions, 1);
    }

    #[test]
    fn each_count_is_its_own() {
        let mut attempts = Attempts::default();
        for counted in [Counted::Attempt, Counted::Nothing, Counted::PluginFault, Counted::Attempt] {
            attempts.claim(false).expect("it was answered");
            attempts.settle(counted, Some(answered(attempts.claims, "found")));
        }
        assert_eq!((attempts.counted, attempts.plugin_faults, attempts.claims), (2, 1, 4));
        assert_eq!(numbers(&attempts), [1, 2, 3, 4].map(|n| (n, Reach::Answered)));
        attempts.anew();
        assert_eq!((attempts.counted, attempts.plugin_faults, attempts.claims, attempts.earlier.len()), (0, 0, 4, 4));
    }

    #[test]
    fn a_doubt_on_the_order_is_told_once() {
        let mut attempts = Attempts::default();
        assert_eq!(attempts.claim(true), Ok(2));
        attempts.settle(Counted::Nothing, None);
        assert_eq!(attempts.claim(true), Ok(3));
        assert_eq!(numbers(&attempts), [(1, Reach::MaybeSent)]);
        assert!(attempts.may_have_reached());
    }

    #[test]
    fn only_so_many_are_told_of_and_what_they_knew_stays() {
        let mut attempts = Attempts::default();
        let settle = |attempts: &mut Attempts, earlier| {
            let number = attempts.claim(false).expect("each is answered");
            attempts.settle(Counted::Nothing, Some(earlier));
            number
        };
        settle(&mut attempts, EarlierAttempt { reach: Reach::MaybeSent, ..answered(1, "made") });
        for number in 2..=EARLIER_MAX as u32 {
            settle(&mut attempts, EarlierAttempt { resume: None, ..answered(number, "found") });
        }
        assert_eq!((attempts.earlier.len(), attempts.earlier[0].attempt), (EARLIER_MAX, 1));
        settle(&mut attempts, answered(EARLIER_MAX as u32 + 1, "found"));
        let first = &attempts.earlier[0];
        assert_eq!((attempts.earlier.len(), first.attempt, first.reach), (EARLIER_MAX, 2, Reach::MaybeSent));
        let steps: Vec<_> = first.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!((steps.as_slice(), &first.resume), (&["made", "found"][..], &Some(vec![1])));
        for number in 0..200 {
            settle(&mut attempts, answered(number, "found"));
        }
        assert_eq!((attempts.earlier.len(), attempts.earlier[0].steps.len()), (EARLIER_MAX, STEPS_MAX));
    }
}
