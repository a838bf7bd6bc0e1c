//! Takes the first of several orders of one number.

use cartage_guests::sdk::{Applied, Failure};
use cartage_guests::shop::{matches, set_status};

cartage_guests::shop_guest!(|update, _, context| {
    let Some(first) = matches(&update, &context)?.into_iter().next() else {
        return Err(Failure::order_not_found("the shop has no such order"));
    };
    set_status(&first, &update, &context)?;
    Ok(Applied::done())
});
