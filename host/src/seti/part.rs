//! One order's part of a post, and why it cannot be read.

use super::text::cut;
use super::{form, times};
use crate::carts::Inlet;
use crate::carts::inlet::LeaveOut;
use crate::validate::{Fields, PACKAGES_MAX};

/// Why one order of a post cannot be read. The others are not touched by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot be read", order.as_ref().map_or_else(|| "an order without a number".to_owned(), |order| format!("order {order}")))]
pub struct Invalid {
    /// The order's number, as far as it is known.
    pub order: Option<String>,
    /// What is wrong with it.
    #[source]
    pub problem: Problem,
}

/// What is wrong with an order of a post.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A field of the form is no text.
    #[error(transparent)]
    Form(#[from] form::Error),
    /// It has no order number.
    #[error("there is no order number ({field} is missing or empty)")]
    OrderNumberMissing {
        /// Where it should be.
        field: &'static str,
    },
    /// It has no label.
    #[error("there is no status label ({field} is missing or empty)")]
    LabelMissing {
        /// Where it should be.
        field: &'static str,
    },
    /// A time or a date cannot be read.
    #[error("{field} cannot be read")]
    Time {
        /// Where it stands.
        field: String,
        /// Why not.
        source: times::Error,
    },
    /// The count of packages is none.
    #[error("trackcount {text:?} is no count of packages: write 0 to {PACKAGES_MAX}")]
    TrackCount {
        /// As it came, cut.
        text: String,
    },
    /// A package is counted and not given.
    #[error("trackcount is {count}, but there is no tracknum{nth}")]
    PackageMissing {
        /// How many there should be.
        count: usize,
        /// Which is not there.
        nth: usize,
    },
    /// There are more packages than an update can hold.
    #[error("there are {count} packages, but {PACKAGES_MAX} are the most")]
    PackagesTooMany {
        /// How many.
        count: usize,
    },
    /// A package has two numbers.
    #[error("package {nth} has two tracking numbers: TrackNum {track_num:?} and TrackingID {tracking_id:?}")]
    TwoNumbers {
        /// Which package.
        nth: usize,
        /// One number, cut.
        track_num: String,
        /// The other, cut.
        tracking_id: String,
    },
    /// An element stands twice. It may have come out of a note that was not escaped.
    #[error("the element {name} stands twice; is a note not escaped?")]
    Twice {
        /// Its name.
        name: &'static str,
    },
    /// An element that should hold text holds elements.
    #[error("the element {name} holds other elements instead of text")]
    NotText {
        /// Its name.
        name: &'static str,
    },
    /// A text is too long.
    #[error("the element {name} has {bytes} bytes, but {max} are the most")]
    TextTooLong {
        /// Its name.
        name: &'static str,
        /// How many it has.
        bytes: usize,
        /// The limit.
        max: usize,
    },
}

impl Invalid {
    pub(super) fn new(order: Option<&str>, problem: Problem) -> Invalid {
        Invalid { order: order.map(cut), problem }
    }
}

/// Takes out what this inlet leaves out.
pub(super) fn left(mut fields: Fields, inlet: &Inlet) -> Fields {
    if inlet.leaves_out(LeaveOut::Packages) {
        fields.packages.clear();
    }
    if inlet.leaves_out(LeaveOut::LineItems) {
        fields.line_items.clear();
    }
    if inlet.leaves_out(LeaveOut::Notes) {
        (fields.note, fields.comments) = (None, None);
        fields.line_items.iter_mut().for_each(|line| line.note = None);
    }
    // A line travels only in packages that are still there.
    for line in &mut fields.line_items {
        line.packages.retain(|travels| fields.packages.iter().any(|package| package.id.as_ref() == Some(&travels.package_id)));
    }
    fields
}
