//! The bench: makes calls of the plugin and deliveries of several attempts, and measures what the calls use.

use super::Level;
use super::faults::Plan;
use super::report::{Case, CaseVerdict, Measured, Problem, Report};
use super::shop::Shop;
use super::stage::{Log, Stage};
use super::updates::Maker;
use super::words::shown;
use super::world::{NOW_UNIX_MS, World};
use cartage_cart_script::{Cart, Script};
use cartage_contract::delivery::{Context, Delivery, EarlierAttempt, FailureKind};
use cartage_contract::orders::{Told, Update};
use cartage_engine::{Plugin, Used};
use cartage_model::exchange::{Call, Outcome};
use std::borrow::Cow;

/// The id of every delivery.
const DELIVERY_ID: &str = "0199f3a2-7c1e-7b64-9a3d-2f8e5c6d7a10";
/// The most attempts of one delivery.
pub(super) const ATTEMPTS_MAX: u32 = 6;
/// The most calls of one update while the plugin answers `pending` and continues in the next call.
pub(super) const PENDING_MAX: usize = 20;
/// The time between two attempts, in milliseconds.
const PAUSE_MS: u64 = 60_000;
/// The share of a limit, in percent, above which a plugin is too near to it.
pub(super) const SHARE_MAX: u64 = 80;

/// The state of an examination.
pub(super) struct Bench<'p> {
    plugin: &'p Plugin,
    pub(super) world: World,
    pub(super) script: Option<&'p Script>,
    pub(super) seed: u64,
    case: String,
    calls: u32,
    limits: Vec<Measured>,
}

/// The result of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Came {
    pub(super) outcome: Outcome,
    pub(super) log: Log,
}

impl Came {
    /// Whether the plugin says that the cart has the update.
    pub(super) fn is_applied(&self) -> bool {
        matches!(self.outcome, Outcome::Applied(_))
    }

    /// Whether the plugin asks to be called again, because its requests did not suffice or the cart is still at work.
    pub(super) fn is_pending(&self) -> bool {
        matches!(&self.outcome, Outcome::Failed(failure) if failure.kind == FailureKind::Pending)
    }
}

/// One attempt of a delivery, as the host would make it.
#[derive(Clone)]
pub(super) struct Attempt<'u> {
    pub(super) update: Cow<'u, Update>,
    pub(super) sequence: u64,
    pub(super) earlier: Vec<EarlierAttempt>,
    pub(super) reference: Option<String>,
}

impl<'u> Attempt<'u> {
    /// The first attempt of a delivery.
    pub(super) fn first(update: &'u Update) -> Attempt<'u> {
        Attempt { update: Cow::Borrowed(update), sequence: 1, earlier: Vec::new(), reference: None }
    }

    /// The information about this attempt that the next one gets.
    pub(super) fn told(&self, came: &Came) -> EarlierAttempt {
        let (steps, resume) = match &came.outcome {
            Outcome::Applied(applied) => (applied.steps.clone(), None),
            Outcome::Failed(failure) => (failure.steps.clone(), failure.resume.clone()),
            Outcome::Choices(_) | Outcome::Report(_) | Outcome::Ended(_) => (Vec::new(), None),
        };
        EarlierAttempt { attempt: self.number(), reach: came.log.reach(), steps, resume, extra: Vec::new() }
    }

    /// The attempt after this one. It learns of this one, and treats the packages and the reference that this one's failure named as told.
    fn next(mut self, came: &Came) -> Attempt<'u> {
        self.earlier.push(self.told(came));
        if let Outcome::Failed(failure) = &came.outcome {
            for told in &failure.packages {
                if let Some(package) = self.update.to_mut().packages.get_mut(told.index as usize) {
                    (package.told, package.told_number) = (Told::AlreadyTold, None);
                    package.known_reference = told.reference.clone().or(package.known_reference.take());
                }
            }
            self.reference = failure.reference.clone().or(self.reference);
        }
        self
    }

    fn number(&self) -> u32 {
        u32::try_from(self.earlier.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn delivery(&self) -> Delivery {
        Delivery {
            id: DELIVERY_ID.to_owned(),
            sequence: self.sequence,
            attempt: self.number(),
            earlier: self.earlier.clone(),
            known_reference: self.reference.clone(),
            extra: Vec::new(),
        }
    }
}

/// The most requests of an update at which faults are tested.
const PLACES_MAX: usize = 20;

impl<'p> Bench<'p> {
    pub(super) fn new(plugin: &'p Plugin, world: World, script: Option<&'p Script>, seed: u64) -> Bench<'p> {
        let own = &world.limits;
        let limits = [
            ("fuel", own.fuel),
            ("memory_bytes", own.memory_bytes),
            ("requests", own.requests.into()),
            ("request_bytes", own.request_bytes),
        ];
        let limits = limits.map(|(limit, of)| Measured { limit, used: 0, of, percent: 0, case: String::new() }).into();
        Bench { plugin, world, script, seed, case: String::new(), calls: 0, limits }
    }

    /// The number of requests that an update makes without a fault, as far as each is tried.
    pub(super) async fn places(&mut self, attempt: &Attempt<'_>) -> usize {
        let came = self.attempt(&mut self.shop(), &Plan::default(), attempt).await;
        came.log.exchanges.len().min(PLACES_MAX)
    }

    /// Begins a case: the calls that follow are counted for it.
    pub(super) fn begin(&mut self, case: &str) {
        case.clone_into(&mut self.case);
    }

    /// A fresh shop: the script's cart, or the stand-in.
    pub(super) fn shop(&self) -> Shop<'p> {
        self.script.map_or(Shop::StandIn, |script| Shop::Scripted(Cart::new(script)))
    }

    /// The maker of updates, for the script's order and statuses.
    pub(super) fn maker(&self) -> Maker<'_> {
        let order = self.script.and_then(Script::known_order).map_or("1021", |order| order.number.as_str());
        Maker::new(&self.world.manifest, order, self.script.map(|script| script.statuses.as_slice()).unwrap_or_default())
    }

    /// The usage of limits so far.
    pub(super) fn limits(&self) -> &[Measured] {
        &self.limits
    }

    /// The context of an attempt, by its number.
    fn context(&self, attempt: u32) -> Context {
        self.world.context(NOW_UNIX_MS + PAUSE_MS * u64::from(attempt), vec![u8::try_from(attempt % 251).unwrap_or(0); 32])
    }

    /// Makes one attempt.
    pub(super) async fn attempt(&mut self, shop: &mut Shop<'p>, plan: &Plan, attempt: &Attempt<'_>) -> Came {
        let context = self.context(attempt.number());
        self.attempt_in(context, shop, plan, attempt).await
    }

    /// Makes one attempt with the given context.
    pub(super) async fn attempt_in(&mut self, context: Context, shop: &mut Shop<'p>, plan: &Plan, attempt: &Attempt<'_>) -> Came {
        let call = Call::SendOrderStatus { update: Box::new(attempt.update.clone().into_owned()), delivery: attempt.delivery(), context };
        self.call(&call, Some(DELIVERY_ID.to_owned()), shop, plan).await
    }

    /// Makes a call that is not a delivery.
    pub(super) async fn ask(&mut self, call: impl FnOnce(Context) -> Call, shop: &mut Shop<'p>) -> Came {
        let call = call(self.context(1));
        self.call(&call, None, shop, &Plan::default()).await
    }

    /// Makes attempts until the plugin says that the cart has the update, at most [`ATTEMPTS_MAX`]. Each takes the next of the plans while
    /// there are any.
    pub(super) async fn deliver(&mut self, shop: &mut Shop<'p>, plans: &[Plan], mut attempt: Attempt<'_>) -> Vec<Came> {
        let mut all = Vec::new();
        for number in 0..ATTEMPTS_MAX as usize {
            let plan = plans.get(number).cloned().unwrap_or_default();
            let came = self.attempt(shop, &plan, &attempt).await;
            attempt = attempt.next(&came);
            let is_last = came.is_applied() || matches!(came.outcome, Outcome::Ended(_)) || !came.log.unruled.is_empty();
            all.push(came);
            if is_last {
                break;
            }
        }
        all
    }

    /// Makes attempts while the plugin asks to be called again, at most [`PENDING_MAX`], and returns each with its result.
    pub(super) async fn attempts_while_pending<'u>(&mut self, shop: &mut Shop<'p>, mut attempt: Attempt<'u>) -> Vec<(Attempt<'u>, Came)> {
        let mut all = Vec::new();
        loop {
            let came = self.attempt(shop, &Plan::default(), &attempt).await;
            let next = (came.is_pending() && all.len() + 1 < PENDING_MAX).then(|| attempt.clone().next(&came));
            all.push((attempt, came));
            match next {
                Some(next) => attempt = next,
                None => return all,
            }
        }
    }

    async fn call(&mut self, call: &Call, delivery: Option<String>, shop: &mut Shop<'p>, plan: &Plan) -> Came {
        let mut stage = Stage::new(&self.world, delivery, shop, plan);
        let (outcome, used) = self.plugin.measured(call, &self.world.limits, &mut stage).await;
        let log = stage.log;
        self.calls += 1;
        self.measure(used, &log);
        Came { outcome, log }
    }

    fn measure(&mut self, used: Used, log: &Log) {
        let used = [used.fuel, used.memory_bytes, log.exchanges.len() as u64, log.request_bytes];
        for (measured, used) in self.limits.iter_mut().zip(used) {
            // Random answers may cause any number of requests; other cases measure how many an update needs.
            let counts = measured.limit != "requests" || self.case != "random-answers";
            if counts && used > measured.used {
                (measured.used, measured.case) = (used, self.case.clone());
                measured.percent = used.saturating_mul(100).div_ceil(measured.of.max(1));
            }
        }
    }

    /// The report of the whole examination.
    pub(super) fn report(self, cases: Vec<Case>) -> Report {
        let manifest = &self.world.manifest;
        Report {
            plugin: manifest.name.clone(),
            version: manifest.version.clone(),
            digest: self.plugin.digest(),
            level: if self.script.is_some() { Level::High } else { Level::Basic },
            seed: self.seed,
            passed: !cases.iter().map(|case| &case.verdict).any(CaseVerdict::is_failure),
            calls: self.calls,
            cases,
            limits: self.limits,
        }
    }

    /// The problem that the plugin does not report the update as applied; `None` if it does.
    pub(super) fn not_applied(attempted: &str, came: &Came) -> Option<Problem> {
        let wrong = "the cart accepted it, so the update must be applied";
        let remedy = "check how the plugin reads the cart's answer to a success, or correct the reply in the cart script";
        (!came.is_applied()).then(|| Problem::new(attempted, shown(&came.outcome), wrong, remedy))
    }
}
