//! Measuring kernels against the machine's limit: times mean little across machines, ratios to the peak of the same run do.
//!
//! Each benchmark prints one line a shape: time, rate, and share of the fused multiply-adds that one core can do. Run one
//! with `cargo bench -p benches --bench matmul`; `PERCIO_ISA=scalar` measures another instruction set.

use percio::isa::{self, Isa, Kernel};
use percio_hosttools::peak::{multiply_adds_a_second, seconds, seconds_and_multiply_adds};

/// Prints measurements with their share of the peak, which is measured by turns with each.
#[derive(Debug)]
pub struct Report;

impl Report {
    /// Measures the peak and prints the head of the report.
    #[must_use]
    pub fn start(subject: &str) -> Self {
        let peak = multiply_adds_a_second(None);
        println!("{subject} on {}, peak {:.1} G multiply-adds/s", isa::name(), peak / 1e9);
        Self
    }

    /// Measures `work`, which does `multiply_adds`, and prints its line.
    pub fn products<T>(&self, name: &str, multiply_adds: usize, work: impl FnMut() -> T) {
        let (seconds, peak) = seconds_and_multiply_adds(work);
        let rate = multiply_adds as f64 / seconds;
        println!("{name:<32}{:>12.2} µs{:>8.1} G/s{:>7.1} % of peak", seconds * 1e6, rate / 1e9, rate / peak * 100.0);
    }

    /// Measures `work` over `numbers` numbers and prints its line: the cost of one in multiply-adds at the peak.
    pub fn numbers<T>(&self, name: &str, numbers: usize, work: impl FnMut() -> T) {
        let (seconds, peak) = seconds_and_multiply_adds(work);
        let each = seconds / numbers as f64;
        println!("{name:<32}{:>12.3} ns each{:>8.1} multiply-adds each", each * 1e9, each * peak);
    }
}

/// What is bound by the memory, beside the bytes a second that one core reads of it.
#[derive(Debug)]
pub struct Streams {
    /// Bytes a second.
    bandwidth: f64,
}

impl Streams {
    /// Measures the bandwidth and prints the head of the report.
    #[must_use]
    pub fn start(subject: &str) -> Self {
        // More than the caches of one processor hold.
        let memory = numbers(64 << 20);
        let bandwidth = size_of_val(memory.as_slice()) as f64 / seconds(|| isa::dispatch(Read(&memory)));
        println!("{subject} on {}, memory is read at {:.1} GB/s", isa::name(), bandwidth / 1e9);
        Self { bandwidth }
    }

    /// Measures `work`, which takes or makes `bytes`, and prints its line.
    pub fn bytes<T>(&self, name: &str, bytes: usize, work: impl FnMut() -> T) {
        let seconds = seconds(work);
        let rate = bytes as f64 / seconds;
        let (micros, share) = (seconds * 1e6, rate / self.bandwidth * 100.0);
        println!("{name:<40}{micros:>12.2} µs{:>8.1} GB/s{share:>8.1} % of that", rate / 1e9);
    }
}

/// The sum of all numbers: as fast as they come.
struct Read<'a>(&'a [f32]);

impl Kernel for Read<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> f32 {
        let mut sums = [isa.splat(0.0); 8];
        for numbers in self.0.chunks_exact(8 * I::LANES) {
            for (sum, numbers) in sums.iter_mut().zip(numbers.chunks_exact(I::LANES)) {
                *sum = isa.add(*sum, isa.load(numbers));
            }
        }
        sums.into_iter().map(|sum| isa.sum(sum)).sum()
    }
}

/// `len` numbers in −1 ..= 1, the same in every run.
#[must_use]
pub fn numbers(len: usize) -> Vec<f32> {
    (0..len).map(|i| ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0).collect()
}
