//! How much of the stack a loop is worth on a processor with caches. What is worth more than 16 kilobytes is a kernel of its own:
//! [`Isa::call`] gives it its own frame, so that small work never reaches so far down.

use super::{Isa, Kernel};
use crate::kernels::attention::{self, Attention};
use crate::kernels::halves;
use crate::kernels::matmul::Matmul;
use crate::kernels::weight::Weight;

/// The attention of [`crate::kernels::attention`] in tiles of up to `ROWS` rows by two panels, and for many queries by `PANELS`. How
/// many queries there are changes no bit of any: they may be divided among threads.
#[inline(always)]
pub(super) fn attention<I: Isa, const ROWS: usize, const PANELS: usize>(isa: I, attention: Attention<'_>) {
    let Attention { queries, keys, qk, .. } = attention;
    if keys <= 48 && qk <= 32 {
        attention::streamed::<I, ROWS, 2, 2, 48, 32>(isa, attention);
    } else if queries <= 64 {
        isa.call(Streamed::<ROWS, 2, 2>(attention));
    } else {
        isa.call(Streamed::<ROWS, PANELS, 12>(attention));
    }
}

/// The product of [`crate::kernels::halves`], with more weights at a time where many rows make up for the stack.
#[inline(always)]
pub(super) fn matmul_of_halves<I: Isa, W: Weight>(isa: I, product: Matmul<'_, W>) {
    if product.inputs > 128 && product.rows * product.inputs * product.outputs >= 1 << 21 {
        isa.call(Halves(product));
    } else {
        halves::product::<I, W, 512, 4>(isa, product);
    }
}

/// An attention to many keys, in blocks of `WIDE` panels of queries: 230 kilobytes of stack for 12, 40 for 2.
struct Streamed<'a, const ROWS: usize, const PANELS: usize, const WIDE: usize>(Attention<'a>);

impl<const ROWS: usize, const PANELS: usize, const WIDE: usize> Kernel for Streamed<'_, ROWS, PANELS, WIDE> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        attention::streamed::<I, ROWS, PANELS, WIDE, 256, 128>(isa, self.0);
    }
}

/// A large product with weights of half width: 80 kilobytes of stack.
struct Halves<'a, W>(Matmul<'a, W>);

impl<W: Weight> Kernel for Halves<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        halves::product::<I, W, 2560, 4>(isa, self.0);
    }
}
