//! Numbers of half precision to `f32`, four at a time; the last vector leaves the lanes beyond the end alone.

use core::arch::asm;
use half::f16;

/// `to[i] = from[i]`, as far as both reach.
#[inline(always)]
pub(super) fn widen(from: &[f16], to: &mut [f32]) {
    let len = from.len().min(to.len());
    if len == 0 {
        return;
    }
    // SAFETY: both slices hold `len` numbers, at least one; all registers that change are named.
    unsafe {
        asm!(
            "dlstp.32 lr, {len}",
            "2:",
            // A half to each lane of 32 bits, in its lower part.
            "vldrh.u32 q0, [r0], #8",
            "vcvtb.f32.f16 q0, q0",
            "vstrw.32 q0, [{to}], #16",
            "letp lr, 2b",
            to = inout(reg) to.as_mut_ptr() => _,
            len = in(reg) len,
            // The load takes one of the first eight registers.
            inout("r0") from.as_ptr() => _,
            out("lr") _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _,
            options(nostack),
        );
    }
}
