use super::*;
use crate::service::Service;
use crate::service::definitions::{InvalidCarts, Proposal};
use cartage_base::clock::ManualClock;
use cartage_model::id::MerchantId;
use cartage_store::carts::DefinitionRow;
use std::sync::Arc;

const AT: u64 = 1_800_000_000_000;

fn id(name: &str) -> CartId {
    CartId::new(name).expect("it is a Cart ID")
}

fn bad() -> Digest {
    Digest::of(b"a bad plugin")
}

/// The carts `one` and `two` have the bad plugin, `three` has another.
async fn desk() -> (tempfile::TempDir, Service) {
    let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
    let service = Service::init(&folder.path().join("data"), Arc::new(ManualClock::at(AT))).expect("it is made");
    let put = |tx: &Tx<'_>| {
        [("one", bad()), ("two", bad()), ("three", Digest::of(b"another"))].into_iter().try_for_each(|(name, plugin)| {
            let text = format!("cart = \"{name}\"\nplugin = \"shop.wasm\"\nmode = \"live\"\ndigest = \"{plugin}\"\n");
            let definition = DefinitionRow { cart: id(name), text, plugin: Some(plugin), mode: "live".to_owned() };
            carts::put(tx, &MerchantId::default(), &definition, AT)
        })
    };
    service.store().write::<_, store::Error>(put).await.expect("it can be written");
    (folder, service)
}

async fn pauses(service: &Service) -> Vec<(String, Option<String>)> {
    let rows = service.store().read::<_, store::Error>(|view| carts::list(view, &MerchantId::default())).await.expect("it can be read");
    rows.into_iter().map(|row| (row.definition.cart.to_string(), row.pause.map(|pause| pause.why))).collect()
}

fn is(expected: [(&str, Option<&str>); 3]) -> Vec<(String, Option<String>)> {
    expected.map(|(cart, why)| (cart.to_owned(), why.map(str::to_owned))).into()
}

#[tokio::test]
async fn a_ban_pauses_the_carts_on_that_plugin_and_no_other() {
    let (_folder, service) = desk().await;
    service.carts().set_pause(&id("two"), Some("by hand")).await.expect("it is paused");
    let banned = service.bans().ban(bad(), "wrong numbers").await.expect("it is banned");
    assert_eq!(banned, Banned { new: true, carts: vec![id("one"), id("two")] });
    assert_eq!(pauses(&service).await, is([("one", Some("plugin-banned")), ("three", None), ("two", Some("by hand"))]));
    assert!(!service.bans().ban(bad(), "wrong totals").await.expect("it is banned").new);
    let bans = service.bans().list().await.expect("they can be read");
    assert_eq!(bans, [Ban { digest: bad(), why: "wrong totals".to_owned(), banned_at_unix_ms: AT }]);
    let refused = service.carts().set_pause(&id("one"), None).await.expect_err("it would go on with it");
    assert!(matches!(&refused, Error::Banned { digest, .. } if *digest == bad()), "{refused}");
    assert!(refused.to_string().contains("is banned (wrong totals)"), "{refused}");
    let unbanned = service.bans().unban(bad()).await.expect("it is lifted");
    assert_eq!(unbanned, Unbanned { was_banned: true, carts: vec![id("one")] });
    assert_eq!(pauses(&service).await, is([("one", None), ("three", None), ("two", Some("by hand"))]));
    assert_eq!(service.bans().unban(bad()).await.expect("nothing fails"), Unbanned { was_banned: false, carts: vec![] });
}

#[tokio::test]
async fn no_cart_is_bound_to_what_is_banned() {
    let (_folder, service) = desk().await;
    service.bans().ban(bad(), "wrong numbers").await.expect("it is banned");
    let cart = cartage_model::carts::Cart::parse("four.toml", "cart = \"four\"\nplugin = \"shop.wasm\"\n").expect("it is a cart");
    let refused =
        service.definitions().prepare(vec![Proposal { cart, plugin: Some(b"a bad plugin".to_vec()) }]).await.expect_err("it is banned");
    assert!(matches!(&refused, InvalidCarts::Service(error) if matches!(**error, Error::Banned { .. })), "{refused}");
    std::fs::write(service.data_dir().plugins().join("shop.wasm"), "a bad plugin").expect("it is ours");
    let kept = service.carts().get(&id("one")).await.expect("it is there");
    let refused = service.clients().current(&kept).await.err().expect("it is banned");
    assert!(matches!(refused, Error::Banned { .. }), "{refused}");
    // It is another merchant's own business.
    let other = MerchantId::new("other").expect("it is a name");
    assert_eq!(service.as_merchant(other).bans().list().await.expect("they can be read"), []);
}

#[tokio::test]
async fn a_ban_is_an_alert() {
    let (_folder, service) = desk().await;
    let folder = service.data_dir().plugins();
    std::fs::write(folder.join("shop.wasm"), "never run").expect("it is ours");
    service.bans().ban(bad(), "wrong numbers").await.expect("it is banned");
    service.watch().look().await.expect("it looks");
    let open = service.alerts().open().await.expect("they can be read");
    let open: Vec<_> = open.iter().map(|alert| (alert.kind.as_str(), alert.subject.to_string())).collect();
    assert_eq!(open, ["cart one", "cart two"].map(|cart| ("plugin-banned", cart.to_owned())));
}

#[tokio::test]
async fn all_are_paused_and_resumed_but_for_those_that_were_paused_by_themselves() {
    let (_folder, service) = desk().await;
    service.carts().set_pause(&id("two"), Some("by hand")).await.expect("it is paused");
    assert_eq!(service.carts().pause_all("a look").await.expect("they are paused"), 3);
    assert_eq!(service.carts().pause_all("again").await.expect("nothing fails"), 0, "they are paused together already");
    assert_eq!(pauses(&service).await, is([("one", Some("a look")), ("three", Some("a look")), ("two", Some("a look"))]));
    // What comes meanwhile is its own as well.
    service.bans().ban(bad(), "wrong numbers").await.expect("it is banned");
    let (resumed, still) = service.carts().resume_all().await.expect("they are resumed");
    let still: Vec<_> = still.iter().map(|(cart, pause)| (cart.as_str(), pause.why.as_str())).collect();
    assert_eq!((resumed, still), (3, vec![("one", "plugin-banned"), ("two", "by hand")]));
    assert_eq!(service.carts().resume_all().await.expect("nothing fails").0, 0);
    assert_eq!(pauses(&service).await, is([("one", Some("plugin-banned")), ("three", None), ("two", Some("by hand"))]));
    // A cart that is resumed by itself is so for good.
    service.carts().pause_all("a look").await.expect("they are paused");
    service.carts().set_pause(&id("two"), None).await.expect_err("its plugin is banned");
    service.bans().unban(bad()).await.expect("it is lifted");
    service.carts().set_pause(&id("two"), None).await.expect("it is resumed");
    service.carts().resume_all().await.expect("they are resumed");
    assert_eq!(pauses(&service).await, is([("one", None), ("three", None), ("two", None)]));
}
