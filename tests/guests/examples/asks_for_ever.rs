//! Asks again and again, whatever it is answered.

use cartage_guests::sdk::http::Request;

cartage_guests::guest!(|_, _| loop {
    let _ = Request::get("api").path("/orders").send();
});
