//! AVX-512: sixteen numbers at a time in thirty-two registers, with masks for the ends of slices.

use super::{Avx2, Isa, Kernel, large};
use crate::kernels::attention::Attention;
use crate::kernels::fixed::Fixed;
use crate::kernels::matmul::{self, Matmul};
use crate::kernels::tile::{Outer, Tile};
use crate::kernels::weight::Weight;
use core::arch::x86_64::{
    __m256, __m512, __mmask16, _CMP_LT_OQ, _mm256_castpd_ps, _mm256_castps_pd, _mm256_loadu_ps, _mm256_setzero_ps,
    _mm512_add_epi32, _mm512_add_ps, _mm512_castpd_ps, _mm512_castps_pd, _mm512_castps_si512, _mm512_castps256_ps512,
    _mm512_castps512_ps256, _mm512_castsi512_ps, _mm512_cmp_ps_mask, _mm512_cvtps_epi32, _mm512_cvtss_f32,
    _mm512_div_ps, _mm512_extractf64x4_pd, _mm512_fmadd_ps, _mm512_insertf64x4, _mm512_loadu_ps, _mm512_mask_blend_ps,
    _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps, _mm512_set1_epi32,
    _mm512_set1_ps, _mm512_slli_epi32, _mm512_sqrt_ps, _mm512_storeu_ps, _mm512_sub_ps, _mm512_ternarylogic_epi32,
};
use half::f16;
use percio_format::PANEL;

/// Proof that the processor has AVX-512F, and AVX2, FMA and F16C with it.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(Avx2);

impl Avx512 {
    /// The token, when this machine has the instructions.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn detect() -> Option<Self> {
        std::arch::is_x86_feature_detected!("avx512f").then(Avx2::detect).flatten().map(Self)
    }

    /// The token, when the target guarantees the instructions.
    #[cfg(all(target_feature = "avx512f", target_feature = "avx2", target_feature = "fma", target_feature = "f16c"))]
    #[must_use]
    pub const fn guaranteed() -> Self {
        Self(Avx2::guaranteed())
    }
}

/// A vector's numbers in memory.
type Lanes = [f32; 16];

/// `kernel`, compiled with the instructions.
#[target_feature(enable = "avx512f,avx2,fma,f16c")]
fn enter<K: Kernel>(isa: Avx512, kernel: K) -> K::Output {
    kernel.run(isa)
}

/// The lanes that `len` numbers reach.
#[inline(always)]
const fn reached(len: usize) -> __mmask16 {
    if len < 16 { (1 << len) - 1 } else { __mmask16::MAX }
}

#[inline(always)]
fn load_lanes(_: Avx512, lanes: &Lanes) -> __m512 {
    // SAFETY: the array holds sixteen numbers; the token proves AVX-512F.
    unsafe { _mm512_loadu_ps(lanes.as_ptr()) }
}

#[inline(always)]
fn load_panel(_: Avx512, panel: &[f32; PANEL]) -> __m256 {
    // SAFETY: the array holds eight numbers; the token proves AVX.
    unsafe { _mm256_loadu_ps(panel.as_ptr()) }
}

/// A vector of two halves.
#[inline(always)]
fn join(_: Avx512, low: __m256, high: __m256) -> __m512 {
    // SAFETY: the token proves AVX.
    let high = unsafe { _mm256_castps_pd(high) };
    // SAFETY: the token proves AVX-512F.
    let low = unsafe { _mm512_castps256_ps512(low) };
    // SAFETY: the token proves AVX-512F.
    let low = unsafe { _mm512_castps_pd(low) };
    // SAFETY: the token proves AVX-512F.
    let whole = unsafe { _mm512_insertf64x4::<1>(low, high) };
    // SAFETY: the token proves AVX-512F.
    unsafe { _mm512_castpd_ps(whole) }
}

/// The sum of a vector's halves.
#[inline(always)]
fn fold(isa: Avx512, vector: __m512) -> __m256 {
    // SAFETY: the token proves AVX-512F.
    let low = unsafe { _mm512_castps512_ps256(vector) };
    // SAFETY: the token proves AVX-512F.
    let vector = unsafe { _mm512_castps_pd(vector) };
    // SAFETY: the token proves AVX-512F.
    let high = unsafe { _mm512_extractf64x4_pd::<1>(vector) };
    // SAFETY: the token proves AVX.
    let high = unsafe { _mm256_castpd_ps(high) };
    isa.0.add(low, high)
}

#[inline(always)]
fn less(_: Avx512, a: __m512, b: __m512) -> __mmask16 {
    // SAFETY: the token proves AVX-512F.
    unsafe { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b) }
}

impl Isa for Avx512 {
    const NAME: &'static str = "avx512";
    const LANES: usize = 16;
    const OVERLAPS: bool = true;
    type F32 = __m512;
    type Strip<const PANELS: usize> = [__m512; PANELS];

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token proves AVX-512F, AVX2 and FMA.
        unsafe { enter(self, kernel) }
    }
    // Not on `enter`: rustc 1.95 forgets that a function with `target_feature` is never to be inlined.
    #[inline(never)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token proves AVX-512F, AVX2 and FMA.
        unsafe { enter(self, kernel) }
    }
    #[inline(always)]
    fn splat(self, number: f32) -> __m512 {
        // SAFETY: the token proves AVX-512F.
        unsafe { _mm512_set1_ps(number) }
    }
    #[inline(always)]
    fn zeros<const PANELS: usize>(self) -> Self::Strip<PANELS> {
        [self.splat(0.0); PANELS]
    }
    #[inline(always)]
    fn vectors<const PANELS: usize>(strip: &mut Self::Strip<PANELS>) -> &mut [Self::F32] {
        strip.get_mut(..PANELS.div_ceil(2)).unwrap_or_default()
    }
    #[inline(always)]
    fn load(self, source: &[f32]) -> __m512 {
        if let Some(lanes) = source.first_chunk() {
            return load_lanes(self, lanes);
        }
        // SAFETY: the mask keeps the load inside `source`; the token proves AVX-512F.
        unsafe { _mm512_maskz_loadu_ps(reached(source.len()), source.as_ptr()) }
    }
    #[inline(always)]
    fn strip(self, groups: &[&[f32; PANEL]], index: usize) -> __m512 {
        let half = |index: usize| match groups.get(index) {
            Some(panel) => load_panel(self, panel),
            // SAFETY: the token proves AVX.
            None => unsafe { _mm256_setzero_ps() },
        };
        join(self, half(2 * index), half(2 * index + 1))
    }
    #[inline(always)]
    fn store(self, vector: __m512, target: &mut [f32]) {
        match target.first_chunk_mut::<16>() {
            // SAFETY: the array has room for sixteen numbers; the token proves AVX-512F.
            Some(lanes) => unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), vector) },
            // SAFETY: the mask keeps the store inside `target`; the token proves AVX-512F.
            None => unsafe { _mm512_mask_storeu_ps(target.as_mut_ptr(), reached(target.len()), vector) },
        }
    }
    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512F.
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512F.
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512F.
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512F.
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    fn sqrt(self, a: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512F.
        unsafe { _mm512_sqrt_ps(a) }
    }
    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512F.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512F.
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512F.
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    fn copy_sign(self, magnitude: __m512, sign: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512F.
        let sign_bit = unsafe { _mm512_castps_si512(self.splat(-0.0)) };
        // SAFETY: the token proves AVX-512F.
        let sign = unsafe { _mm512_castps_si512(sign) };
        // SAFETY: the token proves AVX-512F.
        let magnitude = unsafe { _mm512_castps_si512(magnitude) };
        // The table of `sign_bit ? sign : magnitude`.
        // SAFETY: the token proves AVX-512F.
        let signed = unsafe { _mm512_ternarylogic_epi32::<0xca>(sign_bit, sign, magnitude) };
        // SAFETY: the token proves AVX-512F.
        unsafe { _mm512_castsi512_ps(signed) }
    }
    #[inline(always)]
    fn all_less(self, a: __m512, b: __m512) -> bool {
        less(self, a, b) == __mmask16::MAX
    }
    #[inline(always)]
    fn where_less(self, a: __m512, b: __m512, then: __m512, otherwise: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512F.
        unsafe { _mm512_mask_blend_ps(less(self, a, b), otherwise, then) }
    }
    #[inline(always)]
    fn pow2(self, n: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512F.
        let n = unsafe { _mm512_cvtps_epi32(n) };
        // SAFETY: the token proves AVX-512F.
        let bias = unsafe { _mm512_set1_epi32(127) };
        // SAFETY: the token proves AVX-512F.
        let exponent = unsafe { _mm512_add_epi32(n, bias) };
        // SAFETY: the token proves AVX-512F.
        let bits = unsafe { _mm512_slli_epi32::<23>(exponent) };
        // SAFETY: the token proves AVX-512F.
        unsafe { _mm512_castsi512_ps(bits) }
    }
    #[inline(always)]
    fn first(self, vector: __m512) -> f32 {
        // SAFETY: the token proves AVX-512F.
        unsafe { _mm512_cvtss_f32(vector) }
    }
    #[inline(always)]
    fn sum(self, vector: __m512) -> f32 {
        self.0.sum(fold(self, vector))
    }
    #[inline(always)]
    fn sums(self, [a, b, c, d]: [__m512; 4]) -> [f32; 4] {
        self.0.sums([fold(self, a), fold(self, b), fold(self, c), fold(self, d)])
    }

    #[inline(always)]
    fn transpose(self, rows: [&[f32; PANEL]; PANEL], target: &mut [[f32; PANEL]; PANEL]) {
        self.0.transpose(rows, target);
    }
    #[inline(always)]
    fn tile<const ROWS: usize, const PANELS: usize>(self, tile: &mut Tile<'_, ROWS, PANELS>) {
        if PANELS == 1 { self.0.tile(tile) } else { self.call(tile) }
    }
    #[inline(always)]
    fn outer<const ROWS: usize, const PANELS: usize>(self, outer: &mut Outer<'_, ROWS, PANELS>) {
        if PANELS == 1 { self.0.outer(outer) } else { self.call(outer) }
    }
    #[inline(always)]
    fn widen(self, from: &[f16], to: &mut [f32]) {
        self.0.widen(from, to);
    }
    #[inline(always)]
    fn prefetch<T>(self, numbers: &[T]) {
        self.0.prefetch(numbers);
    }
    #[inline(always)]
    fn matmul(self, product: Matmul<'_>) {
        // One row has too few sums to keep wide vectors busy.
        if product.rows == 1 { self.0.run(product) } else { matmul::tiled::<Self, _, 12, 4>(self, product) }
    }
    #[inline(always)]
    fn fixed<const ROWS: usize, const INPUTS: usize, const OUTPUTS: usize>(
        self,
        product: Fixed<'_, ROWS, INPUTS, OUTPUTS>,
    ) {
        if const { ROWS == 1 } { self.0.fixed(product) } else { product.tiled::<Self, 12, 4>(self) }
    }
    #[inline(always)]
    fn matmul_of_halves<W: Weight>(self, product: Matmul<'_, W>) {
        // Where few rows share a weight, it is widened in the registers that it is multiplied from.
        if product.rows <= 6 {
            self.0.run(product);
        } else {
            large::matmul_of_halves(self, product);
        }
    }
    #[inline(always)]
    fn attention(self, attention: Attention<'_>) {
        large::attention::<Self, 8, 4>(self, attention);
    }
}
