//! Asks an endpoint that its manifest does not declare.

use cartage_guests::sdk::Applied;
use cartage_guests::sdk::http::Request;

cartage_guests::guest!(|_, _| {
    Request::get("metadata").path("/orders").send()?;
    Ok(Applied::done())
});
