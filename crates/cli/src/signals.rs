//! Ctrl-C and what else asks a run to stop.

use bbws_engine::Control;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// What those outside ask from now on: the first signal to drain, the second to abort. Until this is called a signal ends
/// the process at once, which is right as long as nothing was sent.
///
/// # Errors
/// When the system does not let signals be heard.
pub(crate) fn listen() -> std::io::Result<watch::Receiver<Control>> {
    let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let [mut interrupt, mut terminate, mut hangup] = open(signals)?;
    let (tell, told) = watch::channel(Control::Go);
    tokio::spawn(async move {
        for asked in [Control::Drain, Control::Abort] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            if tell.send(asked).is_err() {
                return;
            }
        }
        // The receivers see the channel as open for as long as the run lasts.
        tell.closed().await;
    });
    Ok(told)
}

fn open<const N: usize>(kinds: [SignalKind; N]) -> std::io::Result<[Signal; N]> {
    let mut opened = Vec::with_capacity(N);
    for kind in kinds {
        opened.push(signal(kind)?);
    }
    opened.try_into().map_err(|_| std::io::Error::other("signals"))
}
