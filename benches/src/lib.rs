//! Measuring kernels against the machine's limit: times mean little across machines, ratios to the peak of the same run do.
//!
//! Each benchmark prints one line a shape: time, rate, and share of the fused multiply-adds that one core can do. Run one
//! with `cargo bench -p benches --bench matmul`; `PERCIO_ISA=scalar` measures another instruction set.

use percio::isa::{self, Isa, Kernel};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Prints measurements with their share of the peak.
#[derive(Debug)]
pub struct Report {
    /// Multiply-adds a second of one core.
    peak: f64,
}

impl Report {
    /// Measures the peak and prints the head of the report.
    #[must_use]
    pub fn start(subject: &str) -> Self {
        let adds = f64::from(Peak::ROUNDS) * isa::dispatch(Peak) as f64;
        let peak = adds / seconds(|| isa::dispatch(Peak));
        println!("{subject} on {}, peak {:.1} G multiply-adds/s", isa::name(), peak / 1e9);
        Self { peak }
    }

    /// Measures `work`, which does `multiply_adds`, and prints its line.
    pub fn products<T>(&self, name: &str, multiply_adds: usize, work: impl FnMut() -> T) {
        let seconds = seconds(work);
        let rate = multiply_adds as f64 / seconds;
        println!(
            "{name:<32}{:>12.2} µs{:>8.1} G/s{:>7.1} % of peak",
            seconds * 1e6,
            rate / 1e9,
            rate / self.peak * 100.0
        );
    }

    /// Measures `work` over `numbers` numbers and prints its line: the cost of one in multiply-adds at the peak.
    pub fn numbers<T>(&self, name: &str, numbers: usize, work: impl FnMut() -> T) {
        let each = seconds(work) / numbers as f64;
        println!("{name:<32}{:>12.3} ns each{:>8.1} multiply-adds each", each * 1e9, each * self.peak);
    }
}

/// `len` numbers in −1 ..= 1, the same in every run.
#[must_use]
pub fn numbers(len: usize) -> Vec<f32> {
    (0..len).map(|i| ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0).collect()
}

/// Seconds that `work` takes: the shortest of many batches, which other load disturbs least.
fn seconds<T>(mut work: impl FnMut() -> T) -> f64 {
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
