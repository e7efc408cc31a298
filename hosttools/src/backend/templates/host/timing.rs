//! How an inference is timed.

use std::time::{Duration, Instant};

/// Times at least so many runs …
const FEWEST: usize = 30;
/// … for at least so long …
const SHORTEST: Duration = Duration::from_secs(1);
/// … but starts no more runs after so long.
const LONGEST: Duration = Duration::from_secs(20);

/// The time of each of several runs, after one that is not counted.
pub(crate) fn times(mut run: impl FnMut()) -> Vec<Duration> {
    run();
    let (started, mut times) = (Instant::now(), Vec::new());
    while started.elapsed() < SHORTEST || times.len() < FEWEST && started.elapsed() < LONGEST {
        let start = Instant::now();
        run();
        times.push(start.elapsed());
    }
    times
}
