//! Layer norm and RMS norm; the last vector of a row leaves the lanes beyond it alone.

use crate::kernels::norm::Norm;
use core::arch::asm;

/// The norm of [`crate::kernels::norm`].
#[inline(always)]
pub(super) fn normalize(norm: &Norm<'_>, rows: &mut [f32]) {
    if norm.width == 0 {
        return;
    }
    without_gain(norm, rows);
    if !norm.gain.is_empty() {
        for row in rows.chunks_exact_mut(norm.width) {
            let constants = norm.gain.iter().zip(norm.offset);
            row.iter_mut().zip(constants).for_each(|(x, (gain, offset))| *x = *x * gain + offset);
        }
    }
}

/// The sum of the lanes of q0, to s0.
macro_rules! sum {
    () => {
        "vadd.f32 s0, s0, s1\n vadd.f32 s2, s2, s3\n vadd.f32 s0, s0, s2"
    };
}

/// `(x − mean) / √(variance + eps)` of each row.
#[inline(never)]
fn without_gain(norm: &Norm<'_>, rows: &mut [f32]) {
    let Norm { width, centred, eps, .. } = *norm;
    let count = rows.len().checked_div(width).unwrap_or(0);
    if count == 0 {
        return;
    }
    // For an RMS norm the mean is the sum times nothing.
    let constants = [1.0 / width as f32, if centred { 1.0 / width as f32 } else { 0.0 }, eps, 1.0];
    // SAFETY: `rows` holds `count` rows of `width`; all registers that change are named.
    unsafe {
        asm!(
            "vldmia {mean}, {{s28-s31}}",
            "2:",
            "vmov.i32 q0, #0",
            "mov {x}, {p}",
            "dlstp.32 lr, {width}",
            "3:", // the sum
            "vldrw.u32 q1, [{x}], #16",
            "vadd.f32 q0, q0, q1",
            "letp lr, 3b",
            sum!(),
            "vmul.f32 s0, s0, s29",
            "mov {x}, {p}",
            "vmov {mean}, s0",
            "vmov.i32 q0, #0",
            "dlstp.32 lr, {width}",
            "4:", // the sum of squares
            "vldrw.u32 q1, [{x}], #16",
            "vsub.f32 q1, q1, {mean}",
            "vfma.f32 q0, q1, q1",
            "letp lr, 4b",
            sum!(),
            "vmul.f32 s0, s0, s28",
            "vadd.f32 s0, s0, s30",
            "vsqrt.f32 s0, s0",
            "vdiv.f32 s0, s31, s0",
            "vmov {factor}, s0", // one over the deviation
            "mov {x}, {p}",
            "dlstp.32 lr, {width}",
            "5:",
            "vldrw.u32 q1, [{x}]",
            "vsub.f32 q1, q1, {mean}",
            "vmul.f32 q1, q1, {factor}",
            "vstrw.32 q1, [{x}], #16",
            "letp lr, 5b",
            "add {p}, {p}, {width}, lsl #2",
            "subs {count}, #1",
            "bne 2b",
            p = inout(reg) rows.as_mut_ptr() => _,
            width = in(reg) width,
            count = inout(reg) count => _,
            mean = inout(reg) constants.as_ptr() => _,
            factor = out(reg) _,
            x = out(reg) _,
            out("lr") _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _,
            out("s28") _, out("s29") _, out("s30") _, out("s31") _,
            options(nostack),
        );
    }
}
