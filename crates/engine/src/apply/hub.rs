//! One look for all who wait: places of one kind that are asked for at the same time are read by one call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bbws_model::{Class, CloudError};
use tokio::sync::oneshot;

use crate::lock::locked;
use crate::{Drivers, Found, Place, Reading};

#[derive(Default)]
struct Line {
    asked: Mutex<Vec<(Place, oneshot::Sender<Found>)>>,
    turn: tokio::sync::Mutex<()>,
}

/// Where steps ask for a look at what they wait for.
pub(super) struct Hub<'a> {
    drivers: &'a Drivers,
    lines: Mutex<BTreeMap<String, Arc<Line>>>,
}

impl<'a> Hub<'a> {
    pub(super) fn new(drivers: &'a Drivers) -> Self {
        Self { drivers, lines: Mutex::default() }
    }

    /// Looks at one place, together with all other places of the kind that are asked for by then.
    pub(super) async fn look(&self, kind: &str, place: Place) -> Found {
        let line = locked(&self.lines).entry(kind.to_owned()).or_default().clone();
        let (tell, mut told) = oneshot::channel();
        locked(&line.asked).push((place, tell));
        let _turn = line.turn.lock().await;
        if let Ok(found) = told.try_recv() {
            return found;
        }
        // Whoever was woken at the same moment gets in too.
        tokio::task::yield_now().await;
        let (places, tell): (Vec<Place>, Vec<_>) = std::mem::take(&mut *locked(&line.asked)).into_iter().unzip();
        let found = self.drivers.get(kind)?.observe(&places, &Reading::new()).await;
        for (tell, found) in tell.into_iter().zip(found) {
            // Somebody who no longer waits is not told.
            drop(tell.send(found));
        }
        told.try_recv().unwrap_or_else(|_| Err(CloudError::own(kind, Class::Transient, "the look was broken off")))
    }
}
