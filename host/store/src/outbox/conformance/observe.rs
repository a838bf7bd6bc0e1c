//! Everything observable in an outbox, as text, one line for each query.

use super::command::Driver;
use super::{Subject, carts, merchants, order};
use crate::outbox::{DeadLetter, DueQuery, Filter, FoundDelivery, Outbox as _, Page, Queued};
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::id::SenderOrderNumber;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// All observable state as text.
pub(super) async fn all<S: Subject>(driver: &Driver, subject: &S) -> String {
    let (mut seen, outbox) = (String::new(), subject.outbox());
    writeln!(seen, "all backlogs {:?}", outbox.backlogs(None).await).expect("a text takes all");
    for merchant in merchants() {
        writeln!(seen, "{merchant} backlogs {:?}", outbox.backlogs(Some(merchant.clone())).await).expect("a text takes all");
        writeln!(seen, "{merchant} faults {:?}", outbox.faults(merchant.clone()).await).expect("a text takes all");
        for filter in filters(driver.now_unix_ms) {
            let counts = outbox.dead_counts(merchant.clone(), filter.clone()).await;
            let letters = dead(subject, &merchant, &filter).await;
            writeln!(seen, "{merchant} {filter:?} {counts:?} {letters:?}").expect("a text takes all");
        }
        for (nth, cart) in carts().into_iter().enumerate() {
            for (most, in_flight) in
                [(10, vec![]), (1, vec![]), (0, vec![]), (10, vec!["1021"]), (1, vec!["1022"]), (1, vec!["1021", "1022"])]
            {
                let in_flight: BTreeSet<SenderOrderNumber> = in_flight.into_iter().map(SenderOrderNumber::new).collect();
                let look = DueQuery { merchant: merchant.clone(), cart: cart.clone(), now_unix_ms: driver.now_unix_ms, most, in_flight };
                let due = outbox.due(look.clone()).await;
                writeln!(seen, "{merchant} {cart} {most} {:?}: {due:?}", look.in_flight).expect("a text takes all");
            }
            writeln!(seen, "{merchant} {cart} {:?}", subject.cart(&merchant, &cart)).expect("a text takes all");
            writeln!(seen, "{merchant} {cart} {:?}", queued(subject, &merchant, nth).await).expect("a text takes all");
            for number in 0..2 {
                let order = order(nth, number);
                writeln!(seen, "{merchant} {order:?} {:?}", subject.order(&merchant, &order)).expect("a text takes all");
            }
        }
        for (_, delivery) in &driver.deliveries {
            let found = outbox.find(merchant.clone(), delivery.clone()).await.expect("it can be read");
            let found = found.map(|found| match found {
                FoundDelivery::Queued(queued, update) => FoundDelivery::Queued(Box::new(Queued { nth: 0, ..*queued }), update),
                FoundDelivery::Dead(letter, update) => FoundDelivery::Dead(Box::new(DeadLetter { nth: 0, ..*letter }), update),
                ended @ FoundDelivery::Ended { .. } => ended,
            });
            writeln!(seen, "{merchant} {delivery} {found:?}").expect("a text takes all");
        }
    }
    seen
}

fn filters(now_unix_ms: u64) -> [Filter; 5] {
    [
        Filter::default(),
        Filter { cart: Some(carts()[0].clone()), ..Filter::default() },
        Filter { reason: Some(Reason::PluginFault), ..Filter::default() },
        Filter { since_unix_ms: Some(now_unix_ms.saturating_sub(5)), ..Filter::default() },
        Filter { then: Some(Then::Block), ..Filter::default() },
    ]
}

/// Lists dead letters two to a page, by the subject's own cursors, which may differ from those of another subject.
async fn dead<S: Subject>(subject: &S, merchant: &cartage_model::id::MerchantId, filter: &Filter) -> Vec<DeadLetter> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = subject.outbox().dead(merchant.clone(), filter.clone(), Page { after, most: 2 }).await.expect("it can be read");
        let Some(last) = page.last() else { return all };
        assert!(page.len() <= 2, "a page has what was asked for");
        after = Some(last.nth);
        all.extend(page.into_iter().map(|letter| DeadLetter { nth: 0, ..letter }));
    }
}

async fn queued<S: Subject>(subject: &S, merchant: &cartage_model::id::MerchantId, cart: usize) -> Vec<Queued> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = Page { after, most: 2 };
        let page = subject.outbox().queued(merchant.clone(), carts()[cart].clone(), page).await.expect("it can be read");
        let Some(last) = page.last() else { return all };
        assert!(page.len() <= 2, "a page has what was asked for");
        after = Some(last.nth);
        all.extend(page.into_iter().map(|queued| Queued { nth: 0, ..queued }));
    }
}
