//! Logs as many lines as it is told, each as long as it is told: `lines bytes`.

use cartage_guests::sdk::{Applied, log};

cartage_guests::guest!(|update, _| {
    let line = "x".repeat(cartage_guests::amount(&update));
    let lines = update.note.as_deref().and_then(|note| note.split(' ').next()?.parse().ok()).unwrap_or(0);
    (0..lines).for_each(|_| log::info(&line));
    Ok(Applied::done())
});
