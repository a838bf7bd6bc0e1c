//! Lets a test influence the program from outside: it ends the process at a named place, as a crash or a loss of power would, or sets the free space
//! of the disk. Release builds contain none of this.

/// The environment variable that names the place.
#[cfg(debug_assertions)]
const VARIABLE: &str = "CARTAGE_FAILPOINT";

/// Ends the process if the test named this place.
pub fn reach(place: &str) {
    reach_for(place, "");
}

/// Ends the process if the test named this place, or this place and this order: `sent@1021`.
pub fn reach_for(place: &str, order: &str) {
    #[cfg(debug_assertions)]
    if std::env::var(VARIABLE).is_ok_and(|asked| asked == place || asked.strip_prefix(place) == Some(&format!("@{order}"))) {
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = (place, order);
}

/// The environment variable that names a file with the number of free bytes.
#[cfg(debug_assertions)]
const FREE_BYTES: &str = "CARTAGE_FAILPOINT_FREE_BYTES";

/// The free bytes that the test sets, read anew each time; `None` if it sets none.
pub fn free_bytes() -> Option<u64> {
    #[cfg(debug_assertions)]
    return std::fs::read_to_string(std::env::var_os(FREE_BYTES)?).ok()?.trim().parse().ok();
    #[cfg(not(debug_assertions))]
    None
}
