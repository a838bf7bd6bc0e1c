//! Work that is done once however many callers need it at the same time: the first does it, the others wait and find it done.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::OwnedMutexGuard;

/// The locks of the things that are being made.
#[derive(Debug)]
pub(super) struct SingleFlight<K>(Mutex<BTreeMap<K, Arc<tokio::sync::Mutex<()>>>>);

impl<K> Default for SingleFlight<K> {
    fn default() -> Self {
        SingleFlight(Mutex::default())
    }
}

impl<K: Ord + Clone> SingleFlight<K> {
    /// Waits until no other caller makes this thing. The caller who gets the lock must first check whether it was made meanwhile.
    pub(super) async fn take(&self, key: &K) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().expect("nobody panics while holding it");
            // Those for which nobody waits are only held here.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            turns.entry(key.clone()).or_default().clone()
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Duration, timeout};

    #[tokio::test]
    async fn one_has_the_turn_and_what_is_over_is_not_kept() {
        let turns = SingleFlight::default();
        let first = turns.take(&1).await;
        assert!(timeout(Duration::from_millis(20), turns.take(&1)).await.is_err(), "somebody has it");
        let other = turns.take(&2).await;
        drop(first);
        drop(turns.take(&1).await);
        drop((turns.take(&3).await, other));
        let kept: Vec<i32> = turns.0.lock().expect("nobody panics while holding it").keys().copied().collect();
        assert_eq!(kept, [2, 3], "1 went when 3 was asked for; what is held at that time stays");
    }
}
