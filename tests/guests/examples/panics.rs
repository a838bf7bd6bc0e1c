//! Panics.

cartage_guests::guest!(|update, _| panic!("order {} is too much for me", update.order_number));
