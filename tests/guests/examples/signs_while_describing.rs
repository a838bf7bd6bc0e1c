//! Asks for a signature while it describes itself.

use cartage_guests::sdk::Applied;
use cartage_guests::sdk::http::text;
use cartage_guests::sdk::signing::{Algorithm, mac};

cartage_guests::guest!(|_, _| Ok(Applied::done()), describing: mac("key", Algorithm::Sha256, [text("message")]).is_ok());
