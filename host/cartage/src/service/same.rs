//! Whether a request repeats the order's last update while the cart does not have that update: a sender that is answered after the delivery
//! repeats what was refused, and such a repeat is no second update.

use super::Error;
use super::intake::{Asked, Intake, Looked, Request};
use cartage_contract::orders::Update;
use cartage_store::orders::OrderRef;
use cartage_store::outbox::{self, FoundDelivery, sqlite};

impl Intake {
    /// The order's last update, if it is queued or dead and says what this request says; otherwise `None`. The time of the label change is
    /// ignored, because senders that name no time would differ at each repeat.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store cannot be read.
    pub async fn same_as_last(&self, request: &Request) -> Result<Option<FoundDelivery>, Error> {
        let order = OrderRef { cart: request.cart.clone(), number: request.order_number() };
        let (merchant, wanted) = (self.tenant.merchant.clone(), order.clone());
        let last = move |view: &cartage_store::View<'_>| sqlite::last(view, &merchant, &wanted);
        let Some(found) = self.tenant.store.read::<_, outbox::Error>(last).await? else { return Ok(None) };
        let (FoundDelivery::Queued(_, Some(last)) | FoundDelivery::Dead(_, Some(last))) = &found else { return Ok(None) };
        let Looked { facts, kept, .. } = self.look(&request.cart, &request.order_number(), None).await?;
        let Some(kept) = kept else { return Ok(None) };
        // What is wrong with the request is said where it is accepted.
        let Ok(asked) = Asked::new(request, &facts, self.tenant.now_unix_ms()) else { return Ok(None) };
        let Ok(Some(update)) = asked.for_cart(&kept, &facts) else { return Ok(None) };
        Ok(tell_the_same(&update, last).then_some(found))
    }
}

/// Whether two updates tell a cart the same, apart from what depends on when they came.
fn tell_the_same(one: &Update, other: &Update) -> bool {
    let timeless = Update {
        previous_label: other.previous_label.clone(),
        changed_at: other.changed_at,
        changed_at_unix_ms: other.changed_at_unix_ms,
        ..one.clone()
    };
    timeless == *other
}
