//! The cases about repeated attempts: the cart must have everything exactly once, whatever was lost on the way.

use super::bench::{ATTEMPTS_MAX, Attempt, Bench, Came};
use super::expect::{honest, sound};
use super::faults::{Fault, Plan};
use super::report::Problem;
use super::shop::Shop;
use super::words::shown;
use cartage_contract::delivery::EarlierAttempt;
use cartage_contract::http::Reach;
use cartage_contract::manifest::Manifest;
use cartage_model::exchange::Outcome;

/// The names of these cases, in order.
pub(super) fn names(manifest: &Manifest) -> Vec<&'static str> {
    let mut names = vec!["same-update-twice"];
    if manifest.features.tracking {
        names.push("told-before");
    }
    names.extend(["reply-lost-after-acting", "earlier-outcome-unknown", "resume-after-each-step"]);
    names
}

/// Runs a case; `None` if this module has no case with that name.
pub(super) async fn run(bench: &mut Bench<'_>, name: &str) -> Option<Vec<Problem>> {
    Some(match name {
        "same-update-twice" => same_update_twice(bench).await,
        "told-before" => told_before(bench).await,
        "reply-lost-after-acting" => at_each_place(bench, Fault::LostReply).await,
        "earlier-outcome-unknown" => outcome_unknown(bench).await,
        "resume-after-each-step" => at_each_place(bench, Fault::Unavailable).await,
        _ => return None,
    })
}

/// The problem of effects that occurred twice; `None` if there are none.
pub(super) fn twice(attempted: &str, shop: &Shop<'_>) -> Option<Problem> {
    let twice: Vec<String> = shop.twice().into_iter().map(ToString::to_string).collect();
    let remedy = "look at `delivery.earlier` before a step that the cart does not know as a repeat: leave out what its steps name, and read the cart where \
                  a write may have arrived; or send a key by which the cart knows a repeat";
    let wrong = format!("done twice: {}; the customer gets two mails, and the merchant two shipments", twice.join("; "));
    (!twice.is_empty()).then(|| Problem::new(attempted, "the same effect twice", wrong, remedy))
}

/// A host that died before it recorded the success attempts the update again. The plugin learns of the first attempt, and the cart has the update
/// already.
async fn same_update_twice(bench: &mut Bench<'_>) -> Vec<Problem> {
    let attempted = "the same update again, after the cart has taken it";
    again(bench, attempted, |first, came| first.told(came)).await
}

/// As [`same_update_twice`], but the outcome of the first attempt is unknown.
async fn outcome_unknown(bench: &mut Bench<'_>) -> Vec<Problem> {
    let attempted = "the same update again, when it is not known that the cart has taken it";
    again(bench, attempted, |_, _| EarlierAttempt {
        attempt: 1,
        reach: Reach::MaybeSent,
        steps: Vec::new(),
        resume: None,
        extra: Vec::new(),
    })
    .await
}

async fn again(bench: &mut Bench<'_>, attempted: &str, told: impl Fn(&Attempt<'_>, &Came) -> EarlierAttempt) -> Vec<Problem> {
    let update = bench.maker().everything();
    let (mut shop, first) = (bench.shop(), Attempt::first(&update));
    let came = bench.attempt(&mut shop, &Plan::default(), &first).await;
    let mut problems = sound(attempted, &came);
    problems.extend(Bench::not_applied("an update, before it is made again", &came));
    if !problems.is_empty() {
        return problems;
    }
    let second = Attempt { earlier: vec![told(&first, &came)], ..Attempt::first(&update) };
    let came = bench.deliver(&mut shop, &[], second).await;
    ended(attempted, &came, &shop)
}

/// The problems of a delivery in several attempts.
fn ended(attempted: &str, all: &[Came], shop: &Shop<'_>) -> Vec<Problem> {
    let mut problems: Vec<Problem> = all.iter().flat_map(|came| sound(attempted, came)).collect();
    let last = all.last().expect("a delivery has an attempt");
    if problems.is_empty() && !last.is_applied() {
        let wrong = format!("the cart answers again, so one of {ATTEMPTS_MAX} attempts must succeed");
        let remedy = "treat an answer that says `already done` as a success, and go on after the steps that were done";
        problems.push(Problem::new(attempted, shown(&last.outcome), wrong, remedy));
    }
    problems.extend(twice(attempted, shop));
    problems
}

/// The order's next update, with packages that the cart was told of.
async fn told_before(bench: &mut Bench<'_>) -> Vec<Problem> {
    let (update, next) = (bench.maker().everything(), bench.maker().told());
    let attempted = "the order's next update, with packages that the cart was told of";
    let (mut shop, first) = (bench.shop(), Attempt::first(&update));
    let came = bench.attempt(&mut shop, &Plan::default(), &first).await;
    let Outcome::Applied(applied) = &came.outcome else {
        return Bench::not_applied("an update, before the order's next one", &came).into_iter().collect();
    };
    let mut next = next;
    // All other fields count as new in each update, so only shipments can be repeated.
    (next.note, next.comments) = (None, None);
    let second = Attempt { sequence: 2, reference: applied.reference.clone(), ..Attempt::first(&next) };
    let came = bench.attempt(&mut shop, &Plan::default(), &second).await;
    let mut problems = honest(attempted, &second, &came);
    let wrong = "the cart was told of the package by an earlier update, and has it twice now";
    let twice: Vec<String> = shop.twice().into_iter().map(ToString::to_string).collect();
    if !twice.is_empty() {
        let remedy = "leave out packages that are `already-told`, where the cart would make a second one";
        problems.push(Problem::new(attempted, twice.join("; "), wrong, remedy));
    }
    problems
}

/// A fault at each request in turn, followed by attempts without one: the update arrives, and everything exactly once.
async fn at_each_place(bench: &mut Bench<'_>, fault: Fault) -> Vec<Problem> {
    let update = bench.maker().everything();
    let mut problems = Vec::new();
    for place in 0..bench.places(&Attempt::first(&update)).await {
        let after = if fault.acts() { ", after the cart has acted" } else { "" };
        let attempted =
            format!("an update where the answer to request {} {}{after}; then attempts without a fault", place + 1, fault.words());
        let mut shop = bench.shop();
        let came = bench.deliver(&mut shop, &[Plan::fault(place, fault)], Attempt::first(&update)).await;
        problems.extend(came.first().and_then(|first| super::expect::false_success(&attempted, &Attempt::first(&update), first)));
        problems.extend(ended(&attempted, &came, &shop));
    }
    problems
}
