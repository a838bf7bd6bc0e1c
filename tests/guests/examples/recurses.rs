//! Calls itself as deep as it is told.

use cartage_guests::sdk::Applied;

cartage_guests::guest!(|update, _| Ok(Applied::done().reference(deeper(cartage_guests::amount(&update)).to_string())));

fn deeper(levels: usize) -> usize {
    // Held on the stack across the call, so that the call cannot become a loop.
    let here = std::hint::black_box([levels; 4]);
    if levels == 0 { 0 } else { deeper(levels - 1) + std::hint::black_box(here).len() / 4 }
}
