//! Garbage is collected when all is over, too early or in time: what is left reads as before (I24).

use super::*;

impl Seed {
    /// In some seeds; answers the hash of all that happened.
    pub(super) async fn collected(&mut self, desired: &Arc<Desired>, mode: Mode) -> Result<u64, Violation> {
        let (days, collects) = (*pick(&mut self.random, &[1, 25, 35]), self.random.random_bool(0.1));
        let fold = self.sim.oracle.fold().filter(|_| collects);
        if let Some(fold) = fold {
            self.sim.trouble.count("garbage collected");
            let store = &self.sim.store.clone();
            let bytes = wire::state::write(&fold).map_err(|e| Violation { invariant: "I10", told: e.to_string() })?;
            let failed = |told: String| Violation { invariant: "I24", told };
            store.create(&wire::state::checkpoint_key(fold.seq), &bytes).await.map_err(|e| failed(e.to_string()))?;
            self.converges(desired, mode).await?;
            sleep(Duration::from_secs(days * 24 * 3600)).await;
            // A clock that is right; those of the writers were not.
            let mut now = JumpClock::new().now() + self.sim.cloud.now();
            if self.sim.lie == Some(Lie::CollectsYoung) {
                now += log::KEPT_FOR;
            }
            let keys = log::collectable(store, now).await.map_err(|e| failed(e.to_string()))?;
            holds("I24", keys.is_empty() || days > 30 || self.sim.lie.is_some(), || format!("{keys:?} after {days} days"))?;
            // A long log has an earlier checkpoint, too: what follows that one stays.
            let oldest = store.list_after(wire::state::CHECKPOINTS, "").await.map_err(|e| failed(e.to_string()))?;
            let oldest = oldest.first().and_then(|key| wire::state::checkpoint_of(key)).unwrap_or_default();
            holds("I24", days < 30 || keys.len() as u64 + 1 == oldest, || format!("{} slots before {oldest}", keys.len()))?;
            log::collect(store, &keys).await.map_err(|e| failed(e.to_string()))?;
            self.sim.oracle.verdict()?;
            let (read, fold) = (log::read(store).await.map_err(|e| failed(e.to_string()))?, self.sim.oracle.fold());
            holds("I24", read == fold, || "what is left reads otherwise".into())?;
            self.converges(desired, mode).await?;
            self.sim.oracle.verdict()?;
        }
        Ok(self.sim.oracle.hash())
    }
}
