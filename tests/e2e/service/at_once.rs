//! Two people change one cart at once: the change that was compared with an older definition is not made.

use cartage::service::definitions::Proposal;
use cartage::service::{Error, Queue};
use cartage_tests::outfit;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_compared_with_an_older_definition_is_not_made() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let carts = [(outfit::cart_id("shop"), "http://127.0.0.1:9/".to_owned(), "")];
    let service = outfit::service(&folder.path().join("data"), &carts).await;
    let (id, definitions) = (outfit::cart_id("shop"), service.definitions());
    let prepared = async |label: &str| {
        let mut cart = service.carts().get(&id).await.expect("it is there").cart;
        cart.labels.insert(label.to_owned(), cartage::carts::LabelTarget::Ignore);
        definitions.prepare(vec![Proposal { cart, plugin: None }]).await.expect("it is valid")
    };
    let labels = async || service.carts().get(&id).await.expect("it is there").cart.labels;
    let (first, second) = (prepared("One").await, prepared("Two").await);
    definitions.make(first).await.expect("nothing came between");
    let error = definitions.make(second).await.expect_err("the cart is another one now");
    assert!(matches!(&error, Error::DefinitionChanged { cart } if *cart == id), "{error}");
    assert!(labels().await.contains_key("One") && !labels().await.contains_key("Two"));
    // Nor is a cart brought back that was removed meanwhile.
    let late = prepared("Three").await;
    service.removal().remove(&id, Queue::Keep).await.expect("it has no queue");
    let error = definitions.make(late).await.expect_err("the cart is gone");
    assert!(matches!(error, Error::DefinitionChanged { .. }), "{error}");
    assert!(service.carts().find(&id).await.expect("it can be asked").is_none());
}
