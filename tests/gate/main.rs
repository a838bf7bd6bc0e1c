//! The gate's cases, its remedies, and random states.
//!
//! Each folder of `tests/cases/gate` is two tests. `question.json` is the difference between the question and the case `all_six_hold` (a JSON
//! merge patch); `expected.txt` is the whole answer, and `BLESS=1` rewrites it. `<case>::remedies` runs the commands that each false condition suggests,
//! and expects the condition to hold afterwards.

mod commands;
mod random;
mod state;

use cartage::gate::explain::{Explanation, explain};
use cartage::gate::order::packages;
use cartage::gate::{Condition, Decision, Verdict, decide, package};
use cartage_commands::layout::{COLUMNS_MAX, table};
use cartage_commands::screen::{SCREEN_COLUMNS_MAX, SCREEN_LINES_MAX, screen};
use cartage_commands::{Commands, command};
use cartage_contract::orders::{CivilDate, CivilTime, Package, Update};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use state::{Prepared, State};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/gate");
    let base = read(&folder.join("all_six_hold"));
    let mut folders: Vec<PathBuf> =
        fs::read_dir(&folder).expect("the cases are there").map(|entry| entry.expect("a readable entry").path()).collect();
    folders.sort();
    let mut trials = random::trials(&base);
    for folder in folders {
        let name = folder.file_name().and_then(|name| name.to_str()).expect("case names are plain").to_owned();
        let mut question = base.clone();
        merge(&mut question, read(&folder));
        let state: State = serde_json::from_value(question).unwrap_or_else(|error| panic!("{name}: {error}"));
        let for_remedies = state.clone();
        trials.push(Trial::test(name.clone(), move || check(&folder, &state)));
        trials.push(Trial::test(format!("{name}::remedies"), move || remedies_help(&for_remedies)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn read(folder: &Path) -> Value {
    let file = folder.join("question.json");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Applies a JSON merge patch (RFC 7396).
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let fields = target.as_object_mut().expect("it was made one");
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(&name);
        } else {
            merge(fields.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// Compares the whole answer with the expected file.
fn check(folder: &Path, state: &State) -> Result<(), Failed> {
    let prepared = state.prepare();
    let decision = decide(&prepared.question());
    sound(&decision, &explain(&decision))?;
    let found = text(&decision, &prepared);
    let file = folder.join("expected.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &found)?;
    }
    let expected = fs::read_to_string(&file).map_err(|error| format!("{}: {error}; BLESS=1 writes it", file.display()))?;
    if found == expected { Ok(()) } else { Err(format!("expected:\n{expected}\nfound:\n{found}").into()) }
}

/// The answer in the form of the expected file: the verdict, the treatment of the packages, and the table.
fn text(decision: &Decision, prepared: &Prepared) -> String {
    let act = if decision.must_act() { "somebody must act" } else { "nobody must act" };
    let mut text = format!("{:?}, {act}\n", decision.verdict);
    let mut update = update(prepared.packages());
    package::mark(&mut update, packages(prepared.known()));
    for package in &update.packages {
        let name = package.tracking_number.as_deref().or(package.id.as_deref()).unwrap_or("without a number");
        text += &format!(
            "package {name}: {:?}{}\n",
            package.told,
            package.told_number.iter().map(|old| format!(", was {old}")).collect::<String>()
        );
    }
    let explanation = explain(decision);
    format!("{text}\n{}\nIn full:\n\n{}", screen(&explanation), table(&explanation))
}

fn update(packages: &[Package]) -> Update {
    let date = CivilDate { year: 2026, month: 11, day: 23 };
    Update {
        order_number: String::new(),
        reference_number: None,
        label: String::new(),
        status: None,
        previous_label: None,
        changed_at: CivilTime { date, hour: 12, minute: 0, second: 0, utc_offset_minutes: None },
        note: None,
        comments: None,
        notify_customer: None,
        packages: packages.to_vec(),
        line_items: vec![],
        changed_at_unix_ms: None,
        packages_complete: None,
        extra: vec![],
    }
}

/// Properties of every decision and every explanation.
fn sound(decision: &Decision, explanation: &Explanation) -> Result<(), String> {
    let conditions = decision.answers.each_ref().map(|answer| answer.condition);
    ensure(conditions == Condition::ALL, || format!("not all six are answered in order: {conditions:?}"))?;
    for answer in &decision.answers {
        let whole = !answer.value.is_empty() && !answer.reason.text(&Commands).is_empty() && answer.held() == answer.remedies.is_empty();
        ensure(whole, || format!("an answer is not whole: {answer:?}"))?;
    }
    let all = decision.answers.iter().all(cartage::gate::ConditionAnswer::held);
    ensure(all == (decision.verdict != Verdict::Nothing), || format!("the verdict does not follow: {decision:?}"))?;
    ensure(!(all && decision.must_act()), || format!("nobody can have to act: {decision:?}"))?;
    let kept: Decision = serde_json::from_value(serde_json::to_value(decision).expect("a decision is plain data")).expect("it reads back");
    ensure(&kept == decision, || format!("it is kept as {kept:?}"))?;
    let table = table(explanation);
    let wide = table.lines().find(|line| line.chars().count() > COLUMNS_MAX);
    ensure(wide.is_none(), || format!("a line of the table is too wide: {wide:?}"))?;
    let screen = screen(explanation);
    let wide = screen.lines().find(|line| line.chars().count() > SCREEN_COLUMNS_MAX);
    ensure(wide.is_none(), || format!("a line of the screen is too wide: {wide:?}"))?;
    ensure(screen.lines().count() <= SCREEN_LINES_MAX, || format!("this is more than a screen:\n{screen}"))?;
    let marks = explanation.rows.iter().all(|row| screen.contains(&format!("\n  {} {}  ", row.mark.sign(), row.number)));
    ensure(marks, || format!("a condition is missing:\n{screen}"))?;
    ensure(explanation.rows.len() == 6, || format!("{} rows", explanation.rows.len()))
}

fn ensure(is: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if is { Ok(()) } else { Err(message()) }
}

/// Checks, for each condition that does not hold, that it holds after the suggested commands ran. The mode is checked likewise.
fn remedies_help(state: &State) -> Result<(), Failed> {
    let before = decide(&state.prepare().question());
    for answer in before.answers.iter().filter(|answer| !answer.held()) {
        let mut mended = state.clone();
        answer.remedies.iter().for_each(|remedy| commands::run(&mut mended, &command(remedy)));
        let after = decide(&mended.prepare().question());
        ensure(after.answer(answer.condition).held(), || {
            format!("{:?} did not help: {:?}", answer.remedies, after.answer(answer.condition))
        })?;
    }
    if let (Verdict::Shadow, Some(mode)) = (before.verdict, explain(&before).mode) {
        let mut mended = state.clone();
        commands::run(&mut mended, &command(&mode.remedy.expect("a mode that holds an order back has a remedy")));
        let after = decide(&mended.prepare().question());
        ensure(after.verdict == Verdict::Send, || format!("the mode did not help: {after:?}"))?;
    }
    Ok(())
}
