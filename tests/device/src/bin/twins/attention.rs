//! Attentions of many shapes, in one go and gathered in two.

use crate::{compare, tolerance};
use device::{ROOM, Random, RunAttention};
use percio::isa::{self, Isa, Kernel};
use percio::layers::{self, Attention};

const SHAPES: usize = 300;
/// Keys of the longest mask.
const MASK: usize = 80;

/// An attention whose keys arrive in two parts, the first `cut` of them first.
struct Gather<'a> {
    run: RunAttention<'a>,
    cut: usize,
    state: &'a mut [f32],
}

impl Kernel for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let RunAttention { shape, q, k, v, mask, out } = self.run;
        let first = Attention { keys: self.cut, ..shape };
        let second = Attention { keys: shape.keys - self.cut, masked: shape.masked.saturating_sub(self.cut), ..shape };
        let (k, later_k) = k.split_at(self.cut * shape.key_heads * shape.qk);
        let (v, later_v) = v.split_at(self.cut * shape.value_heads * shape.v);
        let (mask, later_mask) = mask.split_at(self.cut.min(mask.len()));
        layers::begin(isa, &shape, self.state);
        layers::gather(isa, &first, q, k, v, mask, self.state);
        layers::gather(isa, &second, q, later_k, later_v, later_mask, self.state);
        layers::settle(isa, &shape, self.state, out);
    }
}

/// The operands of all shapes.
struct Operands {
    q: [f32; ROOM],
    k: [f32; ROOM],
    v: [f32; ROOM],
    mask: [bool; MASK],
    out: [f32; ROOM],
    expected: [f32; ROOM],
    state: [f32; ROOM],
}

/// Compares all shapes; returns how many there are.
pub(crate) fn check() -> usize {
    let mut random = Random(2);
    let zeros = [0.0; ROOM];
    let mut operands =
        Operands { q: zeros, k: zeros, v: zeros, mask: [true; MASK], out: zeros, expected: zeros, state: zeros };
    for _ in 0..SHAPES {
        operands.check(shape(&mut random), &mut random);
    }
    SHAPES
}

fn shape(random: &mut Random) -> Attention {
    let (qk, heads) = (random.size(1, 24), random.size(1, 2));
    let keys = random.one(&[0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 34, 36, 65, 70]);
    Attention {
        queries: random.size(1, 9),
        keys,
        masked: random.one(&[keys, keys, keys / 2]),
        heads,
        key_heads: random.one(&[heads, heads, 1]),
        value_heads: random.one(&[heads, heads, 1]),
        qk,
        v: random.one(&[1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 16, 20, 24]),
        scale: 1.0 / libm::sqrtf(qk as f32),
        causal: random.size(0, 3) == 0,
        zero_empty: random.size(0, 3) == 0,
    }
}

impl Operands {
    fn check(&mut self, shape: Attention, random: &mut Random) {
        // Large numbers make one key outweigh all others.
        let gain = random.one(&[1.0, 1.0, 1.0, 12.0, 40.0]);
        random.fill(&mut self.q, gain);
        random.fill(&mut self.k, gain);
        random.fill(&mut self.v, 1.0);
        random.fill(&mut self.out, 1.0);
        let kept = random.one(&[0, 1, 2, 3, 3]);
        self.mask.fill_with(|| random.size(0, 2) < kept);
        let mask = &self.mask[..random.one(&[0, shape.keys / 2, shape.keys])];
        self.expected = self.out;
        let (q, k, v) = (&self.q, &self.k, &self.v);
        percio::reference::attention(&shape, q, k, v, mask, &mut self.expected);
        let mut bound = tolerance::attention(shape.qk, shape.keys);
        bound.absolute *= gain * gain;
        isa::dispatch(RunAttention { shape, q, k, v, mask, out: &mut self.out });
        compare(&self.out, &self.expected, bound, &shape);
        if shape.causal {
            // Keys that are gathered in parts have no places.
            return;
        }
        let cut = random.size(0, shape.keys);
        let run = RunAttention { shape, q, k, v, mask, out: &mut self.out };
        isa::dispatch(Gather { run, cut, state: &mut self.state });
        compare(&self.out, &self.expected, bound, &(shape, cut));
    }
}
