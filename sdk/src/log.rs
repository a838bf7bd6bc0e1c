//! Notes for the delivery's record, read by people. Never log an order's personal data.
//!
//! ```no_run
//! cartage_sdk::log::warn("the shop knows no carrier of that name; sent it as text");
//! ```

pub use cartage_contract::log::Level;

/// Adds a line.
pub fn log(level: Level, message: &str) {
    crate::abi::log(level, message);
}

/// For the plugin's author.
pub fn debug(message: &str) {
    log(Level::Debug, message);
}

/// Worth a line in the record.
pub fn info(message: &str) {
    log(Level::Info, message);
}

/// Somebody may want to look.
pub fn warn(message: &str) {
    log(Level::Warn, message);
}

/// Something went wrong.
pub fn error(message: &str) {
    log(Level::Error, message);
}
