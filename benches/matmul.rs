//! Linear layers, from those of a motion classifier to those of a language Perceiver.

use benches::{Report, numbers};
use percio::Activation;
use percio::isa::{self, Isa, Kernel};
use percio::layers::{Linear, linear};
use percio_format::packed_len;
use std::hint::black_box;

struct Run<'a> {
    shape: Linear,
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        linear(isa, &self.shape, self.x, self.weight, self.bias, self.out);
    }
}

const SHAPES: [(usize, usize, usize); 8] = [
    (1, 64, 64),
    (16, 32, 32),
    (16, 64, 64),
    (64, 32, 256),
    (16, 261, 256),
    (256, 256, 256),
    (256, 1280, 1280),
    (512, 1024, 1024),
];

fn main() {
    let report = Report::start("matrix product, rows × inputs × outputs");
    for (rows, inputs, outputs) in SHAPES {
        let (x, weight, bias) = (numbers(rows * inputs), numbers(packed_len(outputs, inputs)), numbers(outputs));
        let mut out = vec![0.0; rows * outputs];
        let shape = Linear {
            rows,
            inputs,
            outputs,
            x_stride: inputs,
            out_stride: outputs,
            activation: Activation::Identity,
            accumulate: false,
        };
        report.products(&format!("{rows} × {inputs} × {outputs}"), rows * inputs * outputs, || {
            isa::dispatch(Run { shape: black_box(shape), x: &x, weight: &weight, bias: &bias, out: &mut out });
        });
    }
}
