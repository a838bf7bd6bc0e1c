//! Checks a script's entries against each other, after its form was read.

use crate::script::{Reply, Rule, Script, Source};
use crate::template;
use std::collections::BTreeSet;

/// The most entries in each list of a script.
const ENTRIES_MAX: usize = 200;

/// Everything that is wrong with a script: a sentence for each problem, which names the entry.
pub(crate) fn problems(script: &Script) -> Vec<String> {
    let mut found = Vec::new();
    let lists = [
        ("order", script.orders.len()),
        ("rule", script.rules.len()),
        ("refusal", script.refusals.len()),
        ("bypass", script.bypasses.len()),
        ("case", script.cases.len()),
    ];
    for (list, count) in lists.into_iter().filter(|(_, count)| *count > ENTRIES_MAX) {
        found.push(format!("there are {count} [[{list}]], and {ENTRIES_MAX} are allowed"));
    }
    if script.known_order().is_none() {
        found.push("no [[order]] has a number of its own; give the cart at least one order that it knows: number = \"1021\"".to_owned());
    }
    if script.rules.is_empty() {
        found.push("there is no [[rule]]; say how the cart answers the plugin's requests".to_owned());
    }
    let rules: Vec<&str> = script.rules.iter().map(|rule| rule.name.as_str()).collect();
    twice("rule", &rules, &mut found);
    script.rules.iter().for_each(|rule| check_rule(rule, &mut found));
    for refusal in &script.refusals {
        let entry = format!("[[refusal]] {:?}", refusal.case);
        if let Some(rule) = refusal.rule.as_deref().filter(|rule| !rules.contains(rule)) {
            found.push(format!("{entry} names the rule {rule:?}, which does not exist; the rules are {}", rules.join(", ")));
        }
        check_reply(&entry, &refusal.reply, None, &mut found);
    }
    twice("bypass", &script.bypasses.iter().map(|bypass| bypass.case.as_str()).collect::<Vec<_>>(), &mut found);
    for bypass in script.bypasses.iter().filter(|bypass| bypass.reason.trim().is_empty()) {
        found.push(format!(
            "[[bypass]] {:?} has no reason; say why the cart cannot be held to that case, or leave the bypass out",
            bypass.case
        ));
    }
    twice("case", &script.cases.iter().map(|case| case.name.as_str()).collect::<Vec<_>>(), &mut found);
    for case in &script.cases {
        let entry = format!("[[case]] {:?}", case.name);
        if !is_name(&case.name) {
            found.push(format!("{entry} has a name of other characters than lower-case letters, digits and hyphens"));
        }
        if case.unchanged && !case.effects.is_empty() {
            found.push(format!("{entry} says that the cart is unchanged, and names effects; leave one of the two out"));
        }
        if let Some(refusal) = case.refusal.as_deref().filter(|refusal| script.refusals_of(refusal).next().is_none()) {
            found.push(format!("{entry} names the refusal {refusal:?}, which does not exist; add a [[refusal]] with that case"));
        }
    }
    found
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn twice(list: &str, names: &[&str], found: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for name in names.iter().filter(|name| !seen.insert(**name)) {
        found.push(format!("[[{list}]] {name:?} appears twice; give each a name of its own"));
    }
}

fn check_rule(rule: &Rule, found: &mut Vec<String>) {
    let entry = format!("[[rule]] {:?}", rule.name);
    for (name, source) in &rule.read {
        if let Some(problem) = source_problem(source) {
            found.push(format!("{entry} reads {name:?}, and {problem}"));
        }
    }
    let needs = [("order", rule.order.is_some()), ("status", rule.status.is_some())];
    for (name, _) in needs.into_iter().filter(|(name, needed)| *needed && !rule.read.contains_key(*name)) {
        found.push(format!("{entry} depends on the {name}, but does not read it; add read.{name}"));
    }
    let templates = rule.set.values().chain(rule.add.values()).chain(&rule.once);
    for text in templates {
        check_template(&entry, text, Some(rule), &[], found);
    }
    check_reply(&entry, &rule.reply, Some(rule), found);
}

fn source_problem(source: &Source) -> Option<&'static str> {
    let Source { form, query, header, segment, json, between } = source;
    let places = [form.is_some(), query.is_some(), header.is_some(), segment.is_some()].into_iter().filter(|is| *is).count();
    if places > 1 {
        return Some("a value is in one place: form, query, header or segment");
    }
    if json.is_some() && between.is_some() {
        return Some("a value is picked in one way: json or between");
    }
    if places == 0 && json.is_none() && between.is_none() {
        return Some("says neither where it is (form, query, header, segment) nor how it is picked from the body (json, between)");
    }
    if segment == &Some(0) {
        return Some("segments of a path are counted from 1");
    }
    if json.as_ref().is_some_and(|pointer| !pointer.starts_with('/')) {
        return Some("a JSON pointer begins with a slash");
    }
    between.as_ref().filter(|(from, to)| from.is_empty() || to.is_empty()).map(|_| "both texts of `between` must not be empty")
}

/// Checks an answer. A refusal answers requests of several rules, so its templates may not use values that were read (`rule` is `None`).
fn check_reply(entry: &str, reply: &Reply, rule: Option<&Rule>, found: &mut Vec<String>) {
    if !(200..=599).contains(&reply.status) {
        found.push(format!("{entry} replies with the status {}; a final status is 200 to 599", reply.status));
    }
    for text in reply.headers.values().chain([&reply.body]) {
        check_template(entry, text, rule, &reply.items.keys().map(String::as_str).collect::<Vec<_>>(), found);
    }
    for (kind, item) in &reply.items {
        match template::names(item) {
            Ok(names) if names.iter().all(|name| ["index", "value"].contains(name) || name.starts_with("order.")) => {}
            Ok(_) => found.push(format!("{entry} writes items.{kind} with a name besides ${{index}}, ${{value}} and those of the order")),
            Err(problem) => found.push(format!("{entry} has an invalid template: {problem}")),
        }
    }
}

fn check_template(entry: &str, text: &str, rule: Option<&Rule>, items: &[&str], found: &mut Vec<String>) {
    let names = match template::names(text) {
        Ok(names) => names,
        Err(problem) => return found.push(format!("{entry} has an invalid template: {problem}")),
    };
    for name in names {
        let is_known = match name.split_once('.') {
            Some(("order", _)) => true,
            Some(("items", kind)) => items.contains(&kind),
            _ => rule.is_none_or(|rule| rule.read.contains_key(name)),
        };
        if !is_known {
            found.push(format!("{entry} uses ${{{name}}}, which is not read; add read.{name} to the rule"));
        }
    }
}
