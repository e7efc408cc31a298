//! Distances in units of the last place: how many numbers of single precision lie between two.

/// Buckets of a histogram: equal; 1; 2 and 3; 4 to 7; … each twice as wide; the last one holds all that is further, other
/// signs and what is no number.
pub const BUCKETS: usize = 26;

/// The bucket of a pair.
#[must_use]
pub fn bucket(a: f32, b: f32) -> usize {
    match distance(a, b) {
        Some(0) => 0,
        Some(ulps) => (ulps.ilog2() as usize + 1).min(BUCKETS - 1),
        None => BUCKETS - 1,
    }
}

/// The smallest distance in `bucket`.
#[must_use]
pub fn first_of(bucket: usize) -> u64 {
    if bucket == 0 { 0 } else { 1 << (bucket - 1) }
}

/// How many steps from one number to the other; `None` where one is none.
fn distance(a: f32, b: f32) -> Option<u32> {
    // In this order neighbours are one apart, and both zeros are 0.
    let place = |number: f32| {
        let bits = i64::from(number.to_bits() & 0x7FFF_FFFF);
        if number.is_sign_negative() { -bits } else { bits }
    };
    (!a.is_nan() && !b.is_nan()).then(|| u32::try_from(place(a).abs_diff(place(b))).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_double() {
        let next = |steps: u32| f32::from_bits(1f32.to_bits() + steps);
        assert_eq!([0, 1, 2, 3, 4, 7, 8].map(|steps| bucket(1.0, next(steps))), [0, 1, 2, 2, 3, 3, 4]);
        assert_eq!([0, 1, 2, 3, 4].map(first_of), [0, 1, 2, 4, 8]);
        assert_eq!((bucket(0.0, -0.0), bucket(f32::NAN, 1.0), bucket(1.0, -1.0)), (0, BUCKETS - 1, BUCKETS - 1));
        assert_eq!(bucket(f32::from_bits(1), -f32::from_bits(1)), 2);
    }
}
