//! What a call has done so far: its steps, and the packages that it told the cart of. No `?` loses this record.
//!
//! A call of several requests can fail at each of them. The [`Failure`] must contain what was done before, or the next attempt does it again. A
//! [`Progress`] keeps that record and adds it to the outcome, whether this is a success or a failure.
//!
//! ```
//! use cartage_sdk::http::Request;
//! use cartage_sdk::orders::news;
//! use cartage_sdk::serde_json::json;
//! use cartage_sdk::{Applied, Context, Delivery, Failure, Progress, Update};
//!
//! fn send_order_status(update: Update, delivery: Delivery, _: Context) -> Result<Applied, Failure> {
//!     Progress::of(&delivery).run(|work| {
//!         for (place, package) in news(&update).new_packages() {
//!             let body = json!({"number": package.tracking_number});
//!             Request::post("api").path("/shipments").json(body).send()?;
//!             work.told(place, None);
//!         }
//!         // Not done again where an earlier attempt said that it did this.
//!         work.once("status set", || {
//!             Request::put("api").path_of("/orders/{}", [&update.order_number])?.json(json!({"status": update.status})).send()?;
//!             Ok(None)
//!         })?;
//!         Ok(())
//!     })
//! }
//! # let _ = send_order_status;
//! ```

use crate::delivery::done_before;
use crate::{Applied, Failure};
use cartage_contract::delivery::{self as contract, Delivery, Step, ToldPackage};

/// The record of what a call has done so far. See the [module](self).
///
/// ```
/// use cartage_sdk::{AppliedOutcome, Failure, Progress, testing};
///
/// let delivery = testing::delivery();
/// let failure = Progress::of(&delivery).run(|work| {
///     work.told(0, Some("shipment 9"));
///     work.step("status set", None);
///     Err(Failure::unavailable("no answer to the note"))
/// });
/// let failure = failure.expect_err("it failed");
/// assert_eq!((failure.steps[0].name.as_str(), failure.packages[0].index), ("status set", 0));
///
/// // What changed something is done; what found all of it there is already done.
/// let outcome = |work: fn(&mut Progress)| Progress::of(&delivery).run(|progress| Ok(work(progress))).map(|applied| applied.outcome);
/// assert_eq!(outcome(|work| work.step("status set", None)), Ok(AppliedOutcome::Done));
/// assert_eq!(outcome(|_| ()), Ok(AppliedOutcome::AlreadyDone));
/// ```
#[derive(Debug, Clone)]
pub struct Progress<'a> {
    delivery: &'a Delivery,
    steps: Vec<Step>,
    packages: Vec<ToldPackage>,
    reference: Option<String>,
    message: Option<String>,
    resume: Option<Vec<u8>>,
    /// Whether this call changed something at the cart.
    is_changed: bool,
}

impl<'a> Progress<'a> {
    /// An empty record for an attempt at this delivery.
    pub fn of(delivery: &'a Delivery) -> Progress<'a> {
        Progress { delivery, steps: Vec::new(), packages: Vec::new(), reference: None, message: None, resume: None, is_changed: false }
    }

    /// Does the work and returns the outcome: the [`Applied`] or the [`Failure`], with everything that was recorded. The outcome is `done` if a step or
    /// a told package was recorded, and `already-done` otherwise; so record whatever changes something at the cart.
    ///
    /// # Errors
    /// The failure that the work returned.
    pub fn run(mut self, work: impl FnOnce(&mut Progress<'a>) -> Result<(), Failure>) -> Result<Applied, Failure> {
        let outcome = work(&mut self);
        self.finish(outcome)
    }

    /// Records a step that was done at the cart, and the cart's reference for it.
    pub fn step(&mut self, name: &str, reference: Option<&str>) {
        self.steps.push(Step { name: name.to_owned(), reference: reference.map(str::to_owned) });
        self.is_changed = true;
    }

    /// Does a step, unless an earlier attempt or this one recorded it as done. Returns the cart's reference for the step in either case.
    ///
    /// # Errors
    /// The failure that `act` returned; the step is then not recorded.
    pub fn once(&mut self, name: &str, act: impl FnOnce() -> Result<Option<String>, Failure>) -> Result<Option<String>, Failure> {
        if let Some(done) = self.done(name) {
            return Ok(done.reference.clone());
        }
        let reference = act()?;
        self.step(name, reference.as_deref());
        Ok(reference)
    }

    /// The record of a step that was done, by this attempt or otherwise by an earlier one.
    pub fn done(&self, name: &str) -> Option<&Step> {
        self.steps.iter().rev().find(|step| step.name == name).or_else(|| done_before(self.delivery, name))
    }

    /// Records that the cart was told of this package of the update (its index, from 0), and the reference that the cart gave it, if any. A package that is
    /// recorded twice counts once, with the newest reference.
    pub fn told(&mut self, package: usize, reference: Option<&str>) {
        self.found(package, reference);
        self.is_changed = true;
    }

    /// Records that the cart has this package of the update already, from an earlier attempt or because a person entered it. The package counts as told, and
    /// nothing counts as changed.
    pub fn found(&mut self, package: usize, reference: Option<&str>) {
        tell(&mut self.packages, package, reference);
    }

    /// The cart's own reference of the order. The host passes it back as `delivery.known_reference` with the order's next update.
    pub fn reference(&mut self, reference: impl Into<String>) {
        self.reference = Some(reference.into());
    }

    /// The cart's words, for the receipt of an update that the cart has. A failure has its own message.
    pub fn message(&mut self, message: impl Into<String>) {
        self.message = Some(message.into());
    }

    /// Up to 4 KiB for the next attempt, should this one fail. Never store an order's content here.
    pub fn resume(&mut self, bytes: impl Into<Vec<u8>>) {
        self.resume = Some(bytes.into());
    }

    /// Adds the record to an outcome, for work that does not fit into a closure. Values that a failure sets itself take precedence.
    ///
    /// # Errors
    /// The failure in `outcome`.
    pub fn finish(self, outcome: Result<(), Failure>) -> Result<Applied, Failure> {
        let Progress { mut steps, mut packages, reference, message, resume, is_changed, .. } = self;
        let Err(failure) = outcome else {
            let applied = if is_changed { Applied::done() } else { Applied::already_done() };
            let message = message.filter(|text| !text.is_empty());
            return Ok(contract::Applied { reference, message, steps, packages, ..applied.into() }.into());
        };
        let mut failure = contract::Failure::from(failure);
        steps.append(&mut failure.steps);
        for package in std::mem::take(&mut failure.packages) {
            tell(&mut packages, package.index as usize, package.reference.as_deref());
        }
        let (reference, resume) = (failure.reference.take().or(reference), failure.resume.take().or(resume));
        Err(contract::Failure { reference, steps, resume, packages, ..failure }.into())
    }
}

/// Records a package as told, once: the host refuses an outcome that names a package twice.
pub(crate) fn tell(packages: &mut Vec<ToldPackage>, place: usize, reference: Option<&str>) {
    // An update has at most 100 packages; the host refuses an index that is out of range.
    let index = u32::try_from(place).unwrap_or(u32::MAX);
    let reference = reference.map(str::to_owned);
    match packages.iter_mut().find(|told| told.index == index) {
        Some(told) => told.reference = reference.or(told.reference.take()),
        None => packages.push(ToldPackage { index, reference }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AppliedOutcome, EarlierAttempt, http};
    use std::cell::Cell;

    fn names(steps: &[Step]) -> Vec<&str> {
        steps.iter().map(|step| step.name.as_str()).collect()
    }

    fn told(packages: &[ToldPackage]) -> Vec<(u32, Option<&str>)> {
        packages.iter().map(|package| (package.index, package.reference.as_deref())).collect()
    }

    #[test]
    fn what_was_done_survives_a_question_mark() {
        let delivery = crate::testing::delivery();
        let lost = || Err(http::Error { kind: http::ErrorKind::Timeout, reach: http::Reach::MaybeSent, message: "no answer".to_owned() });
        let failure = Progress::of(&delivery).run(|work| {
            work.reference("gid-7");
            work.step("found", None);
            work.told(1, None);
            work.resume(*b"page 2");
            lost()?;
            work.step("never", None);
            Ok(())
        });
        let failure = failure.expect_err("no answer came");
        assert_eq!((names(&failure.steps), told(&failure.packages)), (vec!["found"], vec![(1, None)]));
        assert_eq!((failure.reference.as_deref(), failure.resume.as_deref()), (Some("gid-7"), Some(b"page 2".as_slice())));
        assert_eq!((failure.kind, failure.message.as_str()), (crate::FailureKind::Unavailable, "no answer"));
    }

    #[test]
    fn what_the_failure_says_itself_counts_before_that() {
        let delivery = crate::testing::delivery();
        let failure = Progress::of(&delivery).run(|work| {
            work.step("first", None);
            work.told(0, Some("old"));
            work.told(1, Some("kept"));
            work.reference("recorder");
            work.resume(*b"recorder");
            Err(Failure::pending("wait").step("second", None).told(0, Some("new")).told(1, None).reference("own").resume(*b"own"))
        });
        let failure = failure.expect_err("it is pending");
        assert_eq!(names(&failure.steps), ["first", "second"]);
        assert_eq!(told(&failure.packages), [(0, Some("new")), (1, Some("kept"))]);
        assert_eq!((failure.reference.as_deref(), failure.resume.as_deref()), (Some("own"), Some(b"own".as_slice())));
    }

    #[test]
    fn it_is_done_when_something_was_recorded_and_already_done_when_nothing_was() {
        let delivery = crate::testing::delivery();
        let outcome = |work: fn(&mut Progress<'_>)| {
            let applied = Progress::of(&delivery).run(|progress| {
                work(progress);
                Ok(())
            });
            applied.expect("nothing fails").outcome
        };
        assert_eq!(outcome(|work| work.step("a", None)), AppliedOutcome::Done);
        assert_eq!(outcome(|work| work.told(0, None)), AppliedOutcome::Done);
        assert_eq!(outcome(|_| ()), AppliedOutcome::AlreadyDone);
        assert_eq!(outcome(|work| work.reference("found, and nothing else")), AppliedOutcome::AlreadyDone);
        assert_eq!(outcome(|work| work.found(0, Some("made by an earlier attempt"))), AppliedOutcome::AlreadyDone);
    }

    #[test]
    fn a_step_is_done_once_in_all_attempts_together() {
        let step = Step { name: "shipped".to_owned(), reference: Some("77".to_owned()) };
        let first = EarlierAttempt { attempt: 1, reach: http::Reach::MaybeSent, steps: vec![step], resume: None, extra: Vec::new() };
        let delivery = Delivery { attempt: 2, earlier: vec![first], ..crate::testing::delivery() };
        let calls = Cell::new(0);
        let act = |result: Result<Option<String>, Failure>| {
            calls.set(calls.get() + 1);
            result
        };
        let applied = Progress::of(&delivery).run(|work| {
            assert_eq!(work.once("shipped", || act(Ok(None)))?.as_deref(), Some("77"));
            assert_eq!(calls.get(), 0, "an earlier attempt did it");
            work.once("noted", || act(Err(Failure::order_busy("locked")))).expect_err("it fails");
            assert!(work.done("noted").is_none(), "what failed is not done");
            assert_eq!(work.once("noted", || act(Ok(Some("5".to_owned()))))?.as_deref(), Some("5"));
            assert_eq!(work.once("noted", || act(Ok(None)))?.as_deref(), Some("5"));
            assert_eq!(calls.get(), 2);
            work.message("noted");
            Ok(())
        });
        let applied = applied.expect("it is done");
        assert_eq!((names(&applied.steps), applied.message.as_deref()), (vec!["noted"], Some("noted")));
    }
}
