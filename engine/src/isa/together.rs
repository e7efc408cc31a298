//! Several vectors of an instruction set as one. Long chains of instructions that wait for each other, such as polynomials,
//! then stand beside each other, and a processor that starts an instruction before those before it are done works on all
//! of them.

use super::{Isa, Kernel};

/// `COUNT` vectors of `I` at once.
#[derive(Clone, Copy, Debug)]
pub struct Together<I, const COUNT: usize>(pub I);

/// A kernel that runs on several vectors at once.
struct Inside<K, const COUNT: usize>(K);

impl<K: Kernel, const COUNT: usize> Kernel for Inside<K, COUNT> {
    type Output = K::Output;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> K::Output {
        self.0.run(Together::<I, COUNT>(isa))
    }
}

/// `first` with each of its vectors replaced by `$of` it and those of the others. Not a function of a closure: closures are
/// not always inlined into the code that has the instructions.
macro_rules! each {
    ($only:ident => $of:expr) => {{
        let mut vectors = $only;
        for vector in &mut vectors {
            let $only = *vector;
            *vector = $of;
        }
        vectors
    }};
    ($first:ident, $($other:ident),+ => $of:expr) => {{
        let mut vectors = $first;
        for (index, vector) in vectors.iter_mut().enumerate() {
            let ($first, $($other),+) = (*vector, $($other[index]),+);
            *vector = $of;
        }
        vectors
    }};
}

impl<I: Isa, const COUNT: usize> Isa for Together<I, COUNT> {
    const NAME: &'static str = I::NAME;
    const LANES: usize = COUNT * I::LANES;
    type F32 = [I::F32; COUNT];
    type Strip<const PANELS: usize> = [[I::F32; COUNT]; PANELS];

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        self.0.run(Inside::<K, COUNT>(kernel))
    }
    #[inline(always)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        self.0.call(Inside::<K, COUNT>(kernel))
    }
    #[inline(always)]
    fn splat(self, number: f32) -> Self::F32 {
        [self.0.splat(number); COUNT]
    }
    #[inline(always)]
    fn load(self, source: &[f32]) -> Self::F32 {
        let mut vectors = self.splat(0.0);
        for (vector, source) in vectors.iter_mut().zip(source.chunks(I::LANES)) {
            *vector = self.0.load(source);
        }
        vectors
    }
    #[inline(always)]
    fn zeros<const PANELS: usize>(self) -> Self::Strip<PANELS> {
        [self.splat(0.0); PANELS]
    }
    #[inline(always)]
    fn vectors<const PANELS: usize>(strip: &mut Self::Strip<PANELS>) -> &mut [Self::F32] {
        strip.get_mut(..(PANELS * percio_format::PANEL).div_ceil(Self::LANES)).unwrap_or_default()
    }
    #[inline(always)]
    fn store(self, vector: Self::F32, target: &mut [f32]) {
        for (vector, target) in vector.into_iter().zip(target.chunks_mut(I::LANES)) {
            self.0.store(vector, target);
        }
    }
    #[inline(always)]
    fn add(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        each!(a, b => self.0.add(a, b))
    }
    #[inline(always)]
    fn sub(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        each!(a, b => self.0.sub(a, b))
    }
    #[inline(always)]
    fn mul(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        each!(a, b => self.0.mul(a, b))
    }
    #[inline(always)]
    fn div(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        each!(a, b => self.0.div(a, b))
    }
    #[inline(always)]
    fn sqrt(self, a: Self::F32) -> Self::F32 {
        each!(a => self.0.sqrt(a))
    }
    #[inline(always)]
    fn mul_add(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32 {
        each!(a, b, c => self.0.mul_add(a, b, c))
    }
    #[inline(always)]
    fn max(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        each!(a, b => self.0.max(a, b))
    }
    #[inline(always)]
    fn min(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        each!(a, b => self.0.min(a, b))
    }
    #[inline(always)]
    fn copy_sign(self, magnitude: Self::F32, sign: Self::F32) -> Self::F32 {
        each!(magnitude, sign => self.0.copy_sign(magnitude, sign))
    }
    #[inline(always)]
    fn all_less(self, a: Self::F32, b: Self::F32) -> bool {
        a.into_iter().zip(b).all(|(a, b)| self.0.all_less(a, b))
    }
    #[inline(always)]
    fn where_less(self, a: Self::F32, b: Self::F32, then: Self::F32, otherwise: Self::F32) -> Self::F32 {
        each!(a, b, then, otherwise => self.0.where_less(a, b, then, otherwise))
    }
    #[inline(always)]
    fn pow2(self, n: Self::F32) -> Self::F32 {
        each!(n => self.0.pow2(n))
    }
    #[inline(always)]
    fn first(self, vector: Self::F32) -> f32 {
        vector.first().map_or(0.0, |&vector| self.0.first(vector))
    }
    #[inline(always)]
    fn sum(self, vector: Self::F32) -> f32 {
        vector.into_iter().map(|vector| self.0.sum(vector)).sum()
    }
    #[inline(always)]
    fn sums(self, vectors: [Self::F32; 4]) -> [f32; 4] {
        vectors.map(|vector| self.sum(vector))
    }
}
