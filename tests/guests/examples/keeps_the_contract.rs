//! Does nothing wrong: the control for the guests that a conformance test must catch. It looks which shipments there are before it makes one.

use cartage_guests::sdk::Applied;
use cartage_guests::shop::{only_match, set_status, ship, shipments};

cartage_guests::shop_guest!(|update, _, context| {
    let id = only_match(&update, &context)?;
    let known = shipments(&id, &context)?;
    ship(&id, &update, &known, &context)?;
    set_status(&id, &update, &context)?;
    Ok(Applied::done().reference(id))
});
