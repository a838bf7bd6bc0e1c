//! Keeps more than four fifths of the memory that it may have.

use cartage_guests::sdk::Applied;
use cartage_guests::shop::{only_match, set_status};

cartage_guests::shop_guest!(|update, _, context| {
    let kept = std::hint::black_box(vec![1_u8; 56 << 20]);
    set_status(&only_match(&update, &context)?, &update, &context)?;
    Ok(Applied::done().message(kept.len().to_string()))
});
