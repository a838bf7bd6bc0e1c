//! The meanings of the wordings that known scripts use. An unknown wording has no meaning here: the update is retried a few times.
//!
//! Words about credentials pause the cart only if they are about a log-in, and not about an order, a payment or a customer.

use super::faults::{self, Fault};

/// The meaning of a wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    OrderNotFound,
    Credentials,
    NoSuchFunction,
    /// The script requires https.
    NeedsTls,
    /// The script received a request but found no update in it.
    NotRead,
    InvalidData,
    NoSuchStatus,
    ForbiddenChange,
    Fault(Fault),
}

/// A script's reason, and the request to which it belongs.
pub(super) struct Reason<'a> {
    /// The script's words, without a stack trace.
    pub(super) text: &'a str,
    pub(super) order_number: &'a str,
    /// Whether the function itself refused the update, and so the log-in had succeeded.
    pub(super) of_function: bool,
}

/// The text that precedes the actual reason in the replies of one script.
const PREAMBLE: &str = "missing or invalid status update data:";

/// Known wordings: each is a list of texts that occur in this order.
const KNOWN: &[(&[&str], Meaning)] = &[
    (&["function \"", "was not found"], Meaning::NoSuchFunction),
    (&["unknown function"], Meaning::NoSuchFunction),
    (&["no such function"], Meaning::NoSuchFunction),
    (&["invalid function"], Meaning::NoSuchFunction),
    (&["unsupported function"], Meaning::NoSuchFunction),
    (&["no support for function"], Meaning::NoSuchFunction),
    (&["function not supported"], Meaning::NoSuchFunction),
    (&["function is not supported"], Meaning::NoSuchFunction),
    (&["function not implemented"], Meaning::NoSuchFunction),
    (&["function is not implemented"], Meaning::NoSuchFunction),
    (&["function updatestatus", "not"], Meaning::NoSuchFunction),
    (&["secured using ssl"], Meaning::NeedsTls),
    (&["requires ssl"], Meaning::NeedsTls),
    (&["ssl", "required"], Meaning::NeedsTls),
    (&["requires https"], Meaning::NeedsTls),
    (&["https", "required"], Meaning::NeedsTls),
    (&["must use https"], Meaning::NeedsTls),
    (&["no orders found in request"], Meaning::NotRead),
    (&["xml could not be parsed"], Meaning::InvalidData),
    (&["could not parse"], Meaning::InvalidData),
];

/// Wordings about the status, for orders that were found.
const ABOUT_STATUS: &[(&[&str], Meaning)] = &[
    (&["unknown status"], Meaning::NoSuchStatus),
    (&["no such status"], Meaning::NoSuchStatus),
    (&["invalid status"], Meaning::NoSuchStatus),
    (&["unknown order status"], Meaning::NoSuchStatus),
    (&["invalid order status"], Meaning::NoSuchStatus),
    (&["status", "does not exist"], Meaning::NoSuchStatus),
    (&["status", "is not valid"], Meaning::NoSuchStatus),
    (&["cannot change", "status from"], Meaning::ForbiddenChange),
    (&["can't change", "status from"], Meaning::ForbiddenChange),
    (&["status cannot be changed from"], Meaning::ForbiddenChange),
    (&["transition", "not allowed"], Meaning::ForbiddenChange),
    (&["invalid transition"], Meaning::ForbiddenChange),
];

/// The meaning of a script's reason; `None` if the wording is not known.
pub(super) fn meaning(reason: &Reason<'_>) -> Option<Meaning> {
    let text = normal(reason.text);
    let text = text.strip_prefix(PREAMBLE).unwrap_or(&text);
    if let Some(fault) = faults::certain(text) {
        return Some(Meaning::Fault(fault));
    }
    if text.contains("store connection") {
        let of_code = text.contains("store_exception");
        return Some(if of_code { Meaning::Credentials } else { Meaning::Fault(Fault::Unavailable) });
    }
    let by = |rows: &[(&[&str], Meaning)]| rows.iter().find(|(pieces, _)| follow(text, pieces)).map(|(_, meaning)| *meaning);
    if let Some(known) = by(KNOWN) {
        return Some(known);
    }
    if is_order_not_found(text, &normal(reason.order_number)) {
        return Some(Meaning::OrderNotFound);
    }
    if let Some(said) = faults::of_backend(text) {
        return said.ok().map(Meaning::Fault);
    }
    if faults::is_not_yet(text) {
        return Some(Meaning::Fault(Fault::OrderBusy));
    }
    if is_about_log_in(text, reason) {
        return Some(Meaning::Credentials);
    }
    if faults::is_soon_over(text) {
        return Some(Meaning::Fault(Fault::Unavailable));
    }
    // `Status update` is the name of the function and does not refer to a status.
    by(ABOUT_STATUS).filter(|_| !text.contains("status update"))
}

/// Whether a reason is about an order, and not about the shop.
pub(super) fn is_about_an_order(reason: &Reason<'_>) -> bool {
    let text = normal(reason.text);
    let next = words(&text).skip(1).chain([""]);
    let names_an_order = words(&text).zip(next).any(|(word, next)| word == "order" && next != "manager");
    names_an_order || is_about_one_order(&text, reason.order_number)
}

/// Whether a text is about one order, its payment or its customer. The word "order" alone is not enough, because "Order Manager" contains it.
fn is_about_one_order(text: &str, order_number: &str) -> bool {
    let number = normal(order_number);
    let numbered = |(word, next): (&str, &str)| word == "order" && next.contains(|c: char| c.is_ascii_digit());
    words(text).any(|word| word == number || OF_ONE_ORDER.contains(&word)) || words(text).zip(words(text).skip(1)).any(numbered)
}

/// Whether a reason for "order not found" shows no number at all: the script may have read none.
pub(super) fn names_no_number(text: &str) -> bool {
    let text = normal(text);
    let ends = ["order", "number", "#", "id"].iter().any(|word| text.trim_end_matches(['.', '!', ' ']).ends_with(word));
    ends || ["order number was", "order # ", "order #, ", "order '' ", "order \"\" ", "order 0 ", "order #0 ", "number 0 "]
        .iter()
        .any(|gap| text.contains(gap))
}

/// The text in lower case on one line, without the host's placeholders for secrets, which are not the script's words.
pub(super) fn normal(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[account.") {
        plain.push_str(before);
        rest = after.split_once(']').map_or(after, |(_, after)| after);
    }
    plain.push_str(rest);
    plain.to_ascii_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the pieces occur in this order.
pub(super) fn follow(text: &str, pieces: &[&str]) -> bool {
    pieces.iter().try_fold(text, |rest, piece| rest.split_once(piece).map(|(_, after)| after)).is_some()
}

fn is_order_not_found(text: &str, number: &str) -> bool {
    const BEFORE: &[&str] = &[
        "unable to find order",
        "unable to locate order",
        "could not find order",
        "couldn't find order",
        "could not locate order",
        "cannot find order",
        "can't find order",
        "can not find order",
        "no such order",
        "unknown order",
        "invalid order number",
        "invalid order id",
        "no matching order",
        "no order found",
        "no order with",
    ];
    const AFTER: &[&str] = &["not found", "not be found", "not exist", "n't exist", "n't found", "unknown", "not known"];
    const BETWEEN: &[&str] =
        &["number", "no", "num", "id", "nr", "with", "key", "increment", "the", "was", "could", "does", "do", "is", "web"];
    const OTHER_THING: &[&str] =
        &["status", "item", "items", "line", "lines", "detail", "details", "state", "history", "product", "comment"];
    let begins = |piece: &&str| {
        text.split_once(*piece).is_some_and(|(_, after)| words(after).next().is_none_or(|word| !OTHER_THING.contains(&word)))
    };
    if BEFORE.iter().any(begins) {
        return true;
    }
    let is_between = |word: &str| BETWEEN.contains(&word) || word.contains(|c: char| c.is_ascii_digit());
    text.match_indices("order").any(|(at, order)| {
        let after = &text[at + order.len()..];
        let after = if number.is_empty() { after.to_owned() } else { after.replace(number, " ") };
        AFTER.iter().any(|verdict| after.split_once(verdict).is_some_and(|(between, _)| words(between).all(is_between)))
    })
}

/// Words that show that a reason is about an order, a payment or a customer.
const OF_ONE_ORDER: &[&str] = &[
    "payment",
    "paid",
    "customer",
    "buyer",
    "recipient",
    "shipment",
    "package",
    "tracking",
    "invoice",
    "card",
    "transaction",
    "refund",
    "item",
    "product",
    "sku",
    "address",
];

/// Whether a reason is about the log-in, and about no order. A function that runs after the log-in would report a failed log-in only in words that can mean
/// nothing else.
fn is_about_log_in(text: &str, reason: &Reason<'_>) -> bool {
    const CERTAIN: &[&str] = &[
        "access denied",
        "authentication failed",
        "authentication failure",
        "authentication error",
        "authentication required",
        "not authenticated",
        "not logged in",
        "login required",
    ];
    const BEFORE_THE_FUNCTION: &[&str] = &[
        "authorization required",
        "unauthorized",
        "unauthorised",
        "not authorized",
        "not authorised",
        "unknown user",
        "no such user",
        "invalid user",
        "account is disabled",
        "account has been disabled",
    ];
    const WHATEVER_ELSE_IT_NAMES: &[&str] = &["user does not have access", "user not found", "account is inactive"];
    const SUBJECTS: &[&str] = &["password", "passwd", "username", "user name", "user id", "userid", "setiuser", "credential", "store code"];
    const SUBJECTS_BEFORE_THE_FUNCTION: &[&str] = &["login", "log-in", "log in", "logon"];
    const VERDICTS: &[&str] = &[
        "invalid",
        "incorrect",
        "wrong",
        "bad ",
        "mismatch",
        "not match",
        "n't match",
        "denied",
        "fail",
        "unknown",
        "not found",
        "not recogni",
        "unrecogni",
        "not valid",
        "expired",
        "inactive",
        "disabled",
        "check your",
        "verify your",
        "refused",
        "rejected",
        "not accepted",
        "required",
        "does not exist",
        "please",
    ];
    let text = &said(text);
    let holds = |pieces: &[&str]| pieces.iter().any(|piece| text.contains(piece));
    let places = |pieces: &[&str]| pieces.iter().flat_map(|piece| text.match_indices(piece)).map(|(at, _)| at).collect::<Vec<_>>();
    if !reason.of_function && holds(WHATEVER_ELSE_IT_NAMES) {
        return true;
    }
    if is_about_one_order(text, reason.order_number) {
        return false;
    }
    let mut subjects = places(SUBJECTS);
    if !reason.of_function {
        if holds(BEFORE_THE_FUNCTION) {
            return true;
        }
        subjects.extend(places(SUBJECTS_BEFORE_THE_FUNCTION));
    }
    let verdicts = places(VERDICTS);
    holds(CERTAIN) || subjects.iter().any(|subject| verdicts.iter().any(|verdict| subject.abs_diff(*verdict) <= PAIR_BYTES_MAX))
}

/// The greatest distance, in bytes, at which two words count as related.
const PAIR_BYTES_MAX: usize = 60;

/// The text without quotations, and without names that are followed by a value (`Username=`): neither is the script's own statement.
fn said(text: &str) -> String {
    let unquoted: String = text.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    unquoted.split(' ').filter(|word| !word.contains('=')).collect::<Vec<_>>().join(" ")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_')).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests;
