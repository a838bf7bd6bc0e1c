//! What the script answered.
//!
//! Scripts answer in a dozen forms and mostly with HTTP status 200, whatever happened; so the body is read first, also on 4xx and 5xx,
//! and the status decides only where the body says nothing. [`read`] recognises the forms; [`outcome`] says what one means for an
//! update. What is an OK is taken from the start of the body only, after nothing but PHP's own notices: an error page that
//! echoes an order's note must not be able to say it.
//!
//! "OK" does not always mean that the order was found: some scripts say it for orders and statuses that they do not know. That cannot
//! be seen from outside.

mod known;
mod text;

use crate::message::Encoding;
use cartage_sdk::http::{Response, excerpt};
use cartage_sdk::{Applied, Context, Failure};
use known::Meaning;
use std::time::Duration;
use text::{after_notices, element, first_line, strip_prefix, without_tags};

/// The forms of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The update was taken; with the script's notes.
    Ok(String),
    /// It was not; with the script's reason.
    False(String),
    /// An error outside the function itself: the log-in, the function's name, a missing field.
    Error(String),
    /// The answer to `sendversion`.
    Version(String),
    /// XML with a response code of no error.
    Code(String),
    /// Begins as an answer and goes on as none.
    Garbled,
    /// Nothing.
    Empty,
    /// PHP died.
    PhpFatal,
    /// A page for people.
    Html,
    /// Anything else.
    Other,
}

/// Recognises the form of an answer.
pub fn read(response: &Response) -> Answer {
    let text = response.text();
    let body = after_notices(&text);
    if body.is_empty() {
        return Answer::Empty;
    }
    if let Some(rest) = strip_prefix(body, "SETIResponse") {
        return seti_response(rest);
    }
    if let Some(rest) = strip_prefix(body, "SETIError") {
        return Answer::Error(first_line(rest.trim_start().trim_start_matches([':', '='])));
    }
    if strip_prefix(body, "<?xml").or_else(|| strip_prefix(body, "<SETI")).is_some() {
        return xml(body);
    }
    if text::is_php_fatal(body) {
        return Answer::PhpFatal;
    }
    if body.starts_with('<') { Answer::Html } else { Answer::Other }
}

/// `: update=OK;Notes=...`, `=OK;`, `=False;Note=...`, `: version=1.000`.
fn seti_response(rest: &str) -> Answer {
    let Some(rest) = rest.trim_start().strip_prefix([':', '=']).map(str::trim_start) else { return Answer::Garbled };
    if let Some(version) = strip_prefix(rest, "version=") {
        return Answer::Version(first_line(version));
    }
    let rest = strip_prefix(rest, "update=").unwrap_or(rest);
    let end = rest.find([';', '\r', '\n']).unwrap_or(rest.len());
    let (verdict, notes) = rest.split_at(end);
    let notes = notes.trim_start_matches(';').trim_start();
    let notes = strip_prefix(notes, "Notes=").or_else(|| strip_prefix(notes, "Note=")).unwrap_or(notes);
    match verdict.trim().to_ascii_lowercase().as_str() {
        "ok" => Answer::Ok(first_line(notes)),
        "false" => Answer::False(first_line(notes)),
        _ => Answer::Garbled,
    }
}

/// `<SETIError>` or another root, with `<Response><ResponseCode>3</ResponseCode><ResponseDescription>...`.
fn xml(body: &str) -> Answer {
    match (element(body, "ResponseCode"), element(body, "ResponseDescription")) {
        (Some(code), description) if code == "3" || text::has_root(body, "SETIError") => Answer::Error(description.unwrap_or_default()),
        (Some(code), _) => Answer::Code(code),
        (None, Some(description)) if text::has_root(body, "SETIError") => Answer::Error(description),
        (None, _) => Answer::Html,
    }
}

/// What an answer means for an update.
pub fn outcome(response: &Response, encoding: Encoding, context: &Context) -> Result<Applied, Failure> {
    match read(response) {
        Answer::Ok(notes) => Ok(Applied::done().message(notes)),
        answer => Err(failure(response, answer, Some(encoding), context)),
    }
}

/// What an answer that is no OK means. The encoding is that of an update; the other is suggested where a script shows that it cannot read it.
pub(crate) fn failure(response: &Response, answer: Answer, encoding: Option<Encoding>, context: &Context) -> Failure {
    let said = |what: &str, text: &str| {
        let text = if text.is_empty() { "no reason given" } else { text };
        format!("the script {what} (HTTP {}): {text}", response.status)
    };
    let body = response.text();
    match answer {
        Answer::False(reason) => {
            let message = said("refused the update", &reason);
            known::meaning(&reason).unwrap_or(Meaning::InvalidData).failure(message)
        }
        Answer::Error(reason) => match known::meaning(&reason) {
            Some(meaning) => meaning.failure(said("answered with an error", &reason)),
            None if matches!(response.status, 400 | 422) => Failure::invalid_data(said("answered with an error", &reason)),
            None => by_status(response, context, &format!("an error: {reason}")),
        },
        Answer::Ok(_) | Answer::Version(_) | Answer::Code(_) | Answer::Garbled => {
            Failure::protocol(said("gave an answer that does not belong to the question", &response.excerpt()))
        }
        Answer::PhpFatal => Failure::unavailable(said("died of a PHP error", &excerpt(&without_tags(&body)))),
        Answer::Empty => {
            let hint = encoding.filter(|_| matches!(response.status, 200 | 500)).map_or_else(String::new, hint);
            by_status(response, context, &format!("nothing in the body{hint}"))
        }
        Answer::Html => by_status(response, context, &format!("a page instead of an answer: {}", excerpt(&without_tags(&body)))),
        Answer::Other => by_status(response, context, &format!("no answer of this protocol: {}", response.excerpt())),
    }
}

/// A script that cannot read an encoding often dies silently.
fn hint(encoding: Encoding) -> String {
    format!("; scripts do so when they cannot read the encoding: try the setting encoding = \"{}\"", encoding.other())
}

/// What the HTTP status means where the body does not say.
fn by_status(response: &Response, context: &Context, found: &str) -> Failure {
    let status = response.status;
    let message = format!("the script's URL answered HTTP {status}: {found}");
    let wait = response.retry_after(context).filter(|wait| *wait > Duration::ZERO);
    let after = |failure: Failure| match wait {
        Some(wait) => failure.retry_after(wait),
        None => failure,
    };
    match status {
        300..=399 => Failure::protocol(format!("{message}; redirects are not followed: bind `script` to the URL that answers at last")),
        401 | 403 => Failure::credentials(format!("{message}; something before the script wants a log-in or denies the request")),
        404 => Failure::protocol(format!("{message}; there is no script here: check the URL that `script` is bound to")),
        410 => Failure::gone(message),
        413 | 414 | 431 => Failure::invalid_data(message),
        429 => after(Failure::rate_limited(message)),
        408 | 425 | 500..=599 => after(Failure::unavailable(message)),
        _ => Failure::protocol(message),
    }
}

impl Meaning {
    fn failure(self, message: String) -> Failure {
        match self {
            Meaning::OrderNotFound => Failure::order_not_found(message),
            Meaning::Credentials => Failure::credentials(message),
            Meaning::NoSuchFunction => Failure::protocol(format!("{message}; the script cannot take status updates")).never_retry(),
            Meaning::NotRead => Failure::protocol(format!("{message}; the script did not find the update in what was sent")),
            Meaning::InvalidData => Failure::invalid_data(message),
        }
    }
}
