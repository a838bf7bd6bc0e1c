use super::*;
use crate::service::Service;
use cartage_base::clock::ManualClock;
use cartage_contract::http::Reach;
use cartage_contract::orders::Update;
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::id::{DeliveryId, Digest, MerchantId};
use cartage_model::receipt::{Fate, Receipt};
use cartage_policy::validate::civil_time;
use cartage_store::cassettes::Tape;
use cartage_store::orders::{self, LabelRow, PackageRow, Told};
use cartage_store::outbox::{ClaimRequest, Claimed, Outbox as _, Settle, Settlement};
use cartage_store::{self as store, decisions, idempotency};
use std::sync::Arc;

const AT: u64 = 1_800_000_000_000;

struct Desk {
    folder: tempfile::TempDir,
    service: Service,
}

fn order(number: &str) -> OrderRef {
    OrderRef { cart: CartId::new("shop").expect("it is a Cart ID"), number: SenderOrderNumber::new(number) }
}

/// Text that occurs nowhere by chance, long enough to span several pages.
fn marked(number: &str, what: &str) -> String {
    format!("marked-{number}-{what} ").repeat(400)
}

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
        let service = Service::init(&folder.path().join("data"), Arc::new(ManualClock::at(AT))).expect("it is made");
        Desk { folder, service }
    }

    /// Accepts an update with marked text wherever there can be text.
    async fn accept(&self, number: &str, delivery: &str) {
        let merchant = self.service.merchant().clone();
        let update = Update {
            order_number: number.to_owned(),
            reference_number: None,
            label: marked(number, "label"),
            status: None,
            previous_label: None,
            changed_at: civil_time(AT),
            note: Some(marked(number, "note")),
            comments: None,
            notify_customer: None,
            packages: Vec::new(),
            line_items: Vec::new(),
            changed_at_unix_ms: None,
            packages_complete: None,
            extra: Vec::new(),
        };
        let package =
            PackageRow { id: None, carrier: None, number: Some(format!("marked-{number}-package")), withdrawn: false, details: None };
        let new = outbox::New {
            merchant: merchant.clone(),
            order: order(number),
            delivery: DeliveryId::named(delivery),
            update: Box::new(update),
            labels: vec![LabelRow { line: String::new(), text: format!("marked-{number}-label") }],
            packages: vec![package],
            at_unix_ms: AT,
        };
        self.service.outbox().accept(vec![new]).await.expect("it is accepted");
        let (key, number) = (delivery.to_owned(), number.to_owned());
        let write = move |tx: &Tx<'_>| -> Result<(), store::Error> {
            let json = format!("{{\"label\":\"{}\"}}", marked(&number, "decision"));
            decisions::add(tx, &merchant, &order(&number), &decisions::DecisionRow { at_unix_ms: AT, json })?;
            let answer = format!("{{\"label\":\"marked-{number}-answer\"}}");
            idempotency::put(tx, &merchant, &key, Digest::of(b"x"), Some(&order(&number)), &answer, AT).map(drop)
        };
        self.service.store().write(write).await.expect("it can be written");
    }

    /// Attempts the head of an order's queue.
    async fn settle(&self, number: &str, settlement: Settlement) {
        let merchant = self.service.merchant().clone();
        let wish = ClaimRequest { merchant: merchant.clone(), order: order(number), poison: Then::Go, busy_ms: 0, at_unix_ms: AT };
        let claimed = self.service.outbox().claim(vec![wish]).await.expect("it is claimed").pop();
        let Some(Claimed::Claim(claim)) = claimed else { panic!("{claimed:?}") };
        let receipt = Receipt {
            cart: order(number).cart,
            delivery: claim.delivery.clone(),
            attempt: claim.attempt,
            at_unix_ms: AT,
            took_ms: 1,
            plugin: Digest::of(b"x"),
            reach: Reach::Answered,
            fate: Fate::Delivered,
            message: Some(format!("marked-{number}-receipt")),
            reference: Some(format!("marked-{number}-reference")),
            steps: Vec::new(),
            packages: Vec::new(),
        };
        let settle = Settle {
            merchant,
            order: order(number),
            delivery: claim.delivery,
            attempt: claim.attempt,
            receipt: Some(receipt),
            steps: Vec::new(),
            lingers: false,
            resume: Some(format!("marked-{number}-resume").into_bytes()),
            told: Told { reference: Some(format!("marked-{number}-told")), packages: Vec::new() },
            cassette: Some(Tape::redacted(marked(number, "cassette"))),
            settlement,
            at_unix_ms: AT,
        };
        self.service.outbox().settle(vec![settle]).await.expect("it is settled");
    }

    async fn forget(&self, number: &str, discard_queue: bool) -> Forgotten {
        self.service.orders().forget(&order(number).cart, &SenderOrderNumber::new(number), discard_queue).await.expect("it can be asked")
    }

    /// Whether the database's files hold this text anywhere.
    fn files_hold(&self, text: &str) -> bool {
        let data = self.folder.path().join("data");
        let files = std::fs::read_dir(data).expect("it is a folder").map(|entry| entry.expect("it can be listed").path());
        let mut bytes = files.filter(|file| file.is_file()).map(|file| std::fs::read(file).expect("it can be read"));
        bytes.any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    }

    async fn backlog(&self) -> (u64, u64, u64) {
        let all = self.service.outbox().backlogs(None).await.expect("they are counted");
        all.first().map_or((0, 0, 0), |one| (one.queued, one.dead, one.blocked))
    }
}

fn delivered() -> Settlement {
    Settlement::Delivered
}

#[tokio::test]
async fn an_order_is_gone_from_the_rows_and_from_the_bytes_and_its_neighbours_are_not() {
    let desk = Desk::new();
    // Others around it, so that pages are shared, split and freed.
    for nth in 0..40 {
        desk.accept(&format!("n{nth}"), &format!("n{nth}-1")).await;
        if nth % 3 == 0 {
            desk.accept("1021", &format!("d{nth}")).await;
            desk.settle("1021", delivered()).await;
        }
        if nth % 2 == 0 {
            desk.settle(&format!("n{nth}"), delivered()).await;
        }
    }
    assert!(desk.files_hold("marked-1021-"));
    let Forgotten::Done { discarded: 0, rows } = desk.forget("1021", false).await else { panic!("nothing waits") };
    assert!(rows > 40, "{rows}");
    assert!(!desk.files_hold("marked-1021-"), "its bytes are still there");
    assert!(desk.files_hold("marked-n0-receipt") && desk.files_hold("marked-n1-note"), "the others stay");
    let merchant = desk.service.merchant().clone();
    let look = move |view: &store::View<'_>| -> Result<_, store::Error> {
        let gone = orders::get(view, &merchant, &order("1021"))?.is_none() && decisions::list(view, &merchant, &order("1021"))?.is_empty();
        Ok((gone, orders::get(view, &merchant, &order("n1"))?.is_some(), audit::last(view, &merchant, 1)?))
    };
    let (gone, neighbour, audit) = desk.service.store().read(look).await.expect("it can be read");
    assert!(gone && neighbour);
    assert_eq!((audit[0].what.as_str(), audit[0].subject.as_str()), ("forget", "order 1021 at cart shop"));
    assert_eq!(desk.service.deliveries().find(&DeliveryId::named("d0")).await.expect("it is looked up"), None);
    assert_eq!(desk.forget("1021", false).await, Forgotten::NothingKept, "nothing is left");
    let audit = desk.service.store().read::<_, store::Error>(|view| audit::last(view, &MerchantId::default(), 9)).await;
    assert_eq!(audit.expect("it can be read").iter().filter(|line| line.what == "forget").count(), 1, "what was not done is in no audit");
}

#[tokio::test]
async fn what_waits_or_is_dead_keeps_an_order_unless_it_is_discarded() {
    let desk = Desk::new();
    desk.accept("1021", "first").await;
    desk.settle("1021", Settlement::Dead { reason: Reason::TooOld, then: Then::Block }).await;
    desk.accept("1021", "second").await;
    desk.accept("1022", "other").await;
    assert_eq!(desk.backlog().await, (2, 1, 1));
    assert_eq!(desk.forget("1021", false).await, Forgotten::Waits { deliveries: 2 });
    let held = desk.service.deliveries().hold(&order("1021")).expect("nobody holds it");
    assert_eq!(desk.forget("1021", true).await, Forgotten::UnderWay);
    drop(held);
    assert!(desk.files_hold("marked-1021-note"));
    assert!(matches!(desk.forget("1021", true).await, Forgotten::Done { discarded: 2, .. }));
    assert!(!desk.files_hold("marked-1021-") && desk.files_hold("marked-1022-note"));
    assert_eq!(desk.backlog().await, (1, 0, 0), "the counts follow");
    desk.accept("1021", "anew").await;
    assert_eq!(desk.backlog().await, (2, 0, 0), "the order is new again");
}

#[tokio::test]
async fn an_answer_goes_with_its_own_order_whatever_else_it_says() {
    let desk = Desk::new();
    for number in ["10", "11"] {
        desk.accept(number, &format!("key-{number}")).await;
        desk.settle(number, delivered()).await;
    }
    let merchant = desk.service.merchant().clone();
    // Its label is "10", its cart has the name of the other order's: neither makes it an answer about that order.
    let answer = r#"{"decision":{"cart":"shop","order_number":"12","label":"10"}}"#;
    let write = move |tx: &Tx<'_>| idempotency::put(tx, &merchant, "label-10", Digest::of(b"x"), Some(&order("12")), answer, AT);
    desk.service.store().write(write).await.expect("it can be written");
    assert!(matches!(desk.forget("10", false).await, Forgotten::Done { .. }));
    let merchant = desk.service.merchant().clone();
    let look = move |view: &store::View<'_>| -> Result<_, store::Error> {
        ["key-10", "key-11", "label-10"].into_iter().map(|key| idempotency::get(view, &merchant, key, Digest::of(b"x"))).collect()
    };
    let known: Vec<idempotency::KeyState> = desk.service.store().read(look).await.expect("it can be read");
    let kept: Vec<bool> = known.iter().map(|known| *known != idempotency::KeyState::New).collect();
    assert_eq!(kept, [false, true, true]);
}
