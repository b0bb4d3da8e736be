//! A process that may stand still, or be killed, whenever it waits for something.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::time::{Instant, Sleep, sleep};

use crate::Trouble;

/// How frail a process is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Frailty {
    /// How often it stands still: per time that it would go on.
    pub stalls: f64,
    /// It is killed when it would go on for this time, counted from 0.
    pub killed_at: Option<usize>,
}

/// For how long a process stands still, in seconds: a stopped shell, a busy machine, a closed lid.
const STALLS: [u64; 4] = [30, 90, 400, 2000];

/// For how long a process has stood still in all; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Stood(Arc<Mutex<Duration>>);

impl Stood {
    fn add(&self, time: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += time;
    }

    /// So long.
    #[must_use]
    pub fn so_far(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A future as the run of a frail process: it answers nothing if it was killed. While it stands still, its timers and
/// answers come, and it sees them when it goes on.
pub struct Fragile<F> {
    inner: Option<Pin<Box<F>>>,
    frailty: Frailty,
    dice: ChaCha8Rng,
    trouble: Trouble,
    turns: usize,
    still: Option<(Pin<Box<Sleep>>, Instant)>,
    stood: Stood,
}

impl<F: Future> Fragile<F> {
    /// A process that is frail, by the dice of this seed, until the trouble is over.
    pub fn new(inner: F, seed: u64, frailty: Frailty, trouble: Trouble) -> Self {
        Self {
            inner: Some(Box::pin(inner)),
            frailty,
            dice: ChaCha8Rng::seed_from_u64(seed),
            trouble,
            turns: 0,
            still: None,
            stood: Stood::default(),
        }
    }

    /// Adds up here how long it stands still.
    #[must_use]
    pub fn counting(mut self, stood: Stood) -> Self {
        self.stood = stood;
        self
    }
}

impl<F> std::fmt::Debug for Fragile<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fragile").field("frailty", &self.frailty).field("turns", &self.turns).finish_non_exhaustive()
    }
}

impl<F: Future> Future for Fragile<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(inner) = &mut this.inner else { return Poll::Ready(None) };
        if !this.trouble.is_over() {
            if this.frailty.killed_at == Some(this.turns) {
                this.trouble.count("process killed");
                this.inner = None;
                return Poll::Ready(None);
            }
            if this.still.is_none() && this.frailty.stalls > 0.0 && this.dice.random_bool(this.frailty.stalls) {
                let seconds = STALLS[this.dice.random_range(0..STALLS.len())];
                this.trouble.count("process stood still");
                this.still = Some((Box::pin(sleep(Duration::from_secs(seconds))), Instant::now()));
            }
        }
        if let Some((still, since)) = &mut this.still {
            if still.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            this.stood.add(since.elapsed());
            this.still = None;
        }
        this.turns += 1;
        inner.as_mut().poll(context).map(Some)
    }
}
