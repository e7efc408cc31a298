//! Layer norm and activations over numbers that fit the nearest cache.

use benches::{Report, numbers};
use percio::Activation;
use percio::isa::{self, Isa, Kernel};
use percio::kernels::activation::apply;
use percio::layers::{Normalize, normalize};
use std::hint::black_box;

struct Norm<'a> {
    shape: Normalize,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Norm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        normalize(isa, &self.shape, self.x, &[], &[], self.out);
    }
}

struct Activate<'a>(Activation, &'a mut [f32]);

impl Kernel for Activate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        apply(isa, self.0, &mut self.1.into());
    }
}

fn main() {
    const LEN: usize = 4096;
    let report = Report::start("layer norm and activations");
    let x = numbers(LEN);
    let mut out = x.clone();
    for width in [32, 64, 1024] {
        let shape = Normalize { rows: LEN / width, width, centred: true, eps: 1e-5 };
        report.numbers(&format!("norm of {width}"), LEN, || {
            isa::dispatch(Norm { shape: black_box(shape), x: &x, out: &mut out });
        });
    }
    use Activation::{GeluErf, GeluTanh, QuickGelu, Relu, Silu, SquaredRelu, Tanh};
    for activation in [GeluErf, GeluTanh, QuickGelu, Silu, Tanh, Relu, SquaredRelu] {
        report.numbers(&format!("{activation:?}"), LEN, || {
            out.copy_from_slice(&x);
            isa::dispatch(Activate(black_box(activation), &mut out));
        });
    }
}
