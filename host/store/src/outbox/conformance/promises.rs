//! The promises of every outbox, checked without the model.

use super::command::Driver;
use super::{Subject, carts, merchants};
use crate::outbox::attempts::POISON_SUSPICIONS;
use crate::outbox::{FoundDelivery, Outbox as _, Page, Waits};
use cartage_model::dead_letter::Reason;
use proptest::prelude::*;

impl Driver {
    /// Checks that nothing is lost, overtakes, overlaps or is poison without evidence, that no lane sleeps, and that the counts are right.
    pub(super) async fn promises_hold<S: Subject>(&self, subject: &S) -> Result<(), TestCaseError> {
        prop_assert!(!self.overlaps, "an attempt began while one before it may have been under way");
        prop_assert!(!self.overtaken, "an update was delivered after a later one of its order");
        let outbox = subject.outbox();
        let (mut queued, mut dead) = (0, 0);
        for (merchant, delivery) in &self.deliveries {
            let found = outbox.find(merchant.clone(), delivery.clone()).await.expect("it can be read");
            let delivered = self.delivered.contains(&(merchant.clone(), delivery.clone()));
            prop_assert_eq!(found.is_none(), delivered, "{} is in one place", delivery);
            match found {
                Some(FoundDelivery::Queued(..)) => queued += 1,
                Some(FoundDelivery::Dead(letter, _)) => {
                    dead += 1;
                    let evidence = self.suspected.iter().filter(|(whose, which, _)| whose == merchant && which == delivery).count();
                    let poison = letter.reason == Some(Reason::Poison);
                    prop_assert!(!poison || evidence >= POISON_SUSPICIONS as usize, "{} is poison without evidence", delivery);
                }
                Some(FoundDelivery::Ended { .. }) | None => {}
            }
            for other in merchants().iter().filter(|other| *other != merchant) {
                let theirs = self.deliveries.contains(&(other.clone(), delivery.clone()));
                let seen = outbox.find(other.clone(), delivery.clone()).await.expect("it can be read").is_some();
                prop_assert!(theirs || !seen, "{} is seen by another merchant", delivery);
            }
        }
        let backlogs = outbox.backlogs(None).await.expect("it can be read");
        let counted = backlogs.iter().fold((0, 0), |(queued, dead), backlog| (queued + backlog.queued, dead + backlog.dead));
        prop_assert_eq!(counted, (queued, dead));
        for merchant in merchants() {
            for cart in carts() {
                let page = Page { after: None, most: 1000 };
                let waiting = outbox.queued(merchant.clone(), cart, page).await.expect("it can be read");
                for one in &waiting {
                    let mut lane = waiting.iter().filter(|other| other.order == one.order);
                    let wakes =
                        lane.any(|other| matches!(other.waits, Waits::Until { .. } | Waits::Attempt { .. } | Waits::Blocked { .. }));
                    prop_assert!(wakes, "the lane of {} sleeps", one.delivery);
                }
            }
        }
        Ok(())
    }
}
