//! GELU with the error function from a table: for |z| = |x| / √2 in steps of 1/16 a polynomial of degree 3 around the step's
//! middle, and 1 from 3.9 up.
//!
//! A polynomial is the Taylor series, its term of degree 4 replaced by what is nearest to it below: the error stays below
//! 4e-8. As erf is odd, x/2 + x/2 · erf(z) is x/2 + |x/2| · erf(|z|): no sign has to be moved.

use super::exp2::ROUND;
use core::arch::asm;
use core::f64::consts::FRAC_2_SQRT_PI;
use percio_format::PANEL;

/// Steps of the table in 1.
const STEPS: f64 = 16.0;
/// Bits of an index: what is beyond the table takes the last step, which is 1 throughout.
const INDEX: u32 = 6;

/// A step: the coefficients of t³ … t⁰ for t in −½ ..= ½.
type Step = [f32; 4];

static ERF: [Step; 1 << INDEX] = {
    let mut table = [[0.0, 0.0, 0.0, 1.0]; 1 << INDEX];
    let mut n = 0;
    while n + 1 < table.len() {
        table[n] = step(n as f64 / STEPS);
        n += 1;
    }
    table
};

/// The step around `z`.
const fn step(z: f64) -> Step {
    let h = 1.0 / STEPS;
    let slope = FRAC_2_SQRT_PI * exp_minus(z * z);
    let [second, third, fourth] = [-2.0 * z, 4.0 * z * z - 2.0, 12.0 * z - 8.0 * z * z * z];
    let [b, c, d] = [slope * h, slope * second * h * h / 2.0, slope * third * h * h * h / 6.0];
    // On −½ ..= ½, t⁴ is t²/4 − 1/128, give or take 1/128.
    let e = slope * fourth * h * h * h * h / 24.0;
    [d as f32, (c + e / 4.0) as f32, b as f32, (erf(z, slope) - e / 128.0) as f32]
}

/// erf(z), whose slope there is `slope`: the sum of slope · 2ⁿ z²ⁿ⁺¹ / (2n + 1)!!.
const fn erf(z: f64, slope: f64) -> f64 {
    let (mut sum, mut term, mut n) = (0.0, slope * z, 0);
    while n < 100 {
        sum += term;
        n += 1;
        term *= 2.0 * z * z / (2 * n + 1) as f64;
    }
    sum
}

/// e⁻ˣ for x in 0 ..= 16.
const fn exp_minus(x: f64) -> f64 {
    // Sixteen halvings make the series short; sixteen squarings take them back.
    let y = -x / 65536.0;
    let mut power = 1.0 + y * (1.0 + y / 2.0 * (1.0 + y / 3.0 * (1.0 + y / 4.0)));
    let mut n = 0;
    while n < 16 {
        power *= power;
        n += 1;
    }
    power
}

/// Multiplies the polynomials in s12, s16, s20 and s24 by t and adds their next coefficients.
macro_rules! term {
    ($a:literal $b:literal $c:literal $d:literal) => {
        concat!(
            "vmul.f32 s12, s12, s8\n",
            "vmul.f32 s16, s16, s9\n",
            "vmul.f32 s20, s20, s10\n",
            "vmul.f32 s24, s24, s11\n",
            "vadd.f32 s12, s12, s",
            $a,
            "\n",
            "vadd.f32 s16, s16, s",
            $b,
            "\n",
            "vadd.f32 s20, s20, s",
            $c,
            "\n",
            "vadd.f32 s24, s24, s",
            $d,
            "\n",
        )
    };
}

/// Four numbers.
macro_rules! four {
    () => {
        concat!(
            "vldmia {p}, {{s0-s3}}\n",
            "vmul.f32 s4, s0, s30\n", // x / 2
            "vmul.f32 s5, s1, s30\n",
            "vmul.f32 s6, s2, s30\n",
            "vmul.f32 s7, s3, s30\n",
            "vmul.f32 s8, s0, s28\n", // |z|, in steps
            "vmul.f32 s9, s1, s28\n",
            "vmul.f32 s10, s2, s28\n",
            "vmul.f32 s11, s3, s28\n",
            "vabs.f32 s8, s8\n",
            "vabs.f32 s9, s9\n",
            "vabs.f32 s10, s10\n",
            "vabs.f32 s11, s11\n",
            "vadd.f32 s0, s8, s29\n", // the step
            "vadd.f32 s1, s9, s29\n",
            "vadd.f32 s2, s10, s29\n",
            "vadd.f32 s3, s11, s29\n",
            "vmov {a}, {b}, s0, s1\n",
            "vmov {c}, {d}, s2, s3\n",
            "vsub.f32 s0, s0, s29\n",
            "vsub.f32 s1, s1, s29\n",
            "vsub.f32 s2, s2, s29\n",
            "vsub.f32 s3, s3, s29\n",
            "vsub.f32 s8, s8, s0\n", // t
            "vsub.f32 s9, s9, s1\n",
            "vsub.f32 s10, s10, s2\n",
            "vsub.f32 s11, s11, s3\n",
            "sub {a}, {a}, {round}\n",
            "sub {b}, {b}, {round}\n",
            "sub {c}, {c}, {round}\n",
            "sub {d}, {d}, {round}\n",
            "usat {a}, #{index}, {a}\n",
            "usat {b}, #{index}, {b}\n",
            "usat {c}, #{index}, {c}\n",
            "usat {d}, #{index}, {d}\n",
            "add {a}, {table}, {a}, lsl #4\n",
            "add {b}, {table}, {b}, lsl #4\n",
            "add {c}, {table}, {c}, lsl #4\n",
            "add {d}, {table}, {d}, lsl #4\n",
            "vldmia {a}, {{s12-s15}}\n",
            "vldmia {b}, {{s16-s19}}\n",
            "vldmia {c}, {{s20-s23}}\n",
            "vldmia {d}, {{s24-s27}}\n",
            term!(13 17 21 25),
            term!(14 18 22 26),
            term!(15 19 23 27),
            "vabs.f32 s0, s4\n", // x / 2 + |x / 2| · erf(|z|)
            "vabs.f32 s1, s5\n",
            "vabs.f32 s2, s6\n",
            "vabs.f32 s3, s7\n",
            "vmul.f32 s0, s0, s12\n",
            "vmul.f32 s1, s1, s16\n",
            "vmul.f32 s2, s2, s20\n",
            "vmul.f32 s3, s3, s24\n",
            "vadd.f32 s4, s4, s0\n",
            "vadd.f32 s5, s5, s1\n",
            "vadd.f32 s6, s6, s2\n",
            "vadd.f32 s7, s7, s3\n",
            "vstmia {p}!, {{s4-s7}}\n",
        )
    };
}

/// GELU of the first panel of each of `rows` rows, `stride` apart; leaves all alone where they are not there.
pub(super) fn gelu(numbers: &mut [f32], stride: usize, rows: usize) {
    if rows == 0 || (rows - 1) * stride + PANEL > numbers.len() {
        return;
    }
    // SAFETY: the rows are there; all registers that change are named.
    unsafe {
        asm!(
            "vldmia {a}, {{s28-s30}}",
            "2:",
            four!(),
            four!(),
            "add {p}, {next}",
            "subs {rows}, #1",
            "bne 2b",
            p = inout(reg) numbers.as_mut_ptr() => _,
            next = in(reg) 4 * stride.wrapping_sub(PANEL),
            rows = inout(reg) rows => _,
            table = in(reg) ERF.as_ptr(),
            round = in(reg) ROUND.to_bits(),
            index = const INDEX,
            a = inout(reg) [(STEPS * core::f64::consts::FRAC_1_SQRT_2) as f32, ROUND, 0.5].as_ptr() => _,
            b = out(reg) _,
            c = out(reg) _,
            d = out(reg) _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _,
            out("s8") _, out("s9") _, out("s10") _, out("s11") _, out("s12") _, out("s13") _, out("s14") _, out("s15") _,
            out("s16") _, out("s17") _, out("s18") _, out("s19") _, out("s20") _, out("s21") _, out("s22") _,
            out("s23") _, out("s24") _, out("s25") _, out("s26") _, out("s27") _, out("s28") _, out("s29") _,
            out("s30") _,
            options(nostack),
        );
    }
}
