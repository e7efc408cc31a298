//! One runner for all layers and instruction sets.

use crate::tolerance::Bound;
use percio::isa::{self, Isa, Kernel};
use std::fmt::Debug;

/// A layer with its operands, and its twin on the same.
pub(crate) trait Case: Debug {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32>;
    fn twin(&self) -> Vec<f32>;
}

/// The instruction set that `PERCIO_ISA` forces, which the machine must have; else every one that it has.
pub(crate) fn tested() -> Vec<&'static str> {
    if std::env::var_os("PERCIO_ISA").is_some() { vec![isa::name()] } else { isa::available().collect() }
}

/// Compares the layer with its twin on every instruction set that is [`tested`].
pub(crate) fn check<C: Case>(case: &C, bound: Bound) {
    let expected = case.twin();
    for name in tested() {
        let actual = isa::on(name, Run(case));
        assert_eq!(actual.len(), expected.len(), "{name}: {case:?}");
        for (index, (&actual, &expected)) in actual.iter().zip(&expected).enumerate() {
            let limit = bound.absolute + bound.relative * expected.abs();
            let close = actual == expected || (actual - expected).abs() <= limit;
            assert!(close, "{name}: number {index} is {actual:e}, its twin {expected:e}, limit {limit:e}: {case:?}");
        }
    }
}

/// A case's layer, to run on any instruction set.
pub(crate) struct Run<'a, C>(pub(crate) &'a C);

impl<C: Case> Kernel for Run<'_, C> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Vec<f32> {
        self.0.layer(isa)
    }
}

/// `len` numbers in −1 ..= 1 that look random and are the same in every run.
pub(crate) fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// Lengths around the multiples of every vector width in use, and of the tiles made from them.
pub(crate) const LENGTHS: [usize; 17] = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 63, 65];
