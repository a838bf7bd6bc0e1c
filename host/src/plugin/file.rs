//! Plugin files.
