//! A few rows times a panel of weights.
//!
//! ```text
//! sums = start                            two vectors a row, all in registers
//! for each two k:
//!   sums[row] += x[row][k] · panel[k]     a vector times a number in a core register
//! ```

use crate::kernels::tile::Tile;
use core::arch::asm;

/// What a loop needs beside its pointers.
#[repr(C)]
struct Ends {
    /// Where the sums start from, and bytes from one row's to the next.
    start: *const f32,
    start_stride: usize,
    /// Where they go, and bytes from one row to the next.
    out: *mut f32,
    out_stride: usize,
    /// Inputs, in pairs and the rest.
    pairs: usize,
    rest: usize,
}

/// The sums of a tile; `false` when there is no loop for its size.
#[inline(always)]
pub(super) fn sums<const ROWS: usize, const PANELS: usize>(tile: &mut Tile<'_, ROWS, PANELS>) -> bool {
    if PANELS != 1 || !(1..=3).contains(&ROWS) {
        return false;
    }
    let (x, panels) = (tile.x.starts(), tile.panels.starts());
    let Some(panel) = panels.first().map(|panel| panel.cast()) else { return false };
    let inputs = tile.x.width().min(tile.panels.width());
    let Some((out, stride)) = tile.target.start_of::<ROWS, PANELS>() else { return true };
    let (start, start_stride) = match tile.start {
        Some(start) => (start.as_ptr().cast(), 0),
        None => (out.cast_const(), 4 * stride),
    };
    let ends = Ends { start, start_stride, out, out_stride: 4 * stride, pairs: inputs / 2, rest: inputs % 2 };
    match *x.as_slice() {
        [x] => one(&ends, x, panel),
        [x, y] => two(&ends, x, y, panel),
        [x, y, z] => three(&ends, x, y, z, panel),
        _ => {}
    }
    true
}

/// A loop. `load` and `store` take the sums from `{a}` and to it, `{b}` bytes apart; `pair` and `one` take as many inputs.
macro_rules! tile {
    ($name:ident, [$($x:ident),+], [$($more:ident),*], load: $load:expr, pair: $pair:expr, one: $one:expr, store: $store:expr) => {
        #[inline(never)]
        fn $name(ends: &Ends, $($x: *const f32,)+ weights: *const f32) {
            // SAFETY: `sums` has all operands from `Tile`, whose rows and panels are there; all registers that change are named.
            unsafe {
                asm!(
                    "ldrd {a}, {b}, [{ends}, #0]", // start
                    $load,
                    "ldr {a}, [{ends}, #16]", // pairs
                    "wls lr, {a}, 3f",
                    "2:",
                    $pair,
                    "le lr, 2b",
                    "3:",
                    "ldr {a}, [{ends}, #20]", // rest
                    "cmp {a}, #0",
                    "beq 4f",
                    $one,
                    "4:",
                    "ldrd {a}, {b}, [{ends}, #8]", // out
                    $store,
                    ends = in(reg) ends,
                    $($x = inout(reg) $x => _,)+
                    w = inout(reg) weights => _,
                    a = out(reg) _,
                    b = out(reg) _,
                    $($more = out(reg) _,)*
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

/// Loads the two vectors of a row.
macro_rules! load {
    ($($first:literal $second:literal),+) => {
        concat!($("vldrw.u32 q", $first, ", [{a}]\n vldrw.u32 q", $second, ", [{a}, #16]\n add {a}, {b}\n",)+)
    };
}

/// Stores the two vectors of a row.
macro_rules! store {
    ($($first:literal $second:literal),+) => {
        concat!($("vstrw.32 q", $first, ", [{a}]\n vstrw.32 q", $second, ", [{a}, #16]\n add {a}, {b}\n",)+)
    };
}

tile!(
    three, [x, y, z], [c, d, e],
    load: load!(0 1, 2 3, 4 5),
    pair: "vldrw.u32 q6, [{w}], #16
        ldrd {a}, {b}, [{x}], #8
        vldrw.u32 q7, [{w}], #16
        vfma.f32 q0, q6, {a}
        ldrd {c}, {d}, [{y}], #8
        vfma.f32 q1, q7, {a}
        ldrd {a}, {e}, [{z}], #8
        vfma.f32 q2, q6, {c}
        vfma.f32 q3, q7, {c}
        vfma.f32 q4, q6, {a}
        vldrw.u32 q6, [{w}], #16
        vfma.f32 q5, q7, {a}
        vldrw.u32 q7, [{w}], #16
        vfma.f32 q0, q6, {b}
        vfma.f32 q1, q7, {b}
        vfma.f32 q2, q6, {d}
        vfma.f32 q3, q7, {d}
        vfma.f32 q4, q6, {e}
        vfma.f32 q5, q7, {e}",
    one: "vldrw.u32 q6, [{w}]
        ldr {a}, [{x}]
        vldrw.u32 q7, [{w}, #16]
        ldr {b}, [{y}]
        vfma.f32 q0, q6, {a}
        ldr {c}, [{z}]
        vfma.f32 q1, q7, {a}
        vfma.f32 q2, q6, {b}
        vfma.f32 q3, q7, {b}
        vfma.f32 q4, q6, {c}
        vfma.f32 q5, q7, {c}",
    store: store!(0 1, 2 3, 4 5)
);
tile!(
    two, [x, y], [c, d],
    load: load!(0 1, 2 3),
    pair: "vldrw.u32 q4, [{w}], #16
        ldrd {a}, {b}, [{x}], #8
        vldrw.u32 q5, [{w}], #16
        vfma.f32 q0, q4, {a}
        ldrd {c}, {d}, [{y}], #8
        vfma.f32 q1, q5, {a}
        vldrw.u32 q6, [{w}], #16
        vfma.f32 q2, q4, {c}
        vldrw.u32 q7, [{w}], #16
        vfma.f32 q3, q5, {c}
        vfma.f32 q0, q6, {b}
        vfma.f32 q1, q7, {b}
        vfma.f32 q2, q6, {d}
        vfma.f32 q3, q7, {d}",
    one: "vldrw.u32 q4, [{w}]
        ldr {a}, [{x}]
        vldrw.u32 q5, [{w}, #16]
        ldr {b}, [{y}]
        vfma.f32 q0, q4, {a}
        vfma.f32 q1, q5, {a}
        vfma.f32 q2, q4, {b}
        vfma.f32 q3, q5, {b}",
    store: store!(0 1, 2 3)
);
tile!(
    one, [x], [],
    load: load!(0 1),
    pair: "vldrw.u32 q4, [{w}], #16
        ldrd {a}, {b}, [{x}], #8
        vldrw.u32 q5, [{w}], #16
        vfma.f32 q0, q4, {a}
        vldrw.u32 q6, [{w}], #16
        vfma.f32 q1, q5, {a}
        vldrw.u32 q7, [{w}], #16
        vfma.f32 q0, q6, {b}
        vfma.f32 q1, q7, {b}",
    one: "vldrw.u32 q4, [{w}]
        ldr {a}, [{x}]
        vldrw.u32 q5, [{w}, #16]
        vfma.f32 q0, q4, {a}
        vfma.f32 q1, q5, {a}",
    store: store!(0 1)
);
