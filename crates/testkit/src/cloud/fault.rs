//! What goes wrong: at chosen calls, or by the weather of a seed.

use std::time::Duration;

use bbws_model::Class;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Trouble;

/// For how long the cloud takes a signature: the five minutes that AWS gives it (SIGV of the protocol), and as much as the signer's
/// clock may be ahead of AWS's here. The protocol waits for five minutes of skew, so that it is on the safe side.
pub const SIGNATURE: Duration = Duration::from_secs(300 + 120);

/// What happens to a mutating call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is refused, without effect.
    Refused(Class),
    /// Its answer is lost after it took effect.
    AnswerLost,
    /// It is lost on the way, and so is the refusal.
    RequestLost,
    /// It takes effect so much later, whoever still waits for it.
    Late(Duration),
    /// It is answered, and so much later the same bytes arrive once more.
    Twice(Duration),
    /// It never comes back, without effect: the engine is to be dropped.
    HangsBefore,
    /// It never comes back, after it took effect.
    HangsAfter,
}

/// How often what goes wrong, and how much. The probabilities are per call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weather {
    /// A mutating call is refused, for one of many reasons.
    pub refused: f64,
    /// The answer to a mutating call is lost.
    pub answer_lost: f64,
    /// A mutating call is lost.
    pub request_lost: f64,
    /// A mutating call arrives late.
    pub late: f64,
    /// How late at most.
    pub latest: Duration,
    /// A mutating call arrives a second time, right after the first.
    pub twice: f64,
    /// For how long reads show at most what was before a change.
    pub lag: Duration,
    /// Tags are shown later than the object that bears them.
    pub bare: f64,
    /// A read fails.
    pub read_fails: f64,
    /// How many times as long as usual something takes at most.
    pub slow: u32,
    /// For how long a token is known.
    pub token_life: Duration,
}

impl Default for Weather {
    /// Nothing goes wrong, and AWS knows a token for an hour.
    fn default() -> Self {
        Self {
            refused: 0.0,
            answer_lost: 0.0,
            request_lost: 0.0,
            late: 0.0,
            latest: Duration::ZERO,
            twice: 0.0,
            lag: Duration::ZERO,
            bare: 0.0,
            read_fails: 0.0,
            slow: 1,
            token_life: Duration::from_secs(3600),
        }
    }
}

/// The weather with the dice that decide when it strikes.
#[derive(Debug)]
pub(super) struct Sky {
    pub(super) weather: Weather,
    dice: ChaCha8Rng,
    trouble: Trouble,
}

impl Default for Sky {
    fn default() -> Self {
        Self::new(0, Weather::default(), Trouble::default())
    }
}

/// So soon after the first time whoever passes a call on sends its bytes again: before the first one is answered.
const RIGHT_AFTER: Duration = Duration::from_millis(50);

const REFUSALS: [Class; 8] = [
    Class::Throttled,
    Class::Throttled,
    Class::Throttled,
    Class::Conflict,
    Class::Denied,
    Class::Limit,
    Class::Capacity,
    Class::Credentials,
];

impl Sky {
    pub(super) fn new(seed: u64, weather: Weather, trouble: Trouble) -> Self {
        Self { weather, dice: ChaCha8Rng::seed_from_u64(seed), trouble }
    }

    fn strikes(&mut self, often: f64, what: &'static str) -> bool {
        let strikes = often > 0.0 && self.dice.random_bool(often);
        if strikes {
            self.trouble.count(what);
        }
        strikes
    }

    /// A time up to the longest, mostly short.
    fn time(&mut self, longest: Duration) -> Duration {
        if longest.is_zero() {
            return longest;
        }
        let longest = if self.dice.random_bool(0.7) { longest / 12 } else { longest };
        Duration::from_millis(self.dice.random_range(0..=u64::try_from(longest.as_millis()).unwrap_or(u64::MAX)))
    }

    /// What happens to a mutating call.
    pub(super) fn fate(&mut self) -> Option<Fault> {
        let weather = self.weather;
        if self.strikes(weather.refused, "call refused") {
            return Some(Fault::Refused(REFUSALS[self.dice.random_range(0..REFUSALS.len())]));
        }
        if self.strikes(weather.answer_lost, "answer lost") {
            return Some(Fault::AnswerLost);
        }
        if self.strikes(weather.request_lost, "call lost") {
            return Some(Fault::RequestLost);
        }
        if self.strikes(weather.late, "call late") {
            let latest = u64::try_from(weather.latest.as_millis()).unwrap_or(u64::MAX);
            return Some(Fault::Late(Duration::from_millis(self.dice.random_range(0..=latest))));
        }
        if self.strikes(weather.twice, "call twice") {
            return Some(Fault::Twice(RIGHT_AFTER.mul_f64(self.dice.random_range(0.0..1.0))));
        }
        None
    }

    /// For how long a change is not shown.
    pub(super) fn lag(&mut self) -> Duration {
        let lag = self.time(self.weather.lag);
        if !lag.is_zero() {
            self.trouble.count("shown late");
        }
        lag
    }

    /// For how much longer than the object its tags are not shown.
    pub(super) fn bare(&mut self) -> Option<Duration> {
        self.strikes(self.weather.bare, "tags late").then(|| self.time(self.weather.lag))
    }

    pub(super) fn read_fails(&mut self) -> bool {
        self.strikes(self.weather.read_fails, "read failed")
    }

    /// How long something takes that usually takes so long.
    pub(super) fn takes(&mut self, usually: Duration) -> Duration {
        if self.weather.slow > 1 { usually * self.dice.random_range(1..=self.weather.slow) } else { usually }
    }

    /// How long bytes stay under way whose sender is dead.
    pub(super) fn flush(&mut self, longest: Duration) -> Duration {
        self.time(longest)
    }
}
