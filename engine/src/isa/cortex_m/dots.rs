//! The scores of a few queries and keys: scaled dot products of rows, both read where they are.
//!
//! ```text
//! for each four keys
//!   for each four numbers       the queries' stay in registers while the keys' come one key after the other
//!     sums[query][key] += q[query] · k[key]       a sum for each query and key, all in registers
//!   out[query][key] = sums · factor
//! ```

use core::arch::asm;

/// The operands of the scores of up to three queries.
pub(super) struct Dots<'a> {
    /// Rows of `q` and `out`.
    pub(super) queries: usize,
    /// Rows of `k`.
    pub(super) keys: usize,
    /// Numbers in a row of `q` and `k`.
    pub(super) width: usize,
    pub(super) q: &'a [f32],
    /// From one row of `q` to the next.
    pub(super) q_stride: usize,
    pub(super) k: &'a [f32],
    /// From one row of `k` to the next.
    pub(super) k_stride: usize,
    /// What the sums are multiplied by.
    pub(super) factor: f32,
    /// A number a key in each row.
    pub(super) out: &'a mut [f32],
    /// From one row of `out` to the next.
    pub(super) out_stride: usize,
}

/// What a loop needs beside its pointers; read once for each four keys.
#[repr(C)]
struct Fours {
    /// Numbers in a row: fours after the first, and the rest.
    fours: usize,
    ones: usize,
    /// Bytes of a row.
    width: usize,
    /// Bytes from the end of a key to the start of the one four later.
    next: usize,
    /// Bytes from one row of `out` to the next.
    out_stride: usize,
    factor: f32,
    /// How many fours of keys there are.
    count: usize,
}

impl Dots<'_> {
    /// Computes the scores of all keys; leaves `out` alone where an operand is too short.
    #[inline(always)]
    pub(super) fn run(mut self) {
        let reaches = |len: usize, rows: usize, stride: usize, width: usize| (rows - 1) * stride + width <= len;
        let Self { queries, keys, width, .. } = self;
        if queries == 0
            || keys == 0
            || width == 0
            || !reaches(self.q.len(), queries, self.q_stride, width)
            || !reaches(self.k.len(), keys, self.k_stride, width)
            || !reaches(self.out.len(), queries, self.out_stride, keys)
        {
            return;
        }
        if keys < 4 || width < 4 {
            return self.one_by_one();
        }
        self.fours(0, keys / 4);
        if !keys.is_multiple_of(4) {
            // The last four, some of them for the second time.
            self.fours(keys - 4, 1);
        }
    }

    /// The scores of fewer than four keys, or of keys of fewer than four numbers.
    #[inline(always)]
    fn one_by_one(&mut self) {
        let (q, k) = (self.q.chunks(self.q_stride.max(1)), self.k.chunks(self.k_stride.max(1)));
        for (q, out) in q.zip(self.out.chunks_mut(self.out_stride.max(1))).take(self.queries) {
            for (k, out) in k.clone().zip(out).take(self.keys) {
                let products = q.iter().zip(k).take(self.width).map(|(q, k)| q * k);
                *out = self.factor * products.sum::<f32>();
            }
        }
    }

    /// The scores of `count` times four keys from `key` on; they are there.
    #[inline(always)]
    fn fours(&mut self, key: usize, count: usize) {
        let mut fours = Fours {
            fours: self.width / 4 - 1,
            ones: self.width % 4,
            width: 4 * self.width,
            next: 4 * (4 * self.k_stride).wrapping_sub(self.width),
            out_stride: 4 * self.out_stride,
            factor: self.factor,
            count,
        };
        let q = self.q.as_ptr();
        let [second, third] = [1, 2].map(|r| q.wrapping_add(r * self.q_stride));
        let keys = [0, 1, 2, 3].map(|r| self.k.as_ptr().wrapping_add((key + r) * self.k_stride));
        let out = self.out.as_mut_ptr().wrapping_add(key);
        match self.queries {
            1 => one_dots(&mut fours, [q], keys, out),
            2 => two_dots(&mut fours, [q, second], keys, out),
            3 => three_dots(&mut fours, [q, second, third], keys, out),
            _ => {}
        }
    }
}

/// A loop over fours of keys. `first` takes the first four numbers, `four` and `one` as many more; `scale` multiplies the sums by s28; `store` writes
/// them to `{t}`, `{n}` bytes apart.
macro_rules! dots {
    ($name:ident, [$($q:ident),+], first: $first:expr, four: $four:expr, one: $one:expr, scale: $scale:expr, store: $store:expr) => {
        #[inline(never)]
        fn $name(
            fours: &mut Fours,
            [$($q),+]: [*const f32; [$(stringify!($q)),+].len()],
            [a, b, c, d]: [*const f32; 4],
            out: *mut f32,
        ) {
            // SAFETY: `Dots::run` has checked that all rows are there; all registers that change are named.
            unsafe {
                asm!(
                    "2:",
                    $first,
                    "ldr {n}, [{fours}, #0]", // fours
                    "cmp {n}, #0",
                    "beq 4f",
                    "3:",
                    $four,
                    "subs {n}, #1",
                    "bne 3b",
                    "4:",
                    "ldr {n}, [{fours}, #4]", // ones
                    "cmp {n}, #0",
                    "beq 6f",
                    "5:",
                    $one,
                    "subs {n}, #1",
                    "bne 5b",
                    "6:",
                    "vldr s28, [{fours}, #20]", // factor
                    "ldr {n}, [{fours}, #16]", // out_stride
                    "mov {t}, {out}",
                    $scale,
                    $store,
                    "add {out}, #16",
                    "ldr {t}, [{fours}, #8]", // width
                    $(concat!("sub {", stringify!($q), "}, {t}"),)+
                    "ldr {t}, [{fours}, #12]", // next
                    "add {a}, {t}",
                    "add {b}, {t}",
                    "add {c}, {t}",
                    "add {d}, {t}",
                    "ldr {t}, [{fours}, #24]", // count
                    "subs {t}, #1",
                    "str {t}, [{fours}, #24]",
                    "bne 2b",
                    fours = in(reg) fours,
                    $($q = inout(reg) $q => _,)+
                    a = inout(reg) a => _,
                    b = inout(reg) b => _,
                    c = inout(reg) c => _,
                    d = inout(reg) d => _,
                    out = inout(reg) out => _,
                    n = out(reg) _,
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

/// Multiplies sums by s28.
macro_rules! scale {
    ($($sum:literal)+) => {
        concat!($("vmul.f32 s", $sum, ", s", $sum, ", s28\n",)+)
    };
}

/// Products in place of sums.
macro_rules! products {
    ($key:literal, [$($q:literal)+], [$($sum:literal)+]) => {
        concat!($("vmul.f32 s", $sum, ", s", $key, ", s", $q, "\n",)+)
    };
}

/// Four numbers of three queries, in s12 … s23, times those of one key; `$first` is what the first ones do.
macro_rules! three_times_key {
    ($key:literal, $sums:tt, $first:expr) => {
        concat!(
            "vldmia {", $key, "}!, {{s24-s27}}\n", $first, three_by_one!(25, 13 17 21, $sums),
            three_by_one!(26, 14 18 22, $sums), three_by_one!(27, 15 19 23, $sums),
        )
    };
    ($key:literal, $sums:tt) => {
        three_times_key!($key, $sums, three_by_one!(24, 12 16 20, $sums))
    };
}

/// Four numbers of two queries, in s12 … s19, times those of one key; `$first` is what the first ones do.
macro_rules! two_times_key {
    ($key:literal, $sums:tt, $first:expr) => {
        concat!(
            "vldmia {", $key, "}!, {{s24-s27}}\n", $first, two_by_one!(25, 13 17, $sums), two_by_one!(26, 14 18, $sums),
            two_by_one!(27, 15 19, $sums),
        )
    };
    ($key:literal, $sums:tt) => {
        two_times_key!($key, $sums, two_by_one!(24, 12 16, $sums))
    };
}

/// A number of one query, in a register, times those of four keys, in four registers.
macro_rules! one_times_keys {
    ($q:literal, $a:literal $b:literal $c:literal $d:literal) => {
        concat!(one_by_two!($a $b, $q, [0 1]), one_by_two!($c $d, $q, [2 3]))
    };
}

/// Loads four numbers of three queries.
macro_rules! three_queries {
    () => {
        "vldmia {q}!, {{s12-s15}}\n vldmia {second}!, {{s16-s19}}\n vldmia {third}!, {{s20-s23}}\n"
    };
}

/// Loads four numbers of two queries.
macro_rules! two_queries {
    () => {
        "vldmia {q}!, {{s12-s15}}\n vldmia {second}!, {{s16-s19}}\n"
    };
}

/// Loads four numbers of a query and of four keys.
macro_rules! query_and_keys {
    () => {
        "vldmia {q}!, {{s12-s15}}\n vldmia {a}!, {{s4-s7}}\n vldmia {b}!, {{s16-s19}}\n\
         vldmia {c}!, {{s20-s23}}\n vldmia {d}!, {{s24-s27}}\n"
    };
}

dots!(
    three_dots, [q, second, third],
    first: concat!(
        three_queries!(),
        three_times_key!("a", [0 4 8], products!(24, [12 16 20], [0 4 8])),
        three_times_key!("b", [1 5 9], products!(24, [12 16 20], [1 5 9])),
        three_times_key!("c", [2 6 10], products!(24, [12 16 20], [2 6 10])),
        three_times_key!("d", [3 7 11], products!(24, [12 16 20], [3 7 11]))
    ),
    four: concat!(
        three_queries!(), three_times_key!("a", [0 4 8]), three_times_key!("b", [1 5 9]), three_times_key!("c", [2 6 10]),
        three_times_key!("d", [3 7 11])
    ),
    one: concat!(
        "vldmia {q}!, {{s12}}\n vldmia {second}!, {{s16}}\n vldmia {third}!, {{s20}}\n",
        "vldmia {a}!, {{s24}}\n vldmia {b}!, {{s25}}\n vldmia {c}!, {{s26}}\n vldmia {d}!, {{s27}}\n",
        three_by_one!(24, 12 16 20, [0 4 8]), three_by_one!(25, 12 16 20, [1 5 9]),
        three_by_one!(26, 12 16 20, [2 6 10]), three_by_one!(27, 12 16 20, [3 7 11])
    ),
    scale: scale!(0 1 2 3 4 5 6 7 8 9 10 11),
    store: "vstmia {t}, {{s0-s3}}\n add {t}, {n}\n vstmia {t}, {{s4-s7}}\n add {t}, {n}\n vstmia {t}, {{s8-s11}}"
);
dots!(
    two_dots, [q, second],
    first: concat!(
        two_queries!(),
        two_times_key!("a", [0 4], products!(24, [12 16], [0 4])),
        two_times_key!("b", [1 5], products!(24, [12 16], [1 5])),
        two_times_key!("c", [2 6], products!(24, [12 16], [2 6])),
        two_times_key!("d", [3 7], products!(24, [12 16], [3 7]))
    ),
    four: concat!(
        two_queries!(), two_times_key!("a", [0 4]), two_times_key!("b", [1 5]), two_times_key!("c", [2 6]), two_times_key!("d", [3 7])
    ),
    one: concat!(
        "vldmia {q}!, {{s12}}\n vldmia {second}!, {{s16}}\n",
        "vldmia {a}!, {{s24}}\n vldmia {b}!, {{s25}}\n vldmia {c}!, {{s26}}\n vldmia {d}!, {{s27}}\n",
        two_by_one!(24, 12 16, [0 4]), two_by_one!(25, 12 16, [1 5]), two_by_one!(26, 12 16, [2 6]),
        two_by_one!(27, 12 16, [3 7])
    ),
    scale: scale!(0 1 2 3 4 5 6 7),
    store: "vstmia {t}, {{s0-s3}}\n add {t}, {n}\n vstmia {t}, {{s4-s7}}"
);
dots!(
    one_dots, [q],
    first: concat!(
        query_and_keys!(), "vmul.f32 s0, s4, s12\n vmul.f32 s1, s16, s12\n vmul.f32 s2, s20, s12\n vmul.f32 s3, s24, s12\n",
        one_times_keys!(13, 5 17 21 25), one_times_keys!(14, 6 18 22 26), one_times_keys!(15, 7 19 23 27)
    ),
    four: concat!(
        query_and_keys!(), one_times_keys!(12, 4 16 20 24), one_times_keys!(13, 5 17 21 25), one_times_keys!(14, 6 18 22 26),
        one_times_keys!(15, 7 19 23 27)
    ),
    one: concat!(
        "vldmia {q}!, {{s12}}\n vldmia {a}!, {{s4}}\n vldmia {b}!, {{s16}}\n vldmia {c}!, {{s20}}\n vldmia {d}!, {{s24}}\n",
        one_times_keys!(12, 4 16 20 24)
    ),
    scale: scale!(0 1 2 3),
    store: "vstmia {t}, {{s0-s3}}"
);
