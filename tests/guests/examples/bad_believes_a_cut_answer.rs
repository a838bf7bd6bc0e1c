//! Says that the cart has the update although the answer was cut off.

use cartage_guests::sdk::Applied;
use cartage_guests::shop::{only_match, ship, status_request};

cartage_guests::shop_guest!(|update, _, context| {
    let id = only_match(&update, &context)?;
    ship(&id, &update, &[], &context)?;
    let status = update.status.as_deref().unwrap_or_default();
    // An answer that did not come whole is taken for a success.
    drop(status_request(&id, status)?.send());
    Ok(Applied::done())
});
