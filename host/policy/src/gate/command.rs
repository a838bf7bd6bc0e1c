//! The commands that alerts name as remedies. Each is written once, in a form that a shell accepts.

use cartage_model::id::CartId;

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

fn line(words: &[&str]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// Quotes a word for a shell: bare if possible, else in double quotes, else in single quotes.
fn quoted(word: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | ',' | '=' | '@' | '%' | '+');
    if !word.is_empty() && word.chars().all(bare) {
        word.to_owned()
    } else if word.contains(['"', '$', '`', '\\', '!']) {
        format!("'{}'", word.replace('\'', r"'\''"))
    } else {
        format!("\"{word}\"")
    }
}
