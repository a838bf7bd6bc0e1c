//! Places at which a test ends the process, as a crash or a loss of power would. In a release build there are none.

/// The variable that names the place.
#[cfg(debug_assertions)]
const VARIABLE: &str = "CARTAGE_FAILPOINT";

/// Ends the process if the test asked for it at this place.
pub(crate) fn reach(place: &str) {
    #[cfg(debug_assertions)]
    if std::env::var(VARIABLE).is_ok_and(|asked| asked == place) {
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = place;
}
