//! Logs while it describes itself.

use cartage_guests::sdk::{Applied, log};

cartage_guests::guest!(|_, _| Ok(Applied::done()), describing: log::info("describing"));
