//! The commands that the gate names as remedies. Each is written once, in a form that a shell accepts.

use super::question::Again;
use cartage_model::events::Event;
use cartage_model::id::{CartId, DeliveryId, SenderOrderNumber};
use cartage_model::parameters::Parameter;
use std::path::Path;

/// The command that sets a Boolean parameter to True, for a cart or (`None`) for the system.
pub fn param_true(parameter: &Parameter, cart: Option<&CartId>) -> String {
    let mut words = vec!["cartage", "param", "set", parameter.name, "True"];
    words.extend(cart.into_iter().flat_map(|cart| ["--cart", cart.as_str()]));
    line(&words)
}

/// The command that gives an event an order label, if one is named, and ticks Notify Cart.
pub fn event_set(event: &Event, order_label: Option<&str>) -> String {
    let mut words = vec!["cartage", "event", "set", event.name];
    let label = order_label.map(|label| option("--order-label", label)).unwrap_or_default();
    words.extend(label.iter().map(String::as_str));
    words.push("--notify-cart");
    line(&words)
}

/// The command that sends a label for an order, as a repeat if `again` says so.
pub fn send(cart: &CartId, order_number: &SenderOrderNumber, label: &str, again: Again) -> String {
    let (order, label) = (option("--order", order_number.as_str()), option("--label", label));
    let mut words = vec!["cartage", "send", "--cart", cart.as_str()];
    words.extend(order.iter().chain(&label).map(String::as_str));
    if again == Again::Yes {
        words.push("--again");
    }
    line(&words)
}

/// The commands that write a cart's file and load it. The operator fills in the plugin.
pub fn cart_new(cart: &CartId) -> Vec<String> {
    let file = format!("{cart}.toml");
    vec![line(&["cartage", "cart", "new", cart.as_str(), "--plugin", "PLUGIN.wasm"]), line(&["cartage", "apply", &file])]
}

/// The command that loads a cart's file. `plugins` names another folder for its plugin.
pub fn apply(file: &Path, plugins: Option<&Path>) -> String {
    let shown = |path: &Path| {
        let text = path.display().to_string();
        // A path that begins with a hyphen would be taken for an option.
        if text.starts_with('-') { format!("./{text}") } else { text }
    };
    let mut words = vec!["cartage".to_owned(), "apply".to_owned(), shown(file)];
    words.extend(plugins.into_iter().flat_map(|folder| ["--plugins".to_owned(), shown(folder)]));
    line(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The command that enables a cart.
pub fn cart_enable(cart: &CartId) -> String {
    line(&["cartage", "cart", "enable", cart.as_str()])
}

/// The command that gives a cart another version of its plugin, or another plugin. The operator fills in the file.
pub fn cart_upgrade(cart: &CartId, consent: Consent) -> String {
    let mut words = vec!["cartage", "cart", "upgrade", cart.as_str(), "--plugin", "PLUGIN.wasm"];
    if consent == Consent::Given {
        words.push("--approve");
    }
    line(&words)
}

/// The command that sets the password of a cart's inlet.
pub fn inlet_password(cart: &CartId) -> String {
    line(&["cartage", "credential", "set", cart.as_str(), "seti", "password"])
}

/// The command that confirms the wall clock.
pub fn clock_confirm() -> String {
    line(&["cartage", "clock", "confirm"])
}

/// Whether the operator agrees to the rights that a plugin asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// The operator is asked: the command shows the list first, if there is one.
    Asked,
    /// The operator agrees.
    Given,
}

/// The command that maps a label to a status of the cart.
pub fn cart_label(cart: &CartId, label: &str, status: &str) -> String {
    let status = option("--status", status);
    let mut words = vec!["cartage", "cart", "label", cart.as_str()];
    if label.starts_with('-') {
        words.extend(status.iter().map(String::as_str));
        words.extend(["--", label]);
    } else {
        words.push(label);
        words.extend(status.iter().map(String::as_str));
    }
    line(&words)
}

/// The command that resumes a paused cart.
pub fn cart_resume(cart: &CartId) -> String {
    line(&["cartage", "cart", "resume", cart.as_str()])
}

/// The command that lists a cart's deliveries, of a state or with a reason of death if one is named.
pub fn deliveries(cart: &CartId, state: Option<&str>, reason: Option<&str>) -> String {
    let mut words = vec!["cartage", "delivery", "list", "--cart", cart.as_str()];
    words.extend(state.iter().flat_map(|state| ["--state", state]));
    words.extend(reason.iter().flat_map(|reason| ["--reason", reason]));
    line(&words)
}

/// The command that shows a delivery.
pub fn delivery_show(delivery: &DeliveryId) -> String {
    line(&["cartage", "delivery", "show", delivery.as_str()])
}

/// The command that shows the recording of one attempt.
pub fn cassette(delivery: &DeliveryId, attempt: u32) -> String {
    line(&["cartage", "delivery", "show", delivery.as_str(), "--cassette", &attempt.to_string()])
}

/// The command that retries a dead letter.
pub fn delivery_retry(delivery: &DeliveryId) -> String {
    line(&["cartage", "delivery", "retry", delivery.as_str()])
}

/// The command that retries a waiting delivery at once.
pub fn delivery_retry_now(delivery: &DeliveryId) -> String {
    line(&["cartage", "delivery", "retry", delivery.as_str(), "--now"])
}

/// The command that discards a delivery. The operator fills in the reason.
pub fn delivery_discard(delivery: &DeliveryId) -> String {
    line(&["cartage", "delivery", "discard", delivery.as_str(), "--why", "TEXT"])
}

/// The command that lists the deliveries of an order at a cart.
pub fn deliveries_of(cart: &CartId, order_number: &SenderOrderNumber) -> String {
    let order = option("--order", order_number.as_str());
    let mut words = vec!["cartage", "delivery", "list", "--cart", cart.as_str()];
    words.extend(order.iter().map(String::as_str));
    line(&words)
}

/// The command that sets a cart's mode to live.
pub fn cart_live(cart: &CartId) -> String {
    line(&["cartage", "cart", "mode", cart.as_str(), "live"])
}

/// The command that explains why an order's status is sent or not.
pub fn explain(cart: &CartId, order_number: &SenderOrderNumber) -> String {
    let order = option("--order", order_number.as_str());
    let mut words = vec!["cartage", "explain", "--cart", cart.as_str()];
    words.extend(order.iter().map(String::as_str));
    line(&words)
}

/// An option and its value: in one word if the value would be taken for an option itself.
fn option(name: &str, value: &str) -> Vec<String> {
    if value.starts_with('-') { vec![format!("{name}={value}")] } else { vec![name.to_owned(), value.to_owned()] }
}

fn line(words: &[&str]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// Quotes a word for a shell: bare if possible, else in double quotes, else in single quotes.
pub fn quoted(word: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | ',' | '=' | '@' | '%' | '+');
    if !word.is_empty() && word.chars().all(bare) {
        word.to_owned()
    } else if word.contains(['"', '$', '`', '\\', '!']) {
        format!("'{}'", word.replace('\'', r"'\''"))
    } else {
        format!("\"{word}\"")
    }
}

/// Breaks a command into lines of at most `width` characters that a shell reads as one command: between words if possible, else inside a word, which
/// then continues at the very start of the next line.
pub(super) fn broken(command: &str, indent: &str, width: usize) -> Vec<String> {
    // Two columns stay free for what ends a line: a space and a backslash, or a quote and a backslash.
    let width = width - 2;
    let mut lines = Vec::new();
    let mut current = indent.to_owned();
    let words: Vec<&str> = quoted_words(command).collect();
    for (at, word) in words.iter().enumerate() {
        // An option stays with its value where a line takes both.
        let value = words.get(at + 1).filter(|_| word.starts_with("--") && !word.contains('='));
        let together = chars(word) + value.map_or(0, |value| 1 + chars(value));
        let needed = if chars(indent) + together > width { chars(word) } else { together };
        if at > 0 && chars(&current) + 1 + needed > width {
            current.push_str(" \\");
            lines.push(std::mem::replace(&mut current, indent.to_owned()));
        } else if at > 0 {
            current.push(' ');
        }
        let quote = word.chars().next().filter(|c| matches!(c, '"' | '\''));
        for piece in pieces(word) {
            if chars(&current) + chars(piece) > width {
                current.extend(quote);
                current.push('\\');
                lines.push(std::mem::replace(&mut current, quote.into_iter().collect()));
            }
            current.push_str(piece);
        }
    }
    lines.push(current);
    lines
}

/// The parts of a word between which it can be broken: characters, and an escaped single quote as one part.
fn pieces(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let end = if rest.starts_with(r"'\''") { 4 } else { rest.chars().next()?.len_utf8() };
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

/// The words of a line that [`line()`] made, still quoted.
fn quoted_words(command: &str) -> impl Iterator<Item = &str> {
    let mut rest = command;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut open = None;
        let mut escaped = false;
        let end = rest.find(|c: char| {
            match (open, c) {
                _ if escaped => escaped = false,
                (None, '\\') => escaped = true,
                (None, '"' | '\'') => open = Some(c),
                (Some(quote), c) if quote == c => open = None,
                (None, ' ') => return true,
                (None | Some(_), _) => {}
            }
            false
        });
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after.strip_prefix(' ').unwrap_or(after);
        Some(word)
    })
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests;
