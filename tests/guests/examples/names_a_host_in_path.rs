//! Tries to name a host: the note is the path that it asks for.

use cartage_guests::sdk::Applied;
use cartage_guests::sdk::http::Request;

cartage_guests::guest!(|update, _| {
    Request::get("api").path(update.note.as_deref().unwrap_or("//evil.example/orders")).send()?;
    Ok(Applied::done())
});
