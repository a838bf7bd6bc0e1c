//! Makes a request while it describes itself.

use cartage_guests::sdk::Applied;
use cartage_guests::sdk::http::Request;

cartage_guests::guest!(|_, _| Ok(Applied::done()), describing: Request::get("api").path("/orders").send().is_ok());
