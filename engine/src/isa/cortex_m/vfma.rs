//! Products of a few rows and weights as VFMA, which a Cortex-M7 starts every cycle.
//!
//! Numbers are those of the registers s0 … s31. All macros have twins in `vmul.rs`.

macro_rules! accumulate {
    ($sum:literal, $a:literal, $b:literal) => {
        concat!("vfma.f32 s", $sum, ", s", $a, ", s", $b, "\n")
    };
}

/// Weights 24 … 27 times the rows' numbers 28, 29, 30; a list of three sums for each weight. `$second` and `$third` load the
/// numbers of those rows, or are other work between the lines.
macro_rules! three_by_four {
    ($second:expr, $third:expr, [$a:literal $b:literal $c:literal] [$d:literal $e:literal $f:literal]
        [$g:literal $h:literal $i:literal] [$j:literal $k:literal $l:literal]) => {
        concat!(
            accumulate!($a, 24, 28),
            accumulate!($d, 25, 28),
            $second,
            accumulate!($g, 26, 28),
            accumulate!($j, 27, 28),
            $third,
            accumulate!($b, 24, 29),
            accumulate!($e, 25, 29),
            accumulate!($h, 26, 29),
            accumulate!($k, 27, 29),
            accumulate!($c, 24, 30),
            accumulate!($f, 25, 30),
            accumulate!($i, 26, 30),
            accumulate!($l, 27, 30),
        )
    };
}

/// One weight times three numbers: a sum of each.
macro_rules! three_by_one {
    ($weight:literal, $x:literal $y:literal $z:literal, [$a:literal $b:literal $c:literal]) => {
        concat!(accumulate!($a, $weight, $x), accumulate!($b, $weight, $y), accumulate!($c, $weight, $z))
    };
}

/// One weight times two numbers: a sum of each.
macro_rules! two_by_one {
    ($weight:literal, $x:literal $y:literal, [$a:literal $b:literal]) => {
        concat!(accumulate!($a, $weight, $x), accumulate!($b, $weight, $y))
    };
}

/// Two weights times one number: a sum of each.
macro_rules! one_by_two {
    ($weight:literal $next:literal, $x:literal, [$a:literal $b:literal]) => {
        concat!(accumulate!($a, $weight, $x), accumulate!($b, $next, $x))
    };
}
