//! AVX2 with fused multiply-add: eight numbers at a time, on x86-64 since 2013.

use super::{Isa, Kernel, large};
use crate::kernels::attention::Attention;
use crate::kernels::copy_few;
use crate::kernels::matmul::{self, Matmul};
use crate::kernels::weight::Weight;
use core::arch::x86_64::{
    __m256, _CMP_LT_OQ, _MM_HINT_T1, _mm_add_ps, _mm_loadu_si128, _mm_prefetch, _mm_storeu_ps, _mm256_add_epi32,
    _mm256_add_ps, _mm256_and_ps, _mm256_andnot_ps, _mm256_blendv_ps, _mm256_castps256_ps128, _mm256_castsi256_ps,
    _mm256_cmp_ps, _mm256_cvtph_ps, _mm256_cvtps_epi32, _mm256_cvtss_f32, _mm256_div_ps, _mm256_extractf128_ps,
    _mm256_fmadd_ps, _mm256_hadd_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_min_ps, _mm256_movemask_ps, _mm256_mul_ps,
    _mm256_or_ps, _mm256_permute2f128_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_shuffle_ps, _mm256_slli_epi32,
    _mm256_sqrt_ps, _mm256_storeu_ps, _mm256_sub_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps,
};
use half::f16;
use percio_format::PANEL;

/// Proof that the processor has AVX2, FMA and F16C.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

impl Avx2 {
    /// The token, when this machine has the instructions.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn detect() -> Option<Self> {
        let has_all = std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("fma")
            && std::arch::is_x86_feature_detected!("f16c");
        has_all.then_some(Self(()))
    }

    /// The token, when the target guarantees the instructions.
    #[cfg(all(target_feature = "avx2", target_feature = "fma", target_feature = "f16c"))]
    #[must_use]
    pub const fn guaranteed() -> Self {
        Self(())
    }
}

/// A vector's numbers in memory.
type Lanes = [f32; 8];

/// `kernel`, compiled with the instructions.
#[target_feature(enable = "avx2,fma,f16c")]
fn enter<K: Kernel>(isa: Avx2, kernel: K) -> K::Output {
    kernel.run(isa)
}

#[inline(always)]
fn load_lanes(_: Avx2, lanes: &Lanes) -> __m256 {
    // SAFETY: the array holds eight numbers; the token proves AVX.
    unsafe { _mm256_loadu_ps(lanes.as_ptr()) }
}

#[inline(always)]
fn store_lanes(_: Avx2, vector: __m256, lanes: &mut Lanes) {
    // SAFETY: the array has room for eight numbers; the token proves AVX.
    unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), vector) }
}

#[inline(always)]
fn widen_lanes(_: Avx2, lanes: &[f16; 8]) -> __m256 {
    // SAFETY: the array holds eight numbers of two bytes; the token proves SSE2.
    let halves = unsafe { _mm_loadu_si128(lanes.as_ptr().cast()) };
    // SAFETY: the token proves F16C.
    unsafe { _mm256_cvtph_ps(halves) }
}

/// The even and the odd pairs of 32-bit lanes of `a` and `b`, half by half: `a0 b0 a1 b1` and `a2 b2 a3 b3`.
#[inline(always)]
fn interleave(_: Avx2, a: __m256, b: __m256) -> [__m256; 2] {
    // SAFETY: the token proves AVX.
    let low = unsafe { _mm256_unpacklo_ps(a, b) };
    // SAFETY: the token proves AVX.
    let high = unsafe { _mm256_unpackhi_ps(a, b) };
    [low, high]
}

/// The first and the second 64 bits of each half of `a` and `b`: `a0 a1 b0 b1` and `a2 a3 b2 b3`.
#[inline(always)]
fn join_pairs(_: Avx2, a: __m256, b: __m256) -> [__m256; 2] {
    // SAFETY: the token proves AVX.
    let first = unsafe { _mm256_shuffle_ps::<0b01_00_01_00>(a, b) };
    // SAFETY: the token proves AVX.
    let second = unsafe { _mm256_shuffle_ps::<0b11_10_11_10>(a, b) };
    [first, second]
}

/// Four rows to their columns: columns 0 to 3 in the low halves, 4 to 7 in the high ones.
#[inline(always)]
fn quarters(isa: Avx2, [a, b, c, d]: [&Lanes; 4]) -> [__m256; 4] {
    let [ab, ab_high] = interleave(isa, load_lanes(isa, a), load_lanes(isa, b));
    let [cd, cd_high] = interleave(isa, load_lanes(isa, c), load_lanes(isa, d));
    let ([first, second], [third, fourth]) = (join_pairs(isa, ab, cd), join_pairs(isa, ab_high, cd_high));
    [first, second, third, fourth]
}

/// The low halves of `a` and `b`, and the high ones.
#[inline(always)]
fn join_halves(_: Avx2, a: __m256, b: __m256) -> [__m256; 2] {
    // SAFETY: the token proves AVX.
    let low = unsafe { _mm256_permute2f128_ps::<0x20>(a, b) };
    // SAFETY: the token proves AVX.
    let high = unsafe { _mm256_permute2f128_ps::<0x31>(a, b) };
    [low, high]
}

impl Isa for Avx2 {
    const NAME: &'static str = "avx2";
    const LANES: usize = 8;
    const OVERLAPS: bool = true;
    type F32 = __m256;
    type Strip<const PANELS: usize> = [__m256; PANELS];

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token proves AVX2, FMA and F16C.
        unsafe { enter(self, kernel) }
    }
    // Not on `enter`: rustc 1.95 forgets that a function with `target_feature` is never to be inlined.
    #[inline(never)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token proves AVX2, FMA and F16C.
        unsafe { enter(self, kernel) }
    }
    #[inline(always)]
    fn splat(self, number: f32) -> __m256 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_set1_ps(number) }
    }
    #[inline(always)]
    fn zeros<const PANELS: usize>(self) -> Self::Strip<PANELS> {
        [self.splat(0.0); PANELS]
    }
    #[inline(always)]
    fn vectors<const PANELS: usize>(strip: &mut Self::Strip<PANELS>) -> &mut [Self::F32] {
        strip
    }
    #[inline(always)]
    fn load(self, source: &[f32]) -> __m256 {
        if let Some(lanes) = source.first_chunk() {
            return load_lanes(self, lanes);
        }
        let mut lanes = Lanes::default();
        copy_few(source, &mut lanes);
        load_lanes(self, &lanes)
    }
    #[inline(always)]
    fn store(self, vector: __m256, target: &mut [f32]) {
        if let Some(lanes) = target.first_chunk_mut() {
            return store_lanes(self, vector, lanes);
        }
        let mut lanes = Lanes::default();
        store_lanes(self, vector, &mut lanes);
        copy_few(&lanes, target);
    }
    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_div_ps(a, b) }
    }
    #[inline(always)]
    fn sqrt(self, a: __m256) -> __m256 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_sqrt_ps(a) }
    }
    #[inline(always)]
    fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: the token proves FMA.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn max(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_max_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_min_ps(a, b) }
    }
    #[inline(always)]
    fn copy_sign(self, magnitude: __m256, sign: __m256) -> __m256 {
        let sign_bit = self.splat(-0.0);
        // SAFETY: the token proves AVX.
        let sign = unsafe { _mm256_and_ps(sign_bit, sign) };
        // SAFETY: the token proves AVX.
        let magnitude = unsafe { _mm256_andnot_ps(sign_bit, magnitude) };
        // SAFETY: the token proves AVX.
        unsafe { _mm256_or_ps(magnitude, sign) }
    }
    #[inline(always)]
    fn all_less(self, a: __m256, b: __m256) -> bool {
        // SAFETY: the token proves AVX.
        let less = unsafe { _mm256_cmp_ps::<_CMP_LT_OQ>(a, b) };
        // SAFETY: the token proves AVX.
        unsafe { _mm256_movemask_ps(less) == 0xff }
    }
    #[inline(always)]
    fn where_less(self, a: __m256, b: __m256, then: __m256, otherwise: __m256) -> __m256 {
        // SAFETY: the token proves AVX.
        let less = unsafe { _mm256_cmp_ps::<_CMP_LT_OQ>(a, b) };
        // SAFETY: the token proves AVX.
        unsafe { _mm256_blendv_ps(otherwise, then, less) }
    }
    #[inline(always)]
    fn pow2(self, n: __m256) -> __m256 {
        // SAFETY: the token proves AVX.
        let n = unsafe { _mm256_cvtps_epi32(n) };
        // SAFETY: the token proves AVX.
        let bias = unsafe { _mm256_set1_epi32(127) };
        // SAFETY: the token proves AVX2.
        let exponent = unsafe { _mm256_add_epi32(n, bias) };
        // SAFETY: the token proves AVX2.
        let bits = unsafe { _mm256_slli_epi32::<23>(exponent) };
        // SAFETY: the token proves AVX.
        unsafe { _mm256_castsi256_ps(bits) }
    }
    #[inline(always)]
    fn first(self, vector: __m256) -> f32 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_cvtss_f32(vector) }
    }
    #[inline(always)]
    fn sum(self, vector: __m256) -> f32 {
        let [sum, ..] = self.sums([vector; 4]);
        sum
    }
    #[inline(always)]
    fn sums(self, [a, b, c, d]: [__m256; 4]) -> [f32; 4] {
        // Each half of `fours` holds the sum of that half of a, b, c and d.
        // SAFETY: the token proves AVX.
        let ab = unsafe { _mm256_hadd_ps(a, b) };
        // SAFETY: the token proves AVX.
        let cd = unsafe { _mm256_hadd_ps(c, d) };
        // SAFETY: the token proves AVX.
        let fours = unsafe { _mm256_hadd_ps(ab, cd) };
        // SAFETY: the token proves AVX.
        let low = unsafe { _mm256_castps256_ps128(fours) };
        // SAFETY: the token proves AVX.
        let high = unsafe { _mm256_extractf128_ps::<1>(fours) };
        // SAFETY: every x86-64 has SSE.
        let sums = unsafe { _mm_add_ps(low, high) };
        let mut numbers = [0.0; 4];
        // SAFETY: the array has room for four numbers; every x86-64 has SSE.
        unsafe { _mm_storeu_ps(numbers.as_mut_ptr(), sums) };
        numbers
    }

    #[inline(always)]
    fn transpose(self, rows: [&[f32; PANEL]; PANEL], target: &mut [[f32; PANEL]; PANEL]) {
        let [a, b, c, d, e, f, g, h] = rows;
        let (upper, lower) = (quarters(self, [a, b, c, d]), quarters(self, [e, f, g, h]));
        let (low, high) = target.split_at_mut(PANEL / 2);
        for ((upper, lower), (low, high)) in upper.into_iter().zip(lower).zip(low.iter_mut().zip(high)) {
            let [first, second] = join_halves(self, upper, lower);
            store_lanes(self, first, low);
            store_lanes(self, second, high);
        }
    }
    #[inline(always)]
    fn widen(self, from: &[f16], to: &mut [f32]) {
        let ((from, from_rest), (to, to_rest)) = (from.as_chunks(), to.as_chunks_mut());
        from.iter().zip(to).for_each(|(from, to)| store_lanes(self, widen_lanes(self, from), to));
        to_rest.iter_mut().zip(from_rest).for_each(|(to, from)| *to = from.to_f32_const());
    }
    #[inline(always)]
    fn prefetch<T>(self, numbers: &[T]) {
        for line in numbers.chunks(64_usize.div_ceil(size_of::<T>().max(1))) {
            // SAFETY: every x86-64 has SSE; a prefetch reads nothing.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast()) };
        }
    }
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
        large::attention::<Self, 6, 2>(self, attention);
    }
}
