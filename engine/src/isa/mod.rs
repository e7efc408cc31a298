//! Instruction sets: the vector operations that kernels are written in, one file each.
//!
//! A value of a type that implements [`Isa`] proves that the processor has the instructions, so kernels over it are
//! safe code. An ISA whose loops have another shape (packed integers, vectors that live in one asm block) replaces a
//! whole loop: the provided methods [`Isa::tile`], [`Isa::matmul`] and [`Isa::attention`] are there to be overridden.

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vector instructions; the token proves that the processor has them")]
mod avx2;
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vector instructions; the token proves that the processor has them")]
mod avx512;
#[cfg(percio_isa = "cortex_m")]
mod cortex_m;
mod dispatch;
#[cfg(any(percio_isa = "cortex_m", percio_isa = "mve"))]
#[expect(unsafe_code, reason = "an instruction that the compiler has no name for")]
mod fpu;
#[cfg(target_arch = "x86_64")]
mod large;
#[cfg(percio_isa = "mve")]
mod mve;
#[cfg(percio_isa = "neon")]
#[expect(unsafe_code, reason = "vector instructions; the token proves that the processor has them")]
mod neon;
mod scalar;
#[cfg(percio_isa = "simd128")]
#[expect(unsafe_code, reason = "vectors are read from memory and written to it")]
mod simd128;
#[expect(unsafe_code, reason = "one check of all rows stands for a check of each access")]
mod strided;
mod together;

use crate::kernels::fixed::Fixed;
use crate::kernels::weight::Weight;
use crate::kernels::{attention, halves, matmul, norm, tile};
use half::f16;
use percio_format::PANEL;

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub use avx512::Avx512;
#[cfg(percio_isa = "cortex_m")]
pub use cortex_m::CortexM;
pub use dispatch::{NAMES, dispatch, name};
#[cfg(feature = "std")]
pub use dispatch::{available, on};
#[cfg(percio_isa = "mve")]
pub use mve::Mve;
#[cfg(percio_isa = "neon")]
pub use neon::Neon;
pub use scalar::Scalar;
#[cfg(percio_isa = "simd128")]
pub use simd128::Simd128;
pub use strided::{Downward, Strided, StridedMut};
pub use together::Together;

/// Work that runs on any instruction set.
pub trait Kernel {
    /// What the work yields.
    type Output;

    /// Does the work. Implementations are `#[inline(always)]`, so that they compile with the ISA's instructions.
    fn run<I: Isa>(self, isa: I) -> Self::Output;
}

/// The vector operations in use. Vectors hold [`LANES`](Self::LANES) numbers.
pub trait Isa: Copy + Send + Sync {
    /// The name that `PERCIO_ISA` and reports use.
    const NAME: &'static str;
    /// Numbers in a vector: divides `percio_format::PANEL`, or is a multiple of it.
    const LANES: usize;
    /// Whether an instruction starts before those before it are done, so that it pays to work on vectors [`Together`].
    const OVERLAPS: bool = false;
    /// A vector.
    type F32: Copy;
    /// The vectors of `PANELS` panels side by side; where one spans several panels, some stay unused.
    type Strip<const PANELS: usize>: Copy;

    /// Runs `kernel` compiled with this ISA's instructions.
    fn run<K: Kernel>(self, kernel: K) -> K::Output;

    /// [`run`](Self::run) that is never inlined: keeps the registers of a hot loop apart from all that surrounds it.
    fn call<K: Kernel>(self, kernel: K) -> K::Output;

    /// The same number in every lane.
    fn splat(self, number: f32) -> Self::F32;
    /// The first lanes of `source`; lanes it does not reach are zero.
    fn load(self, source: &[f32]) -> Self::F32;
    /// A strip of zeros.
    fn zeros<const PANELS: usize>(self) -> Self::Strip<PANELS>;
    /// The vectors of a strip that are in use.
    fn vectors<const PANELS: usize>(strip: &mut Self::Strip<PANELS>) -> &mut [Self::F32];
    /// Vector `index` of the numbers of `groups` laid side by side; lanes beyond the last group are zero.
    #[inline(always)]
    fn strip(self, groups: &[&[f32; PANEL]], index: usize) -> Self::F32 {
        let (group, part) = (index * Self::LANES / PANEL, index * Self::LANES % PANEL);
        self.load(groups.get(group).and_then(|group| group.get(part..)).unwrap_or_default())
    }
    /// Writes the lanes that `target` has room for.
    fn store(self, vector: Self::F32, target: &mut [f32]);
    /// `a + b`
    fn add(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a − b`
    fn sub(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a · b`
    fn mul(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a / b`
    fn div(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `√a`
    fn sqrt(self, a: Self::F32) -> Self::F32;
    /// `a · b + c`, rounded once where the ISA can, twice elsewhere.
    fn mul_add(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32;
    /// The larger of each pair.
    fn max(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// The smaller of each pair.
    fn min(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// The magnitude of `magnitude` with the sign of `sign`.
    fn copy_sign(self, magnitude: Self::F32, sign: Self::F32) -> Self::F32;
    /// Whether `a < b` in every lane.
    fn all_less(self, a: Self::F32, b: Self::F32) -> bool;
    /// In each lane `then` where `a < b`, `otherwise` elsewhere.
    fn where_less(self, a: Self::F32, b: Self::F32, then: Self::F32, otherwise: Self::F32) -> Self::F32;
    /// `2^n` for whole `n` in −127 ..= 127; −127 gives zero.
    fn pow2(self, n: Self::F32) -> Self::F32;
    /// The first lane.
    fn first(self, vector: Self::F32) -> f32;
    /// The sum of the lanes.
    fn sum(self, vector: Self::F32) -> f32;
    /// The sums of the lanes of four vectors.
    fn sums(self, vectors: [Self::F32; 4]) -> [f32; 4];

    /// Writes the columns of `rows` to the rows of `target`.
    #[inline(always)]
    fn transpose(self, rows: [&[f32; PANEL]; PANEL], target: &mut [[f32; PANEL]; PANEL]) {
        for (r, row) in rows.into_iter().enumerate() {
            target.iter_mut().zip(row).for_each(|(target, &number)| target[r] = number);
        }
    }

    /// `to[i] = from[i]`, as far as both reach.
    #[inline(always)]
    fn widen(self, from: &[f16], to: &mut [f32]) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = from.to_f32_const());
    }

    /// Asks for `numbers`, which will be read later, to be brought into the second nearest memory; nothing where no instruction
    /// asks for it.
    #[inline(always)]
    fn prefetch<T>(self, numbers: &[T]) {
        let _ = numbers;
    }

    /// The innermost loop of the matrix product.
    #[inline(always)]
    fn tile<const ROWS: usize, const PANELS: usize>(self, tile: &mut tile::Tile<'_, ROWS, PANELS>) {
        self.call(tile);
    }

    /// The innermost loop of the weighted sums of an attention.
    #[inline(always)]
    fn outer<const ROWS: usize, const PANELS: usize>(self, outer: &mut tile::Outer<'_, ROWS, PANELS>) {
        self.call(outer);
    }

    /// The matrix product of [`crate::kernels::matmul`].
    #[inline(always)]
    fn matmul(self, product: matmul::Matmul<'_>) {
        matmul::tiled::<Self, _, 3, 1>(self, product);
    }

    /// The matrix product of [`crate::kernels::fixed`], where instructions overlap; elsewhere no kernel is made for a shape.
    #[inline(always)]
    fn fixed<const ROWS: usize, const INPUTS: usize, const OUTPUTS: usize>(
        self,
        product: Fixed<'_, ROWS, INPUTS, OUTPUTS>,
    ) {
        product.tiled_by_rows::<Self, 6, 2>(self);
    }

    /// The matrix product with weights of half width: that of [`crate::kernels::halves`], which takes two kilobytes of stack, where
    /// widening a weight costs so much that all rows should share it.
    #[inline(always)]
    fn matmul_of_halves<W: Weight>(self, product: matmul::Matmul<'_, W>) {
        halves::product::<Self, W, 64, 1>(self, product);
    }

    /// The norm of [`crate::kernels::norm`].
    #[inline(always)]
    fn normalize(self, norm: &norm::Norm<'_>, rows: &mut [f32]) {
        norm.apply(self, rows);
    }

    /// The fused attention of [`crate::kernels::attention`].
    #[inline(always)]
    fn attention(self, attention: attention::Attention<'_>) {
        attention::streamed::<Self, 3, 1, 1, 18, 32>(self, attention);
    }
}
