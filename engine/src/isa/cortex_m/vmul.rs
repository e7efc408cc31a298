//! Products of a few rows and weights as VMUL and VADD: one cycle each on a Cortex-M4, where VMLA and VFMA take three.
//!
//! A product that the next instruction consumes costs a cycle more, so something always lies between the two. Numbers are
//! those of the registers s0 … s31. All macros have twins in `vfma.rs`.

macro_rules! multiply {
    ($product:literal, $a:literal, $b:literal) => {
        concat!("vmul.f32 s", $product, ", s", $a, ", s", $b, "\n")
    };
}

macro_rules! sum {
    ($sum:literal, $product:literal) => {
        concat!("vadd.f32 s", $sum, ", s", $sum, ", s", $product, "\n")
    };
}

/// Weights 24 … 27 times the rows' numbers 28, 29, 30; a list of three sums for each weight. `$second` and `$third` load the
/// numbers of those rows, or are other work between the lines. The weights are lost, and 31.
macro_rules! three_by_four {
    ($second:expr, $third:expr, [$a:literal $b:literal $c:literal] [$d:literal $e:literal $f:literal]
        [$g:literal $h:literal $i:literal] [$j:literal $k:literal $l:literal]) => {
        concat!(
            multiply!(31, 24, 28),
            $second,
            sum!($a, 31),
            multiply!(31, 24, 29),
            $third,
            sum!($b, 31),
            multiply!(24, 24, 30),
            multiply!(31, 25, 28),
            sum!($c, 24),
            multiply!(24, 25, 29),
            sum!($d, 31),
            multiply!(25, 25, 30),
            sum!($e, 24),
            multiply!(31, 26, 28),
            sum!($f, 25),
            multiply!(24, 26, 29),
            sum!($g, 31),
            multiply!(26, 26, 30),
            sum!($h, 24),
            multiply!(31, 27, 28),
            sum!($i, 26),
            multiply!(24, 27, 29),
            sum!($j, 31),
            multiply!(27, 27, 30),
            sum!($k, 24),
            sum!($l, 27),
        )
    };
}

/// One weight times three numbers: a sum of each. 28, 29 and 30 are lost.
macro_rules! three_by_one {
    ($weight:literal, $x:literal $y:literal $z:literal, [$a:literal $b:literal $c:literal]) => {
        concat!(
            multiply!(28, $weight, $x),
            multiply!(29, $weight, $y),
            multiply!(30, $weight, $z),
            sum!($a, 28),
            sum!($b, 29),
            sum!($c, 30),
        )
    };
}

/// One weight times two numbers: a sum of each. 30 and 31 are lost.
macro_rules! two_by_one {
    ($weight:literal, $x:literal $y:literal, [$a:literal $b:literal]) => {
        concat!(multiply!(30, $weight, $x), multiply!(31, $weight, $y), sum!($a, 30), sum!($b, 31))
    };
}

/// Two weights times one number: a sum of each. 30 and 31 are lost.
macro_rules! one_by_two {
    ($weight:literal $next:literal, $x:literal, [$a:literal $b:literal]) => {
        concat!(multiply!(30, $weight, $x), multiply!(31, $next, $x), sum!($a, 30), sum!($b, 31))
    };
}
