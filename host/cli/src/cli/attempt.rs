//! How an attempt is shown to a person: the requests as sent with secrets hidden, the responses, and the receipt.

use super::report;
use cartage::cassette::{Cassette, Entry, HttpEntry, WireRecord};
use cartage::deliver::Attempt;
use cartage::exchange::{Outcome, Stop};
use cartage::receipt::{Fate, PauseReason, Receipt};
use cartage_contract::http::Reach;

/// Characters of a body that are shown. The cassette holds the whole body.
const SHOWN_CHARS_MAX: usize = 4_000;

/// How a form's body is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forms {
    /// Decoded, because percent-encoded XML is hard to read. The cassette holds the bytes.
    Decoded,
    /// As sent, followed by the decoded form.
    Both,
}

/// Prints an attempt: its cassette and its receipt.
pub(super) fn show(attempt: &Attempt) {
    show_cassette(&attempt.cassette);
    report::heading("receipt");
    report::rows(&receipt_rows(&attempt.receipt));
}

/// Prints an attempt for a plugin's author: bodies as sent, and no cart.
pub(super) fn show_exact(attempt: &Attempt) {
    show_entries(&attempt.cassette, Forms::Both);
    report::heading("outcome");
    let rows = receipt_rows(&attempt.receipt);
    report::rows(&rows.into_iter().filter(|(name, _)| *name != "cart").collect::<Vec<_>>());
}

/// Prints the plugin's calls and the answers to them.
pub(super) fn show_cassette(cassette: &Cassette) {
    show_entries(cassette, Forms::Decoded);
}

fn show_entries(cassette: &Cassette, forms: Forms) {
    report::heading("plugin");
    report::rows(&[(cassette.plugin.as_str(), format!("version {}\n{}", cassette.version, cassette.digest))]);
    let mut number = 0;
    for entry in &cassette.recording.entries {
        match entry {
            Entry::Http(http) => {
                number += 1;
                report::heading(&format!("request {number}"));
                report::rows(&request_rows(http, forms));
            }
            Entry::Signature { slot, algorithm, answer, .. } => {
                let what = slot.as_ref().map_or_else(|| format!("{algorithm:?} digest"), |slot| format!("{algorithm:?} MAC with {slot}"));
                report::rows(&[("signed", answer.as_ref().map_or_else(|error| format!("{what}: {error}"), |_| what.clone()))]);
            }
            Entry::Log { level, message } => report::rows(&[(format!("log {level:?}").to_lowercase(), message.clone())]),
        }
    }
    warn_of_reflection(cassette.recording.secret_reflected);
}

/// Prints a warning if the cart's response contained a secret.
pub(in crate::cli) fn warn_of_reflection(secret_reflected: bool) {
    if secret_reflected {
        report::talk(
            "warning: the cart's answer contained a secret, so anyone who can read the cart's answers may know it; change that credential",
        );
    }
}

fn request_rows(http: &HttpEntry, forms: Forms) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    match &http.wire {
        Some(wire) => wire_rows(wire, forms, &mut rows),
        None => {
            rows.push(("asked".to_owned(), format!("{} {} of endpoint {}", http.request.method, http.request.path, http.request.endpoint)))
        }
    }
    let peer = http.peer.map(|peer| format!(" from {peer}")).unwrap_or_default();
    match &http.answer {
        Some(Ok(response)) => {
            rows.push(("answer".to_owned(), format!("{}{peer} after {} ms", response.status, http.took_ms)));
            rows.extend(response.headers.iter().map(|header| (String::new(), format!("{}: {}", header.name, header.value))));
            if !response.body.is_empty() {
                rows.push((String::new(), shown(&String::from_utf8_lossy(&response.body))));
            }
        }
        Some(Err(error)) => rows.push(("no answer".to_owned(), format!("{} ({})", error.message, reach(error.reach)))),
        None => rows.push(("no answer".to_owned(), "the call ended here".to_owned())),
    }
    if let Some(location) = &http.redirect_to {
        rows.push(("redirect".to_owned(), format!("not followed, to {location}; if the shop has moved, change the endpoint's base_url")));
    }
    rows
}

fn wire_rows(wire: &WireRecord, forms: Forms, rows: &mut Vec<(String, String)>) {
    rows.push((wire.method.to_string(), wire.url.clone()));
    rows.extend(wire.headers.iter().map(|(name, value)| (String::new(), format!("{name}: {value}"))));
    let Some(body) = &wire.body else { return };
    let form = wire.headers.iter().any(|(name, value)| name == "content-type" && value.starts_with("application/x-www-form-urlencoded"));
    if !form || forms == Forms::Both {
        rows.push(("body".to_owned(), shown(body)));
    }
    if form {
        let pairs = url::form_urlencoded::parse(body.as_bytes()).map(|(name, value)| format!("{name} = {value}"));
        rows.push(("form".to_owned(), shown(&pairs.collect::<Vec<_>>().join("\n"))));
    }
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{} … and {} more bytes", &text[..end], text.len() - end),
        None => text.to_owned(),
    }
}

fn receipt_rows(receipt: &Receipt) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("cart", receipt.cart.to_string()),
        ("result", fate(receipt.fate)),
        ("reach", reach(receipt.reach).to_owned()),
        ("delivery", format!("{}, attempt {}", receipt.delivery, receipt.attempt)),
        ("took", format!("{} ms", receipt.took_ms)),
    ];
    rows.extend(receipt.message.clone().filter(|message| !message.is_empty()).map(|message| ("message", message)));
    rows.extend(receipt.reference.clone().map(|reference| ("cart's reference", reference)));
    rows.extend(
        receipt
            .steps
            .iter()
            .map(|step| ("step done", step.reference.as_ref().map_or(step.name.clone(), |at| format!("{} ({at})", step.name)))),
    );
    rows
}

fn reach(reach: Reach) -> &'static str {
    match reach {
        Reach::NothingSent => "nothing was sent",
        Reach::MaybeSent => "the request may have reached the cart",
        Reach::Answered => "the cart answered",
    }
}

/// Describes what follows from an attempt.
pub(super) fn fate(fate: Fate) -> String {
    let text = match fate {
        Fate::Delivered => "delivered",
        Fate::AlreadyDelivered => "delivered: the cart had it already",
        Fate::Retry { floor_ms: Some(ms) } => return format!("failed for now; worth trying again after {} s", ms.div_ceil(1000)),
        Fate::Retry { floor_ms: None } => "failed for now; worth trying again",
        Fate::Busy { .. } => {
            "refused for now: the order cannot be changed at this moment; the update is tried again, and other orders go on"
        }
        Fate::Pending { wish_ms: Some(ms) } => {
            return format!("the cart is still processing the update; it is asked again after {} s", ms.div_ceil(1000));
        }
        Fate::Pending { wish_ms: None } => "the cart is still processing the update; it is asked again",
        Fate::PauseCart { reason: PauseReason::Misconfigured, .. } => "refused: something must be corrected first; the message says what",
        Fate::PauseCart { reason: PauseReason::Credentials, .. } => "refused: the cart does not accept the credentials; correct them first",
        Fate::PauseCart { reason: PauseReason::NotPermitted, .. } => {
            "refused: the cart accepts the credentials, but denied them several orders in a row; grant them the permission first"
        }
        Fate::PauseCart { reason: PauseReason::RateLimited, for_ms: Some(ms) } => {
            return format!("refused for now: the cart asks for fewer requests; try again after {} s", ms.div_ceil(1000));
        }
        Fate::PauseCart { reason: PauseReason::RateLimited, for_ms: None } => "refused for now: the cart asks for fewer requests",
        Fate::PauseCart { reason: PauseReason::SecretReflected, .. } => {
            "stopped: the cart's answer contained a secret; check the cart before anything else is sent to it"
        }
        Fate::DisableCart => "refused: the shop is closed for good",
        Fate::DeadLetter { kind } => return format!("refused ({kind}); trying again would not help"),
        Fate::Gap { kind } => return format!("refused ({kind}); the order's next update may go"),
        Fate::PluginFault => "failed: the plugin is at fault; tell its vendor",
        Fate::LocalFault => "failed on this machine, which could not connect; worth trying again",
        Fate::NotSent => "dry run: not sent",
    };
    text.to_owned()
}

/// Whether the attempt achieved its purpose.
pub(super) fn is_done(attempt: &Attempt) -> bool {
    match attempt.receipt.fate {
        Fate::Delivered | Fate::AlreadyDelivered => true,
        Fate::NotSent => {
            matches!(&attempt.cassette.outcome, Outcome::Ended(ended) if *ended == cartage::exchange::CallEnd::Stopped(Stop::DryRun))
        }
        Fate::Retry { .. }
        | Fate::Busy { .. }
        | Fate::Pending { .. }
        | Fate::PauseCart { .. }
        | Fate::DisableCart
        | Fate::DeadLetter { .. }
        | Fate::Gap { .. }
        | Fate::PluginFault
        | Fate::LocalFault => false,
    }
}
