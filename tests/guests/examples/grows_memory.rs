//! Takes as many bytes of memory as it is told, and touches each page.

use cartage_guests::sdk::Applied;

cartage_guests::guest!(|update, _| {
    let mut taken = vec![0_u8; cartage_guests::amount(&update)];
    taken.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
    Ok(Applied::done().reference(std::hint::black_box(taken).len().to_string()))
});
