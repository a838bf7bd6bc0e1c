//! Log lines in the delivery's record, for people. Never log an order's personal data.
//!
//! ```no_run
//! cartage_sdk::log::warn("the shop knows no carrier of that name; sent it as text");
//! ```

pub use cartage_contract::log::Level;

/// Adds a line to the delivery's record.
pub fn log(level: Level, message: &str) {
    crate::abi::log(level, message);
}

/// Logs a line for the plugin's author.
pub fn debug(message: &str) {
    log(Level::Debug, message);
}

/// Logs a line that is worth keeping in the record.
pub fn info(message: &str) {
    log(Level::Info, message);
}

/// Logs a line that a person may want to look at.
pub fn warn(message: &str) {
    log(Level::Warn, message);
}

/// Logs a line that says that something went wrong.
pub fn error(message: &str) {
    log(Level::Error, message);
}
