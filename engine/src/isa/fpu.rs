//! The root that Arm's floating-point unit takes: the compiler writes it for `f32::sqrt`, which is not in `core`.

use core::arch::asm;

/// √x
#[inline(always)]
pub(super) fn sqrt(x: f32) -> f32 {
    let mut bits = x.to_bits();
    // SAFETY: it changes the registers that are named alone.
    unsafe {
        asm!(
            "vmov s0, {bits}",
            "vsqrt.f32 s0, s0",
            "vmov {bits}, s0",
            bits = inout(reg) bits,
            out("s0") _,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    f32::from_bits(bits)
}
