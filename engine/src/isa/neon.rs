//! NEON: four numbers at a time, on every aarch64 processor.

use super::{Isa, Kernel};
use crate::kernels::attention::{self, Attention};
use crate::kernels::matmul::{self, Matmul};
use crate::kernels::weight::Weight;
use core::arch::aarch64::{
    float32x4_t, uint32x4_t, uint64x2_t, vaddq_f32, vaddq_s32, vaddvq_f32, vbslq_f32, vcltq_f32, vcvt_f32_f16,
    vcvtq_s32_f32, vdivq_f32, vdupq_n_f32, vdupq_n_s32, vdupq_n_u32, vfmaq_f32, vgetq_lane_f32, vld1_u16, vld1q_f32,
    vmaxq_f32, vminq_f32, vminvq_u32, vmulq_f32, vpaddq_f32, vreinterpret_f16_u16, vreinterpretq_f32_s32,
    vreinterpretq_f32_u64, vreinterpretq_u64_f32, vshlq_n_s32, vsqrtq_f32, vst1q_f32, vsubq_f32, vtrn1q_f32,
    vtrn1q_u64, vtrn2q_f32, vtrn2q_u64,
};
use half::f16;
use percio_format::PANEL;

/// The vector instructions that Rust's aarch64 targets with a floating-point unit guarantee.
#[derive(Clone, Copy, Debug)]
pub struct Neon(());

impl Neon {
    /// The token: only code for such a processor has it.
    #[must_use]
    pub const fn guaranteed() -> Self {
        Self(())
    }
}

/// A vector's numbers in memory.
type Lanes = [f32; 4];

#[inline(always)]
fn load_lanes(_: Neon, lanes: &Lanes) -> float32x4_t {
    // SAFETY: the array holds four numbers; the token proves NEON.
    unsafe { vld1q_f32(lanes.as_ptr()) }
}

#[inline(always)]
fn store_lanes(_: Neon, vector: float32x4_t, lanes: &mut Lanes) {
    // SAFETY: the array has room for four numbers; the token proves NEON.
    unsafe { vst1q_f32(lanes.as_mut_ptr(), vector) }
}

#[inline(always)]
fn widen_lanes(_: Neon, lanes: &[f16; 4]) -> float32x4_t {
    // SAFETY: the array holds four numbers of two bytes; the token proves NEON.
    let bits = unsafe { vld1_u16(lanes.as_ptr().cast()) };
    // SAFETY: the token proves NEON.
    let halves = unsafe { vreinterpret_f16_u16(bits) };
    // SAFETY: the token proves NEON, whose base has this conversion.
    unsafe { vcvt_f32_f16(halves) }
}

#[inline(always)]
fn less(_: Neon, a: float32x4_t, b: float32x4_t) -> uint32x4_t {
    // SAFETY: the token proves NEON.
    unsafe { vcltq_f32(a, b) }
}

/// The lanes of `then` where the bits of `mask` are set, of `otherwise` elsewhere.
#[inline(always)]
fn select(_: Neon, mask: uint32x4_t, then: float32x4_t, otherwise: float32x4_t) -> float32x4_t {
    // SAFETY: the token proves NEON.
    unsafe { vbslq_f32(mask, then, otherwise) }
}

/// The even and the odd lanes of `a` and `b`, by turns: `a0 b0 a2 b2` and `a1 b1 a3 b3`.
#[inline(always)]
fn by_turns(_: Neon, a: float32x4_t, b: float32x4_t) -> [float32x4_t; 2] {
    // SAFETY: the token proves NEON.
    let even = unsafe { vtrn1q_f32(a, b) };
    // SAFETY: the token proves NEON.
    let odd = unsafe { vtrn2q_f32(a, b) };
    [even, odd]
}

/// Two halves of 64 bits.
#[inline(always)]
fn as_halves(_: Neon, vector: float32x4_t) -> uint64x2_t {
    // SAFETY: the token proves NEON.
    unsafe { vreinterpretq_u64_f32(vector) }
}

#[inline(always)]
fn from_halves(_: Neon, halves: uint64x2_t) -> float32x4_t {
    // SAFETY: the token proves NEON.
    unsafe { vreinterpretq_f32_u64(halves) }
}

/// The first and the second halves of `a` and `b`: `a0 a1 b0 b1` and `a2 a3 b2 b3`.
#[inline(always)]
fn join_halves(isa: Neon, a: float32x4_t, b: float32x4_t) -> [float32x4_t; 2] {
    let (a, b) = (as_halves(isa, a), as_halves(isa, b));
    // SAFETY: the token proves NEON.
    let first = unsafe { vtrn1q_u64(a, b) };
    // SAFETY: the token proves NEON.
    let second = unsafe { vtrn2q_u64(a, b) };
    [from_halves(isa, first), from_halves(isa, second)]
}

/// The columns of four rows.
#[inline(always)]
fn columns(isa: Neon, [a, b, c, d]: [float32x4_t; 4]) -> [float32x4_t; 4] {
    let ([ab, ab_odd], [cd, cd_odd]) = (by_turns(isa, a, b), by_turns(isa, c, d));
    let ([first, third], [second, fourth]) = (join_halves(isa, ab, cd), join_halves(isa, ab_odd, cd_odd));
    [first, second, third, fourth]
}

impl Isa for Neon {
    const NAME: &'static str = "neon";
    const LANES: usize = 4;
    const OVERLAPS: bool = true;
    type F32 = float32x4_t;
    type Strip<const PANELS: usize> = [[float32x4_t; 2]; PANELS];

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
    #[inline(never)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
    #[inline(always)]
    fn splat(self, number: f32) -> float32x4_t {
        // SAFETY: the token proves NEON.
        unsafe { vdupq_n_f32(number) }
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
    fn load(self, source: &[f32]) -> float32x4_t {
        if let Some(lanes) = source.first_chunk() {
            return load_lanes(self, lanes);
        }
        let mut lanes = Lanes::default();
        lanes.iter_mut().zip(source).for_each(|(lane, &number)| *lane = number);
        load_lanes(self, &lanes)
    }
    #[inline(always)]
    fn store(self, vector: float32x4_t, target: &mut [f32]) {
        if let Some(lanes) = target.first_chunk_mut() {
            return store_lanes(self, vector, lanes);
        }
        let mut lanes = Lanes::default();
        store_lanes(self, vector, &mut lanes);
        target.iter_mut().zip(lanes).for_each(|(number, lane)| *number = lane);
    }
    #[inline(always)]
    fn add(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the token proves NEON.
        unsafe { vaddq_f32(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the token proves NEON.
        unsafe { vsubq_f32(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the token proves NEON.
        unsafe { vmulq_f32(a, b) }
    }
    #[inline(always)]
    fn div(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the token proves NEON.
        unsafe { vdivq_f32(a, b) }
    }
    #[inline(always)]
    fn sqrt(self, a: float32x4_t) -> float32x4_t {
        // SAFETY: the token proves NEON.
        unsafe { vsqrtq_f32(a) }
    }
    #[inline(always)]
    fn mul_add(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        // SAFETY: the token proves NEON.
        unsafe { vfmaq_f32(c, a, b) }
    }
    #[inline(always)]
    fn max(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the token proves NEON.
        unsafe { vmaxq_f32(a, b) }
    }
    #[inline(always)]
    fn min(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the token proves NEON.
        unsafe { vminq_f32(a, b) }
    }
    #[inline(always)]
    fn copy_sign(self, magnitude: float32x4_t, sign: float32x4_t) -> float32x4_t {
        // SAFETY: the token proves NEON.
        let sign_bit = unsafe { vdupq_n_u32(1 << 31) };
        select(self, sign_bit, sign, magnitude)
    }
    #[inline(always)]
    fn all_less(self, a: float32x4_t, b: float32x4_t) -> bool {
        // SAFETY: the token proves NEON.
        unsafe { vminvq_u32(less(self, a, b)) != 0 }
    }
    #[inline(always)]
    fn where_less(self, a: float32x4_t, b: float32x4_t, then: float32x4_t, otherwise: float32x4_t) -> float32x4_t {
        select(self, less(self, a, b), then, otherwise)
    }
    #[inline(always)]
    fn pow2(self, n: float32x4_t) -> float32x4_t {
        // SAFETY: the token proves NEON.
        let n = unsafe { vcvtq_s32_f32(n) };
        // SAFETY: the token proves NEON.
        let bias = unsafe { vdupq_n_s32(127) };
        // SAFETY: the token proves NEON.
        let exponent = unsafe { vaddq_s32(n, bias) };
        // SAFETY: the token proves NEON.
        let bits = unsafe { vshlq_n_s32::<23>(exponent) };
        // SAFETY: the token proves NEON.
        unsafe { vreinterpretq_f32_s32(bits) }
    }
    #[inline(always)]
    fn first(self, vector: float32x4_t) -> f32 {
        // SAFETY: the token proves NEON.
        unsafe { vgetq_lane_f32::<0>(vector) }
    }
    #[inline(always)]
    fn sum(self, vector: float32x4_t) -> f32 {
        // SAFETY: the token proves NEON.
        unsafe { vaddvq_f32(vector) }
    }
    #[inline(always)]
    fn sums(self, [a, b, c, d]: [float32x4_t; 4]) -> [f32; 4] {
        // SAFETY: the token proves NEON.
        let ab = unsafe { vpaddq_f32(a, b) };
        // SAFETY: the token proves NEON.
        let cd = unsafe { vpaddq_f32(c, d) };
        let mut numbers = Lanes::default();
        // SAFETY: the token proves NEON.
        store_lanes(self, unsafe { vpaddq_f32(ab, cd) }, &mut numbers);
        numbers
    }

    #[inline(always)]
    fn transpose(self, rows: [&[f32; PANEL]; PANEL], target: &mut [[f32; PANEL]; PANEL]) {
        let (upper, lower) = rows.split_at(PANEL / 2);
        for (rows, column) in [(upper, 0), (lower, PANEL / 2)] {
            let Some(&rows) = rows.first_chunk::<4>() else { return };
            for (part, target) in target.chunks_exact_mut(4).enumerate() {
                let quarter = rows.map(|row| self.load(row.get(4 * part..).unwrap_or_default()));
                for (vector, target) in columns(self, quarter).into_iter().zip(target) {
                    self.store(vector, target.get_mut(column..).unwrap_or_default());
                }
            }
        }
    }
    #[inline(always)]
    fn widen(self, from: &[f16], to: &mut [f32]) {
        let ((from, from_rest), (to, to_rest)) = (from.as_chunks(), to.as_chunks_mut());
        from.iter().zip(to).for_each(|(from, to)| store_lanes(self, widen_lanes(self, from), to));
        to_rest.iter_mut().zip(from_rest).for_each(|(to, from)| *to = from.to_f32_const());
    }
    // 24 of the 32 registers hold sums, 4 the weights.
    #[inline(always)]
    fn matmul(self, product: Matmul<'_>) {
        matmul::tiled_by_rows::<Self, _, 6, 2>(self, product);
    }
    #[inline(always)]
    fn matmul_of_halves<W: Weight>(self, product: Matmul<'_, W>) {
        matmul::tiled_by_rows::<Self, _, 6, 2>(self, product);
    }
    #[inline(always)]
    fn attention(self, attention: Attention<'_>) {
        attention::streamed::<Self, 6, 2, 2, 96, 128>(self, attention);
    }
}
