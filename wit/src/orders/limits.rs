//! The limits of an update's fields, as `orders.wit` states them. The host, its outbox and the SDK's tests hold to the same numbers.

/// The longest order number, in characters.
pub const ORDER_NUMBER_CHARS_MAX: usize = 64;
/// The longest label, in characters.
pub const LABEL_CHARS_MAX: usize = 100;
/// The longest note, and the longest comments, in bytes.
pub const NOTE_BYTES_MAX: usize = 16 << 10;
/// The longest tracking URL, in characters.
pub const URL_CHARS_MAX: usize = 2048;
/// The longest of all other texts, in characters.
pub const TEXT_CHARS_MAX: usize = 255;
/// The most packages of an update.
pub const PACKAGES_MAX: usize = 100;
/// The most line items of an update, contents of a package, and packages of a line.
pub const LINE_ITEMS_MAX: usize = 1_000;
