//! The cases of the high level: a scripted cart answers, and shows which updates it received and what each refusal led to.

use super::bench::{Attempt, Bench, Came};
use super::expect::honest;
use super::faults::Plan;
use super::repeats;
use super::report::Problem;
use super::shop::Shop;
use super::updates::NOTE;
use super::words::{kind, shown};
use cartage_cart_script::{Effect, Refusal, Reply, Rule, Script};
use cartage_contract::delivery::{FailureKind, RetryWish};
use cartage_contract::manifest::{Manifest, Statuses};
use cartage_contract::orders::{Told, Update};
use cartage_model::exchange::Outcome;
use std::collections::BTreeMap;

/// The time to wait that is put into an answer, in seconds.
const WISH_S: u64 = 120;
/// A number that no order has.
const NO_ORDER: &str = "404404404";

/// The names of the level's cases, in order.
pub(super) fn names(manifest: &Manifest) -> Vec<&'static str> {
    let mut names = vec!["statuses"];
    if manifest.features.tracking {
        names.push("packages");
    }
    if manifest.features.notes {
        names.push("notes");
    }
    names.extend([
        "unknown-order",
        "ambiguous-order",
        "bad-credentials",
        "rate-limited",
        "rate-limited-with-wish",
        "server-error",
        "error-with-200",
    ]);
    names.extend(repeats::names(manifest));
    names
}

/// Runs a case; `None` if this level has no case with that name.
pub(super) async fn run(bench: &mut Bench<'_>, name: &str) -> Option<Vec<Problem>> {
    let script = bench.script?;
    Some(match name {
        "statuses" => statuses(bench, script).await,
        "packages" => packages(bench, script).await,
        "notes" => notes(bench, script).await,
        "unknown-order" => unknown_order(bench).await,
        "ambiguous-order" => ambiguous_order(bench, script).await,
        "bad-credentials" => described(bench, script, name, Some(FailureKind::Credentials)).await,
        "rate-limited" => described(bench, script, name, Some(FailureKind::RateLimited)).await,
        "rate-limited-with-wish" => with_wish(bench, script, name).await,
        "server-error" => server_error(bench, script, name).await,
        "error-with-200" => error_with_200(bench, script, name).await,
        _ => return repeats::run(bench, name).await,
    })
}

/// The problem of a script that leaves something out: a failure unless the script gives a reason.
fn not_described(case: &str, what: &str, how: &str) -> Problem {
    let remedy = format!("{how}; or, if this cart has no such thing, write [[bypass]] case = {case:?} with the reason");
    Problem::new(
        "reading the cart script",
        format!("the script does not say {what}"),
        "a case cannot be tried if the script does not describe it",
        remedy,
    )
}

/// Whether a rule of the script records an effect under this name.
fn notes_under(script: &Script, name: &str) -> bool {
    script.rules.iter().any(|rule: &Rule| rule.set.contains_key(name) || rule.add.contains_key(name))
}

/// Sends an update to a fresh cart, in several calls if the plugin asks for that. Returns the result of the last call, and the problems
/// that any call may have.
async fn told<'p>(bench: &mut Bench<'p>, attempted: &str, update: &Update) -> (Shop<'p>, Came, Vec<Problem>) {
    let mut shop = bench.shop();
    let mut all = bench.attempts_while_pending(&mut shop, Attempt::first(update)).await;
    let mut problems: Vec<Problem> = all.iter().flat_map(|(attempt, came)| honest(attempted, attempt, came)).collect();
    let (_, came) = all.pop().expect("there is a first attempt");
    if problems.is_empty() {
        problems.extend(Bench::not_applied(attempted, &came));
    }
    (shop, came, problems)
}

/// Describes the effects on the cart, in one line.
pub(super) fn done(shop: &Shop<'_>) -> String {
    let effects: Vec<String> = shop.effects().iter().take(8).map(ToString::to_string).collect();
    if effects.is_empty() { "nothing was done to the cart".to_owned() } else { format!("the cart has: {}", effects.join("; ")) }
}

/// Each status reaches the cart unchanged, and no other status does.
async fn statuses(bench: &mut Bench<'_>, script: &Script) -> Vec<Problem> {
    if !notes_under(script, "status") {
        return vec![not_described("statuses", "how the cart learns an order's status", "add set.status to the rule that sets it")];
    }
    let mut problems = Vec::new();
    let maker = bench.maker();
    let updates: Vec<(String, Update)> = maker.statuses.iter().map(|status| (status.clone(), maker.status(status))).collect();
    for (status, update) in updates {
        let attempted = format!("an update with the status {status:?}");
        let (shop, came, found) = told(bench, &attempted, &update).await;
        problems.extend(found);
        let given = shop.effects().iter().rev().find_map(|effect| match effect {
            Effect::Set { field, value, .. } if field == "status" => Some(value.clone()),
            Effect::Set { .. } | Effect::Added { .. } => None,
        });
        let is_declared = |given: &str| match &bench.world.manifest.statuses {
            Statuses::Fixed(own) => own.iter().any(|own| own.value == given),
            Statuses::FreeText | Statuses::Asked => true,
        };
        let remedy = "give the cart the status of the update; the statuses that the cart has belong in the manifest";
        match given {
            Some(given) if given == status => {}
            Some(given) if !is_declared(&given) => {
                let wrong = "the manifest does not declare that status, so nobody agreed to it";
                problems.push(Problem::new(&attempted, format!("the cart was given the status {given:?}"), wrong, remedy));
            }
            Some(given) => {
                let wrong = format!("the update says {status:?}");
                problems.push(Problem::new(&attempted, format!("the cart was given the status {given:?}"), wrong, remedy));
            }
            None if came.is_applied() => problems.push(Problem::new(&attempted, done(&shop), "the cart was given no status", remedy)),
            None => {}
        }
    }
    problems
}

/// Each tracking number reaches the cart.
async fn packages(bench: &mut Bench<'_>, script: &Script) -> Vec<Problem> {
    if !notes_under(script, "shipment") {
        return vec![not_described("packages", "how the cart learns a package", "add add.shipment to the rule that makes it")];
    }
    let features = bench.world.manifest.features;
    let tried = [(true, 1, Told::New), (features.several_packages, 3, Told::New), (features.corrections, 1, Told::NumberCorrected)];
    let mut problems = Vec::new();
    for (_, count, package_told) in tried.into_iter().filter(|(is_carried, ..)| *is_carried) {
        let maker = bench.maker();
        let mut update = maker.plain();
        update.packages = (0..count).map(|at| maker.package(at, package_told)).collect();
        let corrected = if package_told == Told::NumberCorrected { ", its number corrected" } else { "" };
        let attempted = format!("an update with {}{corrected}", cartage_base::counted::counted(count, "package"));
        let (shop, _, found) = told(bench, &attempted, &update).await;
        problems.extend(found);
        for number in update.packages.iter().filter_map(|package| package.tracking_number.as_deref()) {
            problems.extend(missing(&shop, &attempted, number, "tracking number"));
        }
    }
    problems
}

/// A note reaches the cart unchanged.
async fn notes(bench: &mut Bench<'_>, script: &Script) -> Vec<Problem> {
    if !notes_under(script, "note") {
        return vec![not_described("notes", "how the cart learns a note", "add add.note or set.note to the rule that keeps it")];
    }
    let mut update = bench.maker().plain();
    update.note = Some(NOTE.to_owned());
    let attempted = "an update with a note";
    let (shop, _, mut problems) = told(bench, attempted, &update).await;
    problems.extend(missing(&shop, attempted, NOTE, "note"));
    problems
}

fn missing(shop: &Shop<'_>, attempted: &str, text: &str, what: &str) -> Option<Problem> {
    let arrived = shop.effects().iter().any(|effect| effect.value().contains(text));
    let remedy = "send all that the manifest says the plugin carries, or do not declare the feature; or correct what the rule reads";
    (!arrived).then(|| Problem::new(attempted, done(shop), format!("the {what} {text:?} did not arrive"), remedy))
}

/// The problem unless the outcome is a failure of the expected kind (of any kind with `None`) and the cart did nothing.
fn refused(attempted: &str, came: &Came, shop: &Shop<'_>, expected: Option<FailureKind>, why: &str) -> Option<Problem> {
    let is_expected = match (&came.outcome, expected) {
        (Outcome::Failed(failure), Some(expected)) => failure.kind == expected,
        (Outcome::Failed(_), None) => true,
        _ => false,
    };
    let wanted = expected.map_or_else(|| "a failure".to_owned(), |expected| format!("the failure {}", kind(expected)));
    let remedy = format!("return {wanted} for this answer: a host decides by the kind what follows");
    if !is_expected {
        return Some(Problem::new(attempted, shown(&came.outcome), format!("{why}, so the outcome must be {wanted}"), remedy));
    }
    let remedy = "change nothing at the cart before it is clear which order is meant";
    let is_changed = !shop.effects().is_empty();
    is_changed.then(|| Problem::new(attempted, done(shop), format!("{why}, and something was done to an order"), remedy))
}

async fn unknown_order(bench: &mut Bench<'_>) -> Vec<Problem> {
    let update = Update { order_number: NO_ORDER.to_owned(), ..bench.maker().everything() };
    let (attempted, attempt, mut shop) = (format!("an update of the order {NO_ORDER}"), Attempt::first(&update), bench.shop());
    let came = bench.attempt(&mut shop, &Plan::default(), &attempt).await;
    let mut problems = honest(&attempted, &attempt, &came);
    problems.extend(refused(&attempted, &came, &shop, Some(FailureKind::OrderNotFound), "the cart has no such order"));
    problems
}

async fn ambiguous_order(bench: &mut Bench<'_>, script: &Script) -> Vec<Problem> {
    let Some(number) = script.ambiguous_order() else {
        let how = "add two [[order]] of one number, and the rule that answers a look-up of it";
        return vec![not_described("ambiguous-order", "how a cart with two orders of one number looks", how)];
    };
    let update = Update { order_number: number.to_owned(), ..bench.maker().everything() };
    let (attempted, attempt) = (format!("an update of the order {number}, of which the cart has two"), Attempt::first(&update));
    let mut shop = bench.shop();
    let came = bench.attempt(&mut shop, &Plan::default(), &attempt).await;
    let mut problems = honest(&attempted, &attempt, &came);
    let why = "two orders have that number, and the first may be the wrong one";
    problems.extend(refused(&attempted, &came, &shop, Some(FailureKind::AmbiguousOrder), why));
    problems
}

/// Makes one attempt at an update of a cart that refuses.
async fn refused_once(bench: &mut Bench<'_>, refusal: &Refusal, attempted: &str, problems: &mut Vec<Problem>) -> Came {
    let update = bench.maker().everything();
    let (mut shop, attempt) = (bench.shop(), Attempt::first(&update));
    let came = bench.attempt(&mut shop, &Plan::refusal(refusal), &attempt).await;
    problems.extend(honest(attempted, &attempt, &came));
    came
}

fn attempted(refusal: &Refusal) -> String {
    let body: String = refusal.reply.body.chars().take(80).collect();
    format!("an update that the cart refuses ({}) with status {} and {body:?}", refusal.case, refusal.reply.status)
}

/// Each refusal that the script describes for a case leads to a failure of the expected kind (of any kind with `None`).
async fn described(bench: &mut Bench<'_>, script: &Script, name: &str, expected: Option<FailureKind>) -> Vec<Problem> {
    let refusals: Vec<&Refusal> = script.refusals.iter().filter(|refusal| refusal.case == name).collect();
    if refusals.is_empty() {
        return vec![not_described(name, &format!("how the cart answers in the case {name}"), &format!("add [[refusal]] case = {name:?}"))];
    }
    let mut problems = Vec::new();
    for refusal in refusals {
        let attempted = attempted(refusal);
        let came = refused_once(bench, refusal, &attempted, &mut problems).await;
        problems.extend(of_kind(&attempted, &came, expected.or(refusal.expect)));
    }
    problems
}

/// The problem unless the outcome is a failure of the expected kind. Writes before the refusal are no fault of the plugin, so only the kind
/// is checked.
fn of_kind(attempted: &str, came: &Came, expected: Option<FailureKind>) -> Option<Problem> {
    refused(attempted, came, &Shop::StandIn, expected, "the cart refused")
}

/// The cart says when to retry, and the plugin passes that on.
async fn with_wish(bench: &mut Bench<'_>, script: &Script, name: &str) -> Vec<Problem> {
    let own: Vec<Refusal> = script.refusals_of(name).cloned().collect();
    let derived = || {
        script.refusals_of("rate-limited").cloned().map(|mut refusal| {
            refusal.reply.headers.insert("retry-after".to_owned(), WISH_S.to_string());
            refusal
        })
    };
    let refusals: Vec<Refusal> = if own.is_empty() { derived().collect() } else { own };
    if refusals.is_empty() {
        return vec![not_described(name, "how the cart says that it wants fewer requests", "add [[refusal]] case = \"rate-limited\"")];
    }
    let mut problems = Vec::new();
    for refusal in refusals {
        let attempted = format!("{}, to be asked again after {WISH_S} s", attempted(&refusal));
        let came = refused_once(bench, &refusal, &attempted, &mut problems).await;
        problems.extend(of_kind(&attempted, &came, Some(FailureKind::RateLimited)));
        if let Outcome::Failed(failure) = &came.outcome
            && failure.retry != RetryWish::AfterMs(WISH_S * 1000)
        {
            let (wrong, remedy) =
                ("the cart named a time, and would be asked at another time", "read `retry-after` and return it as the retry wish");
            problems.push(Problem::new(&attempted, format!("the retry wish {:?}", failure.retry), wrong, remedy));
        }
    }
    problems
}

/// The script's own server errors, or those of any web server.
async fn server_error(bench: &mut Bench<'_>, script: &Script, name: &str) -> Vec<Problem> {
    if script.refusals_of("server-error").next().is_some() {
        return described(bench, script, name, None).await;
    }
    let mut problems = Vec::new();
    for (status, body) in [(500, "Internal Server Error"), (502, "<html><body>Bad Gateway</body></html>"), (503, "")] {
        let headers =
            BTreeMap::from([("content-type".to_owned(), if body.starts_with('<') { "text/html" } else { "text/plain" }.to_owned())]);
        let reply = Reply { status, headers, body: body.to_owned(), items: BTreeMap::new() };
        let refusal = Refusal { case: name.to_owned(), rule: None, expect: None, reply };
        let attempted = attempted(&refusal);
        let came = refused_once(bench, &refusal, &attempted, &mut problems).await;
        problems.extend(of_kind(&attempted, &came, Some(FailureKind::Unavailable)));
    }
    problems
}

/// A refusal with status 200 is treated as a refusal.
async fn error_with_200(bench: &mut Bench<'_>, script: &Script, name: &str) -> Vec<Problem> {
    if let Some(other) = script.refusals_of("error-with-200").find(|refusal| !(200..=299).contains(&refusal.reply.status)) {
        let came = format!("a [[refusal]] of this case has the status {}", other.reply.status);
        let remedy = "give it a status of success, or another case";
        return vec![Problem::new("reading the cart script", came, "the case is about errors with a status of success", remedy)];
    }
    described(bench, script, name, None).await
}
