//! One order's part of a post, and why it cannot be read.

use super::text::cut;
use super::{form, times};
use cartage_base::causes::chain;
use cartage_contract::manifest::Features;
use cartage_model::carts::inlet::LeaveOut;
use cartage_policy::validate::{self, Fields, PACKAGES_MAX};
use std::collections::BTreeSet;

/// Why one order of a post cannot be read. The other orders are not affected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot be read", order.as_ref().map_or_else(|| "an order without a number".to_owned(), |order| format!("order {order}")))]
pub struct InvalidOrder {
    /// The order's number; `None` if it is not known.
    pub order: Option<String>,
    /// What is wrong with the order.
    #[source]
    pub problem: OrderProblem,
    /// The part that the inlet could leave out to avoid the problem; `None` if there is none.
    pub without: Option<LeaveOut>,
}

/// A problem, and the part of the order with the problem if an inlet can leave that part out.
pub(super) struct Found {
    problem: OrderProblem,
    part: Option<LeaveOut>,
}

/// What is wrong with one order of a post.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderProblem {
    /// A field of the form is not valid text.
    #[error(transparent)]
    Form(#[from] form::Error),
    /// The order has no order number.
    #[error("there is no order number ({field} is missing or empty)")]
    OrderNumberMissing {
        /// The field where the number should be.
        field: &'static str,
    },
    /// The order has no label.
    #[error("there is no status label ({field} is missing or empty)")]
    LabelMissing {
        /// The field where the label should be.
        field: &'static str,
    },
    /// A time or a date cannot be read.
    #[error("{field} cannot be read")]
    Time {
        /// The field with the time.
        field: String,
        /// What is wrong with the time.
        source: times::Error,
    },
    /// The count of packages is not a valid number.
    #[error("trackcount {text:?} is not a number of packages: write 0 to {PACKAGES_MAX}")]
    TrackCount {
        /// The count as received, cut to a readable length.
        text: String,
    },
    /// A package is counted but not given.
    #[error("trackcount is {count}, but there is no tracknum{nth}")]
    PackageMissing {
        /// The number of packages according to the count.
        count: usize,
        /// The number of the first package that is missing, from 1.
        nth: usize,
    },
    /// There are more packages than an update can hold.
    #[error("there are {count} packages, but at most {PACKAGES_MAX} are allowed")]
    PackagesTooMany {
        /// The number of packages.
        count: usize,
    },
    /// A package has two different tracking numbers.
    #[error("package {nth} has two tracking numbers: TrackNum {track_num:?} and TrackingID {tracking_id:?}")]
    TwoNumbers {
        /// The number of the package.
        nth: usize,
        /// One of the numbers, cut to a readable length.
        track_num: String,
        /// The other number, cut to a readable length.
        tracking_id: String,
    },
    /// An element stands twice. The second may come from a note that was not escaped.
    #[error("the element {name} appears twice; is a note not escaped?")]
    Twice {
        /// The element's name.
        name: &'static str,
    },
    /// An element that should hold only text holds elements.
    #[error("the element {name} holds other elements instead of text")]
    NotText {
        /// The element's name.
        name: &'static str,
    },
    /// The text of an element is too long.
    #[error("the element {name} has {bytes} bytes, but at most {max} are allowed")]
    TextTooLong {
        /// The element's name.
        name: &'static str,
        /// The length of the text, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        max: usize,
    },
}

impl InvalidOrder {
    pub(super) fn new(order: Option<&str>, found: impl Into<Found>) -> InvalidOrder {
        let Found { problem, part } = found.into();
        InvalidOrder { order: order.map(cut), problem, without: part }
    }

    /// The problem and the remedy, in one line.
    pub(super) fn reason(&self) -> String {
        chain(&self.problem) + &leave_out(&self.without.into_iter().collect())
    }
}

impl<E: Into<OrderProblem>> From<E> for Found {
    fn from(problem: E) -> Found {
        Found { problem: problem.into(), part: None }
    }
}

/// Marks a problem as one within this part.
pub(super) fn within<E: Into<OrderProblem>>(part: LeaveOut) -> impl Fn(E) -> Found {
    move |problem| Found { problem: problem.into(), part: Some(part) }
}

/// The remedy if leaving these parts out would help; empty if there are none.
pub(super) fn leave_out(parts: &BTreeSet<LeaveOut>) -> String {
    let names: Vec<String> = parts.iter().map(|part| format!("{:?}", part.name())).collect();
    match names.as_slice() {
        [] => String::new(),
        names => format!(", or leave it out with leave_out = [{}] under [seti] in the cart's file", names.join(", ")),
    }
}

/// The parts that make these fields invalid.
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
