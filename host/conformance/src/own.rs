//! The plugin author's own cases, from the cart script.

use super::bench::{Attempt, Bench, Came};
use super::expect::honest;
use super::faults::Plan;
use super::high::done;
use super::report::Problem;
use super::words::{kind, shown};
use super::world::settings;
use cartage_cart_script::{Case, Expected};
use cartage_contract::delivery::AppliedOutcome;
use cartage_contract::orders::{Told, Update};
use cartage_model::exchange::Outcome;

/// Runs a case of the script, with the case's own settings.
pub(super) async fn run(bench: &mut Bench<'_>, name: &str) -> Vec<Problem> {
    let case = bench.script.and_then(|script| script.cases.iter().find(|case| case.name == name));
    let case = case.expect("a name is that of a case of a level or of the script");
    let attempted = format!("the script's own case {name:?}");
    let settings = match settings(&bench.world.manifest, bench.script, &case.settings) {
        Ok(settings) => settings,
        Err(error) => {
            let came = std::error::Error::source(&error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
            let remedy = "change the case's settings, or what the manifest declares";
            return vec![Problem::new(&attempted, came, "the plugin does not have such settings", remedy)];
        }
    };
    let usual = std::mem::replace(&mut bench.world.settings, settings);
    let problems = try_case(bench, case, &attempted).await;
    bench.world.settings = usual;
    problems
}

async fn try_case(bench: &mut Bench<'_>, case: &Case, attempted: &str) -> Vec<Problem> {
    let update = update(bench, case);
    if let Err(error) = update.check(&bench.world.manifest) {
        let remedy = "change the case's update, or what the manifest declares";
        return vec![Problem::new(attempted, error.to_string(), "no host would hand the plugin this update", remedy)];
    }
    let refusal = bench.script.zip(case.refusal.as_deref());
    let refusal = refusal.and_then(|(script, name)| script.refusals.iter().find(|refusal| refusal.case == name));
    let (mut shop, first) = (bench.shop(), Attempt::first(&update));
    let mut all = match refusal.map(Plan::refusal) {
        Some(plan) => {
            let came = bench.attempt(&mut shop, &plan, &first).await;
            vec![(first, came)]
        }
        None => bench.attempts_while_pending(&mut shop, first).await,
    };
    let mut problems: Vec<Problem> = all.iter().flat_map(|(attempt, came)| honest(attempted, attempt, came)).collect();
    let (_, came) = all.pop().expect("there is a first attempt");
    if !is(&came, case.expect) {
        let wrong = format!("the script expects {}", expected(case.expect));
        problems.push(Problem::new(attempted, shown(&came.outcome), wrong, "correct the plugin, or what the case expects"));
    }
    if case.unchanged && !shop.effects().is_empty() {
        let (wrong, remedy) = ("nothing should be done to the cart", "correct the plugin, or what the case expects");
        problems.push(Problem::new(attempted, done(&shop), wrong, remedy));
    }
    let effects: Vec<String> = shop.effects().iter().map(ToString::to_string).collect();
    for text in case.effects.iter().filter(|text| !effects.iter().any(|effect| effect.contains(text.as_str()))) {
        let wrong = format!("{text:?} was not done");
        problems.push(Problem::new(
            attempted,
            format!("the cart has: {}", effects.join("; ")),
            wrong,
            "correct the plugin, or what the case expects",
        ));
    }
    problems
}

fn update(bench: &Bench<'_>, case: &Case) -> Update {
    let maker = bench.maker();
    let packages = case.update.packages.iter().enumerate().map(|(at, given)| {
        let mut package = maker.package(at, Told::New);
        package.tracking_number = Some(given.number.clone());
        (package.carrier, package.carrier_given) = (Some(given.carrier.clone()), Some(given.carrier.clone()));
        package
    });
    Update {
        order_number: case.update.order.clone(),
        status: case.update.status.clone(),
        note: case.update.note.clone(),
        notify_customer: case.update.notify_customer,
        packages: packages.collect(),
        ..maker.plain()
    }
}

fn is(came: &Came, wanted: Expected) -> bool {
    match (&came.outcome, wanted) {
        (Outcome::Applied(_), Expected::Applied) => true,
        (Outcome::Applied(applied), Expected::AlreadyDone) => applied.outcome == AppliedOutcome::AlreadyDone,
        (Outcome::Failed(failure), Expected::Fails(wanted)) => failure.kind == wanted,
        _ => false,
    }
}

fn expected(wanted: Expected) -> String {
    match wanted {
        Expected::Applied => "that it is applied".to_owned(),
        Expected::AlreadyDone => "that it is done already".to_owned(),
        Expected::Fails(wanted) => format!("the failure {}", kind(wanted)),
    }
}
