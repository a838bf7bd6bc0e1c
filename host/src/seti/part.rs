//! One order's part of a post, and why it cannot be read.

use super::text::cut;
use super::{form, times};
use crate::carts::inlet::LeaveOut;
use crate::causes::chain;
use crate::validate::{self, Fields, PACKAGES_MAX};
use cartage_contract::manifest::Features;
use std::collections::BTreeSet;

/// Why one order of a post cannot be read. The others are not touched by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot be read", order.as_ref().map_or_else(|| "an order without a number".to_owned(), |order| format!("order {order}")))]
pub struct Invalid {
    /// The order's number, as far as it is known.
    pub order: Option<String>,
    /// What is wrong with it.
    #[source]
    pub problem: Problem,
    /// What the inlet could leave out, so that this is no problem any more.
    pub without: Option<LeaveOut>,
}

/// A problem, and the part of the order that it is in, where that is one that an inlet can leave out.
pub(super) struct Found {
    problem: Problem,
    part: Option<LeaveOut>,
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
    pub(super) fn new(order: Option<&str>, found: impl Into<Found>) -> Invalid {
        let Found { problem, part } = found.into();
        Invalid { order: order.map(cut), problem, without: part }
    }

    /// What is wrong and what to do, in one line.
    pub(super) fn reason(&self) -> String {
        chain(&self.problem) + &leave_out(&self.without.into_iter().collect())
    }
}

impl<E: Into<Problem>> From<E> for Found {
    fn from(problem: E) -> Found {
        Found { problem: problem.into(), part: None }
    }
}

/// A problem within this part.
pub(super) fn within<E: Into<Problem>>(part: LeaveOut) -> impl Fn(E) -> Found {
    move |problem| Found { problem: problem.into(), part: Some(part) }
}

/// What to do where leaving these parts out would help. Nothing where there is none.
pub(super) fn leave_out(parts: &BTreeSet<LeaveOut>) -> String {
    let names: Vec<String> = parts.iter().map(|part| format!("{:?}", part.name())).collect();
    match names.as_slice() {
        [] => String::new(),
        names => format!(", or leave it out with leave_out = [{}] under [seti] in the cart's file", names.join(", ")),
    }
}

/// The parts with which these fields are not valid.
pub(super) fn invalid_parts(error: &validate::Error) -> BTreeSet<LeaveOut> {
    let fields =
        [(LeaveOut::Notes, "note"), (LeaveOut::Notes, "comments"), (LeaveOut::Packages, "packages"), (LeaveOut::LineItems, "line_items")];
    fields.into_iter().filter(|(_, field)| error.is_in(field)).map(|(part, _)| part).collect()
}

/// The parts of these fields that a plugin with these features cannot carry.
pub(super) fn not_carried(fields: &Fields, features: Features) -> BTreeSet<LeaveOut> {
    let packages = &fields.packages;
    let tracked = packages.iter().any(|package| package.tracking_number.is_some());
    let parts = [
        (LeaveOut::Packages, (tracked && !features.tracking) || (packages.len() > 1 && !features.several_packages)),
        (LeaveOut::LineItems, !fields.line_items.is_empty() && !features.line_items),
        (LeaveOut::Notes, (fields.note.is_some() || fields.comments.is_some()) && !features.notes),
    ];
    parts.into_iter().filter(|(_, is_too_much)| *is_too_much).map(|(part, _)| part).collect()
}
