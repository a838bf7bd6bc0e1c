//! What the readers of a text find in it.

use super::names::Within;
use cartage_base::coding::Coding;
use std::ops::Range;

/// A value that a reader found in a text.
pub(super) struct FoundValue {
    /// The value's position among the names of fields.
    pub(super) within: Within,
    /// The value's bytes in the text.
    pub(super) at: Range<usize>,
    /// The notation of the value.
    pub(super) coding: Coding,
}
