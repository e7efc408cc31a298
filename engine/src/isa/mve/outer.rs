//! A few columns of factors times a panel of values, both row by row.
//!
//! ```text
//! sums = target · decay                        two vectors a column, all in registers
//! for each key:
//!   sums[column] += factors[key][column] · values[key]
//! ```

use crate::isa::strided::hold;
use crate::kernels::tile::Outer;
use core::arch::asm;
use percio_format::PANEL;

/// What a loop needs beside its pointers.
#[repr(C)]
struct Ends {
    out: *mut f32,
    /// Bytes from one row of `out` to the next.
    out_stride: usize,
    decay: *const f32,
    keys: usize,
}

/// The sums of an outer product; `false` when there is no loop for its size.
#[inline(always)]
pub(super) fn sums<const ROWS: usize, const PANELS: usize>(outer: &mut Outer<'_, ROWS, PANELS>) -> bool {
    if PANELS != 1 || !(1..=3).contains(&ROWS) {
        return false;
    }
    let keys = outer.keys;
    let all = hold(outer.factors.len(), outer.factor_stride, keys, ROWS)
        && hold(outer.values.len(), outer.value_stride, keys, PANEL);
    if !all {
        return true;
    }
    if outer.decay.is_none() {
        // Times zero is not zero for all that memory may hold.
        each_row::<ROWS, PANELS>(outer, |_, row| row.fill(0.0));
    }
    let Some((out, stride)) = outer.target.start_of::<ROWS, PANELS>() else { return true };
    let decay = outer.decay.unwrap_or([0.0; ROWS]);
    let ends = Ends { out, out_stride: 4 * stride, decay: decay.as_ptr(), keys };
    let (factors, factor_stride) = (outer.factors.as_ptr(), 4 * outer.factor_stride);
    let (values, value_stride) = (outer.values.as_ptr(), 4 * outer.value_stride);
    match ROWS {
        1 => one(&ends, factors, factor_stride, values, value_stride),
        2 => two(&ends, factors, factor_stride, values, value_stride),
        3 => three(&ends, factors, factor_stride, values, value_stride),
        _ => {}
    }
    if let Some(finish) = outer.finish {
        each_row::<ROWS, PANELS>(outer, |r, row| row.iter_mut().for_each(|number| *number *= finish[r]));
    }
    true
}

/// `work` on each row of sums.
#[inline(always)]
fn each_row<const ROWS: usize, const PANELS: usize>(
    outer: &mut Outer<'_, ROWS, PANELS>,
    work: impl Fn(usize, &mut [f32]),
) {
    for r in 0..ROWS {
        if let Some(row) = outer.target.panels::<PANELS>(r) {
            work(r, row.as_flattened_mut());
        }
    }
}

/// A loop. `load` and `store` take the sums from `{a}` and to it, `{b}` bytes apart, `load` times what `{c}` points to;
/// `key` takes one key.
macro_rules! outer {
    ($name:ident, load: $load:expr, key: $key:expr, store: $store:expr) => {
        #[inline(never)]
        fn $name(ends: &Ends, factors: *const f32, factor_stride: usize, values: *const f32, value_stride: usize) {
            // SAFETY: `sums` has counted the keys whose factors and values are there, and `Outer` has the rows of sums; all
            // registers that change are named.
            unsafe {
                asm!(
                    "ldrd {a}, {b}, [{ends}, #0]", // out
                    "ldr {c}, [{ends}, #8]", // decay
                    $load,
                    "ldr {a}, [{ends}, #12]", // keys
                    "wls lr, {a}, 3f",
                    "2:",
                    "vldrw.u32 q6, [{v}]",
                    $key,
                    "le lr, 2b",
                    "3:",
                    "ldrd {a}, {b}, [{ends}, #0]", // out
                    $store,
                    ends = in(reg) ends,
                    f = inout(reg) factors => _,
                    f_stride = in(reg) factor_stride,
                    v = inout(reg) values => _,
                    v_stride = in(reg) value_stride,
                    a = out(reg) _,
                    b = out(reg) _,
                    c = out(reg) _,
                    d = out(reg) _,
                    out("lr") _,
                    out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _,
                    out("s8") _, out("s9") _, out("s10") _, out("s11") _, out("s12") _, out("s13") _, out("s14") _,
                    out("s15") _, out("s16") _, out("s17") _, out("s18") _, out("s19") _, out("s20") _, out("s21") _,
                    out("s22") _, out("s23") _, out("s24") _, out("s25") _, out("s26") _, out("s27") _, out("s28") _,
                    out("s29") _, out("s30") _, out("s31") _,
                    options(nostack),
                );
            }
        }
    };
}

/// Loads the two vectors of a row, times the row's decay.
macro_rules! load {
    ($($first:literal $second:literal),+) => {
        concat!($(
            "vldrw.u32 q", $first, ", [{a}]\n ldr {d}, [{c}], #4\n vldrw.u32 q", $second, ", [{a}, #16]\n add {a}, {b}\n",
            "vmul.f32 q", $first, ", q", $first, ", {d}\n vmul.f32 q", $second, ", q", $second, ", {d}\n",
        )+)
    };
}

/// Stores the two vectors of a row.
macro_rules! store {
    ($($first:literal $second:literal),+) => {
        concat!($("vstrw.32 q", $first, ", [{a}]\n vstrw.32 q", $second, ", [{a}, #16]\n add {a}, {b}\n",)+)
    };
}

outer!(
    three,
    load: load!(0 1, 2 3, 4 5),
    key: "ldr {c}, [{f}, #8]
        vldrw.u32 q7, [{v}, #16]
        ldrd {a}, {b}, [{f}]
        vfma.f32 q4, q6, {c}
        add {f}, {f_stride}
        vfma.f32 q5, q7, {c}
        add {v}, {v_stride}
        vfma.f32 q0, q6, {a}
        vfma.f32 q1, q7, {a}
        vfma.f32 q2, q6, {b}
        vfma.f32 q3, q7, {b}",
    store: store!(0 1, 2 3, 4 5)
);
outer!(
    two,
    load: load!(0 1, 2 3),
    key: "ldrd {a}, {b}, [{f}]
        vldrw.u32 q7, [{v}, #16]
        add {f}, {f_stride}
        vfma.f32 q0, q6, {a}
        add {v}, {v_stride}
        vfma.f32 q1, q7, {a}
        vfma.f32 q2, q6, {b}
        vfma.f32 q3, q7, {b}",
    store: store!(0 1, 2 3)
);
outer!(
    one,
    load: load!(0 1),
    key: "ldr {a}, [{f}]
        vldrw.u32 q7, [{v}, #16]
        add {f}, {f_stride}
        vfma.f32 q0, q6, {a}
        add {v}, {v_stride}
        vfma.f32 q1, q7, {a}",
    store: store!(0 1)
);
