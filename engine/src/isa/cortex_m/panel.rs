//! A few rows times a panel of weights: the innermost loops of matrix products and of weighted sums of values.
//!
//! ```text
//! for each block of rows        three at a time, then two or one
//!   sums = start                8 or 4 a row, all in registers
//!   for k: sums[row] += x[row][k] · group[k]
//!   out[row] = sums             or out[row] + sums
//! ```
//! A group of weights is 8 or 4 numbers; groups lie any distance apart.

use core::arch::asm;

/// The operands of a product of rows and `WIDTH` columns of weights: 8 or 4.
pub(super) struct Panel<'a, const WIDTH: usize> {
    /// Rows of `x` and `out`.
    pub(super) rows: usize,
    /// Numbers in a row of `x`, and groups.
    pub(super) inputs: usize,
    pub(super) x: &'a [f32],
    /// From one row of `x` to the next.
    pub(super) x_stride: usize,
    /// `WIDTH` numbers an input.
    pub(super) groups: &'a [f32],
    /// From one group to the next.
    pub(super) group_stride: usize,
    /// What each row's sums start from.
    pub(super) start: &'a [f32; WIDTH],
    /// `WIDTH` numbers a row.
    pub(super) out: &'a mut [f32],
    /// From one row of `out` to the next.
    pub(super) out_stride: usize,
    /// Add to `out` instead of replacing it.
    pub(super) accumulate: bool,
}

/// What a loop needs beside its pointers; read once a block.
#[repr(C)]
struct Blocks {
    start: *const f32,
    /// Inputs, in fours and the rest.
    fours: usize,
    ones: usize,
    /// Bytes that the weights' pointer has moved when a block ends.
    back: usize,
    /// Bytes from where a row's numbers end to where they start in the next block.
    next: usize,
    /// Bytes from one row of `out` to the next.
    out_stride: usize,
    accumulate: u32,
    /// How many there are.
    count: usize,
}

impl<const WIDTH: usize> Panel<'_, WIDTH> {
    /// Computes the rows of `out`; leaves them alone where an operand is too short.
    #[inline(always)]
    pub(super) fn run(mut self) {
        let reaches = |len: usize, rows: usize, stride: usize, width: usize| (rows - 1) * stride + width <= len;
        if self.rows == 0
            || self.inputs == 0
            || !reaches(self.x.len(), self.rows, self.x_stride, self.inputs)
            || !reaches(self.groups.len(), self.inputs, self.group_stride, WIDTH)
            || !reaches(self.out.len(), self.rows, self.out_stride, WIDTH)
        {
            return;
        }
        // A single row is the slowest.
        let twos = match self.rows % 3 {
            _ if self.rows == 1 => 0,
            1 => 2,
            2 => 1,
            _ => 0,
        };
        let threes = (self.rows - 2 * twos) / 3;
        let ones = self.rows - 3 * threes - 2 * twos;
        let mut blocks = Blocks {
            start: self.start.as_ptr(),
            fours: self.inputs / 4,
            ones: self.inputs % 4,
            back: 4 * self.inputs * self.group_stride,
            next: 0,
            out_stride: 4 * self.out_stride,
            accumulate: u32::from(self.accumulate),
            count: 0,
        };
        let mut row = 0;
        for (height, count) in [(3, threes), (2, twos), (1, ones)] {
            if count > 0 {
                blocks.next = 4 * (height * self.x_stride).wrapping_sub(self.inputs);
                blocks.count = count;
                self.blocks(&mut blocks, row, height);
            }
            row += height * count;
        }
    }
}

impl<const WIDTH: usize> Panel<'_, WIDTH> {
    /// The blocks of `height` rows from `row` on; they are there.
    #[inline(always)]
    fn blocks(&mut self, blocks: &mut Blocks, row: usize, height: usize) {
        let Self { x_stride, group_stride, out_stride, .. } = *self;
        let x = self.x.as_ptr().wrapping_add(row * x_stride);
        let [second, third] = [1, 2].map(|r| x.wrapping_add(r * x_stride));
        let (groups, step) = (self.groups.as_ptr(), 4 * group_stride - 4 * WIDTH);
        let out = self.out.as_mut_ptr().wrapping_add(row * out_stride);
        match (height, WIDTH) {
            (3, 8) if step == 0 => three_by_eight_dense(blocks, [x, second, third], groups, step, out),
            (3, 8) => three_by_eight_sums(blocks, [x, second, third], groups, step, out),
            (2, 8) => two_by_eight_sums(blocks, [x, second], groups, step, out),
            (1, 8) => one_by_eight_sums(blocks, [x], groups, step, out),
            (3, 4) => three_by_four_sums(blocks, [x, second, third], groups, step, out),
            (2, 4) => two_by_four_sums(blocks, [x, second], groups, step, out),
            (1, 4) => one_by_four_sums(blocks, [x], groups, step, out),
            _ => {}
        }
    }
}

/// A loop over blocks. `start` fills the sums from `{t}`; `four` and `one` take as many inputs; `add` and `store` write the
/// rows to `{out}`, `{k}` bytes apart.
macro_rules! sums {
    ($name:ident, [$($x:ident),+], start: $start:expr, four: $four:expr, one: $one:expr, add: $add:expr, store: $store:expr) => {
        #[inline(never)]
        fn $name(
            blocks: &mut Blocks,
            [$($x),+]: [*const f32; [$(stringify!($x)),+].len()],
            groups: *const f32,
            step: usize,
            out: *mut f32,
        ) {
            // SAFETY: `Panel::run` has checked that all rows and groups are there; all registers that change are named.
            unsafe {
                asm!(
                    "2:",
                    "ldr {t}, [{blocks}, #0]", // start
                    $start,
                    "ldr {k}, [{blocks}, #4]", // fours
                    "cmp {k}, #0",
                    "beq 4f",
                    "3:",
                    $four,
                    "subs {k}, #1",
                    "bne 3b",
                    "4:",
                    "ldr {k}, [{blocks}, #8]", // ones
                    "cmp {k}, #0",
                    "beq 6f",
                    "5:",
                    $one,
                    "subs {k}, #1",
                    "bne 5b",
                    "6:",
                    "ldr {k}, [{blocks}, #20]", // out_stride
                    "ldr {t}, [{blocks}, #24]", // accumulate
                    "cmp {t}, #0",
                    "beq 7f",
                    $add,
                    "b 8f",
                    "7:",
                    $store,
                    "8:",
                    "ldr {t}, [{blocks}, #12]", // back
                    "sub {groups}, {t}",
                    "ldr {t}, [{blocks}, #16]", // next
                    $(concat!("add {", stringify!($x), "}, {t}"),)+
                    "ldr {t}, [{blocks}, #28]", // count
                    "subs {t}, #1",
                    "str {t}, [{blocks}, #28]",
                    "bne 2b",
                    blocks = in(reg) blocks,
                    $($x = inout(reg) $x => _,)+
                    groups = inout(reg) groups => _,
                    step = in(reg) step,
                    out = inout(reg) out => _,
                    k = out(reg) _,
                    t = out(reg) _,
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

/// Writes the sums of a row.
macro_rules! store {
    ($($sums:literal)+) => {
        concat!($("vstmia {out}, {{", $sums, "}}\n", "add {out}, {k}\n",)+)
    };
}

/// Adds what `{out}` holds to eight sums and writes them.
macro_rules! add_eight {
    ($a:literal $b:literal $c:literal $d:literal $e:literal $f:literal $g:literal $h:literal) => {
        concat!(
            "vldmia {out}, {{s24-s31}}\n",
            add!($a, 24),
            add!($b, 25),
            add!($c, 26),
            add!($d, 27),
            add!($e, 28),
            add!($f, 29),
            add!($g, 30),
            add!($h, 31),
            "vstmia {out}, {{s",
            $a,
            "-s",
            $h,
            "}}\n",
            "add {out}, {k}\n",
        )
    };
}

/// Adds what `{out}` holds to four sums and writes them.
macro_rules! add_four {
    ($a:literal $b:literal $c:literal $d:literal) => {
        concat!(
            "vldmia {out}, {{s24-s27}}\n",
            add!($a, 24),
            add!($b, 25),
            add!($c, 26),
            add!($d, 27),
            "vstmia {out}, {{s",
            $a,
            "-s",
            $d,
            "}}\n",
            "add {out}, {k}\n",
        )
    };
}

macro_rules! add {
    ($sum:literal, $number:literal) => {
        concat!("vadd.f32 s", $sum, ", s", $sum, ", s", $number, "\n")
    };
}

/// Four times the same lines. The compiler counts lines to know how far its constants are away, so `.rept` will not do.
macro_rules! four_times {
    ($lines:expr) => {
        concat!($lines, $lines, $lines, $lines)
    };
}

/// One input of three rows and eight columns; `$step` goes to the next group.
macro_rules! three_by_eight {
    ($step:expr) => {
        concat!(
            "vldmia {x}!, {{s28}}\n",
            "vldmia {groups}!, {{s24-s27}}\n",
            three_by_four!("vldmia {second}!, {{s29}}\n", "vldmia {third}!, {{s30}}\n", [0 8 16] [1 9 17] [2 10 18] [3 11 19]),
            "vldmia {groups}!, {{s24-s27}}\n",
            three_by_four!($step, "", [4 12 20] [5 13 21] [6 14 22] [7 15 23]),
        )
    };
}

/// One input of three rows and four columns.
macro_rules! three_by_four_once {
    () => {
        concat!(
            "vldmia {x}!, {{s28}}\n",
            "vldmia {groups}!, {{s24-s27}}\n",
            three_by_four!("vldmia {second}!, {{s29}}\n", "vldmia {third}!, {{s30}}\n", [0 8 16] [1 9 17] [2 10 18] [3 11 19]),
            "add {groups}, {step}\n",
        )
    };
}

/// One input of two rows, in two registers, and eight columns.
macro_rules! two_by_eight {
    ($x:literal $y:literal) => {
        concat!(
            "vldmia {groups}!, {{s16-s23}}\n", "add {groups}, {step}\n", two_by_one!(16, $x $y, [0 8]),
            two_by_one!(17, $x $y, [1 9]), two_by_one!(18, $x $y, [2 10]), two_by_one!(19, $x $y, [3 11]),
            two_by_one!(20, $x $y, [4 12]), two_by_one!(21, $x $y, [5 13]), two_by_one!(22, $x $y, [6 14]),
            two_by_one!(23, $x $y, [7 15]),
        )
    };
}

/// One input of two rows, in two registers, and four columns.
macro_rules! two_by_four {
    ($x:literal $y:literal) => {
        concat!(
            "vldmia {groups}!, {{s16-s19}}\n", "add {groups}, {step}\n", two_by_one!(16, $x $y, [0 8]),
            two_by_one!(17, $x $y, [1 9]), two_by_one!(18, $x $y, [2 10]), two_by_one!(19, $x $y, [3 11]),
        )
    };
}

/// One input of a row, in a register, and eight columns.
macro_rules! one_by_eight {
    ($x:literal) => {
        concat!(
            "vldmia {groups}!, {{s8-s15}}\n", "add {groups}, {step}\n", one_by_two!(8 9, $x, [0 1]),
            one_by_two!(10 11, $x, [2 3]), one_by_two!(12 13, $x, [4 5]), one_by_two!(14 15, $x, [6 7]),
        )
    };
}

/// One input of a row, in a register, and four columns.
macro_rules! one_by_four {
    ($x:literal) => {
        concat!(
            "vldmia {groups}!, {{s8-s11}}\n", "add {groups}, {step}\n", one_by_two!(8 9, $x, [0 1]),
            one_by_two!(10 11, $x, [2 3]),
        )
    };
}

sums!(
    three_by_eight_sums, [x, second, third],
    start: "vldmia {t}, {{s0-s7}}\n vldmia {t}, {{s8-s15}}\n vldmia {t}, {{s16-s23}}",
    four: four_times!(three_by_eight!("add {groups}, {step}\n")),
    one: three_by_eight!("add {groups}, {step}\n"),
    add: concat!(add_eight!(0 1 2 3 4 5 6 7), add_eight!(8 9 10 11 12 13 14 15), add_eight!(16 17 18 19 20 21 22 23)),
    store: store!("s0-s7" "s8-s15" "s16-s23")
);
// Groups that follow each other, as packed weights do.
sums!(
    three_by_eight_dense, [x, second, third],
    start: "vldmia {t}, {{s0-s7}}\n vldmia {t}, {{s8-s15}}\n vldmia {t}, {{s16-s23}}",
    four: four_times!(three_by_eight!("/* {step}: nothing */\n")),
    one: three_by_eight!("/* {step}: nothing */\n"),
    add: concat!(add_eight!(0 1 2 3 4 5 6 7), add_eight!(8 9 10 11 12 13 14 15), add_eight!(16 17 18 19 20 21 22 23)),
    store: store!("s0-s7" "s8-s15" "s16-s23")
);
sums!(
    two_by_eight_sums, [x, second],
    start: "vldmia {t}, {{s0-s7}}\n vldmia {t}, {{s8-s15}}",
    four: concat!(
        "vldmia {x}!, {{s24-s25}}\n vldmia {second}!, {{s26-s27}}\n", two_by_eight!(24 26), two_by_eight!(25 27),
        "vldmia {x}!, {{s24-s25}}\n vldmia {second}!, {{s26-s27}}\n", two_by_eight!(24 26), two_by_eight!(25 27)
    ),
    one: concat!("vldmia {x}!, {{s24}}\n vldmia {second}!, {{s26}}\n", two_by_eight!(24 26)),
    add: concat!(add_eight!(0 1 2 3 4 5 6 7), add_eight!(8 9 10 11 12 13 14 15)),
    store: store!("s0-s7" "s8-s15")
);
sums!(
    one_by_eight_sums, [x],
    start: "vldmia {t}, {{s0-s7}}",
    four: concat!("vldmia {x}!, {{s16-s19}}\n", one_by_eight!(16), one_by_eight!(17), one_by_eight!(18), one_by_eight!(19)),
    one: concat!("vldmia {x}!, {{s16}}\n", one_by_eight!(16)),
    add: add_eight!(0 1 2 3 4 5 6 7),
    store: store!("s0-s7")
);
sums!(
    three_by_four_sums, [x, second, third],
    start: "vldmia {t}, {{s0-s3}}\n vldmia {t}, {{s8-s11}}\n vldmia {t}, {{s16-s19}}",
    four: four_times!(three_by_four_once!()),
    one: three_by_four_once!(),
    add: concat!(add_four!(0 1 2 3), add_four!(8 9 10 11), add_four!(16 17 18 19)),
    store: store!("s0-s3" "s8-s11" "s16-s19")
);
sums!(
    two_by_four_sums, [x, second],
    start: "vldmia {t}, {{s0-s3}}\n vldmia {t}, {{s8-s11}}",
    four: concat!(
        "vldmia {x}!, {{s20-s23}}\n vldmia {second}!, {{s24-s27}}\n",
        two_by_four!(20 24), two_by_four!(21 25), two_by_four!(22 26), two_by_four!(23 27)
    ),
    one: concat!("vldmia {x}!, {{s20}}\n vldmia {second}!, {{s24}}\n", two_by_four!(20 24)),
    add: concat!(add_four!(0 1 2 3), add_four!(8 9 10 11)),
    store: store!("s0-s3" "s8-s11")
);
sums!(
    one_by_four_sums, [x],
    start: "vldmia {t}, {{s0-s3}}",
    four: concat!("vldmia {x}!, {{s16-s19}}\n", one_by_four!(16), one_by_four!(17), one_by_four!(18), one_by_four!(19)),
    one: concat!("vldmia {x}!, {{s16}}\n", one_by_four!(16)),
    add: add_four!(0 1 2 3),
    store: store!("s0-s3")
);
