//! The search for deliveries that cannot be read, in rounds. Each call reads only a part of what is stored, so that none takes long.

use super::Error;
use super::tenant::Tenant;
use crate::alerts::{Certainty, UnreadableDeliveries};
use cartage_model::id::{CartId, MerchantId};
use cartage_store::outbox::sqlite::{ScanFrom, SearchPart, part};
use cartage_store::outbox::{self, Backlog};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// How long the findings of a round stay valid unless the queue changes, in milliseconds.
const ROUND_MS: u64 = 60_000;
/// The most parts that one call reads, and the bytes of updates after which it stops.
const PARTS: usize = 50;
const BYTES: usize = 16 << 20;

/// The progress of the rounds, by merchant.
#[derive(Debug, Default)]
pub(super) struct Rounds(Mutex<BTreeMap<MerchantId, Round>>);

#[derive(Debug, Clone, Default)]
struct Round {
    /// Where the round continues; `None` before its first part.
    place: Option<At>,
    found: BTreeMap<CartId, UnreadableDeliveries>,
    /// The findings of the last complete round, when it ended, and a checksum of the backlogs then; `None` before the first.
    last: Option<(BTreeMap<CartId, UnreadableDeliveries>, u64, u64)>,
}

#[derive(Debug, Clone)]
enum At {
    Dead(u64),
    Queued(CartId, u64),
}

impl Rounds {
    /// Reads a part of what is stored. The function returned says of a cart whether it has a delivery that cannot be read.
    pub(super) async fn unreadable(
        &self,
        tenant: &Tenant,
        backlogs: &[Backlog],
    ) -> Result<impl Fn(&CartId) -> Certainty<UnreadableDeliveries> + use<>, Error> {
        let mut round = self.all().get(&tenant.merchant).cloned().unwrap_or_default();
        let kept = backlogs.iter().fold(0_u64, |sum, backlog| sum.wrapping_mul(31).wrapping_add(backlog.dead).wrapping_add(backlog.queued));
        let now = tenant.now_unix_ms();
        let stands =
            round.last.as_ref().is_some_and(|(_, at, then)| round.place.is_none() && *then == kept && now.saturating_sub(*at) < ROUND_MS);
        if !stands {
            go_round(tenant, &mut round, backlogs, now, kept).await?;
            self.all().insert(tenant.merchant.clone(), round.clone());
        }
        Ok(move |cart: &CartId| match (&round.last, round.found.get(cart)) {
            (Some((last, ..)), _) => last.get(cart).cloned().map_or(Certainty::No, Certainty::Yes),
            (None, Some(found)) => Certainty::Yes(found.clone()),
            (None, None) => Certainty::Unknown,
        })
    }

    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<MerchantId, Round>> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

async fn go_round(tenant: &Tenant, round: &mut Round, backlogs: &[Backlog], now: u64, kept: u64) -> Result<(), Error> {
    let mut read = 0;
    for _ in 0..PARTS {
        let at = round.place.take().unwrap_or(At::Dead(0));
        let SearchPart { unreadable, bytes, next } = look_through(tenant, at.clone()).await?;
        for (order, delivery) in unreadable {
            let found = round.found.entry(order.cart).or_insert(UnreadableDeliveries { count: 0, order: order.number.into(), delivery });
            found.count += 1;
        }
        round.place = following(at, next, backlogs);
        read += bytes;
        if round.place.is_none() {
            round.last = Some((std::mem::take(&mut round.found), now, kept));
        }
        if round.place.is_none() || read > BYTES {
            break;
        }
    }
    Ok(())
}

async fn look_through(tenant: &Tenant, at: At) -> Result<SearchPart, Error> {
    let merchant = tenant.merchant.clone();
    let read = move |view: &cartage_store::View<'_>| {
        let place = match &at {
            At::Dead(after) => ScanFrom::Dead(*after),
            At::Queued(cart, after) => ScanFrom::Queued(cart, *after),
        };
        part(view, &merchant, place)
    };
    Ok(tenant.store.read::<_, outbox::Error>(read).await?)
}

/// Where a round continues: dead letters first, then queued deliveries, cart by cart; `None` at the end.
fn following(at: At, next: Option<u64>, backlogs: &[Backlog]) -> Option<At> {
    let cart = match (at, next) {
        (At::Dead(_), Some(next)) => return Some(At::Dead(next)),
        (At::Queued(cart, _), Some(next)) => return Some(At::Queued(cart, next)),
        (At::Dead(_), None) => None,
        (At::Queued(cart, _), None) => Some(cart),
    };
    let later = backlogs.iter().filter(|backlog| backlog.queued > 0 && Some(&backlog.cart) > cart.as_ref());
    later.map(|backlog| backlog.cart.clone()).min().map(|cart| At::Queued(cart, 0))
}
