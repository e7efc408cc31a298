//! Linear layers, from those of a motion classifier to those of a language Perceiver, with weights of each type: as near as they can
//! be, and, as in a large model, in no cache; small ones also by kernels that are made for their shapes.

use benches::{Report, numbers};
use half::{bf16, f16};
use percio::Activation;
use percio::isa::{self, Isa, Kernel};
use percio::kernels::weight::Weight;
use percio::layers::{Linear, linear, linear_fixed};
use percio_format::packed_len;
use std::hint::black_box;

struct Run<'a, W> {
    shape: Linear,
    x: &'a [f32],
    weight: &'a [W],
    bias: &'a [f32],
    out: &'a mut [f32],
}

impl<W: Weight> Kernel for Run<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        linear(isa, &self.shape, self.x, self.weight, self.bias, self.out);
    }
}

/// As generated code runs it, whose layers have constant shapes.
struct Fixed<'a, const ROWS: usize, const INPUTS: usize, const OUTPUTS: usize> {
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    out: &'a mut [f32],
}

impl<const ROWS: usize, const INPUTS: usize, const OUTPUTS: usize> Kernel for Fixed<'_, ROWS, INPUTS, OUTPUTS> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { x, weight, bias, out } = self;
        linear_fixed::<I, ROWS, INPUTS, OUTPUTS>(isa, &plain(ROWS, INPUTS, OUTPUTS), x, weight, bias, out);
    }
}

const SHAPES: [(usize, usize, usize); 9] = [
    (1, 64, 64),
    (16, 16, 32),
    (16, 32, 32),
    (16, 64, 64),
    (64, 32, 256),
    (16, 261, 256),
    (256, 256, 256),
    (256, 1280, 1280),
    (512, 1024, 1024),
];
/// Of large models.
const LARGE: [(usize, usize, usize); 4] = [(6, 1280, 1280), (32, 1280, 1280), (256, 1280, 1280), (2048, 768, 1280)];
/// Bytes of weights that no cache holds.
const FAR: usize = 1 << 29;

const fn plain(rows: usize, inputs: usize, outputs: usize) -> Linear {
    Linear {
        rows,
        inputs,
        outputs,
        x_stride: inputs,
        out_stride: outputs,
        activation: Activation::Identity,
        accumulate: false,
    }
}

/// A product by the kernel that is made for its shape.
fn fixed<const ROWS: usize, const INPUTS: usize, const OUTPUTS: usize>(report: &Report) {
    let (x, weight, bias) = (numbers(ROWS * INPUTS), numbers(packed_len(OUTPUTS, INPUTS)), numbers(OUTPUTS));
    let mut out = vec![0.0; ROWS * OUTPUTS];
    report.products(&format!("{ROWS} × {INPUTS} × {OUTPUTS}, made for it"), ROWS * INPUTS * OUTPUTS, || {
        isa::dispatch(Fixed::<ROWS, INPUTS, OUTPUTS> { x: black_box(&x), weight: &weight, bias: &bias, out: &mut out });
    });
}

/// A product with so many matrices of weights of a type, by turns.
fn product<W: Weight>(report: &Report, name: &str, (rows, inputs, outputs): (usize, usize, usize), weights: &[Vec<W>]) {
    let (x, bias, mut out) = (numbers(rows * inputs), numbers(outputs), vec![0.0; rows * outputs]);
    let shape = plain(rows, inputs, outputs);
    let mut weights = weights.iter().cycle();
    report.products(&format!("{rows} × {inputs} × {outputs}{name}"), rows * inputs * outputs, || {
        let Some(weight) = weights.next() else { return };
        isa::dispatch(Run { shape: black_box(shape), x: &x, weight, bias: &bias, out: &mut out });
    });
}

/// As many copies of a matrix of weights as no cache holds.
fn far<W: Weight>((_, inputs, outputs): (usize, usize, usize), of: impl Fn(f32) -> W) -> Vec<Vec<W>> {
    let weight: Vec<W> = numbers(packed_len(outputs, inputs)).into_iter().map(of).collect();
    vec![weight.clone(); FAR.div_ceil(size_of_val(weight.as_slice()))]
}

fn main() {
    let report = Report::start("matrix product, rows × inputs × outputs");
    for shape in SHAPES {
        product(&report, "", shape, &[numbers(packed_len(shape.2, shape.1))]);
    }
    fixed::<1, 64, 64>(&report);
    fixed::<16, 16, 32>(&report);
    fixed::<16, 32, 32>(&report);
    fixed::<16, 64, 64>(&report);
    fixed::<64, 32, 256>(&report);
    for shape in LARGE {
        product(&report, ", in no cache: f32", shape, &far(shape, |number| number));
        product(&report, ", in no cache: f16", shape, &far(shape, f16::from_f32));
        product(&report, ", in no cache: bf16", shape, &far(shape, bf16::from_f32));
    }
}
