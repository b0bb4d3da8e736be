//! How time passes while a command runs.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use bbws_render::ErrorId;
use futures::future::{Either, select};

use crate::Failure;
use crate::args::{Global, Speed};

/// Runs a command's work to its end. Without a speed time is real time. Quick, time stands still while anything is done
/// and jumps to the next thing that is waited for; otherwise it passes so many times as fast.
///
/// # Errors
/// When the system has no resources for it.
pub(crate) fn play<T>(speed: Option<Speed>, work: impl Future<Output = T>) -> io::Result<T> {
    // What a command does is large, and it is moved several times before it is begun.
    let work = Box::pin(work);
    let own_time = !matches!(speed, None | Some(Speed::Times(1.0)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(own_time).build()?;
    Ok(match speed {
        Some(Speed::Times(times)) if own_time => runtime.block_on(async {
            match select(work, pin!(pass(times))).await {
                Either::Left((done, _)) => done,
                Either::Right((never, _)) => match never {},
            }
        }),
        _ => runtime.block_on(work),
    })
}

/// The speed that a command line asks for.
pub(crate) fn of(global: &Global) -> Option<Speed> {
    global.sandbox.then(|| global.sandbox_speed.unwrap_or_default())
}

/// Why nothing could be begun.
pub(crate) fn no_runtime(error: io::Error) -> Failure {
    Failure::error(ErrorId::System, "the system does not let bbws work side by side")
        .because(error)
        .advise("look at the limits of this process: ulimit -a")
}

/// How often the time is moved on.
const TICK: Duration = Duration::from_millis(10);

/// Moves the paused time on. While a blocking task is in flight tokio does not let it jump by itself.
async fn pass(times: f64) -> Infallible {
    loop {
        // It cannot fail: it neither panics nor is aborted.
        let _ = tokio::task::spawn_blocking(|| std::thread::sleep(TICK)).await;
        tokio::time::advance(TICK.mul_f64(times)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    async fn minutes() -> Duration {
        let began = tokio::time::Instant::now();
        tokio::time::sleep(Duration::from_secs(300)).await;
        began.elapsed()
    }

    #[test]
    fn quick_minutes_cost_nothing_and_are_told_as_minutes() {
        let real = Instant::now();
        let told = play(Some(Speed::Quick), minutes()).unwrap();
        assert!(told >= Duration::from_secs(300) && real.elapsed() < Duration::from_secs(5), "{told:?}");
    }

    #[test]
    fn time_passes_as_many_times_as_fast_as_it_is_told() {
        let real = Instant::now();
        let told = play(Some(Speed::Times(3_000.0)), minutes()).unwrap();
        assert!(told >= Duration::from_secs(300) && told < Duration::from_secs(600), "{told:?}");
        assert!(real.elapsed() >= Duration::from_millis(90), "{:?}", real.elapsed());
    }

    #[test]
    fn what_the_system_does_not_give_is_told() {
        let failure = no_runtime(io::Error::other("too many files are open"));
        assert_eq!(failure.json()["id"], "E-SYSTEM");
        assert!(failure.why.contains("too many files") && failure.advice[0].contains("ulimit -a"), "{failure:?}");
    }

    #[test]
    fn otherwise_time_is_real() {
        let real = Instant::now();
        play(None, async { tokio::time::sleep(Duration::from_millis(30)).await }).unwrap();
        assert!(real.elapsed() >= Duration::from_millis(30));
    }
}
