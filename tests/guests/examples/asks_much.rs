//! Makes a request with a body of as many bytes as it is told.

use cartage_guests::sdk::Applied;
use cartage_guests::sdk::http::{Request, bytes};

cartage_guests::guest!(|update, _| {
    let body = bytes(vec![b'x'; cartage_guests::amount(&update)]);
    Request::post("api").path("/orders").body("text/plain", [body]).send()?;
    Ok(Applied::done())
});
