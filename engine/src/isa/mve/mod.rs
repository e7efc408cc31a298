//! The vectors of Cortex-M55 and its kin (MVE, Helium): eight registers of four numbers.
//!
//! Rust has no type for them. Four numbers in an array are for the compiler to make a vector of, which it does for the loops
//! over slices; the innermost loops of products, whose sums must stay in registers, are assembler.

#[expect(unsafe_code, reason = "a loop in assembler over a slice")]
mod norm;
#[expect(unsafe_code, reason = "loops in assembler; operands are checked before")]
mod outer;
#[expect(unsafe_code, reason = "loops in assembler; operands are checked before")]
mod tile;
#[expect(unsafe_code, reason = "a loop in assembler over two slices")]
mod widen;

use super::fpu::sqrt;
use super::{Isa, Kernel};
use crate::kernels::attention::{self, Attention};
use crate::kernels::matmul::{self, Matmul};
use crate::kernels::norm::Norm;
use crate::kernels::tile::{Outer, Tile};
use core::array::from_fn;
use half::f16;

/// The instructions of a Cortex-M with vectors of floating-point numbers.
#[derive(Clone, Copy, Debug)]
pub struct Mve(());

impl Mve {
    /// The token: only code for such a processor has it.
    #[must_use]
    pub const fn guaranteed() -> Self {
        Self(())
    }
}

/// A vector.
type Lanes = [f32; 4];

/// Adding 1.5·2²³ to a whole number puts it in the low bits of the sum.
const WHOLE: f32 = 12_582_912.0;

#[inline(always)]
fn each(a: Lanes, b: Lanes, of: impl Fn(f32, f32) -> f32) -> Lanes {
    from_fn(|lane| of(a[lane], b[lane]))
}

/// The attention. Not inlined: its buffers would be on the stack once for every step of a model.
#[inline(never)]
fn attend(isa: Mve, attention: Attention<'_>) {
    attention::streamed::<Mve, 3, 1, 1, 18, 32>(isa, attention);
}

impl Isa for Mve {
    const NAME: &'static str = "mve";
    const LANES: usize = 4;
    type F32 = Lanes;
    type Strip<const PANELS: usize> = [[Lanes; 2]; PANELS];

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
    #[inline(never)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
    #[inline(always)]
    fn splat(self, number: f32) -> Lanes {
        [number; 4]
    }
    #[inline(always)]
    fn zeros<const PANELS: usize>(self) -> Self::Strip<PANELS> {
        [[[0.0; 4]; 2]; PANELS]
    }
    #[inline(always)]
    fn vectors<const PANELS: usize>(strip: &mut Self::Strip<PANELS>) -> &mut [Self::F32] {
        strip.as_flattened_mut()
    }
    #[inline(always)]
    fn load(self, source: &[f32]) -> Lanes {
        if let Some(lanes) = source.first_chunk() {
            return *lanes;
        }
        let mut lanes = Lanes::default();
        lanes.iter_mut().zip(source).for_each(|(lane, &number)| *lane = number);
        lanes
    }
    #[inline(always)]
    fn store(self, vector: Lanes, target: &mut [f32]) {
        if let Some(lanes) = target.first_chunk_mut() {
            *lanes = vector;
            return;
        }
        target.iter_mut().zip(vector).for_each(|(number, lane)| *number = lane);
    }
    #[inline(always)]
    fn add(self, a: Lanes, b: Lanes) -> Lanes {
        each(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, a: Lanes, b: Lanes) -> Lanes {
        each(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, a: Lanes, b: Lanes) -> Lanes {
        each(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, a: Lanes, b: Lanes) -> Lanes {
        each(a, b, |a, b| a / b)
    }
    #[inline(always)]
    fn sqrt(self, a: Lanes) -> Lanes {
        a.map(sqrt)
    }
    #[inline(always)]
    fn mul_add(self, a: Lanes, b: Lanes, c: Lanes) -> Lanes {
        self.add(self.mul(a, b), c)
    }
    #[inline(always)]
    fn max(self, a: Lanes, b: Lanes) -> Lanes {
        each(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn min(self, a: Lanes, b: Lanes) -> Lanes {
        each(a, b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    fn copy_sign(self, magnitude: Lanes, sign: Lanes) -> Lanes {
        each(magnitude, sign, f32::copysign)
    }
    #[inline(always)]
    fn all_less(self, a: Lanes, b: Lanes) -> bool {
        a.iter().zip(b).all(|(&a, b)| a < b)
    }
    #[inline(always)]
    fn where_less(self, a: Lanes, b: Lanes, then: Lanes, otherwise: Lanes) -> Lanes {
        from_fn(|lane| if a[lane] < b[lane] { then[lane] } else { otherwise[lane] })
    }
    #[inline(always)]
    fn pow2(self, n: Lanes) -> Lanes {
        n.map(|n| f32::from_bits((n + WHOLE).to_bits().wrapping_add(127) << 23))
    }
    #[inline(always)]
    fn first(self, [first, ..]: Lanes) -> f32 {
        first
    }
    #[inline(always)]
    fn sum(self, [a, b, c, d]: Lanes) -> f32 {
        (a + b) + (c + d)
    }
    #[inline(always)]
    fn sums(self, vectors: [Lanes; 4]) -> [f32; 4] {
        vectors.map(|vector| self.sum(vector))
    }

    #[inline(always)]
    fn widen(self, from: &[f16], to: &mut [f32]) {
        widen::widen(from, to);
    }
    #[inline(always)]
    fn tile<const ROWS: usize, const PANELS: usize>(self, tile: &mut Tile<'_, ROWS, PANELS>) {
        if !tile::sums(tile) {
            self.call(tile);
        }
    }
    #[inline(always)]
    fn outer<const ROWS: usize, const PANELS: usize>(self, outer: &mut Outer<'_, ROWS, PANELS>) {
        if !outer::sums(outer) {
            self.call(outer);
        }
    }
    #[inline(always)]
    fn matmul(self, product: Matmul<'_>) {
        matmul::tiled::<Self, _, 3, 1>(self, product);
    }
    #[inline(always)]
    fn normalize(self, norm: &Norm<'_>, rows: &mut [f32]) {
        norm::normalize(norm, rows);
    }
    #[inline(always)]
    fn attention(self, attention: Attention<'_>) {
        attend(self, attention);
    }
}
