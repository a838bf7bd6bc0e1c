//! The one query to SQLite that its Rust library lacks: the error number of the operating system.

use rusqlite::{Connection, ffi};

/// The operating system's error number for the last error on a connection; `None` if there was none.
#[allow(unsafe_code, reason = "only this tells a full quota from a failing disk, and the Rust library has no safe way to it")]
pub(super) fn last(connection: &Connection) -> Option<i32> {
    // SAFETY: the handle is open for as long as the connection is borrowed, and the call reads one number of it.
    let errno = unsafe { ffi::sqlite3_system_errno(connection.handle()) };
    (errno != 0).then_some(errno)
}
