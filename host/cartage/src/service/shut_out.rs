//! Clients whose posts a cart's inlet refuses: their log-ins failed so often that they are ignored for a while, or there is nothing to log
//! in to. The listening process remembers who is shut out. Here that is kept for the alert, until the client logs in or an hour has passed.

use crate::alerts::NotLetIn;
use cartage_model::id::{CartId, MerchantId};
use cartage_policy::schedule::CartKey;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;

/// How long after the last refusal of a client there is an alert, in milliseconds.
const SHUT_OUT_ALERT_MS: u64 = 60 * 60 * 1000;
/// The most clients of one cart that are remembered; further ones are not.
const CLIENTS_MAX: usize = 100;

/// The refused clients, with the time of the last refusal, on a clock that is never set, and its reason.
#[derive(Default)]
pub(super) struct ShutOut {
    carts: Mutex<BTreeMap<CartKey, Clients>>,
}

/// The refused clients of one cart: the time of the last refusal, in milliseconds of that clock, and its reason.
type Clients = BTreeMap<IpAddr, (u64, NotLetIn)>;

impl ShutOut {
    /// Records that a client's posts are refused at a cart. Returns whether an alert may say something else now.
    pub(super) fn refused(&self, cart: CartKey, client: IpAddr, why: NotLetIn, now_ms: u64) -> bool {
        let mut carts = self.carts.lock().expect("nobody panics while holding it");
        let clients = carts.entry(cart).or_default();
        let is_remembered = clients.len() < CLIENTS_MAX || clients.contains_key(&client);
        // A client that is not remembered changes nothing that an alert says.
        is_remembered && clients.insert(client, (now_ms, why.clone())).is_none_or(|(_, known)| known != why)
    }

    /// Records that a client logged in at a cart. Returns whether the client was refused before.
    pub(super) fn logged_in(&self, cart: &CartKey, client: IpAddr) -> bool {
        let mut carts = self.carts.lock().expect("nobody panics while holding it");
        carts.get_mut(cart).is_some_and(|clients| clients.remove(&client).is_some())
    }

    /// The carts of a merchant that refuse clients: the number of clients, the address of one, and the reason for that one.
    pub(super) fn of(&self, merchant: &MerchantId, now_ms: u64) -> BTreeMap<CartId, (usize, String, NotLetIn)> {
        let mut carts = self.carts.lock().expect("nobody panics while holding it");
        carts.values_mut().for_each(|clients| clients.retain(|_, (at_ms, _)| now_ms.saturating_sub(*at_ms) < SHUT_OUT_ALERT_MS));
        carts.retain(|_, clients| !clients.is_empty());
        let own = carts.iter().filter(|((whose, _), _)| whose == merchant);
        let one = |((_, cart), clients): (&CartKey, &Clients)| {
            let (client, (_, why)) = clients.first_key_value()?;
            Some((cart.clone(), (clients.len(), client.to_string(), why.clone())))
        };
        own.filter_map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Service;
    use cartage_base::clock::ManualClock;
    use std::sync::Arc;

    #[test]
    fn a_client_is_remembered_until_it_logs_in_or_an_hour_has_passed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(ManualClock::at(1_800_000_000_000));
        let service = Service::init(&folder.path().join("data"), clock.clone()).expect("it is made");
        let cart = CartId::new("shop").expect("it is a Cart ID");
        let found = || service.shared.seen.shut_out.of(service.merchant(), service.elapsed_ms());
        let why = || NotLetIn::ShutOut { last: "the password is wrong".to_owned() };
        let [one, other] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        service.inlets().refused(&cart, one, why());
        service.inlets().refused(&cart, other, NotLetIn::NoPassword);
        assert_eq!(found(), [(cart.clone(), (2, "192.0.2.1".to_owned(), why()))].into());
        service.inlets().logged_in(&cart, one);
        assert_eq!(found(), [(cart.clone(), (1, "192.0.2.2".to_owned(), NotLetIn::NoPassword))].into());
        clock.advance_ms(SHUT_OUT_ALERT_MS - 1);
        assert_eq!(found().len(), 1);
        clock.advance_ms(1);
        assert!(found().is_empty());
    }

    #[tokio::test]
    async fn clients_beyond_the_most_that_are_remembered_wake_nobody() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let service = Service::init(&folder.path().join("data"), Arc::new(ManualClock::at(1_800_000_000_000))).expect("it is made");
        let (inlets, cart) = (service.inlets(), CartId::new("shop").expect("it is a Cart ID"));
        let woken = async || tokio::time::timeout(std::time::Duration::from_millis(1), inlets.seen.news.notified()).await.is_ok();
        let client = |nth: usize| IpAddr::from([192, 0, 2, nth as u8]);
        for nth in 0..CLIENTS_MAX {
            inlets.refused(&cart, client(nth), NotLetIn::NoPassword);
            assert!(woken().await, "client {nth} is new");
            inlets.refused(&cart, client(nth), NotLetIn::NoPassword);
            assert!(!woken().await, "client {nth} is known");
        }
        for _ in 0..2 {
            inlets.refused(&cart, client(CLIENTS_MAX), NotLetIn::NoPassword);
            assert!(!woken().await, "one more says nothing new");
        }
        inlets.refused(&cart, client(0), NotLetIn::ShutOut { last: "the password is wrong".to_owned() });
        assert!(woken().await, "another reason of a known client");
    }
}
