//! The headers that the host sets itself.

use cartage_contract::request::{Wire, WireHeader};

/// The `user-agent` header of every request.
const USER_AGENT: &str = concat!("cartage/", env!("CARGO_PKG_VERSION"));

/// Adds the headers that the host sets itself, in the record as on the wire.
pub(super) fn add_own_headers(wire: &mut Wire) {
    let mut add = |name: &str, value: &str| {
        wire.headers.push(WireHeader { name: name.to_owned(), value: value.as_bytes().to_vec(), sensitive: false });
    };
    add("user-agent", USER_AGENT);
    // Without it some servers compress, and nothing here decompresses.
    add("accept-encoding", "identity");
    if !wire.headers.iter().any(|header| header.name == "accept") {
        wire.headers.push(WireHeader { name: "accept".to_owned(), value: b"*/*".to_vec(), sensitive: false });
    }
}
