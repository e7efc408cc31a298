//! WebAssembly's vectors: four numbers at a time, where the code is built for them.

use super::{Isa, Kernel};
use crate::kernels::attention::{self, Attention};
use crate::kernels::fixed::Fixed;
use crate::kernels::matmul::{self, Matmul};
use core::arch::wasm32::{
    f32x4_add, f32x4_div, f32x4_extract_lane, f32x4_lt, f32x4_mul, f32x4_pmax, f32x4_pmin, f32x4_splat, f32x4_sqrt,
    f32x4_sub, i32x4_add, i32x4_all_true, i32x4_shl, i32x4_shuffle, i32x4_splat, i32x4_trunc_sat_f32x4, v128,
    v128_bitselect, v128_load, v128_store,
};

/// The vector instructions that the code is built for: a machine without them refuses the whole module.
#[derive(Clone, Copy, Debug)]
pub struct Simd128(());

impl Simd128 {
    /// The token: only code with the instructions has it.
    #[must_use]
    pub const fn guaranteed() -> Self {
        Self(())
    }
}

/// A vector's numbers in memory.
type Lanes = [f32; 4];

#[inline(always)]
fn load_lanes(lanes: &Lanes) -> v128 {
    // SAFETY: the array holds four numbers; any address will do.
    unsafe { v128_load(lanes.as_ptr().cast()) }
}

#[inline(always)]
fn store_lanes(vector: v128, lanes: &mut Lanes) {
    // SAFETY: the array has room for four numbers; any address will do.
    unsafe { v128_store(lanes.as_mut_ptr().cast(), vector) }
}

/// The halves of two vectors' sums, by turns: `a0 + a2, b0 + b2, a1 + a3, b1 + b3`.
#[inline(always)]
fn halves(a: v128, b: v128) -> v128 {
    f32x4_add(i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b))
}

impl Isa for Simd128 {
    const NAME: &'static str = "simd128";
    const LANES: usize = 4;
    const OVERLAPS: bool = true;
    type F32 = v128;
    type Strip<const PANELS: usize> = [[v128; 2]; PANELS];

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
    #[inline(never)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
    #[inline(always)]
    fn splat(self, number: f32) -> v128 {
        f32x4_splat(number)
    }
    #[inline(always)]
    fn zeros<const PANELS: usize>(self) -> Self::Strip<PANELS> {
        [[self.splat(0.0); 2]; PANELS]
    }
    #[inline(always)]
    fn vectors<const PANELS: usize>(strip: &mut Self::Strip<PANELS>) -> &mut [Self::F32] {
        strip.as_flattened_mut()
    }
    #[inline(always)]
    fn load(self, source: &[f32]) -> v128 {
        if let Some(lanes) = source.first_chunk() {
            return load_lanes(lanes);
        }
        let mut lanes = Lanes::default();
        lanes.iter_mut().zip(source).for_each(|(lane, &number)| *lane = number);
        load_lanes(&lanes)
    }
    #[inline(always)]
    fn store(self, vector: v128, target: &mut [f32]) {
        if let Some(lanes) = target.first_chunk_mut() {
            return store_lanes(vector, lanes);
        }
        let mut lanes = Lanes::default();
        store_lanes(vector, &mut lanes);
        target.iter_mut().zip(lanes).for_each(|(number, lane)| *number = lane);
    }
    #[inline(always)]
    fn add(self, a: v128, b: v128) -> v128 {
        f32x4_add(a, b)
    }
    #[inline(always)]
    fn sub(self, a: v128, b: v128) -> v128 {
        f32x4_sub(a, b)
    }
    #[inline(always)]
    fn mul(self, a: v128, b: v128) -> v128 {
        f32x4_mul(a, b)
    }
    #[inline(always)]
    fn div(self, a: v128, b: v128) -> v128 {
        f32x4_div(a, b)
    }
    #[inline(always)]
    fn sqrt(self, a: v128) -> v128 {
        f32x4_sqrt(a)
    }
    #[inline(always)]
    fn mul_add(self, a: v128, b: v128, c: v128) -> v128 {
        f32x4_add(f32x4_mul(a, b), c)
    }
    // `pmax` and `pmin` are one instruction of most machines; `max` and `min` are several, for the sake of NaN and −0.
    #[inline(always)]
    fn max(self, a: v128, b: v128) -> v128 {
        f32x4_pmax(a, b)
    }
    #[inline(always)]
    fn min(self, a: v128, b: v128) -> v128 {
        f32x4_pmin(a, b)
    }
    #[inline(always)]
    fn copy_sign(self, magnitude: v128, sign: v128) -> v128 {
        v128_bitselect(sign, magnitude, i32x4_splat(i32::MIN))
    }
    #[inline(always)]
    fn all_less(self, a: v128, b: v128) -> bool {
        i32x4_all_true(f32x4_lt(a, b))
    }
    #[inline(always)]
    fn where_less(self, a: v128, b: v128, then: v128, otherwise: v128) -> v128 {
        v128_bitselect(then, otherwise, f32x4_lt(a, b))
    }
    #[inline(always)]
    fn pow2(self, n: v128) -> v128 {
        i32x4_shl(i32x4_add(i32x4_trunc_sat_f32x4(n), i32x4_splat(127)), 23)
    }
    #[inline(always)]
    fn first(self, vector: v128) -> f32 {
        f32x4_extract_lane::<0>(vector)
    }
    #[inline(always)]
    fn sum(self, vector: v128) -> f32 {
        let [sum, ..] = self.sums([vector; 4]);
        sum
    }
    #[inline(always)]
    fn sums(self, [a, b, c, d]: [v128; 4]) -> [f32; 4] {
        let (ab, cd) = (halves(a, b), halves(c, d));
        let mut numbers = Lanes::default();
        store_lanes(f32x4_add(i32x4_shuffle::<0, 1, 4, 5>(ab, cd), i32x4_shuffle::<2, 3, 6, 7>(ab, cd)), &mut numbers);
        numbers
    }

    // Most machines that run it have 16 registers: 8 hold sums, 2 the weights.
    #[inline(always)]
    fn matmul(self, product: Matmul<'_>) {
        if product.rows == 1 {
            matmul::tiled::<Self, _, 1, 4>(self, product);
        } else {
            matmul::tiled::<Self, _, 4, 1>(self, product);
        }
    }
    #[inline(always)]
    fn fixed<const ROWS: usize, const INPUTS: usize, const OUTPUTS: usize>(
        self,
        product: Fixed<'_, ROWS, INPUTS, OUTPUTS>,
    ) {
        product.tiled::<Self, 4, 1>(self);
    }
    #[inline(always)]
    fn attention(self, attention: Attention<'_>) {
        attention::streamed::<Self, 4, 1, 1, 64, 64>(self, attention);
    }
}
