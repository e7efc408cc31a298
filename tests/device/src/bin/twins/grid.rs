//! Tokens on grids of many shapes, gathered in two parts.

use crate::{compare, tolerance};
use device::{ROOM, Random};
use percio::isa::{self, Isa, Kernel};
use percio::layers::{self, Columns, OnGrid};

const SHAPES: usize = 150;
/// Numbers of an axis' part of a position.
const FEATURES: usize = 3;

/// Tokens of which the first `cut` arrive first, their columns made when they come.
struct Gather<'a> {
    shape: OnGrid,
    cut: usize,
    q: &'a [f32],
    x: &'a [f32],
    parts: &'a [f32],
    columns: &'a mut [f32],
    state: &'a mut [f32],
    out: &'a mut [f32],
}

impl Kernel for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let whole = self.shape.attention();
        layers::begin(isa, &whole, self.state);
        for [from, to] in [[0, self.cut], [self.cut, self.shape.keys]] {
            let part = OnGrid { keys: to - from, first: self.shape.first + from, ..self.shape };
            layers::columns(isa, &columns(&part), &self.x[from * part.width..], self.parts, self.columns);
            layers::gather_grid(isa, &part, self.q, self.columns, &[], self.state);
        }
        layers::settle(isa, &whole, self.state, self.out);
    }
}

fn columns(shape: &OnGrid) -> Columns {
    let OnGrid { keys: rows, width, shape, axes, first, .. } = *shape;
    Columns { rows, width, features: FEATURES, centred: true, eps: 1e-5, shape, axes, first }
}

fn shape(random: &mut Random) -> OnGrid {
    let (axes, [a, b, c]) = (random.size(1, 3), [random.size(1, 3), random.size(1, 4), random.size(1, 40)]);
    let shape = [[1, 1, c], [1, b, c], [a, b, c.min(9)]][axes - 1];
    let (queries, heads, width) = (random.size(1, 4), random.size(1, 2), random.size(1, 7));
    let (keys, first) = (random.size(0, 60), random.size(0, 50));
    OnGrid { queries, heads, keys, width, shape, axes, first, zero_empty: false }
}

/// Compares all shapes; returns how many there are.
pub(crate) fn check() -> usize {
    let mut random = Random(5);
    let [mut q, mut x, mut parts, mut made, mut state, mut out, mut expected] = [[0.0; ROOM]; 7];
    for _ in 0..SHAPES {
        let shape = shape(&mut random);
        let (places, row) = (shape.attention().v - shape.width, shape.attention().v);
        let gain = random.one(&[1.0, 1.0, 10.0]);
        random.fill(&mut q, gain);
        random.fill(&mut x, 1.0);
        random.fill(&mut parts, 1.0);
        let parts = &mut parts[..2 * places];
        // Sums of squares: tokens do differ.
        parts[places..].iter_mut().for_each(|squares| *squares = 1.0 + *squares * *squares);
        percio::reference::columns(&columns(&shape), &x, parts, &mut made);
        let rows = shape.queries * shape.heads * row;
        percio::reference::on_grid(&shape, &q[..rows], &made, &[], &mut expected[..rows]);
        let cut = random.size(0, shape.keys);
        let (columns, state) = (&mut made[..], &mut state[..]);
        isa::dispatch(Gather { shape, cut, q: &q, x: &x, parts, columns, state, out: &mut out });
        // Deviations are at least a third: numbers of up to three make the scores, and are gathered.
        let mut bound = tolerance::attention(shape.width + shape.axes, shape.keys);
        bound.absolute *= 9.0 * gain;
        compare(&out[..rows], &expected[..rows], bound, &(shape, cut));
    }
    SHAPES
}
