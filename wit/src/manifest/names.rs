//! The names that plugins, endpoints, slots and settings can have, and the headers that only the host sets.

/// Headers that only the host sets: framing, forwarding, credentials, cookies, and headers that would turn the request into another than the allowed
/// one. A name that ends with `-` stands for all names that start with it.
pub const HOST_OWNED_HEADERS: &[&str] = &[
    "accept-encoding",
    "cf-connecting-ip",
    "client-ip",
    "connection",
    "content-encoding",
    "content-length",
    "cookie",
    "cookie2",
    "date",
    "expect",
    "fastly-client-ip",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-",
    "set-cookie",
    "set-cookie2",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "user-agent",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-forwarded-",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
];
/// Whether only the host sets this header. The name must be in lower case.
pub fn is_host_owned_header(name: &str) -> bool {
    HOST_OWNED_HEADERS.iter().any(|owned| name == *owned || (owned.ends_with('-') && name.starts_with(owned)))
}

/// Whether a text can name a plugin, an endpoint, a slot, a field or a setting: `[a-z0-9][a-z0-9-]{0,62}`.
pub fn is_name(text: &str) -> bool {
    (1..=63).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}
