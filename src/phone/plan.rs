//! Who calls when, what they press and how long they stay: a day's traffic from a seed.
//! Draws numbers, dials nothing. The load is a tenth of a national postal contact center's: 3,800 calls a day,
//! 12 % of them in the busiest hour, 150 s of talk.

use std::time::Duration;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// The traffic's generator. The same seed gives the same day.
#[derive(Debug)]
pub struct Plan {
    rng: ChaCha12Rng,
    rate: f64,
    speed: f64,
}

/// One caller to come.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// After the arrival before.
    pub after: Duration,
    /// The caller's number.
    pub number: String,
    /// Keys to press, one menu after the other.
    pub keys: Vec<char>,
    /// How long the caller listens before each key.
    pub pause: Duration,
    /// How long the caller stays on the line without an agent.
    pub patience: Duration,
}

/// How one conversation goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Talk {
    /// How long the phone rings before the agent picks up; `None` when the agent does not.
    pub pick_up: Option<Duration>,
    pub length: Duration,
    pub ending: Ending,
    /// The agent puts the caller on hold for this long, once.
    pub hold: Option<Duration>,
}

/// How a conversation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    CallerHangsUp,
    AgentHangsUp,
    /// The agent gives the caller to a colleague.
    Transfer,
}

impl Plan {
    /// `calls_per_second` at the load's peak; `speed` times faster than life, talk and patience included.
    #[must_use]
    pub fn new(seed: u64, calls_per_second: f64, speed: f64) -> Self {
        Plan { rng: ChaCha12Rng::seed_from_u64(seed), rate: calls_per_second.max(1e-6), speed: speed.max(0.01) }
    }

    /// The next caller: arrivals are independent of each other (a Poisson stream).
    pub fn arrival(&mut self) -> Arrival {
        let after = self.exponential(1.0 / self.rate);
        let number = format!("010{:08}", self.below(100_000_000));
        let keys = KEY_PATHS[self.weighted(&KEY_PATHS.map(|(weight, _)| weight))].1.chars().collect();
        let pause = self.between(2.0, 7.0);
        let patience = Duration::from_secs(40) + self.exponential(300.0);
        Arrival { after: self.fast(after), number, keys, pause: self.fast(pause), patience: self.fast(patience) }
    }

    /// What the agent and the caller will do with each other.
    pub fn talk(&mut self) -> Talk {
        let misses = self.unit() < 0.03;
        let pick_up = self.between(1.2, 4.5);
        // Log-normal with mean 150 s: many short talks, few long ones (field.md 4.3 uses the same shape).
        let length = self.log_normal(150.0, 0.6);
        let ending = match self.unit() {
            draw if draw < 0.86 => Ending::CallerHangsUp,
            draw if draw < 0.95 => Ending::AgentHangsUp,
            _ => Ending::Transfer,
        };
        let hold = (self.unit() < 0.1).then(|| self.between(5.0, 20.0));
        Talk {
            pick_up: (!misses).then_some(pick_up),
            length: self.fast(length),
            ending,
            hold: hold.map(|hold| self.fast(hold)),
        }
    }

    /// A number below `limit`, for choices that the demo makes itself.
    pub fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.rng.next_u64() % limit }
    }

    fn fast(&self, duration: Duration) -> Duration {
        duration.div_f64(self.speed)
    }

    fn unit(&mut self) -> f64 {
        // 53 bits make every double between 0 and 1 with equal steps.
        (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, least: f64, most: f64) -> Duration {
        Duration::from_secs_f64(least + (most - least) * self.unit())
    }

    fn exponential(&mut self, mean: f64) -> Duration {
        Duration::from_secs_f64(-mean * (1.0 - self.unit()).ln())
    }

    fn log_normal(&mut self, mean: f64, sigma: f64) -> Duration {
        // Box-Muller; mu is chosen so that the mean is `mean`.
        let normal = (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos();
        let mu = mean.ln() - sigma * sigma / 2.0;
        Duration::from_secs_f64((mu + sigma * normal).exp().clamp(5.0, 1_200.0))
    }

    fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut draw = self.below(weights.iter().sum());
        for (at, weight) in weights.iter().enumerate() {
            if draw < *weight {
                return at;
            }
            draw -= weight;
        }
        0
    }
}

/// Ways through `ivr-flows/postal-ko.toml`, and how many of a hundred callers take each. Callers press the first key
/// when they have heard enough of the notice: it is kept for the menu behind it.
const KEY_PATHS: [(u64, &str); 9] =
    [(28, "12"), (10, "13"), (12, "22"), (6, "23"), (14, "31"), (8, "4"), (9, "5"), (5, "61"), (8, "0")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_day() {
        let day = |seed| {
            let mut plan = Plan::new(seed, 0.127, 1.0);
            (0..50).map(|_| (plan.arrival(), plan.talk())).collect::<Vec<_>>()
        };
        assert_eq!(day(7), day(7));
        assert_ne!(day(7), day(8));
    }

    #[test]
    fn arrivals_and_talks_have_the_promised_means() {
        let mut plan = Plan::new(1, 0.127, 1.0);
        let count = 20_000;
        let arrivals: f64 = (0..count).map(|_| plan.arrival().after.as_secs_f64()).sum();
        let talks: f64 = (0..count).map(|_| plan.talk().length.as_secs_f64()).sum();
        let (arrival, talk) = (arrivals / f64::from(count), talks / f64::from(count));
        assert!((arrival - 1.0 / 0.127).abs() < 0.25, "mean time between arrivals is {arrival}");
        assert!((talk - 150.0).abs() < 4.0, "mean talk is {talk}");
    }

    #[test]
    fn a_faster_day_is_the_same_day_in_less_time() {
        let slow = Plan::new(3, 0.1, 1.0).arrival();
        let fast = Plan::new(3, 0.1, 10.0).arrival();
        assert_eq!(slow.number, fast.number);
        assert!((slow.after.as_secs_f64() / fast.after.as_secs_f64() - 10.0).abs() < 1e-6);
    }
}
