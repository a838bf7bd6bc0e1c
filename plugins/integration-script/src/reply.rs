//! Reads the script's answer.
//!
//! Scripts answer in a dozen forms, mostly with HTTP status 200 whatever happened. So the body is read first, also with 4xx and 5xx, and the status decides
//! only if the body says nothing. [`read`] recognises the form of an answer; [`outcome`] decides what the answer means for an
//! update.
//!
//! The answer is the first line that has the form of one; debug output, notices and comments before it are skipped. Two rules keep an error page that
//! echoes an order's note from counting as OK: in a complete HTML page only the first line of the text counts, and the same holds everywhere if the update
//! itself contains text that looks like an answer.
//!
//! A refusal for an unknown reason is retried a few times before it is final. Such a refusal concerns the order and not the cart. The count is kept
//! in the attempt's `resume` bytes, so that attempts that failed for another reason do not use it up.
//!
//! "OK" does not always mean that the order was found: some scripts answer OK for orders and statuses that they do not know. The plugin cannot detect
//! that.

mod coding;
mod encoding_hint;
mod faults;
mod known;
mod text;

use crate::message::Encoding;
use cartage_sdk::delivery::resumed;
use cartage_sdk::http::{Response, excerpt};
use cartage_sdk::{Applied, Context, Delivery, Failure};
use encoding_hint::Evidence;
use faults::Fault;
use known::{Meaning, Reason};
use std::time::Duration;
use text::{Text, element, first_line, strip_prefix};

/// How often an update that was refused for an unknown reason is tried: over three quarters of an hour on the host's schedule.
pub const UNKNOWN_TRIES: u8 = 6;

/// The most bytes of a reason that are read for its meaning.
const REASON_BYTES_MAX: usize = 2000;

/// The most lines of a reason that are read: one script gives the cause in the third line.
const REASON_LINES_MAX: usize = 4;

/// The explanation in a hint about the encoding, if nothing proves that the encoding is wrong.
const READS_ANOTHER: &str = "scripts do so when they cannot read the encoding";

/// The form of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The update was accepted; the script's notes.
    Ok(String),
    /// The update was refused; the script's reason.
    False(String),
    /// An error outside the function itself: the log-in, the function's name, a missing field.
    Error(String),
    /// The answer to `sendversion`.
    Version(String),
    /// XML with a response code that does not stand for an error.
    Code(String),
    /// The answer begins in a known form and continues otherwise.
    Garbled,
    /// The body is empty.
    Empty,
    /// PHP stopped with a fatal error.
    PhpFatal,
    /// An HTML page for people.
    Html,
    /// An answer of any other form.
    Other,
}

/// The request that the script answered.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The order's number; empty if the request named no order.
    pub order_number: &'a str,
    /// The encoding of the update; `None` if no update was sent.
    pub encoding: Option<Encoding>,
    /// Whether the request contained text that looks like an answer, so that an echo could be mistaken for one.
    pub looks_like_an_answer: bool,
}

/// Recognises the form of an answer.
pub fn read(response: &Response, asked: &Asked<'_>) -> Answer {
    form(&Text::of(response), asked)
}

fn form(text: &Text, asked: &Asked<'_>) -> Answer {
    let first_line_only = text.is_page || asked.looks_like_an_answer;
    let mut lines = text.lines().filter(|line| !text::is_notice(line)).peekable();
    let Some(first) = lines.peek().copied() else { return Answer::Empty };
    let mut begun = None;
    for line in lines.take(if first_line_only { 1 } else { usize::MAX }) {
        match answer(line) {
            Some(Answer::Garbled) => begun = Some(Answer::Garbled),
            Some(answer) => return answer,
            None => {}
        }
    }
    if let Some(garbled) = begun {
        return garbled;
    }
    if text::is_php_fatal(&text.seen) {
        Answer::PhpFatal
    } else if text.is_page || first.starts_with('<') || text.has_markup {
        Answer::Html
    } else {
        Answer::Other
    }
}

/// The answer that begins with this line; `None` if none does.
fn answer(from: &str) -> Option<Answer> {
    if let Some(rest) = strip_prefix(from, "SETIResponse") {
        return Some(seti_response(rest));
    }
    if let Some(rest) = strip_prefix(from, "SETIError") {
        return Some(Answer::Error(reason(rest.trim_start().trim_start_matches([':', '=']))));
    }
    strip_prefix(from, "<?xml").or_else(|| strip_prefix(from, "<SETI"))?;
    xml(from)
}

/// Parses the rest of a `SETIResponse` line: `: update=OK;Notes=...`, `=OK;`, `=False;Note=...`, `: version=1.000`.
fn seti_response(rest: &str) -> Answer {
    let Some(rest) = rest.trim_start().strip_prefix([':', '=']).map(str::trim_start) else { return Answer::Garbled };
    if let Some(version) = strip_prefix(rest, "version=") {
        return Answer::Version(first_line(version));
    }
    let rest = strip_prefix(rest, "update").and_then(|rest| rest.trim_start().strip_prefix('=')).map_or(rest, str::trim_start);
    let end = rest.find([';', '\r', '\n']).unwrap_or(rest.len());
    let (verdict, notes) = rest.split_at(end);
    let notes = notes.trim_start_matches([';', ' ', '\t']);
    let notes = strip_prefix(notes, "Notes=").or_else(|| strip_prefix(notes, "Note=")).unwrap_or(notes);
    match verdict.trim().to_ascii_lowercase().as_str() {
        "ok" => Answer::Ok(first_line(notes.split(['\r', '\n']).next().unwrap_or_default())),
        // "false" is the protocol's word; scripts that merchants wrote themselves use the others.
        "false" | "fail" | "failed" | "error" | "no" | "0" => Answer::False(reason(notes)),
        _ => Answer::Garbled,
    }
}

/// Parses an answer in XML: `<SETIError>` or another root, with `<Response><ResponseCode>3</ResponseCode><ResponseDescription>...`.
fn xml(body: &str) -> Option<Answer> {
    match (element(body, "ResponseCode"), element(body, "ResponseDescription")) {
        (Some(code), description) if code == "3" || text::has_root(body, "SETIError") => {
            Some(Answer::Error(reason(&description.unwrap_or_default())))
        }
        (Some(code), _) => Some(Answer::Code(first_line(&code))),
        (None, Some(description)) if text::has_root(body, "SETIError") => Some(Answer::Error(reason(&description))),
        (None, _) => None,
    }
}

/// The first lines of a script's reason, without its stack trace and without text that it echoes.
fn reason(text: &str) -> String {
    let others = ["#0", "<", "Stack trace", "SETIResponse", "SETIError"];
    let goes_on = |line: &&str| others.iter().all(|other| strip_prefix(line, other).is_none());
    let lines = text.trim().lines().map(str::trim).take_while(goes_on).take(REASON_LINES_MAX);
    let mut reason = lines.collect::<Vec<_>>().join("\n");
    reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
    reason
}

/// The outcome that an answer means for an update.
pub fn outcome(response: &Response, asked: &Asked<'_>, delivery: &Delivery, context: &Context) -> Result<Applied, Failure> {
    match read(response, asked) {
        Answer::Ok(notes) => Ok(Applied::done().message(notes)),
        answer => Err(failure(response, answer, asked, Some(delivery), context)),
    }
}

/// The failure that an answer other than OK means.
pub(crate) fn failure(response: &Response, answer: Answer, asked: &Asked<'_>, delivery: Option<&Delivery>, context: &Context) -> Failure {
    let seen = Text::of(response).seen;
    let judge = Judge { response, asked, delivery, context, evidence: encoding_hint::evidence(&seen, asked) };
    let excerpt = excerpt(&seen);
    match answer {
        Answer::False(reason) => judge.refused("refused the update", &reason, true),
        Answer::Error(reason) => judge.refused("answered with an error", &reason, false),
        Answer::Ok(_) | Answer::Version(_) | Answer::Code(_) => {
            Failure::protocol(judge.said("gave an answer that does not belong to the question", &excerpt))
        }
        Answer::Garbled | Answer::Other | Answer::Html | Answer::Empty if coding::of(response).is_some() => judge.coded(),
        Answer::Garbled => Failure::protocol(judge.said("gave an answer that does not belong to the question", &excerpt)),
        Answer::PhpFatal => judge.no_answer(&seen, |hint| Failure::unavailable(judge.said("died of a PHP error", &excerpt) + hint)),
        Answer::Empty => {
            let hint = if matches!(response.status, 200 | 500) { judge.hint(READS_ANOTHER) } else { String::new() };
            judge.by_status(&format!("nothing in the body{hint}"))
        }
        Answer::Html => judge.no_answer(&seen, |hint| judge.by_status(&format!("a page instead of an answer: {excerpt}{hint}"))),
        Answer::Other => judge.no_answer(&seen, |hint| judge.by_status(&format!("no answer of this protocol: {excerpt}{hint}"))),
    }
}

struct Judge<'a> {
    response: &'a Response,
    asked: &'a Asked<'a>,
    delivery: Option<&'a Delivery>,
    context: &'a Context,
    evidence: Evidence,
}

impl Judge<'_> {
    fn said(&self, what: &str, text: &str) -> String {
        let text = excerpt(text);
        let text = if text.is_empty() { "no reason given" } else { &text };
        format!("the script {what} (HTTP {}): {text}", self.response.status)
    }

    /// The failure for a refusal in the script's own words.
    fn refused(&self, what: &str, reason: &str, of_function: bool) -> Failure {
        let message = self.said(what, reason);
        let reason = Reason { text: reason, order_number: self.asked.order_number, of_function };
        let meaning = known::meaning(&reason);
        if self.was_misread(meaning, reason.text) {
            return self.wrong_encoding(&message);
        }
        match meaning {
            Some(meaning) if !(meaning.is_of_the_cart() && self.passes_by_status()) => self.known(meaning, message, reason.text),
            _ => self.unknown(message, &reason),
        }
    }

    /// Whether the script expects the other encoding. A script that shows the order's number, or checks the log-in first, proves nothing about the encoding.
    fn was_misread(&self, meaning: Option<Meaning>, reason: &str) -> bool {
        let may_be_why = match meaning {
            None | Some(Meaning::NotRead | Meaning::InvalidData) => true,
            Some(Meaning::OrderNotFound) => known::names_no_number(reason),
            Some(_) => false,
        };
        let wants_xml = self.asked.encoding == Some(Encoding::Delimited) && encoding_hint::asks_for_xml(reason);
        may_be_why && !self.passes_by_status() && (self.evidence == Evidence::Certain || wants_xml)
    }

    fn known(&self, meaning: Meaning, message: String, reason: &str) -> Failure {
        match meaning {
            Meaning::OrderNotFound if known::names_no_number(reason) => {
                Failure::order_not_found(message + &self.hint("the script shows no number, and may have read none"))
            }
            Meaning::OrderNotFound => Failure::order_not_found(message),
            Meaning::Credentials => Failure::credentials(message),
            Meaning::NoSuchFunction => Failure::misconfigured(format!(
                "{message}; the script cannot take status updates: install a version of it that can, or switch UseGenericStatusUpdates off for this cart"
            )),
            Meaning::NeedsTls => Failure::misconfigured(format!(
                "{message}; bind `script` to an https URL, and look whether a proxy hides https from the script"
            )),
            Meaning::NotRead if self.asked.encoding == Some(Encoding::Delimited) => self.wrong_encoding(&message),
            Meaning::NotRead => Failure::protocol(format!("{message}; the script did not find the update in what was sent")),
            Meaning::InvalidData => Failure::invalid_data(message),
            Meaning::NoSuchStatus => Failure::status_not_supported(message),
            Meaning::ForbiddenChange => Failure::illegal_transition(message),
            Meaning::Fault(fault) => self.after(fault.failure(message)),
        }
    }

    /// The failure for a reason whose wording is not known. An HTTP status that concerns the whole shop takes precedence.
    fn unknown(&self, message: String, reason: &Reason<'_>) -> Failure {
        let is_of_the_order = reason.of_function || known::is_about_an_order(reason);
        match self.response.status {
            401 | 403 | 408 | 425 | 429 | 500..=599 => self.by_status(&format!("an error: {}", excerpt(reason.text))),
            200..=399 if !is_of_the_order => self.by_status(&format!("an error: {}", excerpt(reason.text))),
            _ => self.a_few_times(message),
        }
    }

    fn a_few_times(&self, message: String) -> Failure {
        let Some(delivery) = self.delivery else { return Failure::protocol(message) };
        let before = resumed(delivery).and_then(|resume| resume.first().copied()).unwrap_or(0);
        let tries = before.saturating_add(1);
        if tries >= UNKNOWN_TRIES {
            return Failure::invalid_data(format!("{message}; it gave such an answer {tries} times")).resume([tries]);
        }
        let message = format!("{message}; whether that passes is not known, so the update is tried again ({tries} of {UNKNOWN_TRIES})");
        self.after(Failure::order_busy(message)).resume([tries])
    }

    /// The failure for a reply that is not an answer: the fault that it names, or otherwise what the status means, with a hint if the encoding may be why.
    fn no_answer(&self, seen: &str, otherwise: impl FnOnce(&str) -> Failure) -> Failure {
        let text = known::normal(&seen[..seen.floor_char_boundary(REASON_BYTES_MAX)]);
        let status = self.response.status;
        if let Some(fault) = faults::certain(&text).filter(|_| matches!(status, 200..=299 | 500..=599)) {
            return self.after(fault.failure(self.said("gave no answer and names a fault", seen)));
        }
        match self.evidence {
            Evidence::Certain if matches!(status, 200..=299 | 400 | 422) => self.wrong_encoding(&self.said("gave no answer", seen)),
            Evidence::Certain | Evidence::Possible => otherwise(&self.hint(READS_ANOTHER)),
            Evidence::None => otherwise(""),
        }
    }

    fn coded(&self) -> Failure {
        let coding = coding::of(self.response).unwrap_or_default();
        self.by_status(&format!(
            "an answer that is compressed ({coding}), although `Accept-Encoding: identity` asked for none: switch compression off for the \
             script's URL, in the server or in PHP (zlib.output_compression)"
        ))
    }

    fn wrong_encoding(&self, message: &str) -> Failure {
        Failure::misconfigured(message.to_owned() + &self.hint("the script did not find what it reads in the encoding that was sent"))
    }

    fn hint(&self, why: &str) -> String {
        let Some(encoding) = self.asked.encoding else { return String::new() };
        format!("; {why}: try the setting encoding = \"{}\"", encoding.other())
    }

    /// Whether the HTTP status means a temporary fault.
    fn passes_by_status(&self) -> bool {
        matches!(self.response.status, 408 | 425 | 429 | 500..=599)
    }

    /// Delays the retry for as long as the answer asks.
    fn after(&self, failure: Failure) -> Failure {
        match self.response.retry_after(self.context).filter(|wait| *wait > Duration::ZERO) {
            Some(wait) => failure.retry_after(wait),
            None => failure,
        }
    }

    /// The failure that the HTTP status means if the body does not decide.
    fn by_status(&self, found: &str) -> Failure {
        let status = self.response.status;
        let message = format!("the script's URL answered HTTP {status}: {found}");
        match status {
            300..=399 => Failure::protocol(format!("{message}; redirects are not followed: bind `script` to the URL that answers at last")),
            401 | 407 => Failure::credentials(format!("{message}; something before the script wants a log-in")),
            // Firewalls inspect the text of a request, so this refusal may be caused by the words of one order.
            403 | 406 => Failure::not_permitted(format!("{message}; something before the script, such as a firewall, denies the request")),
            404 => Failure::protocol(format!("{message}; there is no script here: check the URL that `script` is bound to")),
            410 => Failure::gone(message),
            413 | 414 | 431 => Failure::invalid_data(message),
            429 => self.after(Failure::rate_limited(message)),
            408 | 425 | 500..=599 => self.after(Failure::unavailable(message)),
            _ => Failure::protocol(message),
        }
    }
}

impl Meaning {
    /// Whether this meaning pauses the cart.
    fn is_of_the_cart(self) -> bool {
        matches!(self, Meaning::Credentials | Meaning::NoSuchFunction | Meaning::NeedsTls | Meaning::NotRead)
    }
}

impl Fault {
    fn failure(self, message: String) -> Failure {
        match self {
            Fault::OrderBusy => Failure::order_busy(message),
            Fault::Unavailable => Failure::unavailable(message),
            Fault::RateLimited => Failure::rate_limited(message),
        }
    }
}
