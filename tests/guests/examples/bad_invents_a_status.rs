//! Gives the cart a status that its manifest does not declare.

use cartage_guests::sdk::{Applied, Update};
use cartage_guests::shop::{only_match, set_status};

cartage_guests::shop_guest!(|update, _, context| {
    let id = only_match(&update, &context)?;
    let other = update.status.as_deref().map(|status| format!("{status} (by Cartage)"));
    set_status(&id, &Update { status: other, ..update }, &context)?;
    Ok(Applied::done())
});
