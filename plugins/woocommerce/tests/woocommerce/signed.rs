//! The key over https, the signature over plain http, and shops at other URLs than their own site address.

use crate::shop::{Order, cart, shop};
use cartage_sdk::testing::{Cart, update};
use woocommerce::WooCommerce;

#[test]
fn the_key_goes_into_the_header_and_the_signature_into_the_query() {
    let run = shop(cart(), [Order::new(12, "12")]).send(&update("12", "completed"));
    for seen in &run.requests {
        assert!(seen.header("authorization").is_some_and(|value| value.starts_with("Basic ")), "{seen}");
        assert!(!seen.url().contains("oauth"), "{seen}");
    }
    run.succeeded();
    let signed = Cart::<WooCommerce>::new().without_slot("key").bind("api", "http://shop.example/wp-json/wc/v3");
    let run = shop(signed, [Order::new(12, "12")]).send(&update("12", "completed"));
    for seen in &run.requests {
        assert_eq!(seen.header("authorization"), None, "{seen}");
        assert!(seen.url().contains("oauth_signature_method=HMAC-SHA256") && seen.url().contains("oauth_signature="), "{seen}");
    }
    run.succeeded();
}

#[test]
fn a_shop_may_lie_below_a_path_on_a_port_with_a_slash_at_the_end() {
    for base in
        ["https://example.org/shop/wp-json/wc/v3", "https://example.org:8443/a/b/wp-json/wc/v3", "https://example.org/wp-json/wc/v3/"]
    {
        let run = shop(cart().bind("api", base), [Order::new(12, "12")]).send(&update("12", "completed"));
        let start = format!("{}/orders/12?", base.trim_end_matches('/'));
        assert!(run.requests.iter().all(|seen| seen.url().starts_with(&start)), "{:?}", run.requests);
        run.succeeded();
    }
}
