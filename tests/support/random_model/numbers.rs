//! Weights that look random and are the same for the same seed.

use percio_codegen_core::model::{Linear, Norm, NormKind, Tensor};

/// A source of numbers.
pub(super) struct Numbers(u32);

impl Numbers {
    pub(super) fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9) | 1)
    }

    /// Any number of 32 bits but 0.
    pub(super) fn bits(&mut self) -> u32 {
        // xorshift32
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// In −1 .. 1.
    pub(super) fn next(&mut self) -> f32 {
        (self.bits() >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    /// `count` numbers in `middle ± reach`.
    pub(super) fn around(&mut self, middle: f32, reach: f32, count: usize) -> Vec<f32> {
        (0..count).map(|_| middle + reach * self.next()).collect()
    }

    pub(super) fn tensor(&mut self, name: &str, shape: &[usize], reach: f32) -> Tensor {
        Tensor::new(name, shape, self.around(0.0, reach, shape.iter().product()))
    }

    /// A layer that keeps the size of its inputs.
    pub(super) fn linear(&mut self, name: &str, outputs: usize, inputs: usize, has_bias: bool) -> Linear {
        let weight = self.tensor(&format!("{name}.weight"), &[outputs, inputs], (3.0 / inputs as f32).sqrt());
        Linear { weight, bias: has_bias.then(|| self.tensor(&format!("{name}.bias"), &[outputs], 0.3)) }
    }

    /// A norm; one without a mean has no offset. What it adds to the variance keeps it from amplifying the roundings of rows
    /// close to zero without bound.
    pub(super) fn norm(&mut self, name: &str, kind: NormKind, width: usize) -> Norm {
        let gain = Tensor::new(format!("{name}.weight"), &[width], self.around(1.0, 0.3, width));
        let offset = (kind == NormKind::Layer).then(|| self.tensor(&format!("{name}.bias"), &[width], 0.3));
        Norm { kind, gain: Some(gain), offset, eps: 1e-2 }
    }
}
