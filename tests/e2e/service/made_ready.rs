//! A cart that was made ready rests on its own definition, credentials and parameters, and is made ready anew for changes of these alone.

use super::{Desk, NEW, OLD, script_cart};
use cartage::deliver::registry::{CartRegistry as _, NextCredentials, Ready};
use cartage::events::{Label, Labels};
use cartage::id::{CartId, Digest};
use cartage::parameters::{GENERIC_ORDER_NUMBER_TYPE, Scope, assign};
use cartage::receipt::{Fate, PauseReason};
use cartage::service::Service;
use cartage::vault::Generation;
use std::sync::Arc;

const ONE: &str = "one";
const TWO: &str = "two";

fn id(cart: &str) -> CartId {
    CartId::new(cart).expect("a valid id")
}

async fn ready(service: &Service, cart: &str) -> Arc<Ready> {
    let key = (service.merchant().clone(), id(cart));
    service.registry().ready(&key).await.expect("it can be made ready").expect("it was not refused")
}

/// The two carts, made ready.
struct Shops {
    service: Service,
    ready: [Arc<Ready>; 2],
}

impl Shops {
    /// Asserts which of the two carts were made ready anew since the last call.
    async fn were_made_anew(&mut self, expected: [bool; 2], after: &str) {
        let now = [ready(&self.service, ONE).await, ready(&self.service, TWO).await];
        let anew = [0, 1].map(|nth: usize| !Arc::ptr_eq(&now[nth], &self.ready[nth]));
        assert_eq!(anew, expected, "{after}");
        self.ready = now;
    }
}

fn two_carts(desk: &Desk) -> Service {
    for cart in [ONE, TWO] {
        let file = format!("{cart}.toml");
        desk.write(&file, &script_cart(cart, "https://shop.example/seti.php", ""));
        desk.done(&["apply", &file]);
        assert_eq!(desk.type_in(&["credential", "set", cart, "account", "password"], OLD).0, 0);
    }
    desk.service()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_concerns_the_carts_that_rest_on_it_and_no_others() {
    let desk = Desk::new();
    let service = two_carts(&desk);
    let mut shops = Shops { ready: [ready(&service, ONE).await, ready(&service, TWO).await], service: service.clone() };
    shops.were_made_anew([false, false], "nothing").await;

    service.carts().set_pause(&id(ONE), Some("by hand")).await.expect("there is room");
    shops.were_made_anew([true, false], "a pause of the one").await;
    service.recordings().set_raw(&id(TWO), Some(1000), "to look").await.expect("there is room");
    shops.were_made_anew([false, true], "raw recordings of the other").await;
    let kept = service.carts().get(&id(ONE)).await.expect("it is there");
    let manifest = kept.manifest().expect("it was admitted").clone();
    let place = ("account", "password");
    service.credentials().set(&kept, &manifest, place, Generation::Current, NEW.into()).await.expect("it can be set");
    shops.were_made_anew([true, false], "a password of the one").await;
    service.carts().pause_all("stock-taking").await.expect("there is room");
    shops.were_made_anew([true, true], "a pause of all").await;

    let labels: Labels = [Label::new("Order Wrapped").expect("a label")].into_iter().collect();
    service.configuration().add_labels(&labels).await.expect("there is room");
    shops.were_made_anew([false, false], "a label").await;
    service.bans().ban(Digest::of(b"another plugin"), "wrong numbers").await.expect("there is room");
    shops.were_made_anew([true, true], "a ban, which may concern a cart that is pinned to no plugin").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_is_set_or_unset_concerns_the_carts_of_its_scope() {
    let desk = Desk::new();
    let service = two_carts(&desk);
    let mut shops = Shops { ready: [ready(&service, ONE).await, ready(&service, TWO).await], service: service.clone() };
    let kind = &GENERIC_ORDER_NUMBER_TYPE;
    for (scope, expected) in [(Scope::Cart(id(ONE)), [true, false]), (Scope::System, [true, true])] {
        let assignment = assign(kind.name, scope.clone(), "text").expect("a value that it takes");
        service.configuration().set_parameter(&assignment).await.expect("there is room");
        shops.were_made_anew(expected, &format!("set for {scope:?}")).await;
        assert!(service.configuration().unset_parameter(kind, &scope).await.expect("there is room"));
        shops.were_made_anew(expected, &format!("unset for {scope:?}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_credentials_that_were_changed_meanwhile_does_not_count() {
    let desk = Desk::new();
    let service = two_carts(&desk);
    let (registry, key) = (service.registry(), (service.merchant().clone(), id(ONE)));
    let refused = || Fate::PauseCart { reason: PauseReason::Credentials, for_ms: None };
    let old = ready(&service, ONE).await;
    let kept = service.carts().get(&id(ONE)).await.expect("it is there");
    let manifest = kept.manifest().expect("it was admitted").clone();
    service.credentials().set(&kept, &manifest, ("account", "password"), Generation::Current, NEW.into()).await.expect("it can be set");
    assert_eq!(registry.tried(&key, &old, refused()).await, NextCredentials::OthersNext, "an attempt with the old password was under way");
    let new = ready(&service, ONE).await;
    assert_eq!(registry.tried(&key, &old, refused()).await, NextCredentials::OthersNext, "and the cart was made ready anew since");
    assert_eq!(registry.tried(&key, &new, refused()).await, NextCredentials::Stand, "the new one is refused too");
    assert!(registry.ready(&key).await.expect("nothing fails").is_none(), "the cart is left alone");
    service.carts().set_pause(&id(ONE), None).await.expect("there is room");
    assert!(registry.ready(&key).await.expect("nothing fails").is_some(), "until something changes");
}
