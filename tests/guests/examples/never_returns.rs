//! Never returns.

cartage_guests::guest!(|_, _| loop {
    std::hint::spin_loop();
});
