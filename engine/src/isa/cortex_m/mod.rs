//! Cortex-M processors with a single-precision floating-point unit: loops in assembler that keep its 32 registers full.
//!
//! The compiler has no intrinsics for them; all else is code for one number at a time.

#[cfg(percio_cortex_m = "m7")]
#[macro_use]
mod vfma;
#[cfg(not(percio_cortex_m = "m7"))]
#[macro_use]
mod vmul;

mod attention;
#[expect(unsafe_code, reason = "loops in assembler; operands are checked before")]
mod dots;
#[expect(unsafe_code, reason = "a loop in assembler over a slice")]
mod exp2;
#[expect(unsafe_code, reason = "a loop in assembler; the rows are checked before")]
mod gelu;
mod matmul;
#[expect(unsafe_code, reason = "a loop in assembler over a slice")]
mod norm;
#[expect(unsafe_code, reason = "loops in assembler; operands are checked before")]
mod panel;
#[expect(unsafe_code, reason = "a loop in assembler over a slice")]
mod scale;
#[expect(unsafe_code, reason = "a loop in assembler over two slices")]
mod widen;

use super::fpu::sqrt;
use super::scalar::one_at_a_time;
use super::{Isa, Kernel};
use crate::kernels::attention::Attention;
use crate::kernels::matmul::Matmul;
use crate::kernels::norm::Norm;
use half::f16;
use percio_format::PANEL;

/// The instructions of the Cortex-M that the code is built for.
#[derive(Clone, Copy, Debug)]
pub struct CortexM(());

impl CortexM {
    /// The token: only code for such a processor has it.
    #[must_use]
    pub const fn guaranteed() -> Self {
        Self(())
    }
}

impl Isa for CortexM {
    const NAME: &'static str = cfg_select! {
        percio_cortex_m = "m7" => "cortex-m7",
        percio_cortex_m = "m33" => "cortex-m33",
        _ => "cortex-m4",
    };
    one_at_a_time!(sqrt);

    #[inline(always)]
    fn widen(self, from: &[f16], to: &mut [f32]) {
        widen::widen(from, to);
    }
    #[inline(always)]
    fn matmul(self, product: Matmul<'_>) {
        matmul::product(self, product);
    }
    #[inline(always)]
    fn normalize(self, norm: &Norm<'_>, rows: &mut [f32]) {
        norm::normalize(self, norm, rows);
    }
    #[inline(always)]
    fn attention(self, attention: Attention<'_>) {
        attention::attend(attention);
    }
}
