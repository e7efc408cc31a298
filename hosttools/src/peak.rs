//! What one core of this machine can do at most: a time means little on another machine, its ratio to this does.

use percio::isa::{self, Isa, Kernel};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Fused multiply-adds a second of one core, on the instruction set called `isa` or else the one that the engine chooses.
#[must_use]
pub fn multiply_adds_a_second(isa: Option<&str>) -> f64 {
    let mut loops = Loops::new(isa);
    (0..BATCHES).for_each(|_| loops.run());
    loops.multiply_adds_a_second()
}

/// Seconds that `work` takes: the shortest of many batches, which other load disturbs least.
pub fn seconds<T>(work: impl FnMut() -> T) -> f64 {
    let mut batches = Batches::new(work);
    (0..BATCHES).for_each(|_| batches.run());
    batches.seconds()
}

/// [`seconds`] of `work`, and the multiply-adds a second of the core meanwhile: batches of both take turns, so that what
/// slows down the one, another load or heat, slows down the other.
pub fn seconds_and_multiply_adds<T>(work: impl FnMut() -> T) -> (f64, f64) {
    let (mut batches, mut loops) = (Batches::new(work), Loops::new(None));
    for _ in 0..BATCHES {
        batches.run();
        loops.run();
    }
    (batches.seconds(), loops.multiply_adds_a_second())
}

const BATCHES: usize = 40;

/// Batches of calls of `work`, each of about two milliseconds.
struct Batches<W> {
    work: W,
    calls: u32,
    best: Duration,
}

impl<T, W: FnMut() -> T> Batches<W> {
    const LENGTH: Duration = Duration::from_millis(2);

    /// Finds out how many calls make a batch.
    fn new(work: W) -> Self {
        let mut batches = Self { work, calls: 1, best: Duration::MAX };
        batches.run();
        batches.run();
        let once = batches.best.max(Duration::from_nanos(20));
        Self { calls: (Self::LENGTH.as_nanos() / once.as_nanos()).max(1) as u32, best: Duration::MAX, ..batches }
    }

    fn run(&mut self) {
        let start = Instant::now();
        for _ in 0..self.calls {
            black_box((self.work)());
        }
        self.best = self.best.min(start.elapsed());
    }

    /// Of one call, in the shortest batch.
    fn seconds(&self) -> f64 {
        self.best.as_secs_f64() / f64::from(self.calls)
    }
}

/// Loops of nothing but multiply-adds. Which number of chains suits a processor best is not known beforehand: the fastest counts.
struct Loops<'a>(Vec<(f64, Batches<Run<'a>>)>);

/// Yields how many vectors it adds to, by lanes.
type Run<'a> = Box<dyn FnMut() -> usize + 'a>;

impl<'a> Loops<'a> {
    /// On the instruction set called `isa`, or else the one that the engine chooses.
    fn new(isa: Option<&'a str>) -> Self {
        Self(vec![Self::of::<8>(isa), Self::of::<10>(isa), Self::of::<12>(isa)])
    }

    fn of<const CHAINS: usize>(isa: Option<&'a str>) -> (f64, Batches<Run<'a>>) {
        let run = move || isa.map_or_else(|| isa::dispatch(Peak::<CHAINS>), |isa| isa::on(isa, Peak::<CHAINS>));
        (ROUNDS as f64 * run() as f64, Batches::new(Box::new(run)))
    }

    fn run(&mut self) {
        self.0.iter_mut().for_each(|(_, batches)| batches.run());
    }

    fn multiply_adds_a_second(&self) -> f64 {
        self.0.iter().map(|(adds, batches)| adds / batches.seconds()).fold(0.0, f64::max)
    }
}

/// Of a loop: enough that what comes before and after does not count.
const ROUNDS: usize = 20_000;

/// Independent multiply-adds, as many at once as hide their latency. Yields how many it does a round.
struct Peak<const CHAINS: usize>;

impl<const CHAINS: usize> Kernel for Peak<CHAINS> {
    type Output = usize;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> usize {
        let (factor, term) = (isa.splat(black_box(0.999)), isa.splat(black_box(1e-3)));
        let mut chains = [isa.splat(black_box(1.0)); CHAINS];
        for _ in 0..ROUNDS {
            for chain in &mut chains {
                *chain = isa.mul_add(factor, term, *chain);
            }
        }
        black_box(chains.map(|chain| isa.sum(chain)));
        CHAINS * I::LANES
    }
}
