//! Percent-encoding of queries and paths, and the escapes of secret parts.
