//! `cartage cart pause` and `resume`, for one cart or all carts.

use super::{cart_id, done};
use crate::cli::{Failure, Verdict, directory, report};
use cartage::counted::counted;
use cartage::id::CartId;
use cartage::service::Service;

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
pub(super) async fn pause(service: &Service, which: OneOrAll, reason: &str, json: bool) -> Result<Verdict, Failure> {
    let Some(cart) = which.cart else {
        let count = service.carts().pause_all(reason).await.map_err(directory::failure)?;
        if json {
            report::json(&serde_json::json!({ "paused": count }));
        } else {
            report::line(&format!("paused {}; every cart is paused now, and updates wait", counted(count, "cart")));
            report::line("next: `cartage cart resume --all` resumes them, except carts that were paused by themselves");
        }
        return Ok(Verdict::Done);
    };
    service.carts().set_pause(&cart, Some(reason)).await.map_err(directory::failure)?;
    Ok(done(&cart, "paused", json))
}

/// Resumes one cart, or all carts that were paused together.
pub(super) async fn resume(service: &Service, which: OneOrAll, json: bool) -> Result<Verdict, Failure> {
    let Some(cart) = which.cart else {
        let (count, still) = service.carts().resume_all().await.map_err(directory::failure)?;
        if json {
            let still: Vec<_> = still.iter().map(|(cart, pause)| serde_json::json!({ "cart": cart, "why": pause.why })).collect();
            report::json(&serde_json::json!({ "resumed": count, "still_paused": still }));
            return Ok(Verdict::Done);
        }
        report::line(&format!("resumed {} that `cart pause --all` had paused", counted(count, "cart")));
        if !still.is_empty() {
            report::line("these carts were paused by themselves, and stay paused until `cartage cart resume CART`:");
            report::rows(&still.iter().map(|(cart, pause)| (cart.as_str(), &pause.why)).collect::<Vec<_>>());
        }
        return Ok(Verdict::Done);
    };
    service.carts().set_pause(&cart, None).await.map_err(directory::failure)?;
    Ok(done(&cart, "resumed", json))
}
