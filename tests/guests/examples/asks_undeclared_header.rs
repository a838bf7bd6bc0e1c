//! Sets a header that its manifest does not declare.

use cartage_guests::sdk::Applied;
use cartage_guests::sdk::http::Request;

cartage_guests::guest!(|_, _| {
    Request::get("api").path("/orders").header("x-forwarded-for", "127.0.0.1").send()?;
    Ok(Applied::done())
});
