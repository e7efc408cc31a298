//! Linear layers.

use crate::support::{Case, LENGTHS, check, numbers};
use crate::tolerance::{ACTIVATION, Bound, sum};
use percio::isa::Isa;
use percio::layers::{Linear, linear};
use percio::{Activation, reference};
use percio_format::{pack, packed_len};

#[derive(Debug)]
struct Product {
    shape: Linear,
    biased: bool,
}

const PLAIN: Linear = Linear {
    rows: 1,
    inputs: 1,
    outputs: 1,
    x_stride: 0,
    out_stride: 0,
    activation: Activation::Identity,
    accumulate: false,
};

impl Product {
    fn new(rows: usize, inputs: usize, outputs: usize) -> Self {
        Self { shape: Linear { rows, inputs, outputs, x_stride: inputs, out_stride: outputs, ..PLAIN }, biased: true }
    }

    fn operands(&self) -> [Vec<f32>; 4] {
        let Linear { rows, inputs, outputs, x_stride, out_stride, .. } = self.shape;
        let weight = numbers(outputs * inputs, 2);
        let bias = numbers(if self.biased { outputs } else { 0 }, 3);
        [numbers(rows * x_stride.max(1) + inputs, 1), weight, bias, numbers(rows * out_stride + outputs, 4)]
    }

    fn check(&self) {
        let sum = sum(self.shape.inputs + 2);
        // An activation passes an error of its argument on, at most 1.13-fold; squared ReLU by twice a sum of up to 2·√inputs.
        let slope = match self.shape.activation {
            Activation::Identity => 1.0,
            Activation::SquaredRelu => 4.0 * (self.shape.inputs as f32).sqrt(),
            _ => 1.13,
        };
        let own = if slope == 1.0 { 0.0 } else { 1.0 };
        let absolute = slope * sum.absolute + own * ACTIVATION.absolute;
        check(self, Bound { absolute, relative: sum.relative + own * ACTIVATION.relative });
    }
}

impl Case for Product {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let [x, weight, bias, mut out] = self.operands();
        let (inputs, outputs) = (self.shape.inputs, self.shape.outputs);
        let mut packed = vec![f32::NAN; packed_len(outputs, inputs)];
        pack(&weight, outputs, inputs, &mut packed);
        linear(isa, &self.shape, &x, &packed, &bias, &mut out);
        out
    }

    fn twin(&self) -> Vec<f32> {
        let [x, weight, bias, mut out] = self.operands();
        reference::linear(&self.shape, &x, &weight, &bias, &mut out);
        out
    }
}

#[test]
fn every_number_of_rows() {
    for rows in 0..=20 {
        for outputs in [1, 7, 8, 9, 16, 17, 40] {
            Product::new(rows, 13, outputs).check();
        }
    }
}

#[test]
fn every_width() {
    for inputs in LENGTHS {
        for outputs in LENGTHS {
            Product::new(5, inputs, outputs).check();
        }
    }
}

#[test]
fn rows_apart() {
    for (x_gap, out_gap) in [(3, 0), (0, 5), (1, 9)] {
        let mut product = Product::new(7, 11, 19);
        product.shape.x_stride += x_gap;
        product.shape.out_stride += out_gap;
        product.check();
    }
}

#[test]
fn one_row_repeated() {
    let mut product = Product::new(9, 6, 10);
    product.shape.x_stride = 0;
    product.check();
}

#[test]
fn every_activation_and_residual() {
    use Activation::{GeluErf, GeluTanh, Identity, QuickGelu, Relu, Silu, SquaredRelu, Tanh};
    for activation in [Identity, GeluErf, GeluTanh, QuickGelu, Relu, SquaredRelu, Silu, Tanh] {
        for (accumulate, biased) in [(false, false), (false, true), (true, false), (true, true)] {
            for (rows, outputs) in [(1, 9), (6, 16), (8, 21)] {
                let mut product = Product::new(rows, 12, outputs);
                product.shape = Linear { activation, accumulate, ..product.shape };
                product.biased = biased;
                product.check();
            }
        }
    }
}
