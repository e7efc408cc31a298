//! The gated recurrent cell that takes up what a block computes in place of a residual.

use super::fits;
use crate::isa::{Isa, Kernel};
use crate::kernels::activation::{sigmoid, tanh};
use crate::kernels::part;

/// The shape of a gated recurrent cell over contiguous rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gru {
    /// Rows.
    pub rows: usize,
    /// Numbers of a state.
    pub width: usize,
}

/// `state = (1 − z) · n + z · state` with `r = σ(i₀ + h₀)`, `z = σ(i₁ + h₁)`, `n = tanh(i₂ + r · h₂)`, where i and h are the
/// thirds of `input` and `hidden`, each a linear layer of its own: `input` and `hidden` `[rows, 3·width]`, `state`
/// `[rows, width]`.
#[inline]
pub fn gru<I: Isa>(isa: I, shape: &Gru, input: &[f32], hidden: &[f32], state: &mut [f32]) {
    let Gru { rows, width } = *shape;
    let ok = fits(input, rows, 3 * width, 3 * width)
        && fits(hidden, rows, 3 * width, 3 * width)
        && fits(state, rows, width, width);
    if ok {
        isa.run(Cells { shape: *shape, input, hidden, state });
    }
}

struct Cells<'a> {
    shape: Gru,
    input: &'a [f32],
    hidden: &'a [f32],
    state: &'a mut [f32],
}

impl Kernel for Cells<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Gru { rows, width } = self.shape;
        let gates = self.input.chunks_exact((3 * width).max(1)).zip(self.hidden.chunks_exact((3 * width).max(1)));
        for ((input, hidden), state) in gates.zip(self.state.chunks_exact_mut(width.max(1))).take(rows) {
            for (index, state) in state.chunks_mut(I::LANES).enumerate() {
                let third = |x, third| isa.load(part(x, third * width + index * I::LANES, state.len()));
                let reset = sigmoid(isa, isa.add(third(input, 0), third(hidden, 0)));
                let update = sigmoid(isa, isa.add(third(input, 1), third(hidden, 1)));
                let new = tanh(isa, isa.mul_add(reset, third(hidden, 2), third(input, 2)));
                isa.store(isa.mul_add(update, isa.sub(isa.load(state), new), new), state);
            }
        }
    }
}
