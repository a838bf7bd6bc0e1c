//! Waits for an answer.

use cartage_guests::sdk::Applied;
use cartage_guests::sdk::http::Request;

cartage_guests::guest!(|_, _| {
    let answer = Request::get("api").path("/orders").send()?;
    Ok(Applied::done().reference(answer.status.to_string()))
});
