//! The matrix product, a panel at a time over all rows.

use super::gelu::gelu;
use super::panel::Panel;
use crate::isa::{Isa, StridedMut};
use crate::kernels::matmul::Matmul;
use crate::kernels::{activation, part, part_mut};
use percio_format::{Activation, PANEL};

/// The product of [`crate::kernels::matmul`].
#[inline(always)]
pub(super) fn product<I: Isa>(isa: I, mut product: Matmul<'_>) {
    for column in (0..product.outputs).step_by(PANEL) {
        let width = PANEL.min(product.outputs - column);
        let mut start = [0.0; PANEL];
        start.iter_mut().zip(part(product.bias, column, width)).for_each(|(to, &from)| *to = from);
        if width == PANEL && (!product.accumulate || product.activation == Activation::Identity) {
            whole(isa, &mut product, column, &start);
        } else {
            row_by_row(isa, &mut product, column, width, &start);
        }
    }
}

/// Eight columns, straight to `out`.
#[inline(always)]
fn whole<I: Isa>(isa: I, product: &mut Matmul<'_>, column: usize, start: &[f32; PANEL]) {
    let Matmul { rows, inputs, x_stride, out_stride, activation, accumulate, x, weight, .. } = *product;
    let out = product.out.get_mut(column..).unwrap_or_default();
    let groups = part(weight, column * inputs, PANEL * inputs);
    Panel { rows, inputs, x, x_stride, groups, group_stride: PANEL, start, out, out_stride, accumulate }.run();
    activate(isa, activation, out, out_stride, rows);
}

/// The last columns, or what cannot be added in one go: through eight sums beside `out`.
#[inline(always)]
fn row_by_row<I: Isa>(isa: I, product: &mut Matmul<'_>, column: usize, width: usize, start: &[f32; PANEL]) {
    let Matmul { rows, inputs, x_stride, out_stride, activation, accumulate, x, weight, .. } = *product;
    let groups = part(weight, column * inputs, PANEL * inputs);
    for row in 0..rows {
        let mut sums = [0.0; PANEL];
        let x = part(x, row * x_stride, inputs);
        let out = sums.as_mut_slice();
        let panel = Panel {
            rows: 1,
            inputs,
            x,
            x_stride: 0,
            groups,
            group_stride: PANEL,
            start,
            out,
            out_stride: 0,
            accumulate: false,
        };
        panel.run();
        activate(isa, activation, &mut sums, 0, 1);
        for (out, &sum) in part_mut(product.out, row * out_stride + column, width).iter_mut().zip(&sums) {
            *out = if accumulate { *out + sum } else { sum };
        }
    }
}

/// `activation` of the first panel of each of `rows` rows, `stride` apart.
#[inline(always)]
fn activate<I: Isa>(isa: I, activation: Activation, numbers: &mut [f32], stride: usize, rows: usize) {
    if activation == Activation::GeluErf {
        gelu(numbers, stride, rows);
    } else if let Some(mut rows) = StridedMut::new(numbers, stride, rows, PANEL) {
        activation::apply(isa, activation, &mut rows);
    }
}
