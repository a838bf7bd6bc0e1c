//! `cartage cart pause` and `resume`, for one cart or all carts.

use super::{cart_id, done, switch};
use crate::cli::api::{Client, to};
use crate::cli::{Failure, Verdict, report};
use cartage::counted::counted;
use cartage::id::CartId;
use cartage_http::api::documents::{PauseAllBody, PauseBody, PausedCarts, ResumedCarts};
use serde::de::IgnoredAny;

/// Which carts.
#[derive(Debug, clap::Args)]
pub(crate) struct OneOrAll {
    /// The Cart ID.
    #[arg(value_name = "CART", value_parser = cart_id, required_unless_present = "all", conflicts_with = "all")]
    cart: Option<CartId>,
    /// Every cart.
    #[arg(long)]
    all: bool,
}

/// Pauses one cart, or all carts.
pub(super) async fn pause(api: &Client, which: OneOrAll, reason: String, json: bool) -> Result<Verdict, Failure> {
    let Some(cart) = which.cart else {
        let PausedCarts { paused } = api.post(to(&["pause"]), &PauseAllBody { why: reason }).await?;
        if json {
            report::json(&serde_json::json!({ "paused": paused }));
        } else {
            report::line(&format!("paused {}; every cart is paused now, and updates wait", counted(paused, "cart")));
            report::line("next: `cartage cart resume --all` resumes them, except carts that were paused by themselves");
        }
        return Ok(Verdict::Done);
    };
    let _: IgnoredAny = api.post(to(&["carts", cart.as_str(), "pause"]), &PauseBody { why: reason }).await?;
    Ok(done(&cart, "paused", json))
}

/// Resumes one cart, or all carts that were paused together.
pub(super) async fn resume(api: &Client, which: OneOrAll, json: bool) -> Result<Verdict, Failure> {
    let Some(cart) = which.cart else {
        let ResumedCarts { resumed, pauses, .. } = api.act(to(&["resume"])).await?;
        if json {
            report::json(&serde_json::json!({ "resumed": resumed, "still_paused": pauses }));
            return Ok(Verdict::Done);
        }
        report::line(&format!("resumed {} that `cart pause --all` had paused", counted(resumed, "cart")));
        if !pauses.is_empty() {
            report::line("these carts were paused by themselves, and stay paused until `cartage cart resume CART`:");
            report::rows(&pauses.iter().map(|still| (still.cart.as_str(), &still.why)).collect::<Vec<_>>());
        }
        return Ok(Verdict::Done);
    };
    switch(api, &cart, "resume", "resumed", json).await
}
