//! Numbers of half precision to `f32`, eight at a time.

use core::arch::asm;
use half::f16;

/// `to[i] = from[i]`, as far as both reach.
pub(super) fn widen(from: &[f16], to: &mut [f32]) {
    let len = from.len().min(to.len());
    // Loads of several registers need words.
    let in_eights = if from.as_ptr().addr().is_multiple_of(4) { len / 8 * 8 } else { 0 };
    let ((eights, from), (wide_eights, to)) = (from.split_at(in_eights), to.split_at_mut(in_eights));
    if !eights.is_empty() {
        widen_eights(eights, wide_eights);
    }
    to.iter_mut().zip(from).for_each(|(to, from)| *to = from.to_f32_const());
}

/// [`widen`] of as many numbers on both sides: a multiple of eight, and at least eight.
#[inline(always)]
fn widen_eights(from: &[f16], to: &mut [f32]) {
    // SAFETY: `widen` has cut both slices to the same number of whole eights, at least one; `from` starts at a word; all
    // registers that change are named.
    unsafe {
        asm!(
            "2:",
            "vldmia {from}!, {{s0-s3}}",
            "vcvtb.f32.f16 s4, s0",
            "vcvtt.f32.f16 s5, s0",
            "vcvtb.f32.f16 s6, s1",
            "vcvtt.f32.f16 s7, s1",
            "vcvtb.f32.f16 s8, s2",
            "vcvtt.f32.f16 s9, s2",
            "vcvtb.f32.f16 s10, s3",
            "vcvtt.f32.f16 s11, s3",
            "vstmia {to}!, {{s4-s11}}",
            "subs {count}, #1",
            "bne 2b",
            from = inout(reg) from.as_ptr() => _,
            to = inout(reg) to.as_mut_ptr() => _,
            count = inout(reg) from.len() / 8 => _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _,
            out("s8") _, out("s9") _, out("s10") _, out("s11") _,
            options(nostack),
        );
    }
}
