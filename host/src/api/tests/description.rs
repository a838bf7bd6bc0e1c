//! The description that is served and the guide say what the router does.
