//! Ctrl-C and what else asks a run to stop.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bbws_engine::{Clock, Control};
use futures::future::select;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

/// For how long requests in flight may end by themselves once somebody has asked to stop. CI systems kill after a few
/// seconds, and until then the log has to be closed.
const DRAIN: Duration = Duration::from_millis(1500);

/// What those outside ask from now on: the first signal to drain, and to abort what is not drained soon; the second to abort
/// at once. Until this is called a signal ends the process at once, which is right as long as nothing was sent.
///
/// # Errors
/// When the system does not let signals be heard.
pub(crate) fn listen(clock: Arc<dyn Clock>) -> std::io::Result<watch::Receiver<Control>> {
    let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let [mut interrupt, mut terminate, mut hangup] = open(signals)?;
    let (heard, signals) = mpsc::channel(2);
    let (tell, told) = watch::channel(Control::Go);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            if heard.send(()).await.is_err() {
                return;
            }
        }
    });
    tokio::spawn(ask(tell, signals, clock));
    Ok(told)
}

/// Asks a run to stop as signals come in, and as time passes after the first.
async fn ask(tell: watch::Sender<Control>, mut signals: mpsc::Receiver<()>, clock: Arc<dyn Clock>) {
    if signals.recv().await.is_none() || tell.send(Control::Drain).is_err() {
        return;
    }
    select(pin!(signals.recv()), clock.sleep(DRAIN)).await;
    if tell.send(Control::Abort).is_ok() {
        // The receivers see the channel as open for as long as the run lasts; further signals are heard, and change nothing.
        select(pin!(tell.closed()), pin!(async { while signals.recv().await.is_some() {} })).await;
    }
}

fn open<const N: usize>(kinds: [SignalKind; N]) -> std::io::Result<[Signal; N]> {
    let mut opened = Vec::with_capacity(N);
    for kind in kinds {
        opened.push(signal(kind)?);
    }
    opened.try_into().map_err(|_| std::io::Error::other("signals"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemClock;
    use tokio::time::{Instant, sleep};

    /// What a run is asked, and when, as signals come in at these times.
    async fn asked(signals: &[u64]) -> Vec<(Control, u64)> {
        let (heard, mouth) = mpsc::channel(2);
        let (tell, mut told) = watch::channel(Control::Go);
        let began = Instant::now();
        tokio::spawn(ask(tell, mouth, Arc::new(SystemClock::default())));
        let signals: Vec<Duration> = signals.iter().copied().map(Duration::from_millis).collect();
        tokio::spawn(async move {
            for at in signals {
                sleep(at.saturating_sub(began.elapsed())).await;
                heard.send(()).await.unwrap();
            }
            sleep(Duration::from_secs(3600)).await;
        });
        let mut all = vec![];
        while all.last().is_none_or(|(control, _)| *control != Control::Abort) {
            told.changed().await.unwrap();
            let control = *told.borrow_and_update();
            all.push((control, u64::try_from(began.elapsed().as_millis()).unwrap()));
        }
        // It goes on to be told, to whoever looks later, for as long as anybody may look.
        let later = tokio::time::timeout(Duration::from_secs(60), told.changed()).await;
        assert!(later.is_err(), "{later:?}");
        all
    }

    #[tokio::test(start_paused = true)]
    async fn one_signal_drains_and_soon_aborts() {
        assert_eq!(asked(&[7000]).await, [(Control::Drain, 7000), (Control::Abort, 8500)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_signal_aborts_at_once_and_more_change_nothing() {
        assert_eq!(asked(&[1000, 1200, 1300, 1400, 1500]).await, [(Control::Drain, 1000), (Control::Abort, 1200)]);
    }
}
