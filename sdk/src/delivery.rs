//! The delivery to which a call belongs, and what is known of its earlier attempts.
//!
//! An answer can be lost after the cart has acted. So before a step that the cart does not recognise as a repeat (a note, a
//! shipment, a mail), check whether an earlier attempt did it, or may have done it.
//!
//! ```
//! use cartage_sdk::delivery::{done_before, may_have_arrived};
//! use cartage_sdk::{Delivery, EarlierAttempt, Step, http::Reach, testing};
//!
//! let first = EarlierAttempt {
//!     attempt: 1,
//!     reach: Reach::MaybeSent,
//!     steps: vec![Step { name: "shipment made".to_owned(), reference: Some("77".to_owned()) }],
//!     resume: None,
//!     extra: Vec::new(),
//! };
//! let delivery = Delivery { attempt: 2, earlier: vec![first], ..testing::delivery() };
//! assert!(may_have_arrived(&delivery));
//! assert_eq!(done_before(&delivery, "shipment made").and_then(|step| step.reference.as_deref()), Some("77"));
//! ```

use crate::http::Reach;

pub use cartage_contract::delivery::{Delivery, EarlierAttempt, Step};

/// Whether a request of an earlier attempt may have reached the cart. A careful plugin then reads before it writes.
pub fn may_have_arrived(delivery: &Delivery) -> bool {
    delivery.earlier.iter().any(|attempt| match attempt.reach {
        Reach::NothingSent => false,
        Reach::MaybeSent | Reach::Answered => true,
    })
}

/// The step of this name that an earlier attempt reported as done; the newest record, if several attempts did.
pub fn done_before<'a>(delivery: &'a Delivery, step: &str) -> Option<&'a Step> {
    delivery.earlier.iter().rev().flat_map(|attempt| &attempt.steps).find(|done| done.name == step)
}

/// The bytes that the newest earlier attempt left for the next one; `None` if no attempt left any.
pub fn resumed(delivery: &Delivery) -> Option<&[u8]> {
    delivery.earlier.iter().rev().find_map(|attempt| attempt.resume.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sent_may_have_arrived_and_the_newest_wins() {
        let attempt = |attempt, reach, resume: Option<&[u8]>| EarlierAttempt {
            attempt,
            reach,
            steps: vec![Step { name: "noted".to_owned(), reference: Some(attempt.to_string()) }],
            resume: resume.map(<[u8]>::to_vec),
            extra: Vec::new(),
        };
        let mut delivery = Delivery { earlier: vec![attempt(1, Reach::NothingSent, Some(b"a"))], ..crate::testing::delivery() };
        assert!(!may_have_arrived(&delivery));
        delivery.earlier.push(attempt(2, Reach::Answered, None));
        assert!(may_have_arrived(&delivery));
        assert_eq!(resumed(&delivery), Some(b"a".as_slice()));
        assert_eq!(done_before(&delivery, "noted").and_then(|step| step.reference.as_deref()), Some("2"));
        assert_eq!(done_before(&delivery, "mailed"), None);
    }
}
