//! One number at a time: every target has it.

use super::{Isa, Kernel};
use percio_format::PANEL;

/// The instruction set of any processor.
#[derive(Clone, Copy, Debug)]
pub struct Scalar;

/// The operations of an [`Isa`] whose vectors are single numbers; `$sqrt` takes a root.
macro_rules! one_at_a_time {
    ($sqrt:path) => {
        const LANES: usize = 1;
        type F32 = f32;
        type Strip<const PANELS: usize> = [[f32; PANEL]; PANELS];

        #[inline(always)]
        fn run<K: Kernel>(self, kernel: K) -> K::Output {
            kernel.run(self)
        }
        #[inline(never)]
        fn call<K: Kernel>(self, kernel: K) -> K::Output {
            kernel.run(self)
        }
        #[inline(always)]
        fn splat(self, number: f32) -> f32 {
            number
        }
        #[inline(always)]
        fn zeros<const PANELS: usize>(self) -> Self::Strip<PANELS> {
            [[0.0; PANEL]; PANELS]
        }
        #[inline(always)]
        fn vectors<const PANELS: usize>(strip: &mut Self::Strip<PANELS>) -> &mut [Self::F32] {
            strip.as_flattened_mut()
        }
        #[inline(always)]
        fn load(self, source: &[f32]) -> f32 {
            source.first().copied().unwrap_or(0.0)
        }
        #[inline(always)]
        fn store(self, vector: f32, target: &mut [f32]) {
            if let Some(first) = target.first_mut() {
                *first = vector;
            }
        }
        #[inline(always)]
        fn add(self, a: f32, b: f32) -> f32 {
            a + b
        }
        #[inline(always)]
        fn sub(self, a: f32, b: f32) -> f32 {
            a - b
        }
        #[inline(always)]
        fn mul(self, a: f32, b: f32) -> f32 {
            a * b
        }
        #[inline(always)]
        fn div(self, a: f32, b: f32) -> f32 {
            a / b
        }
        #[inline(always)]
        fn sqrt(self, a: f32) -> f32 {
            $sqrt(a)
        }
        #[inline(always)]
        fn mul_add(self, a: f32, b: f32, c: f32) -> f32 {
            a * b + c
        }
        #[inline(always)]
        fn max(self, a: f32, b: f32) -> f32 {
            if a > b { a } else { b }
        }
        #[inline(always)]
        fn min(self, a: f32, b: f32) -> f32 {
            if a < b { a } else { b }
        }
        #[inline(always)]
        fn copy_sign(self, magnitude: f32, sign: f32) -> f32 {
            magnitude.copysign(sign)
        }
        #[inline(always)]
        fn all_less(self, a: f32, b: f32) -> bool {
            a < b
        }
        #[inline(always)]
        fn where_less(self, a: f32, b: f32, then: f32, otherwise: f32) -> f32 {
            if a < b { then } else { otherwise }
        }
        #[inline(always)]
        fn pow2(self, n: f32) -> f32 {
            f32::from_bits(((n as i32 + 127) as u32) << 23)
        }
        #[inline(always)]
        fn first(self, vector: f32) -> f32 {
            vector
        }
        #[inline(always)]
        fn sum(self, vector: f32) -> f32 {
            vector
        }
        #[inline(always)]
        fn sums(self, vectors: [f32; 4]) -> [f32; 4] {
            vectors
        }
    };
}

impl Isa for Scalar {
    const NAME: &'static str = "scalar";
    one_at_a_time!(libm::sqrtf);
}

#[cfg(percio_isa = "cortex_m")]
pub(super) use one_at_a_time;
