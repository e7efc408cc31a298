//! Layer norm and RMS norm of rows of whole eights.

use crate::isa::Isa;
use crate::kernels::norm::Norm;
use core::arch::asm;

/// The norm of [`crate::kernels::norm`].
#[inline(always)]
pub(super) fn normalize<I: Isa>(isa: I, norm: &Norm<'_>, rows: &mut [f32]) {
    let width = norm.width;
    if width == 0 || !width.is_multiple_of(8) {
        return norm.apply(isa, rows);
    }
    eights(norm, rows);
    if !norm.gain.is_empty() {
        for row in rows.chunks_exact_mut(width) {
            let constants = norm.gain.iter().zip(norm.offset);
            row.iter_mut().zip(constants).for_each(|(x, (gain, offset))| *x = *x * gain + offset);
        }
    }
}

/// Adds s0 … s7 to the four sums in s8 … s11.
macro_rules! sums {
    () => {
        "vadd.f32 s8, s8, s0\n vadd.f32 s9, s9, s1\n vadd.f32 s10, s10, s2\n vadd.f32 s11, s11, s3\n\
         vadd.f32 s8, s8, s4\n vadd.f32 s9, s9, s5\n vadd.f32 s10, s10, s6\n vadd.f32 s11, s11, s7"
    };
}

/// Takes the mean off s0 … s7.
macro_rules! from_mean {
    () => {
        "vsub.f32 s0, s0, s13\n vsub.f32 s1, s1, s13\n vsub.f32 s2, s2, s13\n vsub.f32 s3, s3, s13\n\
         vsub.f32 s4, s4, s13\n vsub.f32 s5, s5, s13\n vsub.f32 s6, s6, s13\n vsub.f32 s7, s7, s13"
    };
}

/// Multiplies s0 … s7 by themselves, or by one register.
macro_rules! products {
    ($($by:literal)+) => {
        products!(@ 0 1 2 3 4 5 6 7, $($by)+)
    };
    (@ $($x:literal)+, $($by:literal)+) => {
        concat!($("vmul.f32 s", $x, ", s", $x, ", s", $by, "\n",)+)
    };
}

/// `(x − mean) / √(variance + eps)` of each row, whose width is a multiple of eight.
#[inline(never)]
fn eights(norm: &Norm<'_>, rows: &mut [f32]) {
    let Norm { width, centred, eps, .. } = *norm;
    let count = rows.len().checked_div(width).unwrap_or(0);
    if count == 0 {
        return;
    }
    // For an RMS norm the mean is the sum times nothing.
    let constants = [1.0 / width as f32, if centred { 1.0 / width as f32 } else { 0.0 }, eps, 1.0];
    // SAFETY: `rows` holds `count` rows of `width`, a multiple of eight; all registers that change are named.
    unsafe {
        asm!(
            "2:",
            "vldmia {constants}, {{s12-s15}}",
            "vmov s8, {zero}",
            "vmov s9, {zero}",
            "vmov s10, {zero}",
            "vmov s11, {zero}",
            "mov {n}, {width}",
            "3:", // the sum
            "vldmia {p}!, {{s0-s7}}",
            sums!(),
            "subs {n}, #1",
            "bne 3b",
            "sub {p}, {p}, {width}, lsl #5",
            "vadd.f32 s8, s8, s9",
            "vadd.f32 s10, s10, s11",
            "vmov s9, {zero}",
            "vmov s11, {zero}",
            "vadd.f32 s8, s8, s10",
            "vmov s10, {zero}",
            "vmul.f32 s13, s8, s13", // the mean
            "vmov s8, {zero}",
            "mov {n}, {width}",
            "4:", // the sum of squares
            "vldmia {p}!, {{s0-s7}}",
            from_mean!(),
            products!(0 1 2 3 4 5 6 7),
            sums!(),
            "subs {n}, #1",
            "bne 4b",
            "sub {p}, {p}, {width}, lsl #5",
            "vadd.f32 s8, s8, s9",
            "vadd.f32 s10, s10, s11",
            "mov {n}, {width}",
            "vadd.f32 s8, s8, s10",
            "subs {count}, #1",
            "vmul.f32 s8, s8, s12",
            "vadd.f32 s8, s8, s14",
            "vsqrt.f32 s8, s8",
            "vdiv.f32 s12, s15, s8", // one over the deviation
            "5:",
            "vldmia {p}, {{s0-s7}}",
            from_mean!(),
            products!(12 12 12 12 12 12 12 12),
            "vstmia {p}!, {{s0-s7}}",
            "sub {n}, #1",
            "cmp {n}, #0",
            "bne 5b",
            "cmp {count}, #0",
            "bne 2b",
            p = inout(reg) rows.as_mut_ptr() => _,
            width = in(reg) width / 8,
            count = inout(reg) count => _,
            constants = in(reg) constants.as_ptr(),
            zero = in(reg) 0,
            n = out(reg) _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _,
            out("s8") _, out("s9") _, out("s10") _, out("s11") _, out("s12") _, out("s13") _, out("s14") _, out("s15") _,
            options(nostack),
        );
    }
}
