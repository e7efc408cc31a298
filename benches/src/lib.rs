//! Measuring kernels against the machine's limit: times mean little across machines, ratios to the peak of the same run do.
//!
//! Each benchmark prints one line a shape: time, rate, and share of the fused multiply-adds that one core can do. Run one
//! with `cargo bench -p benches --bench matmul`; `PERCIO_ISA=scalar` measures another instruction set.

use percio::isa;
use percio_hosttools::peak::{multiply_adds_a_second, seconds_and_multiply_adds};

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

/// `len` numbers in −1 ..= 1, the same in every run.
#[must_use]
pub fn numbers(len: usize) -> Vec<f32> {
    (0..len).map(|i| ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0).collect()
}
