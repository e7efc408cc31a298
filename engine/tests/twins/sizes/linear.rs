//! Matrix products: rows, inputs and outputs, with weights of every type.

use super::{Draw, at_random, in_turn, noise, repeat};
use crate::support::{Case, check};
use crate::tolerance::{ACTIVATION, Bound, sum};
use half::{bf16, f16};
use percio::isa::Isa;
use percio::layers::{Linear, linear};
use percio::{Activation, reference};
use percio_format::{pack, packed_len};

/// After so many rows and so many outputs the numbers repeat.
const PERIOD: usize = 7;
/// What is between the rows of `out`, and has to stay.
const GAP: f32 = 0.5;

#[derive(Clone, Copy, Debug)]
enum Weights {
    F32,
    F16,
    Bf16,
}

#[derive(Debug)]
struct Product {
    shape: Linear,
    biased: bool,
    weights: Weights,
}

impl Product {
    fn drawn(draw: &mut Draw, weights: Weights, [rows, inputs, outputs]: [usize; 3]) -> Self {
        let (x_stride, out_stride) = (inputs + draw.within(0..4), outputs + draw.within(0..4));
        let activation = draw.of(&[Activation::Identity, Activation::Identity, Activation::GeluErf, Activation::Relu]);
        let accumulate = draw.yes();
        Self {
            shape: Linear { rows, inputs, outputs, x_stride, out_stride, activation, accumulate },
            biased: draw.yes(),
            weights,
        }
    }

    /// The rows and outputs that differ.
    fn different(&self) -> Linear {
        let Linear { rows, inputs, outputs, .. } = self.shape;
        let (rows, outputs) = (rows.min(PERIOD), outputs.min(PERIOD));
        Linear { rows, outputs, x_stride: inputs, out_stride: outputs, ..self.shape }
    }

    /// Input, weights, bias and what `out` holds before, of the rows and outputs that differ.
    fn operands(&self) -> [Vec<f32>; 4] {
        let Linear { rows, inputs, outputs, .. } = self.different();
        let mut weight = noise(outputs * inputs, 2).to_vec();
        weight.iter_mut().for_each(|x| match self.weights {
            Weights::F32 => {}
            Weights::F16 => *x = f16::from_f32(*x).to_f32(),
            Weights::Bf16 => *x = bf16::from_f32(*x).to_f32(),
        });
        let bias = noise(if self.biased { outputs } else { 0 }, 3).to_vec();
        [noise(rows * inputs, 1).to_vec(), weight, bias, noise(rows * outputs, 4).to_vec()]
    }

    /// All of `out` from the rows and outputs that differ.
    fn whole(&self, different: &[f32]) -> Vec<f32> {
        let Linear { rows, outputs, out_stride, .. } = self.shape;
        let (row_period, period) = (rows.min(PERIOD), outputs.min(PERIOD));
        let mut period_of_rows = Vec::with_capacity(row_period * out_stride);
        for row in different.chunks(period) {
            period_of_rows.extend(repeat(row, 1, period, outputs));
            period_of_rows.resize(period_of_rows.len() + out_stride - outputs, GAP);
        }
        repeat(&period_of_rows, out_stride, row_period, rows)
    }

    fn check(&self) {
        let sum = sum(self.shape.inputs + 2);
        // GELU passes an error of its argument on at most 1.13-fold.
        let (slope, own) = if self.shape.activation == Activation::GeluErf { (1.13, 1.0) } else { (1.0, 0.0) };
        let absolute = slope * sum.absolute + own * ACTIVATION.absolute;
        check(self, Bound { absolute, relative: sum.relative + own * ACTIVATION.relative });
    }
}

impl Case for Product {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let Linear { rows, inputs, outputs, x_stride, .. } = self.shape;
        let (row_period, period) = (rows.min(PERIOD), outputs.min(PERIOD));
        let [x, weight, bias, out] = self.operands();
        let mut wide_x = Vec::with_capacity(row_period * x_stride);
        for row in x.chunks(inputs) {
            wide_x.extend_from_slice(row);
            wide_x.resize(wide_x.len() + x_stride - inputs, f32::NAN);
        }
        let wide_x = repeat(&wide_x, x_stride, row_period, rows);
        let weight = repeat(&weight, inputs, period, outputs);
        let bias = if self.biased { repeat(&bias, 1, period, outputs) } else { bias };
        let mut out = self.whole(&out);
        let mut packed = vec![f32::NAN; packed_len(outputs, inputs)];
        pack(&weight, outputs, inputs, &mut packed);
        match self.weights {
            Weights::F32 => linear(isa, &self.shape, &wide_x, &packed, &bias, &mut out),
            Weights::F16 => {
                let halves: Vec<f16> = packed.iter().map(|&x| f16::from_f32(x)).collect();
                linear(isa, &self.shape, &wide_x, &halves, &bias, &mut out);
            }
            Weights::Bf16 => {
                let halves: Vec<bf16> = packed.iter().map(|&x| bf16::from_f32(x)).collect();
                linear(isa, &self.shape, &wide_x, &halves, &bias, &mut out);
            }
        }
        out
    }

    fn twin(&self) -> Vec<f32> {
        let [x, weight, bias, mut out] = self.operands();
        reference::linear(&self.different(), &x, &weight, &bias, &mut out);
        self.whole(&out)
    }
}

fn products(weights: Weights, seed: u64) {
    in_turn(seed, [1..5, 1..6, 1..12], |draw, sizes| Product::drawn(draw, weights, sizes).check());
    at_random(seed, 80, 100_000, |draw, sizes| Product::drawn(draw, weights, sizes).check());
}

#[test]
fn products_of_f32() {
    products(Weights::F32, 1);
}

#[test]
fn products_of_f16() {
    products(Weights::F16, 2);
}

#[test]
fn products_of_bf16() {
    products(Weights::Bf16, 3);
}
