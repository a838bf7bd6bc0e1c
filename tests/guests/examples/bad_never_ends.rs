//! Sets the status of an order with a package, asks to be called again for the package, and does the same in each call.

use cartage_guests::sdk::{Applied, Failure};
use cartage_guests::shop::{only_match, set_status};

cartage_guests::shop_guest!(|update, _, context| {
    let id = only_match(&update, &context)?;
    set_status(&id, &update, &context)?;
    if !update.packages.is_empty() {
        return Err(Failure::pending("the package follows"));
    }
    Ok(Applied::done())
});
