//! Loops that are worth more of the stack than 16 kilobytes, each as a kernel of its own: [`Isa::call`] gives it its own frame, so
//! that small work never reaches so far down.

use super::{Isa, Kernel};
use crate::kernels::attention::{self, Attention};
use crate::kernels::halves;
use crate::kernels::matmul::Matmul;
use crate::kernels::weight::Weight;

/// An attention to many keys, in tiles of up to `ROWS` rows by `PANELS` panels and blocks of `WIDE` panels of queries: 230 kilobytes
/// of stack for 12, 40 for 2.
pub(super) struct Streamed<'a, const ROWS: usize, const PANELS: usize, const WIDE: usize>(pub(super) Attention<'a>);

impl<const ROWS: usize, const PANELS: usize, const WIDE: usize> Kernel for Streamed<'_, ROWS, PANELS, WIDE> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        attention::streamed::<I, ROWS, PANELS, WIDE, 256, 128>(isa, self.0);
    }
}

/// A product of many rows with weights of half width, at least `PANELS` panels of which are widened at a time: 80 kilobytes of stack.
pub(super) struct Halves<'a, W, const PANELS: usize>(pub(super) Matmul<'a, W>);

impl<W: Weight, const PANELS: usize> Kernel for Halves<'_, W, PANELS> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        halves::product::<I, W, 2560, PANELS>(isa, self.0);
    }
}
