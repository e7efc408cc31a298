//! Matrix × packed matrix of numbers of half width: some of the weights become `f32` on the stack, then all rows use them.
//!
//! ```text
//! for each strip of panels               as many as fit with all their inputs, PANELS at least
//!   for each part of the inputs          all of them, or as many as fit
//!     widen the weights                  once for all rows
//!     out (+)= x · widened               the product of this instruction set
//! ```

use super::matmul::Matmul;
use super::weight::Weight;
use super::{activation, part};
use crate::isa::{Isa, StridedMut};
use percio_format::{Activation, PANEL};

/// Rows whose sums are kept beside `out`.
const ROWS: usize = 8;

/// The product with up to `GROUPS` groups of eight weights widened at a time, of at least `PANELS` panels; `PANELS` is at
/// most `GROUPS`.
#[inline(always)]
pub fn product<I: Isa, W: Weight, const GROUPS: usize, const PANELS: usize>(isa: I, product: Matmul<'_, W>) {
    let Matmul { rows, inputs, outputs, x_stride, out_stride, activation, accumulate, x, weight, bias, out } = product;
    let mut widened = [[0.0; PANEL]; GROUPS];
    let mut column = 0;
    while column < outputs {
        let left = (outputs - column).div_ceil(PANEL);
        let panels = (GROUPS / inputs.max(1)).max(PANELS).min(left);
        let width = (panels * PANEL).min(outputs - column);
        let strip = Strip { weight: weight.get(column * inputs..).unwrap_or_default(), panels, inputs };
        let target = Matmul {
            rows,
            inputs,
            outputs: width,
            x_stride,
            out_stride,
            activation,
            accumulate,
            x,
            weight: &[],
            bias: part(bias, column, width),
            out: out.get_mut(column..).unwrap_or_default(),
        };
        let most = GROUPS / panels;
        if inputs > most && accumulate && activation != Activation::Identity {
            strip.beside(isa, target, most, &mut widened);
        } else {
            strip.straight(isa, target, most, &mut widened);
        }
        column += width;
    }
}

/// Panels of weights, packed, side by side.
struct Strip<'a, W> {
    weight: &'a [W],
    panels: usize,
    inputs: usize,
}

impl<'a, W: Weight> Strip<'a, W> {
    /// The weights of `count` inputs from `first` on, packed.
    #[inline(always)]
    fn widen<'w, I: Isa>(&self, isa: I, first: usize, count: usize, widened: &'w mut [[f32; PANEL]]) -> &'w [f32] {
        let panels = self.weight.chunks(self.inputs.max(1) * PANEL).take(self.panels);
        for (panel, to) in panels.zip(widened.as_flattened_mut().chunks_mut(count.max(1) * PANEL)) {
            W::widen(isa, panel.get(first * PANEL..).unwrap_or_default(), to);
        }
        part(widened.as_flattened(), 0, self.panels * count * PANEL)
    }

    /// Sums of `most` inputs at a time, gathered where `target` writes them; its weights are the strip's.
    #[inline(always)]
    fn straight<I: Isa>(&self, isa: I, target: Matmul<'_>, most: usize, widened: &mut [[f32; PANEL]]) {
        let Matmul { rows, outputs, x_stride, out_stride, x, .. } = target;
        let (activation, is_whole) = (target.activation, self.inputs <= most);
        let mut first = 0;
        loop {
            let inputs = most.min(self.inputs - first);
            isa.matmul(Matmul {
                rows,
                inputs,
                outputs,
                x_stride,
                out_stride,
                activation: if is_whole { activation } else { Activation::Identity },
                accumulate: first > 0 || target.accumulate,
                x: x.get(first..).unwrap_or_default(),
                weight: self.widen(isa, first, inputs, widened),
                bias: if first == 0 { target.bias } else { &[] },
                out: &mut *target.out,
            });
            first += inputs;
            if first >= self.inputs {
                break;
            }
        }
        if !is_whole && let Some(mut sums) = StridedMut::new(target.out, out_stride, rows, outputs) {
            activation::apply(isa, activation, &mut sums);
        }
    }

    /// [`straight`](Self::straight), a few rows and one panel at a time, where the sums have to stay apart from what
    /// `target` writes until the activation is done.
    #[inline(always)]
    fn beside<I: Isa>(&self, isa: I, target: Matmul<'_>, most: usize, widened: &mut [[f32; PANEL]]) {
        let Matmul { outputs, x_stride, out_stride, .. } = target;
        let panels = self.weight.chunks(self.inputs.max(1) * PANEL).take(self.panels);
        for (column, weight) in (0..outputs).step_by(PANEL).zip(panels) {
            let (panel, width) = (Strip { weight, panels: 1, ..*self }, PANEL.min(outputs - column));
            for row in (0..target.rows).step_by(ROWS) {
                let (mut sums, rows) = ([[0.0; PANEL]; ROWS], ROWS.min(target.rows - row));
                let block = Matmul {
                    rows,
                    outputs: width,
                    out_stride: PANEL,
                    accumulate: false,
                    x: target.x.get(row * x_stride..).unwrap_or_default(),
                    bias: part(target.bias, column, width),
                    out: sums.as_flattened_mut(),
                    ..target
                };
                panel.straight(isa, block, most, widened);
                for (r, sums) in sums.iter().enumerate().take(rows) {
                    let out = target.out.get_mut((row + r) * out_stride + column..).unwrap_or_default();
                    out.iter_mut().zip(sums.iter().take(width)).for_each(|(out, &sum)| *out += sum);
                }
            }
        }
    }
}
