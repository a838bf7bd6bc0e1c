//! Asks by a method that its manifest does not declare.

use cartage_guests::sdk::Applied;
use cartage_guests::sdk::http::Request;

cartage_guests::guest!(|_, _| {
    Request::delete("api").path("/orders").send()?;
    Ok(Applied::done())
});
