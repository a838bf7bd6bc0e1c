//! Makes a request and traps before it says what came of it.

use cartage_guests::sdk::http::Request;

cartage_guests::guest!(|_, _| {
    Request::post("api").path("/orders").send()?;
    std::process::abort()
});
