//! `2ʸ` as a polynomial, four numbers of a row at a time.
//!
//! With n = round(y) and r = y − n, |r| ≤ ½: 2ʸ = 2ⁿ · 2ʳ. The polynomial of degree 5 for 2ʳ starts 1 + r · ln 2 and is
//! minimax in relative error: 1.05e-7 before rounding, 1.9e-7 with it. n is added to the exponent in a core register.

use core::arch::asm;
use core::f32::consts::LN_2;

/// Adding and subtracting 1.5·2²³ rounds to the nearest integer, which is then the low bits of the sum.
pub(super) const ROUND: f32 = 12_582_912.0;
/// The coefficients of r⁵ … r⁰.
const SERIES: [f32; 6] = [1.330_060_5e-3, 9.669_691e-3, 5.550_558_5e-2, 0.240_222_83, LN_2, 1.0];
/// Exponents that [`exp2_all`] takes: −`NEAR` .. `NEAR`.
const NEAR: u32 = 64;

/// Adds a coefficient, in a register, to the polynomials and multiplies them by r.
macro_rules! term {
    ($coefficient:literal) => {
        concat!(
            "vadd.f32 s8, s8, s",
            $coefficient,
            "\n",
            "vadd.f32 s9, s9, s",
            $coefficient,
            "\n",
            "vadd.f32 s10, s10, s",
            $coefficient,
            "\n",
            "vadd.f32 s11, s11, s",
            $coefficient,
            "\n",
            "vmul.f32 s8, s8, s0\n",
            "vmul.f32 s9, s9, s1\n",
            "vmul.f32 s10, s10, s2\n",
            "vmul.f32 s11, s11, s3\n",
        )
    };
}

/// `2ʸ` for any y up to 127; zero from −126.5 down.
#[inline(always)]
pub(super) fn exp2(y: f32) -> f32 {
    let n = y + ROUND;
    let r = y - (n - ROUND);
    let power = SERIES.iter().fold(0.0, |sum, &coefficient| sum * r + coefficient);
    if y < -126.0 { 0.0 } else { f32::from_bits(power.to_bits().wrapping_add(n.to_bits() << 23)) }
}

/// `2ʸ` in place of each number, and their sum; `None` when one was not between −64 and 64, and the numbers are then lost.
#[inline(always)]
pub(super) fn exp2_all(numbers: &mut [f32]) -> Option<f32> {
    let whole = numbers.len() / 4 * 4;
    let [mut sum] = exp2_rows(numbers, 1, whole, 0)?;
    let mut near = true;
    for y in numbers.iter_mut().skip(whole) {
        near &= y.abs() < (NEAR - 1) as f32;
        *y = exp2(*y);
        sum += *y;
    }
    near.then_some(sum)
}

/// [`exp2_all`] of the first `width` numbers, whole fours, of each of up to `ROWS` rows that start `stride` apart, with a sum a
/// row; numbers that are not there are left alone.
#[inline(always)]
pub(super) fn exp2_rows<const ROWS: usize>(
    numbers: &mut [f32],
    rows: usize,
    width: usize,
    stride: usize,
) -> Option<[f32; ROWS]> {
    let mut sums = [0.0; ROWS];
    let there = rows > 0 && rows <= ROWS && width >= 4 && (rows - 1) * stride + width <= numbers.len();
    if !there || !width.is_multiple_of(4) {
        return Some(sums);
    }
    let next = 4 * stride.wrapping_sub(width);
    let mut rows = Rows { sums: sums.as_mut_ptr(), next, fours: width / 4, count: rows };
    near(&mut rows, numbers.as_mut_ptr()).then_some(sums)
}

/// What the loop needs beside its pointer; read once a row.
#[repr(C)]
struct Rows {
    /// Where the next row's sum goes.
    sums: *mut f32,
    /// Bytes from the end of a row to the start of the next.
    next: usize,
    fours: usize,
    count: usize,
}

/// Turns the rows from `numbers` on, which are there; whether all numbers were between −64 and 64.
#[inline(never)]
fn near(rows: &mut Rows, numbers: *mut f32) -> bool {
    const CONSTANTS: [f32; 7] = {
        let [a, b, c, d, e, f] = SERIES;
        [ROUND, a, b, c, d, e, f]
    };
    let outside: u32;
    // SAFETY: `exp2_rows` has checked that the rows and their sums are there; all registers that change are named.
    unsafe {
        asm!(
            "vldmia {a}, {{s16-s22}}",
            "1:",
            "mov {t}, #0",
            "ldr {count}, [{rows}, #8]", // fours
            "vmov s24, {t}",
            "vmov s25, {t}",
            "vmov s26, {t}",
            "vmov s27, {t}",
            "2:",
            "vldmia {p}, {{s0-s3}}",
            // n, in both banks
            "vadd.f32 s4, s0, s16",
            "vadd.f32 s5, s1, s16",
            "vadd.f32 s6, s2, s16",
            "vadd.f32 s7, s3, s16",
            "vmov {a}, {b}, s4, s5",
            "vmov {c}, {d}, s6, s7",
            // r
            "vsub.f32 s4, s4, s16",
            "vsub.f32 s5, s5, s16",
            "vsub.f32 s6, s6, s16",
            "vsub.f32 s7, s7, s16",
            "vsub.f32 s0, s0, s4",
            "vsub.f32 s1, s1, s5",
            "vsub.f32 s2, s2, s6",
            "vsub.f32 s3, s3, s7",
            // the polynomial
            "vmul.f32 s8, s0, s17",
            "vmul.f32 s9, s1, s17",
            "vmul.f32 s10, s2, s17",
            "vmul.f32 s11, s3, s17",
            term!(18),
            term!(19),
            term!(20),
            term!(21),
            "vadd.f32 s8, s8, s22",
            "vadd.f32 s9, s9, s22",
            "vadd.f32 s10, s10, s22",
            "vadd.f32 s11, s11, s22",
            // n + NEAR as it is below 2 · NEAR, or with higher bits set
            "sub {t}, {a}, {least}",
            "orr {outside}, {t}",
            "sub {t}, {b}, {least}",
            "orr {outside}, {t}",
            "sub {t}, {c}, {least}",
            "orr {outside}, {t}",
            "sub {t}, {d}, {least}",
            "orr {outside}, {t}",
            // 2ⁿ
            "vmov {t}, {u}, s8, s9",
            "add {t}, {t}, {a}, lsl #23",
            "add {u}, {u}, {b}, lsl #23",
            "vmov s8, s9, {t}, {u}",
            "vmov {t}, {u}, s10, s11",
            "add {t}, {t}, {c}, lsl #23",
            "add {u}, {u}, {d}, lsl #23",
            "vmov s10, s11, {t}, {u}",
            "vstmia {p}!, {{s8-s11}}",
            "vadd.f32 s24, s24, s8",
            "vadd.f32 s25, s25, s9",
            "vadd.f32 s26, s26, s10",
            "vadd.f32 s27, s27, s11",
            "subs {count}, #1",
            "bne 2b",
            "vadd.f32 s24, s24, s25",
            "vadd.f32 s26, s26, s27",
            "ldrd {t}, {u}, [{rows}, #0]", // sums, next
            "vadd.f32 s24, s24, s26",
            "add {p}, {u}",
            "ldr {u}, [{rows}, #12]", // count
            "vstmia {t}!, {{s24}}",
            "subs {u}, #1",
            "str {t}, [{rows}, #0]",
            "str {u}, [{rows}, #12]",
            "bne 1b",
            rows = in(reg) rows,
            p = inout(reg) numbers => _,
            count = out(reg) _,
            least = in(reg) ROUND.to_bits() - NEAR,
            outside = inout(reg) 0u32 => outside,
            a = inout(reg) CONSTANTS.as_ptr() => _,
            b = out(reg) _,
            c = out(reg) _,
            d = out(reg) _,
            t = out(reg) _,
            u = out(reg) _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _,
            out("s8") _, out("s9") _, out("s10") _, out("s11") _, out("s16") _, out("s17") _, out("s18") _, out("s19") _,
            out("s20") _, out("s21") _, out("s22") _, out("s24") _, out("s25") _, out("s26") _, out("s27") _,
            options(nostack),
        );
    }
    outside < 2 * NEAR
}
