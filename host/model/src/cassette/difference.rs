//! Describes in words how one take of a call differs from another, and how one manifest differs from another.
//!
//! The asks of two takes are aligned: those that are the same stay where they are, and between them each ask is compared with the one that is about
//! the same thing. The rest were added or removed, or stand in another place.

mod json;

use super::asks::{alike, aspects, cut, same, shown};
use super::replay::{Asked, Ending, Take};
use crate::exchange::{CallEnd, Outcome};
use cartage_base::counted::counted;
use cartage_contract::manifest::Manifest;
use json::changes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// The most pairs of asks for which the best alignment is computed. Above that, asks are aligned in order.
const PAIRS_MAX: usize = 250_000;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The place of the difference: `request 2`, `signature 1`, `outcome`, `endpoint api`.
    pub at: String,
    /// The kind of the difference.
    pub how: How,
    /// The part that differs, such as `header x-shop`. `None` if the whole does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// The former value. `None` if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// The new value. `None` if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
}

/// The kind of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// The value was changed.
    Changed,
    /// The new take or manifest has an additional part.
    Added,
    /// The new take or manifest lacks a part.
    Removed,
    /// The part is the same and stands in another place.
    Moved,
    /// The call was ended at this ask, because no answer is recorded.
    NotAnswered,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { at, how, what, was, is } = self;
        let (was, is) = (was.as_deref().unwrap_or_default(), is.as_deref().unwrap_or_default());
        match (how, what) {
            (How::Changed, Some(what)) => write!(f, "{at}: {what} was {}, is {}", quoted(was), quoted(is)),
            (How::Changed, None) => write!(f, "{at} was {}, is {}", quoted(was), quoted(is)),
            (How::Added, Some(what)) => write!(f, "{at}: {what} is new: {}", quoted(is)),
            (How::Added, None) => write!(f, "{at} is new: {is}"),
            (How::Removed, Some(what)) => write!(f, "{at}: {what} is gone, was {}", quoted(was)),
            (How::Removed, None) => write!(f, "{at} is gone: {was}"),
            (How::Moved, _) => write!(f, "{at} is in another place, now {is}: {was}"),
            (How::NotAnswered, _) => write!(f, "{at}: no answer to it is recorded, so the call was ended there{is}"),
        }
    }
}

/// Puts a text in quotes that do not occur in the text.
fn quoted(text: &str) -> String {
    if text.contains('"') { format!("`{text}`") } else { format!("\"{text}\"") }
}

/// How the second take differs from the first.
pub fn takes(was: &Take, is: &Take) -> Vec<Difference> {
    let mut found = Laid::beside(was, is).differences(was, is);
    if let (Ending::Came(was), Ending::Came(is)) = (&was.ending, &is.ending) {
        outcome(&mut found, was, is);
    }
    found
}

/// How the second manifest differs from the first.
pub fn manifests(was: &Manifest, is: &Manifest) -> Vec<Difference> {
    let value = |manifest| serde_json::to_value(manifest).expect("a manifest is plain data");
    let one = |change: json::Change| {
        let mut path = change.path.into_iter().map(|name| name.replace('_', " "));
        let first = path.next().unwrap_or_default();
        let noun = match first.as_str() {
            "endpoints" => "endpoint",
            "slots" => "credential",
            "settings" => "setting",
            _ => "",
        };
        let at = match (noun, first.as_str()) {
            ("", _) => first,
            (noun, list) => path.next().map_or_else(|| list.to_owned(), |name| format!("{noun} {name}")),
        };
        told(at, path.collect::<Vec<_>>().join(" "), change.was, change.is)
    };
    changes(&value(was), &value(is)).into_iter().map(one).collect()
}

/// The difference between two values at a place.
fn told(at: String, what: String, was: Option<Value>, is: Option<Value>) -> Difference {
    let how = match (&was, &is) {
        (None, _) => How::Added,
        (_, None) => How::Removed,
        _ => How::Changed,
    };
    let text = |value: Value| {
        // An endpoint, a slot or a setting says itself what it is for.
        let about = ["purpose", "title"].iter().find_map(|name| value.get(*name)?.as_str().map(str::to_owned));
        let text = about.or_else(|| value.as_str().map(str::to_owned));
        cut(&text.unwrap_or_else(|| value.to_string()))
    };
    Difference { at, how, what: (!what.is_empty()).then_some(what), was: was.map(text), is: is.map(text) }
}

fn outcome(found: &mut Vec<Difference>, was: &Outcome, is: &Outcome) {
    if was == is {
        return;
    }
    let (kind_before, kind_now) = (kind(was), kind(is));
    if kind_before != kind_now {
        let at = "outcome".to_owned();
        let (was, is) = (format!("{kind_before}{}", message(was)), format!("{kind_now}{}", message(is)));
        found.push(Difference { at, how: How::Changed, what: None, was: Some(was), is: Some(is) });
        return;
    }
    if let (Outcome::Ended(CallEnd::Trap { reason: was }), Outcome::Ended(CallEnd::Trap { reason: is })) = (was, is) {
        // The functions that led there have other names in every build.
        let first = |reason: &str| reason.lines().next().unwrap_or_default().to_owned();
        if first(was) == first(is) {
            return;
        }
    }
    let value = |outcome| serde_json::to_value(outcome).expect("an outcome is plain data");
    found.extend(changes(&value(was), &value(is)).into_iter().map(|change| {
        // The first name is that of the outcome's kind.
        let what = change.path.iter().skip(1).map(|name| name.replace('_', " ")).collect::<Vec<_>>().join(" ");
        told("outcome".to_owned(), what, change.was, change.is)
    }));
}

/// The kind of an outcome in a word or two.
fn kind(outcome: &Outcome) -> String {
    let name = |kind: Value| kind.as_str().unwrap_or_default().to_owned();
    let of = |kind: serde_json::Result<Value>| name(kind.expect("a kind is plain data"));
    match outcome {
        Outcome::Applied(applied) => of(serde_json::to_value(applied.outcome)),
        Outcome::Failed(failure) => format!("failed ({})", of(serde_json::to_value(failure.kind))),
        Outcome::Choices(_) => "a list".to_owned(),
        Outcome::Report(_) => "a report".to_owned(),
        Outcome::Ended(CallEnd::Trap { .. }) => "a trap".to_owned(),
        Outcome::Ended(CallEnd::Limit { .. }) => "over a limit".to_owned(),
        Outcome::Ended(CallEnd::Contract { .. }) => "against the contract".to_owned(),
        Outcome::Ended(CallEnd::Stopped(_) | CallEnd::Host { .. }) => "ended by the host".to_owned(),
    }
}

fn message(outcome: &Outcome) -> String {
    let message = match outcome {
        Outcome::Applied(applied) => applied.message.clone(),
        Outcome::Failed(failure) => Some(failure.message.clone()),
        Outcome::Choices(_) | Outcome::Report(_) => None,
        Outcome::Ended(ended) => Some(ended.to_string().lines().next().unwrap_or_default().to_owned()),
    };
    message.filter(|message| !message.is_empty()).map(|message| format!(": {}", cut(&message))).unwrap_or_default()
}

/// The alignment of two takes' asks: indices into the first and the second.
#[derive(Default)]
struct Laid {
    /// Pairs of asks that are about the same thing and differ.
    changed: Vec<(usize, usize)>,
    removed: Vec<usize>,
    added: Vec<usize>,
    /// The index in the first take up to which all asks are aligned with the second.
    reached: usize,
}

impl Laid {
    fn beside(was: &Take, is: &Take) -> Laid {
        let mut laid = Laid::default();
        let (mut at_was, mut at_is) = (0, 0);
        let end = (was.asks.len(), is.asks.len());
        for (was_next, is_next) in in_common(&was.asks, &is.asks).into_iter().chain([end]) {
            laid.gap(was, at_was..was_next, is, at_is..is_next);
            if was_next < end.0 {
                laid.reached = was_next + 1;
            }
            (at_was, at_is) = (was_next + 1, is_next + 1);
        }
        laid
    }

    /// Aligns the asks between two that are the same.
    fn gap(&mut self, was: &Take, of_was: std::ops::Range<usize>, is: &Take, of_is: std::ops::Range<usize>) {
        let mut before: Vec<usize> = of_was.collect();
        let mut now: Vec<usize> = of_is.collect();
        let is_request = |asked: &Asked| matches!(asked, Asked::Request(_));
        let of_one_kind = |was: &Asked, is: &Asked| is_request(was) == is_request(is);
        type IsPair<'a> = &'a dyn Fn(&Asked, &Asked) -> bool;
        let about_the_same: [IsPair<'_>; 2] = [&alike, &of_one_kind];
        // Those that have a like elsewhere in the gap of the other take are no pair of strangers.
        for is_pair in about_the_same {
            now.retain(|new| {
                let Some(at) = before.iter().position(|old| is_pair(&was.asks[*old], &is.asks[*new])) else { return true };
                let old = before.remove(at);
                self.changed.push((old, *new));
                self.reached = self.reached.max(old + 1);
                false
            });
        }
        self.removed.extend(before);
        self.added.extend(now);
    }

    fn differences(mut self, was: &Take, is: &Take) -> Vec<Difference> {
        let mut found: Vec<(usize, Difference)> = Vec::new();
        // A stranger that stands elsewhere as well was moved.
        let removed = std::mem::take(&mut self.removed);
        for old in removed {
            match self.added.iter().position(|new| same(&was.asks[old], &is.asks[*new])) {
                Some(at) => {
                    let new = self.added.remove(at);
                    let (at, now) = (numbered(&was.asks, old), numbered(&is.asks, new));
                    found.push((old, difference(at, How::Moved, Some(shown(&was.asks[old])), Some(now))));
                }
                None => self.removed.push(old),
            }
        }
        for (old, new) in &self.changed {
            let at = numbered(&was.asks, *old);
            found.extend(aspects(&was.asks[*old], &is.asks[*new]).into_iter().map(|aspect| {
                let how = match (&aspect.was, &aspect.is) {
                    (None, _) => How::Added,
                    (_, None) => How::Removed,
                    _ => How::Changed,
                };
                (*old, Difference { at: at.clone(), how, what: Some(aspect.what), was: aspect.was, is: aspect.is })
            }));
        }
        let unknown = is.ending == Ending::NoAnswer && was.ending != Ending::NoAnswer;
        // What the call would have asked after the place where it was ended is not known.
        let (gone, not_reached): (Vec<usize>, Vec<usize>) = self.removed.iter().copied().partition(|old| !unknown || *old < self.reached);
        found.extend(
            gone.into_iter().map(|old| (old, difference(numbered(&was.asks, old), How::Removed, Some(shown(&was.asks[old])), None))),
        );
        found.extend(
            self.added.iter().map(|new| (*new, difference(numbered(&is.asks, *new), How::Added, None, Some(shown(&is.asks[*new]))))),
        );
        found.sort_by_key(|(place, _)| *place);
        let mut found: Vec<Difference> = found.into_iter().map(|(_, difference)| difference).collect();
        if unknown {
            let last = is.asks.len().saturating_sub(1);
            let rest = match not_reached.len() {
                0 => None,
                more => Some(format!("; {} after it and the outcome are not compared", counted(more, "ask"))),
            };
            found.push(difference(numbered(&is.asks, last), How::NotAnswered, None, rest));
        }
        found
    }
}

fn difference(at: String, how: How, was: Option<String>, is: Option<String>) -> Difference {
    Difference { at, how, what: None, was, is }
}

/// The name of an ask, such as `request 2`. Requests and signatures are counted separately.
fn numbered(asks: &[Asked], at: usize) -> String {
    let is_request = |asked: &&Asked| matches!(asked, Asked::Request(_));
    let of_kind = |asked: &&Asked| asks.get(at).is_some_and(|one| is_request(&one) == is_request(asked));
    let number = asks.iter().take(at + 1).filter(of_kind).count();
    match asks.get(at) {
        Some(Asked::Signature { .. }) => format!("signature {number}"),
        Some(Asked::Request(_)) | None => format!("request {number}"),
    }
}

/// The longest common subsequence of asks, as pairs of indices.
fn in_common(was: &[Asked], is: &[Asked]) -> Vec<(usize, usize)> {
    let start = was.iter().zip(is).take_while(|(was, is)| same(was, is)).count();
    let mut common: Vec<(usize, usize)> = (0..start).map(|at| (at, at)).collect();
    let (was, is) = (&was[start..], &is[start..]);
    if was.len().saturating_mul(is.len()) > PAIRS_MAX {
        let pairs = was.iter().zip(is).enumerate().filter(|(_, (was, is))| same(was, is));
        common.extend(pairs.map(|(at, _)| (start + at, start + at)));
        return common;
    }
    // How many the rest of both has in common, from each place on.
    let mut lengths = vec![vec![0_usize; is.len() + 1]; was.len() + 1];
    let mut equal = vec![vec![false; is.len()]; was.len()];
    for old in (0..was.len()).rev() {
        for new in (0..is.len()).rev() {
            equal[old][new] = same(&was[old], &is[new]);
            lengths[old][new] =
                if equal[old][new] { lengths[old + 1][new + 1] + 1 } else { lengths[old + 1][new].max(lengths[old][new + 1]) };
        }
    }
    let (mut old, mut new) = (0, 0);
    while old < was.len() && new < is.len() {
        if equal[old][new] {
            common.push((start + old, start + new));
            (old, new) = (old + 1, new + 1);
        } else if lengths[old + 1][new] >= lengths[old][new + 1] {
            old += 1;
        } else {
            new += 1;
        }
    }
    common
}

#[cfg(test)]
mod tests;
