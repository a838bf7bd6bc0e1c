//! Decides by the host's random bytes whether it tells the cart of the packages.

use cartage_guests::sdk::Applied;
use cartage_guests::shop::{only_match, set_status, ship};

cartage_guests::shop_guest!(|update, _, context| {
    let id = only_match(&update, &context)?;
    if context.entropy.first().is_some_and(|byte| byte % 2 == 0) {
        ship(&id, &update, &[], &context)?;
    }
    set_status(&id, &update, &context)?;
    Ok(Applied::done())
});
