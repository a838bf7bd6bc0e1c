//! The import of labels that orders had at a cart before Cartage.

use super::Error;
use super::intake::Intake;
use super::snapshot::rows;
use cartage_base::heavy;
use cartage_model::id::{CartId, SenderOrderNumber};
use cartage_policy::gate::order::{Past, PastFate};
use cartage_policy::validate::{Fields, Refused, StatusUpdate, civil_time};
use cartage_store::orders::{self, OrderRef};
use cartage_store::{self as store, Tx};

/// The usual length of an order's number and its label, in bytes.
const LABEL_BYTES: usize = 32;

impl Intake {
    /// Records labels that orders have at a cart already, without sending anything: all of them or, if one is not valid, none. Returns
    /// their number.
    ///
    /// # Errors
    ///
    /// [`Error::NoCart`], [`Error::Invalid`].
    pub async fn baseline(&self, cart: &CartId, labels: Vec<(SenderOrderNumber, String)>) -> Result<usize, Error> {
        let Some(kept) = self.carts.find(cart).await? else {
            return Err(Error::NoCart { cart: cart.clone(), nearest: self.tenant.nearest_cart(cart).await? });
        };
        let (rule, cart, at) = (kept.cart.order_number, cart.clone(), self.tenant.now_unix_ms());
        let past = move |(number, label): (SenderOrderNumber, String)| -> Result<(OrderRef, Past), Error> {
            // A number that is none of this cart's would be kept and never be found again.
            rule.apply(&number).map_err(|source| Refused::OrderNumber { cart: cart.to_string(), source })?;
            let update = StatusUpdate::new(Fields { order_number: number.into(), label, ..Fields::default() }, civil_time(at))?;
            let order = OrderRef { cart: cart.clone(), number: update.order_number().clone() };
            Ok((order, Past { fate: PastFate::Applied, ..Past::of(update.given()) }))
        };
        let bytes = labels.len() * LABEL_BYTES;
        let all = heavy::work(bytes, move || labels.into_iter().map(past).collect::<Result<Vec<_>, _>>()).await?;
        let (count, merchant) = (all.len(), self.tenant.merchant.clone());
        let write = move |tx: &Tx<'_>| {
            all.iter().try_for_each(|(order, past)| {
                let (labels, packages) = rows(past);
                orders::baseline(tx, &merchant, order, &labels, &packages, at)
            })
        };
        self.tenant.store.write::<_, store::Error>(write).await?;
        Ok(count)
    }
}
