//! The requirements on every outbox, as one suite: the same commands go to the outbox under test and to the [`Model`], and after each
//! command everything observable must be the same. An implementation joins by being a [`Subject`].

mod command;
mod observe;
mod promises;
pub(super) mod sqlite;

use super::Outbox;
use super::model::Model;
use crate::orders::{LabelRow, OrderRef, OrderRow, PackageRow};
use crate::outbox::model::CartState;
use cartage_contract::orders::{CivilDate, CivilTime, Told, Update};
use cartage_model::id::{CartId, DeliveryId, MerchantId, SenderOrderNumber};
use command::{Command, Driver};
use proptest::prelude::*;

/// An outbox under test and the store that it writes to.
pub(super) trait Subject {
    type Outbox: Outbox;

    fn outbox(&self) -> &Self::Outbox;

    /// Ends the outbox as a crash does, and opens it again.
    fn reopen(&mut self);

    /// The order's row, or `None` if there is no such order.
    fn order(&self, merchant: &MerchantId, order: &OrderRef) -> Option<OrderRow>;

    /// What the outbox has done to a cart.
    fn cart(&self, merchant: &MerchantId, cart: &CartId) -> CartState;

    /// Puts an order in doubt, if the order is known.
    fn doubt(&self, merchant: &MerchantId, order: &OrderRef);
}

impl Subject for Model {
    type Outbox = Model;

    fn outbox(&self) -> &Model {
        self
    }

    fn reopen(&mut self) {}

    fn order(&self, merchant: &MerchantId, order: &OrderRef) -> Option<OrderRow> {
        Model::order(self, merchant, order)
    }

    fn cart(&self, merchant: &MerchantId, cart: &CartId) -> CartState {
        Model::cart(self, merchant, cart)
    }

    fn doubt(&self, merchant: &MerchantId, order: &OrderRef) {
        Model::doubt(self, merchant, order);
    }
}

/// The two merchants of all tests.
pub(super) fn merchants() -> [MerchantId; 2] {
    ["default", "other"].map(|name| MerchantId::new(name).expect("a valid name"))
}

/// The two carts of each merchant.
pub(super) fn carts() -> [CartId; 2] {
    ["seed", "leaf"].map(|name| CartId::new(name).expect("a valid name"))
}

/// One of the two orders of a cart.
pub(super) fn order(cart: usize, number: usize) -> OrderRef {
    OrderRef { cart: carts()[cart].clone(), number: SenderOrderNumber::new(["1021", "1022"][number]) }
}

/// A delivery id with this number in its text.
pub(super) fn delivery(nth: usize) -> DeliveryId {
    DeliveryId::named(format!("delivery-{nth:04}"))
}

/// An update with a label and packages of these ids.
pub(super) fn update(order: &OrderRef, label: &str, packages: &[u8]) -> Update {
    let date = CivilDate { year: 2026, month: 11, day: 23 };
    Update {
        order_number: order.number.to_string(),
        reference_number: None,
        label: label.into(),
        status: Some(label.to_lowercase()),
        previous_label: None,
        changed_at: CivilTime { date, hour: 12, minute: 0, second: 0, utc_offset_minutes: None },
        note: None,
        comments: None,
        notify_customer: None,
        packages: packages.iter().map(|id| sent(*id)).collect(),
        line_items: Vec::new(),
        changed_at_unix_ms: None,
        packages_complete: None,
        extra: vec![],
    }
}

fn sent(id: u8) -> cartage_contract::orders::Package {
    cartage_contract::orders::Package {
        id: Some(id.to_string()),
        tracking_number: Some(format!("1Z{id}")),
        tracking_url: None,
        carrier: Some("ups".into()),
        carrier_given: Some("UPS".into()),
        method: None,
        picked_up: None,
        contents: Vec::new(),
        told: Told::New,
        told_number: None,
        origin: None,
        known_reference: None,
        extra: vec![],
    }
}

/// The labels and packages that such an update carries.
pub(super) fn rows(update: &Update) -> (Vec<LabelRow>, Vec<PackageRow>) {
    let labels = vec![LabelRow { line: String::new(), text: update.label.clone() }];
    let packages = update.packages.iter().map(|package| PackageRow {
        id: package.id.clone(),
        carrier: package.carrier_given.clone(),
        number: package.tracking_number.clone(),
        withdrawn: false,
        // Every update knows something else of a package.
        details: package.id.as_ref().map(|id| [(format!("{}-{id}", update.label), id.clone()), ("of".into(), update.label.clone())].into()),
    });
    (labels, packages.collect())
}

/// Applies the same commands to the model and the subject, and compares everything observable after each.
fn conforms<S: Subject>(mut subject: S, commands: &[Command]) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without any driver");
    runtime.block_on(async {
        let (mut model, mut driver) = (Model::default(), Driver::default());
        for command in commands {
            let expected = driver.clone().apply(command, &mut model).await;
            let found = driver.apply(command, &mut subject).await;
            prop_assert_eq!(&found, &expected, "the answer to {:?}", command);
            let (expected, found) = (observe::all(&driver, &model).await, observe::all(&driver, &subject).await);
            for (found, expected) in found.lines().zip(expected.lines()) {
                prop_assert_eq!(found, expected, "after {:?}", command);
            }
            prop_assert_eq!(found.lines().count(), expected.lines().count());
            driver.promises_hold(&subject).await?;
        }
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_model_keeps_its_own_promises(commands in command::sequence(60)) {
        conforms(Model::default(), &commands)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_does_what_the_model_does(commands in command::sequence(50)) {
        conforms(sqlite::Kept::new(), &commands)?;
    }
}
