//! Sends one update repeatedly, for measuring the cost of a call. The outcome is not judged, and nothing goes over a network.

use super::bench::{Attempt, Bench};
use super::faults::Plan;
use super::world::{Error, World};
use cartage_cart_script::Script;
use cartage_contract::orders::Update;
use cartage_engine::Plugin;
use cartage_model::exchange::Outcome;

/// A plugin, and the update for its calls.
pub struct Rehearsal<'p> {
    bench: Bench<'p>,
    update: Update,
}

impl<'p> Rehearsal<'p> {
    /// Prepares an update with everything that the plugin carries. With a script that is [`whole`](Script::whole), the script's cart
    /// answers; otherwise a stand-in.
    ///
    /// # Errors
    /// As [`examine`](super::examine).
    pub fn new(plugin: &'p Plugin, script: Option<&'p Script>) -> Result<Rehearsal<'p>, Error> {
        let bench = Bench::new(plugin, World::new(plugin.manifest(), script)?, script, 1);
        let update = bench.maker().everything();
        Ok(Rehearsal { bench, update })
    }

    /// Makes a first attempt, at a cart that has not been told anything yet.
    pub async fn call(&mut self) -> Outcome {
        let mut shop = self.bench.shop();
        self.bench.attempt(&mut shop, &Plan::default(), &Attempt::first(&self.update)).await.outcome
    }
}
