//! The commands that the gate names as remedies, each written here once, as a shell takes them.

use super::question::Again;
use crate::events::Event;
use crate::id::{CartId, DeliveryId, SenderOrderNumber};
use crate::parameters::Parameter;
use std::path::Path;

/// Sets a Boolean parameter to True.
pub fn param_true(parameter: &Parameter, cart: Option<&CartId>) -> String {
    let mut words = vec!["cartage", "param", "set", parameter.name, "True"];
    words.extend(cart.into_iter().flat_map(|cart| ["--cart", cart.as_str()]));
    line(&words)
}

/// Gives an event an order label, if it shall have one, and ticks Notify Cart.
pub fn event_set(event: &Event, order_label: Option<&str>) -> String {
    let mut words = vec!["cartage", "event", "set", event.name];
    let label = order_label.map(|label| option("--order-label", label)).unwrap_or_default();
    words.extend(label.iter().map(String::as_str));
    words.push("--notify-cart");
    line(&words)
}

/// Sends a label for an order, perhaps again.
pub fn send(cart: &CartId, order_number: &SenderOrderNumber, label: &str, again: Again) -> String {
    let (order, label) = (option("--order", order_number.as_str()), option("--label", label));
    let mut words = vec!["cartage", "send", "--cart", cart.as_str()];
    words.extend(order.iter().chain(&label).map(String::as_str));
    if again == Again::Yes {
        words.push("--again");
    }
    line(&words)
}

/// Makes a cart: its file, and then the cart from its file. The operator fills in which plugin.
pub fn cart_new(cart: &CartId) -> Vec<String> {
    let file = format!("{cart}.toml");
    vec![line(&["cartage", "cart", "new", cart.as_str(), "--plugin", "PLUGIN.wasm"]), line(&["cartage", "apply", &file])]
}

/// Loads a cart's file, whose plugin is in another folder where one is named.
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

/// Enables a cart.
pub fn cart_enable(cart: &CartId) -> String {
    line(&["cartage", "cart", "enable", cart.as_str()])
}

/// Gives a cart another version of its plugin, or another plugin: a file, which the operator fills in.
pub fn cart_upgrade(cart: &CartId, consent: Consent) -> String {
    let mut words = vec!["cartage", "cart", "upgrade", cart.as_str(), "--plugin", "PLUGIN.wasm"];
    if consent == Consent::Given {
        words.push("--approve");
    }
    line(&words)
}

/// Sets the password of a cart's inlet.
pub fn inlet_password(cart: &CartId) -> String {
    line(&["cartage", "credential", "set", cart.as_str(), "seti", "password"])
}

/// Says that the wall clock is right.
pub fn clock_confirm() -> String {
    line(&["cartage", "clock", "confirm"])
}

/// Whether the operator agrees to what a plugin asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Not yet: the list is shown first, if there is one.
    Asked,
    /// Yes.
    Given,
}

/// Maps a label to a status of the cart.
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

/// Lets a paused cart go on.
pub fn cart_resume(cart: &CartId) -> String {
    line(&["cartage", "cart", "resume", cart.as_str()])
}

/// Lists a cart's deliveries: those of a state, those that died of a reason.
pub fn deliveries(cart: &CartId, state: Option<&str>, reason: Option<&str>) -> String {
    let mut words = vec!["cartage", "delivery", "list", "--cart", cart.as_str()];
    words.extend(state.iter().flat_map(|state| ["--state", state]));
    words.extend(reason.iter().flat_map(|reason| ["--reason", reason]));
    line(&words)
}

/// Shows a delivery.
pub fn delivery_show(delivery: &DeliveryId) -> String {
    line(&["cartage", "delivery", "show", delivery.as_str()])
}

/// Shows what went over the wire at an attempt.
pub fn cassette(delivery: &DeliveryId, attempt: u32) -> String {
    line(&["cartage", "delivery", "show", delivery.as_str(), "--cassette", &attempt.to_string()])
}

/// Tries a dead letter again.
pub fn delivery_retry(delivery: &DeliveryId) -> String {
    line(&["cartage", "delivery", "retry", delivery.as_str()])
}

/// Tries a delivery that waits at once.
pub fn delivery_retry_now(delivery: &DeliveryId) -> String {
    line(&["cartage", "delivery", "retry", delivery.as_str(), "--now"])
}

/// Ends a delivery for good. The operator fills in why.
pub fn delivery_discard(delivery: &DeliveryId) -> String {
    line(&["cartage", "delivery", "discard", delivery.as_str(), "--why", "TEXT"])
}

/// Lists the deliveries of an order at a cart.
pub fn deliveries_of(cart: &CartId, order_number: &SenderOrderNumber) -> String {
    let order = option("--order", order_number.as_str());
    let mut words = vec!["cartage", "delivery", "list", "--cart", cart.as_str()];
    words.extend(order.iter().map(String::as_str));
    line(&words)
}

/// Lets a cart send what passes the gate.
pub fn cart_live(cart: &CartId) -> String {
    line(&["cartage", "cart", "mode", cart.as_str(), "live"])
}

/// Says why an order's status is sent or not.
pub fn explain(cart: &CartId, order_number: &SenderOrderNumber) -> String {
    let order = option("--order", order_number.as_str());
    let mut words = vec!["cartage", "explain", "--cart", cart.as_str()];
    words.extend(order.iter().map(String::as_str));
    line(&words)
}

/// An option and its value: in one word where the value would be taken for an option itself.
fn option(name: &str, value: &str) -> Vec<String> {
    if value.starts_with('-') { vec![format!("{name}={value}")] } else { vec![name.to_owned(), value.to_owned()] }
}

fn line(words: &[&str]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it: bare if it can be, else in double quotes, else in single ones.
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

/// Breaks a command into lines of at most `width` characters that a shell reads as the one command: between words if it can be, else
/// inside a word, which then goes on at the very start of the next line.
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

/// The parts of a word between which it can be closed and opened again: characters, and an escaped single quote as one.
fn pieces(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let end = if rest.starts_with(r"'\''") { 4 } else { rest.chars().next()?.len_utf8() };
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

/// The words of a line that [`line()`] made, as they stand there.
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
