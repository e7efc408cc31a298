//! What one core of this machine can do at most: a time means little on another machine, its ratio to this does.

use percio::isa::{self, Isa, Kernel};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Fused multiply-adds a second of one core, on the instruction set called `isa` or else the one that the engine chooses.
#[must_use]
pub fn multiply_adds_a_second(isa: Option<&str>) -> f64 {
    let run = || isa.map_or_else(|| isa::dispatch(Peak), |isa| isa::on(isa, Peak));
    f64::from(Peak::ROUNDS) * run() as f64 / seconds(run)
}

/// Seconds that `work` takes: the shortest of many batches, which other load disturbs least.
pub fn seconds<T>(mut work: impl FnMut() -> T) -> f64 {
    const BATCHES: usize = 40;
    const BATCH: Duration = Duration::from_millis(2);
    let mut batch = |calls: u32| {
        let start = Instant::now();
        for _ in 0..calls {
            black_box(work());
        }
        start.elapsed()
    };
    let once = batch(1).min(batch(1)).max(Duration::from_nanos(20));
    let calls = (BATCH.as_nanos() / once.as_nanos()).max(1) as u32;
    let best = (0..BATCHES).map(|_| batch(calls)).min().unwrap_or_default();
    best.as_secs_f64() / f64::from(calls)
}

/// Independent multiply-adds, as many at once as hide their latency. Yields how many it does a round.
struct Peak;

impl Peak {
    const ROUNDS: u32 = 1000;
    const CHAINS: usize = 12;
}

impl Kernel for Peak {
    type Output = usize;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> usize {
        let (factor, term) = (isa.splat(black_box(0.999)), isa.splat(black_box(1e-3)));
        let mut chains = [isa.splat(black_box(1.0)); Self::CHAINS];
        for _ in 0..Self::ROUNDS {
            for chain in &mut chains {
                *chain = isa.mul_add(*chain, factor, term);
            }
        }
        black_box(chains.map(|chain| isa.sum(chain)));
        Self::CHAINS * I::LANES
    }
}
