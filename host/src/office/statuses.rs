//! The statuses that a cart knows, where they differ from shop to shop and only the cart can say which they are.

use super::apply::statuses;
use super::{Error, KeptCart, Office};
use crate::egress::Mode;
use crate::exchange::Outcome;
use cartage_contract::delivery::{Choice, ChoicesOf};
use cartage_contract::manifest::Statuses;
use serde::Serialize;

/// What a cart said of its statuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The statuses, as the cart lists them.
    pub statuses: Vec<Choice>,
    /// Labels that lead to none of them.
    pub doubts: Vec<String>,
}

impl Office {
    /// Asks a cart's plugin which statuses the cart knows, and compares them with the labels. None: its plugin knows them without asking, or
    /// the cart takes any text. The inner error is the plugin's failure, in words.
    ///
    /// # Errors
    ///
    /// Those of making the cart ready.
    pub async fn ask_statuses(&self, kept: &KeptCart) -> Result<Option<Result<Known, String>>, Error> {
        if kept.manifest().is_none_or(|manifest| manifest.statuses != Statuses::Asked) {
            return Ok(None);
        }
        let courier = self.courier(kept).await?;
        let cassette = courier.choices(ChoicesOf::Statuses, Mode::Live).await.map_err(Error::courier(&kept.cart.id))?;
        self.called(&kept.cart.id, &cassette).await?;
        Ok(Some(match cassette.outcome {
            Outcome::Choices(known) => {
                let doubts = statuses(&kept.cart, &known, &self.labels().await?);
                Ok(Known { statuses: known, doubts })
            }
            Outcome::Failed(failure) => Err(format!("{:?}: {}", failure.kind, failure.message)),
            Outcome::Ended(ended) => Err(ended.to_string()),
            Outcome::Applied(_) | Outcome::Report(_) => Err("the plugin answered another question".to_owned()),
        }))
    }
}
