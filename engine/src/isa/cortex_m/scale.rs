//! Numbers times a factor, eight or four at a time.

use core::arch::asm;

/// Multiplies each number by `factor`.
#[inline(always)]
pub(super) fn scale(numbers: &mut [f32], factor: f32) {
    let (fours, rest) = numbers.as_chunks_mut::<4>();
    if !fours.is_empty() {
        scale_fours(fours, factor);
    }
    rest.iter_mut().for_each(|number| *number *= factor);
}

/// Multiplies s0 … s7, or the first of them.
macro_rules! products {
    ($($number:literal)+) => {
        concat!($("vmul.f32 s", $number, ", s", $number, ", s8\n",)+)
    };
}

/// There is at least one four.
#[inline(always)]
fn scale_fours(numbers: &mut [[f32; 4]], factor: f32) {
    // SAFETY: it reads and writes the numbers only; all registers that change are named.
    unsafe {
        asm!(
            "vmov s8, {factor}",
            "lsrs {eights}, {fours}, #1",
            "beq 3f",
            "2:",
            "vldmia {p}, {{s0-s7}}",
            "subs {eights}, #1",
            products!(0 1 2 3 4 5 6 7),
            "vstmia {p}!, {{s0-s7}}",
            "bne 2b",
            "3:",
            "tst {fours}, #1",
            "beq 4f",
            "vldmia {p}, {{s0-s3}}",
            products!(0 1 2 3),
            "vstmia {p}, {{s0-s3}}",
            "4:",
            p = inout(reg) numbers.as_mut_ptr() => _,
            fours = in(reg) numbers.len(),
            eights = out(reg) _,
            factor = in(reg) factor.to_bits(),
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _,
            out("s8") _,
            options(nostack),
        );
    }
}
