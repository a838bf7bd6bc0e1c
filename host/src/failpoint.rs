//! What a test does to the whole program from outside: it ends the process at a place, as a crash or a loss of power would, or says how full the
//! disk is. In a release build there is none of it.

/// The variable that names the place.
#[cfg(debug_assertions)]
const VARIABLE: &str = "CARTAGE_FAILPOINT";

/// Ends the process if the test asked for it at this place.
pub(crate) fn reach(place: &str) {
    reach_for(place, "");
}

/// The same, also if it was asked for at this place and for this order alone: `sent@1021`.
pub(crate) fn reach_for(place: &str, order: &str) {
    #[cfg(debug_assertions)]
    if std::env::var(VARIABLE).is_ok_and(|asked| asked == place || asked.strip_prefix(place) == Some(&format!("@{order}"))) {
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = (place, order);
}

/// The variable that names a file with the number of free bytes.
#[cfg(debug_assertions)]
const FREE_BYTES: &str = "CARTAGE_FAILPOINT_FREE_BYTES";

/// Free bytes of the disk, if a test says how many; it may change its mind.
pub(crate) fn free_bytes() -> Option<u64> {
    #[cfg(debug_assertions)]
    return std::fs::read_to_string(std::env::var_os(FREE_BYTES)?).ok()?.trim().parse().ok();
    #[cfg(not(debug_assertions))]
    None
}
