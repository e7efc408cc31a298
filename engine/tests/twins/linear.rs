//! Linear layers.

use crate::support::{Case, LENGTHS, check, numbers};
use crate::tolerance::{ACTIVATION, Bound, sum};
use half::{bf16, f16};
use percio::isa::{self, Isa, Kernel};
use percio::kernels::halves;
use percio::kernels::matmul::{self, Matmul};
use percio::layers::{Linear, linear, linear_fixed};
use percio::{Activation, reference};
use percio_format::{WeightFormat, pack, packed_len};

#[derive(Debug)]
struct Product {
    shape: Linear,
    biased: bool,
    weights: WeightFormat,
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
        let shape = Linear { rows, inputs, outputs, x_stride: inputs, out_stride: outputs, ..PLAIN };
        Self { shape, biased: true, weights: WeightFormat::F32 }
    }

    fn operands(&self) -> [Vec<f32>; 4] {
        let Linear { rows, inputs, outputs, x_stride, out_stride, .. } = self.shape;
        let mut weight = numbers(outputs * inputs, 2);
        match self.weights {
            WeightFormat::F32 => {}
            WeightFormat::F16 => weight.iter_mut().for_each(|x| *x = f16::from_f32(*x).to_f32()),
            WeightFormat::Bf16 => weight.iter_mut().for_each(|x| *x = bf16::from_f32(*x).to_f32()),
        }
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
        match self.weights {
            WeightFormat::F32 => linear(isa, &self.shape, &x, &packed, &bias, &mut out),
            WeightFormat::F16 => {
                let halves: Vec<f16> = packed.iter().map(|&x| f16::from_f32(x)).collect();
                linear(isa, &self.shape, &x, &halves, &bias, &mut out);
            }
            WeightFormat::Bf16 => {
                let halves: Vec<bf16> = packed.iter().map(|&x| bf16::from_f32(x)).collect();
                linear(isa, &self.shape, &x, &halves, &bias, &mut out);
            }
        }
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

/// Rows or weights that do not all stay in the second nearest memory: in groups of rows, weights asked for ahead.
#[test]
fn more_than_what_is_near() {
    for (rows, inputs, outputs) in [(52, 2570, 40), (9, 407, 401), (2, 15, 9000)] {
        for weights in [WeightFormat::F32, WeightFormat::F16, WeightFormat::Bf16] {
            for (activation, accumulate) in
                [(Activation::Identity, false), (Activation::Identity, true), (Activation::GeluErf, false)]
            {
                let mut product = Product::new(rows, inputs, outputs);
                (product.shape.activation, product.shape.accumulate) = (activation, accumulate);
                (product.shape.x_stride, product.shape.out_stride) = (inputs + 3, outputs + 5);
                Product { weights, ..product }.check();
            }
        }
    }
}

#[test]
fn weights_of_half_width() {
    for weights in [WeightFormat::F16, WeightFormat::Bf16] {
        for inputs in [1, 13, 63, 64, 65, 127, 128, 129, 200, 513, 700] {
            for (rows, outputs) in [(1, 1), (5, 8), (9, 33), (14, 80)] {
                Product { weights, ..Product::new(rows, inputs, outputs) }.check();
            }
        }
    }
}

#[test]
fn weights_of_half_width_with_every_activation_and_residual() {
    for weights in [WeightFormat::F16, WeightFormat::Bf16] {
        for activation in [Activation::Identity, Activation::GeluErf, Activation::Relu] {
            for (accumulate, biased) in [(false, false), (false, true), (true, false), (true, true)] {
                for (rows, inputs, outputs) in [(1, 12, 9), (6, 130, 16), (19, 600, 21)] {
                    let mut product = Product::new(rows, inputs, outputs);
                    product.shape = Linear {
                        activation,
                        accumulate,
                        x_stride: inputs + 3,
                        out_stride: outputs + 2,
                        ..product.shape
                    };
                    Product { weights, biased, ..product }.check();
                }
            }
        }
    }
}

/// The product with weights widened in registers, and a part of them at a time on the stack.
#[derive(Clone, Copy)]
struct EachWay<'a> {
    shape: Linear,
    x: &'a [f32],
    weight: &'a [f16],
    bias: &'a [f32],
}

impl EachWay<'_> {
    fn product<'a>(&'a self, out: &'a mut [f32]) -> Matmul<'a, f16> {
        let Self {
            shape: Linear { rows, inputs, outputs, x_stride, out_stride, activation, accumulate },
            x,
            weight,
            bias,
        } = *self;
        Matmul { rows, inputs, outputs, x_stride, out_stride, activation, accumulate, x, weight, bias, out }
    }
}

impl Kernel for EachWay<'_> {
    type Output = [Vec<f32>; 3];

    fn run<I: Isa>(self, isa: I) -> Self::Output {
        let mut outs = [(); 3].map(|()| numbers(self.shape.rows * self.shape.out_stride, 5));
        let [direct, narrow, wide] = &mut outs;
        matmul::tiled::<I, _, 6, 2>(isa, self.product(direct));
        halves::product::<I, _, 64, 1>(isa, self.product(narrow));
        halves::product::<I, _, 512, 4>(isa, self.product(wide));
        outs
    }
}

/// Where there are threads, which divide the rows, the ways may be chosen from by the number of rows.
#[test]
fn each_way_to_widen_weights_gives_the_same_bits() {
    for name in isa::available().filter(|name| ["avx2", "avx512", "neon"].contains(name)) {
        for (rows, inputs, outputs) in [(1, 1300, 29), (7, 513, 40), (13, 64, 3)] {
            for (activation, accumulate) in
                [(Activation::Identity, false), (Activation::Identity, true), (Activation::GeluErf, true)]
            {
                let (x_stride, out_stride) = (inputs + 1, outputs + 2);
                let shape = Linear { rows, inputs, outputs, x_stride, out_stride, activation, accumulate };
                let weight: Vec<f16> = numbers(packed_len(outputs, inputs), 2).into_iter().map(f16::from_f32).collect();
                let (x, bias) = (numbers(rows * x_stride, 1), numbers(outputs, 3));
                let outs = isa::on(name, EachWay { shape, x: &x, weight: &weight, bias: &bias });
                let [direct, narrow, wide] = outs.map(|out| out.into_iter().map(f32::to_bits).collect::<Vec<_>>());
                assert!(direct == narrow && direct == wide, "{shape:?} on {name}");
            }
        }
    }
}

/// The product by the kernel made for so many rows, inputs and outputs, and by that of any.
struct Fixed<'a, const ROWS: usize, const INPUTS: usize, const OUTPUTS: usize> {
    shape: Linear,
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
}

impl<const ROWS: usize, const INPUTS: usize, const OUTPUTS: usize> Kernel for Fixed<'_, ROWS, INPUTS, OUTPUTS> {
    type Output = [Vec<f32>; 2];

    fn run<I: Isa>(self, isa: I) -> [Vec<f32>; 2] {
        let Self { shape, x, weight, bias } = self;
        let mut outs = [numbers(shape.rows * shape.out_stride, 4), numbers(shape.rows * shape.out_stride, 4)];
        linear(isa, &shape, x, weight, bias, &mut outs[0]);
        linear_fixed::<I, ROWS, INPUTS, OUTPUTS>(isa, &shape, x, weight, bias, &mut outs[1]);
        outs
    }
}

/// Meets shapes that the kernel is made for, and shapes that it is not.
fn fixed<const ROWS: usize, const INPUTS: usize, const OUTPUTS: usize>() {
    for name in isa::available() {
        let ways = [
            (Activation::Identity, false),
            (Activation::Identity, true),
            (Activation::GeluErf, false),
            (Activation::Relu, true),
        ];
        for (activation, accumulate) in ways {
            for (rows, gap) in [(ROWS, 0), (ROWS + 1, 0), (ROWS, 3)] {
                let (x_stride, out_stride) = (INPUTS + gap, OUTPUTS + gap);
                let (inputs, outputs) = (INPUTS, OUTPUTS);
                let shape = Linear { rows, inputs, outputs, x_stride, out_stride, activation, accumulate };
                let (x, weight) = (numbers(rows * x_stride, 1), numbers(packed_len(OUTPUTS, INPUTS), 2));
                for bias in [numbers(OUTPUTS, 3), Vec::new()] {
                    let kernel = Fixed::<ROWS, INPUTS, OUTPUTS> { shape, x: &x, weight: &weight, bias: &bias };
                    let [any, fixed] =
                        isa::on(name, kernel).map(|out| out.into_iter().map(f32::to_bits).collect::<Vec<_>>());
                    assert_eq!(any, fixed, "{shape:?} on {name}");
                }
            }
        }
    }
}

#[test]
fn a_kernel_made_for_a_shape_gives_the_same_bits() {
    fixed::<1, 1, 8>();
    fixed::<2, 3, 24>();
    fixed::<3, 17, 40>();
    fixed::<5, 32, 16>();
    fixed::<6, 64, 72>();
    fixed::<7, 5, 56>();
    fixed::<11, 33, 8>();
    fixed::<13, 16, 48>();
    fixed::<16, 32, 32>();
    fixed::<18, 64, 64>();
    fixed::<25, 128, 24>();
    fixed::<64, 32, 96>();
}

struct Widen<'a>(&'a [f16]);

impl Kernel for Widen<'_> {
    type Output = Vec<f32>;

    fn run<I: Isa>(self, isa: I) -> Vec<f32> {
        let mut wide = vec![f32::NAN; self.0.len()];
        isa.widen(self.0, &mut wide);
        wide
    }
}

#[test]
fn every_number_of_half_precision_is_widened_exactly() {
    let halves: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).collect();
    for name in isa::available() {
        for halves in [&halves[..], &halves[1..], &halves[..13]] {
            for (wide, half) in isa::on(name, Widen(halves)).into_iter().zip(halves) {
                let expected = half.to_f32();
                let same = wide.to_bits() == expected.to_bits() || wide.is_nan() && expected.is_nan();
                assert!(same, "{name}: {half:?} became {wide:e}");
            }
        }
    }
}
