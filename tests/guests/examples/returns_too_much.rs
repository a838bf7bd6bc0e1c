//! Returns as much as it is told, of what it is told: `resume 4097`.

use cartage_guests::sdk::{Applied, Failure};

cartage_guests::guest!(|update, _| {
    let amount = cartage_guests::amount(&update);
    let text = "x".repeat(amount);
    match update.note.as_deref().and_then(|note| note.split(' ').next()) {
        Some("resume") => Err(Failure::unavailable("later").resume(text)),
        Some("failure") => Err(Failure::unavailable(text)),
        Some("message") => Ok(Applied::done().message(text)),
        Some("reference") => Ok(Applied::done().reference(text)),
        Some("step") => Ok(Applied::done().step(&text, None)),
        Some("steps") => Ok((0..amount).fold(Applied::done(), |applied, _| applied.step("step", None))),
        _ => Ok(Applied::already_done()),
    }
});
