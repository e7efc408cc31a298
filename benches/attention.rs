//! Attention, from a motion classifier's to a vision Perceiver's.

use benches::{Report, numbers};
use percio::isa::{self, Isa, Kernel};
use percio::layers::{Attention, attention};
use std::hint::black_box;

struct Run<'a> {
    shape: Attention,
    q: &'a [f32],
    k: &'a [f32],
    v: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        attention(isa, &self.shape, self.q, self.k, self.v, &[], self.out);
    }
}

const SHAPES: [(usize, usize, usize, usize, usize); 8] = [
    (16, 16, 2, 16, 16),
    (16, 64, 2, 16, 16),
    (64, 16, 8, 32, 4),
    (256, 256, 8, 64, 64),
    (256, 256, 8, 32, 160),
    (256, 2048, 8, 32, 160),
    (512, 512, 8, 128, 128),
    (512, 4096, 1, 261, 261),
];

fn main() {
    let report = Report::start("attention, queries × keys, heads × (qk + v)");
    for (queries, keys, heads, qk, v) in SHAPES {
        let scale = 1.0 / (qk as f32).sqrt();
        let (key_heads, value_heads, masked) = (heads, heads, keys);
        let (causal, zero_empty) = (false, false);
        let shape =
            Attention { queries, keys, masked, heads, key_heads, value_heads, qk, v, scale, causal, zero_empty };
        let (q_rows, k_rows, v_rows) =
            (numbers(queries * heads * qk), numbers(keys * heads * qk), numbers(keys * heads * v));
        let mut out = vec![0.0; queries * heads * v];
        let name = format!("{queries} × {keys}, {heads} × ({qk} + {v})");
        report.products(&name, queries * keys * heads * (qk + v), || {
            isa::dispatch(Run { shape: black_box(shape), q: &q_rows, k: &k_rows, v: &v_rows, out: &mut out });
        });
    }
}
