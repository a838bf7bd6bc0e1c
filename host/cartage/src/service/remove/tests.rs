use super::*;
use crate::service::Service;
use cartage_base::clock::ManualClock;
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::id::{MerchantId, SenderOrderNumber};
use cartage_model::remedy::Remedy;
use cartage_store::carts::DefinitionRow;
use cartage_store::outbox::{self, ClaimRequest, Claimed, EndCause, FoundDelivery, Settle, Settlement};
use std::sync::Arc;

const AT: u64 = 1_800_000_000_000;

fn shop() -> CartId {
    CartId::new("shop").expect("it is a Cart ID")
}

fn order(number: &str) -> OrderRef {
    OrderRef { cart: shop(), number: SenderOrderNumber::new(number) }
}

async fn desk() -> (tempfile::TempDir, Service) {
    let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
    let service = Service::init(&folder.path().join("data"), Arc::new(ManualClock::at(AT))).expect("it is made");
    let put = |tx: &Tx<'_>| {
        let text = "cart = \"shop\"\nplugin = \"shop.wasm\"\nmode = \"live\"\n".to_owned();
        store::carts::put(tx, &MerchantId::default(), &DefinitionRow { cart: shop(), text, plugin: None, mode: "live".to_owned() }, AT)
    };
    service.store().write::<_, store::Error>(put).await.expect("it can be written");
    (folder, service)
}

async fn accept(service: &Service, number: &str) -> DeliveryId {
    let delivery = DeliveryId::new();
    let new = outbox::New {
        merchant: MerchantId::default(),
        order: order(number),
        delivery: delivery.clone(),
        update: Box::new(crate::service::deliveries::tests::update(number)),
        labels: Vec::new(),
        packages: Vec::new(),
        at_unix_ms: AT,
    };
    service.outbox().accept(vec![new]).await.expect("it is accepted");
    delivery
}

/// Turns the head of an order's queue into a dead letter that blocks the rest.
async fn die(service: &Service, number: &str) {
    let (merchant, at_unix_ms) = (MerchantId::default(), AT);
    let wish = ClaimRequest { merchant: merchant.clone(), order: order(number), poison: Then::Block, busy_ms: 0, at_unix_ms };
    let claimed = service.outbox().claim(vec![wish]).await.expect("it is claimed").pop();
    let Some(Claimed::Claim(claim)) = claimed else { panic!("{claimed:?}") };
    let settlement = Settlement::Dead { reason: Reason::TooOld, then: Then::Block };
    let (order, delivery, attempt) = (order(number), claim.delivery, claim.attempt);
    let settle = Settle {
        merchant,
        order,
        delivery,
        attempt,
        receipt: None,
        steps: Vec::new(),
        lingers: false,
        resume: None,
        told: cartage_store::orders::Told::default(),
        cassette: None,
        settlement,
        at_unix_ms,
    };
    service.outbox().settle(vec![settle]).await.expect("it is settled");
}

async fn is_there(service: &Service) -> bool {
    service.carts().find(&shop()).await.expect("it can be looked for").is_some()
}

#[tokio::test]
async fn a_cart_for_which_nothing_waits_is_removed() {
    let (_folder, service) = desk().await;
    assert_eq!(service.removal().remove(&shop(), Queue::Keep).await.expect("it is removed"), 0);
    assert!(!is_there(&service).await);
    assert!(matches!(service.removal().remove(&shop(), Queue::Discard).await, Err(Error::NoCart { .. })));
}

#[tokio::test]
async fn what_waits_keeps_its_cart_unless_it_is_to_be_ended() {
    let (_folder, service) = desk().await;
    let mut all = Vec::new();
    for number in ["1", "1", "2"] {
        all.push(accept(&service, number).await);
    }
    die(&service, "1").await;
    let kept = service.removal().remove(&shop(), Queue::Keep).await.expect_err("something waits");
    assert!(matches!(kept, Error::CartHasQueue { queued: 2, dead: 1, .. }), "{kept}");
    assert!(kept.to_string().ends_with("2 updates wait for it, and it has 1 dead letter"), "{kept}");
    assert_eq!(kept.remedy(), Some(Remedy::DiscardQueue { cart: shop() }));
    assert!(is_there(&service).await && service.carts().get(&shop()).await.expect("it is there").row.enabled, "nothing was changed");
    assert_eq!(service.removal().remove(&shop(), Queue::Discard).await.expect("it is removed"), 3);
    assert!(!is_there(&service).await);
    for delivery in all {
        let found = service.outbox().find(MerchantId::default(), delivery).await.expect("it can be looked for");
        assert!(
            matches!(&found, Some(FoundDelivery::Ended { ending, .. }) if matches!(&ending.how, EndCause::Discarded { why, .. } if why == WHY)),
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn dead_letters_alone_keep_their_cart() {
    let (_folder, service) = desk().await;
    accept(&service, "1").await;
    die(&service, "1").await;
    let kept = service.removal().remove(&shop(), Queue::Keep).await.expect_err("there is one");
    assert!(matches!(kept, Error::CartHasQueue { queued: 0, dead: 1, .. }), "{kept}");
}

#[tokio::test]
async fn more_than_a_batch_is_ended() {
    let (_folder, service) = desk().await;
    for number in 0..=BATCH {
        accept(&service, &number.to_string()).await;
    }
    assert_eq!(service.removal().remove(&shop(), Queue::Discard).await.expect("it is removed"), u64::from(BATCH) + 1);
}

#[tokio::test]
async fn an_attempt_that_is_under_way_is_waited_for() {
    let (_folder, service) = desk().await;
    for number in ["1", "2"] {
        accept(&service, number).await;
    }
    let held = service.deliveries().hold(&order("1")).expect("nobody else has it");
    let other = service.clone();
    let removing = tokio::spawn(async move { other.removal().remove(&shop(), Queue::Discard).await });
    // Until the other order is ended, whatever the machine does meanwhile.
    while service.outbox().backlogs(None).await.expect("they can be read")[0].queued > 1 {
        sleep(Duration::from_millis(5)).await;
    }
    assert!(!service.carts().get(&shop()).await.expect("it is there still").row.enabled, "nothing more is tried or accepted");
    drop(held);
    assert_eq!(removing.await.expect("it does not panic").expect("it is removed"), 2);
}

#[tokio::test]
async fn an_order_under_way_with_more_than_a_batch_keeps_no_other_order() {
    let (_folder, service) = desk().await;
    for _ in 0..=BATCH {
        accept(&service, "1").await;
    }
    for number in ["2", "3"] {
        accept(&service, number).await;
    }
    let held = service.deliveries().hold(&order("1")).expect("nobody else has it");
    let other = service.clone();
    let removing = tokio::spawn(async move { other.removal().remove(&shop(), Queue::Discard).await });
    while service.outbox().backlogs(None).await.expect("they can be read")[0].queued > u64::from(BATCH) + 1 {
        assert!(!removing.is_finished(), "the orders behind it are ended first");
        sleep(Duration::from_millis(5)).await;
    }
    drop(held);
    assert_eq!(removing.await.expect("it does not panic").expect("it is removed"), u64::from(BATCH) + 3);
}
