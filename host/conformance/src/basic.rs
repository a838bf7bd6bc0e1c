//! The cases of the basic level, which need only the plugin's file.

use super::bench::{Attempt, Bench, Came, PENDING_MAX, SHARE_MAX};
use super::expect::{honest, sound};
use super::faults::{Fault, Plan};
use super::random::Random;
use super::repeats::twice;
use super::report::Problem;
use super::settings::at_bounds;
use super::shop::Shop;
use super::updates::Named;
use super::words::shown;
use super::world::{NOW_UNIX_MS, with};
use cartage_contract::delivery::OrderKey;
use cartage_contract::http::Effect;
use cartage_contract::manifest::Manifest;
use cartage_model::exchange::{Call, HostCall, Outcome};

/// The cases about faults, and the fault of each.
const FAULTS: [(&str, Fault); 7] = [
    ("no-connection", Fault::NoConnection),
    ("timeout", Fault::Timeout),
    ("lost-answer", Fault::LostReply),
    ("truncated-answer", Fault::Truncated),
    ("oversized-answer", Fault::TooLarge),
    ("page-instead-of-answer", Fault::Page),
    ("redirect", Fault::Redirect),
];
/// The number of updates with random answers.
const RANDOM_UPDATES: usize = 60;
/// The number of contexts that must lead to the same requests.
const CONTEXTS: u64 = 8;

/// The names of the basic cases, in order.
pub(super) fn names(manifest: &Manifest) -> Vec<&'static str> {
    let mut names = vec!["updates", "determinism", "check"];
    if !manifest.asked().is_empty() {
        names.push("lists");
    }
    names.extend(FAULTS.map(|(name, _)| name));
    if !manifest.settings.is_empty() {
        names.push("settings");
    }
    names.extend(["random-answers", "limits"]);
    names
}

/// Runs a case; `None` if this level has no case with that name.
pub(super) async fn run(bench: &mut Bench<'_>, name: &str) -> Option<Vec<Problem>> {
    Some(match name {
        "updates" => updates(bench).await,
        "determinism" => determinism(bench).await,
        "check" => check(bench).await,
        "lists" => lists(bench).await,
        "settings" => settings(bench).await,
        "random-answers" => random_answers(bench).await,
        "limits" => limits(bench).await,
        _ => {
            let (_, fault) = FAULTS.into_iter().find(|(own, _)| *own == name)?;
            faults(bench, fault).await
        }
    })
}

/// Every update is accepted and, by a scripted cart, applied. A plugin that answers `pending` is called again, as the host does.
async fn updates(bench: &mut Bench<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for Named { words, update } in bench.maker().all() {
        let attempted = format!("an update with {words}");
        let mut shop = bench.shop();
        let all = bench.attempts_while_pending(&mut shop, Attempt::first(&update)).await;
        problems.extend(all.iter().flat_map(|(attempt, came)| honest(&attempted, attempt, came)));
        let (_, last) = all.last().expect("there is a first attempt");
        // The stand-in knows nothing, so its answers may look like those of a cart that is still at work.
        if bench.script.is_some() && problems.is_empty() {
            problems.extend(if last.is_pending() { Some(without_end(&attempted)) } else { Bench::not_applied(&attempted, last) });
            problems.extend(twice(&attempted, &shop));
        }
    }
    problems
}

/// The problem of a plugin that asks to be called again without end.
fn without_end(attempted: &str) -> Problem {
    let came = format!("`pending` {PENDING_MAX} times");
    let remedy = "record each step that is done, and go on after the steps of `delivery.earlier`; or declare in `pace` how many requests a call needs";
    Problem::new(attempted, came, "a host would ask again for three days, and then give up", remedy)
}

/// The requests of a call, without what may differ between attempts: the values of nonces and times.
fn way(came: &Came) -> Vec<String> {
    let mut way: Vec<String> = came.log.exchanges.iter().map(|exchange| exchange.name.clone()).collect();
    way.push(shown(&came.outcome).split(':').next().unwrap_or_default().to_owned());
    way
}

/// The same call made twice has the same result; at another time and with other random bytes, it makes the same requests.
async fn determinism(bench: &mut Bench<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let remedy = "decide by the update and the cart's answers alone; random bytes and the time are for nonces and signatures";
    for Named { words, update } in bench.maker().all() {
        let (attempted, attempt) = (format!("an update with {words}, twice with the same context"), Attempt::first(&update));
        let first = bench.attempt(&mut bench.shop(), &Plan::default(), &attempt).await;
        let second = bench.attempt(&mut bench.shop(), &Plan::default(), &attempt).await;
        if first != second {
            let came = first_difference(&first, &second);
            problems.push(Problem::new(
                &attempted,
                came,
                "the same call must do the same: otherwise nobody knows what was approved",
                remedy,
            ));
        }
    }
    let update = bench.maker().everything();
    let mut random = Random::new(bench.seed);
    let mut first: Option<Vec<String>> = None;
    for number in 0..CONTEXTS {
        let context = bench.world.context(NOW_UNIX_MS + number * 3_599_000, random.bytes());
        let came = bench.attempt_in(context, &mut bench.shop(), &Plan::default(), &Attempt::first(&update)).await;
        let way = way(&came);
        match &first {
            None => first = Some(way),
            Some(first) if *first != way => {
                let came = format!("once {}; then {}", first.join(", "), way.join(", "));
                let attempted = "the same update at other moments and with other random bytes";
                problems.push(Problem::new(attempted, came, "what the plugin asks and says depends on chance or on the time", remedy));
                break;
            }
            Some(_) => {}
        }
    }
    problems
}

/// Describes the first difference between two calls.
fn first_difference(first: &Came, second: &Came) -> String {
    let ask = |ask: &HostCall| match ask {
        HostCall::Send(request) => format!("{} {}{}", request.method, request.endpoint, request.path),
        HostCall::Mac { slot, .. } => format!("a signature with {slot}"),
        HostCall::Digest { .. } => "a digest".to_owned(),
        HostCall::Log { message, .. } => format!("the log line {message:?}"),
    };
    let place = first.log.asks.iter().zip(&second.log.asks).position(|(first, second)| first != second);
    let place = place.unwrap_or(first.log.asks.len().min(second.log.asks.len()));
    let at = |came: &Came| came.log.asks.get(place).map_or_else(|| shown(&came.outcome), ask);
    format!("the calls differ at request {} to the host: {} and {}", place + 1, at(first), at(second))
}

/// The plugin answers `check`, with and without an order, and writes nothing.
async fn check(bench: &mut Bench<'_>) -> Vec<Problem> {
    let number = bench.maker().plain().order_number;
    let key = OrderKey { order_number: number, known_reference: None };
    let mut problems = Vec::new();
    for (attempted, order) in [("check without an order", None), ("check of an order", Some(key))] {
        let came = bench.ask(|context| Call::Check { order, context }, &mut bench.shop()).await;
        problems.extend(sound(attempted, &came));
        problems.extend(writes(attempted, &came));
    }
    problems
}

/// The plugin returns each list that only the shop knows.
async fn lists(bench: &mut Bench<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for of in bench.world.manifest.asked() {
        let attempted = format!("the list of {of:?}");
        let came = bench.ask(|context| Call::ListChoices { of, context }, &mut bench.shop()).await;
        problems.extend(sound(&attempted, &came));
        problems.extend(writes(&attempted, &came));
        if bench.script.is_some() && problems.is_empty() && !matches!(came.outcome, Outcome::Choices(_)) {
            let (wrong, remedy) =
                ("the manifest says that the shop is asked for this list", "add a [[rule]] for the request to the cart script");
            problems.push(Problem::new(&attempted, shown(&came.outcome), wrong, remedy));
        }
    }
    problems
}

fn writes(attempted: &str, came: &Came) -> Option<Problem> {
    let write = came.log.exchanges.iter().find(|exchange| exchange.effect == Effect::Writes)?;
    let (wrong, remedy) = ("this call may only read", "mark requests that only read as such, and make no others there");
    Some(Problem::new(attempted, format!("the plugin asked {}", write.name), wrong, remedy))
}

/// A fault at each request in turn leads neither to a false success nor to a failure that ends the update for good without a cause.
async fn faults(bench: &mut Bench<'_>, fault: Fault) -> Vec<Problem> {
    let update = bench.maker().everything();
    let attempt = Attempt::first(&update);
    let mut problems = Vec::new();
    for place in 0..bench.places(&attempt).await {
        let attempted = format!("an update where the answer to request {} {}", place + 1, fault.words());
        let came = bench.attempt(&mut bench.shop(), &Plan::fault(place, fault), &attempt).await;
        problems.extend(honest(&attempted, &attempt, &came));
        if !fault.allows(&came.outcome) {
            let wrong = "such an answer says nothing about the order, and this failure ends the update";
            let remedy = "return `unavailable` or `protocol` where no answer of the cart was read";
            problems.push(Problem::new(&attempted, shown(&came.outcome), wrong, remedy));
        }
    }
    problems
}

/// The plugin works with each setting at its bounds. A stand-in answers, because a script describes the cart for one choice of settings.
async fn settings(bench: &mut Bench<'_>) -> Vec<Problem> {
    let update = bench.maker().everything();
    let attempt = Attempt::first(&update);
    let usual = bench.world.settings.clone();
    let mut problems = Vec::new();
    for setting in bench.world.manifest.settings.clone() {
        for value in at_bounds(&setting) {
            let attempted = format!("an update with the setting {} = {}", setting.name, cut(&format!("{value:?}")));
            match bench.world.manifest.settings_from(with(&usual, &setting.name, value)) {
                Ok(settings) => bench.world.settings = settings,
                Err(_) => continue,
            }
            let came = bench.attempt(&mut Shop::StandIn, &Plan::default(), &attempt).await;
            problems.extend(honest(&attempted, &attempt, &came));
        }
    }
    bench.world.settings = usual;
    problems
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(60)]
}

/// With random answers the plugin returns, claims nothing false, and requests nothing that it may not have.
async fn random_answers(bench: &mut Bench<'_>) -> Vec<Problem> {
    let update = bench.maker().everything();
    let attempt = Attempt::first(&update);
    let mut problems = Vec::new();
    for number in 0..RANDOM_UPDATES {
        let seed = bench.seed.wrapping_add(number as u64);
        let mut random = Random::new(seed);
        let plan = match random.below(4) {
            0 => Plan::fault(random.below(4), *random.of(&FAULTS.map(|(_, fault)| fault))),
            _ => Plan::default(),
        };
        let came = bench.attempt(&mut Shop::Random(random), &plan, &attempt).await;
        let attempted = format!("an update with random answers: cartage plugin test --case random-answers --seed {seed}");
        problems.extend(honest(&attempted, &attempt, &came));
    }
    problems
}

/// No call came near a limit.
async fn limits(bench: &mut Bench<'_>) -> Vec<Problem> {
    if bench.limits().iter().all(|measured| measured.used == 0) {
        // The case is run alone, so no other case has made calls.
        updates(bench).await;
    }
    let is_declared = bench.world.manifest.pace.requests_per_call.is_some();
    // The plugin itself declares how many requests a call needs, and may use all of them.
    let counts = |limit: &str| limit != "requests" || !is_declared;
    let near = bench.limits().iter().filter(|measured| measured.percent > SHARE_MAX && counts(measured.limit));
    near.map(|measured| {
        let came = format!("{} of the {} of limits.{}, which is {} %", measured.used, measured.of, measured.limit, measured.percent);
        let wrong = format!("more than {SHARE_MAX} % of a limit: a slightly larger order exceeds the limit, and its update is lost");
        let remedy = match measured.limit {
            "requests" => "make fewer requests, or say in the manifest's pace how many a call needs",
            _ => "do less, or keep less, for one update",
        };
        Problem::new(&format!("all calls; the most was used in the case {}", measured.case), came, wrong, remedy)
    })
    .collect()
}
