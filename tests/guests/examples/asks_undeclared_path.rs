//! Asks for a path under none of its prefixes.

use cartage_guests::sdk::Applied;
use cartage_guests::sdk::http::Request;

cartage_guests::guest!(|_, _| {
    Request::get("api").path("/orders7").send()?;
    Ok(Applied::done())
});
