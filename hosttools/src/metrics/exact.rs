//! Sums that do not depend on the order of what is added, so that shards of an evaluation add up to the whole.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A sum of double-precision numbers, exact until it is asked for: parts that do not overlap, smallest first (Shewchuk,
/// Adaptive Precision Floating-Point Arithmetic, 1997). A single NaN where something that is not finite was added.
#[derive(Clone, Debug, Default)]
pub(super) struct Exact(Vec<f64>);

impl Exact {
    pub(super) fn add(&mut self, number: f64) {
        if !number.is_finite() || self.0.first().is_some_and(|part| part.is_nan()) {
            self.0 = vec![f64::NAN];
            return;
        }
        let mut rest = number;
        let mut parts = Vec::with_capacity(self.0.len() + 1);
        for &part in &self.0 {
            let (large, small) = if rest.abs() < part.abs() { (part, rest) } else { (rest, part) };
            let sum = large + small;
            let error = small - (sum - large);
            if error != 0.0 {
                parts.push(error);
            }
            rest = sum;
        }
        if !rest.is_finite() {
            parts = vec![f64::NAN];
        } else if rest != 0.0 {
            parts.push(rest);
        }
        self.0 = parts;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|&part| self.add(part));
    }

    /// The sum, rounded once.
    pub(super) fn value(&self) -> f64 {
        let mut parts = self.0.iter().rev().copied();
        let Some(mut sum) = parts.next() else { return 0.0 };
        let mut error = 0.0;
        for part in parts.by_ref() {
            let before = sum;
            sum = before + part;
            error = part - (sum - before);
            if error != 0.0 {
                break;
            }
        }
        // Half of the last digit and something of the same sign below it round away from zero.
        if parts.next().is_some_and(|next| next.signum() == error.signum() && error != 0.0) {
            let doubled = 2.0 * error;
            let rounded = sum + doubled;
            if rounded - sum == doubled {
                sum = rounded;
            }
        }
        sum
    }
}

impl Serialize for Exact {
    /// The sum, then what its rounding left, and so on: the same whatever the order of what was added.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (mut rest, mut parts) = (self.clone(), Vec::new());
        while !rest.0.is_empty() {
            parts.push(rest.value());
            if rest.value().is_nan() {
                break;
            }
            rest.add(-rest.value());
        }
        parts.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Exact {
    /// JSON has no NaN: `null` stands for it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parts = Vec::<Option<f64>>::deserialize(deserializer)?;
        let mut sum = Self::default();
        parts.into_iter().for_each(|part| sum.add(part.unwrap_or(f64::NAN)));
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(numbers: &[f64]) -> Exact {
        let mut sum = Exact::default();
        numbers.iter().for_each(|&number| sum.add(number));
        sum
    }

    #[test]
    fn nothing_is_lost() {
        assert_eq!(sum(&[1e100, 1.0, -1e100]).value(), 1.0);
        assert_eq!(sum(&[0.1; 10]).value(), 1.0);
        assert_eq!(sum(&[1.0, 2f64.powi(-53), 2f64.powi(-110)]).value(), 1.0 + f64::EPSILON);
        assert_eq!(sum(&[]).value(), 0.0);
        assert!(sum(&[1.0, f64::INFINITY, 2.0]).value().is_nan());
    }

    #[test]
    fn shards_add_up_to_the_whole() {
        let numbers: Vec<f64> = (1..200).map(|n| (f64::from(n) * 0.37).sin() * 10f64.powi(n % 30 - 15)).collect();
        let whole = sum(&numbers).value();
        for cut in [1, 50, 198] {
            let mut last = sum(&numbers[cut..]);
            last.merge(&sum(&numbers[..cut]));
            assert_eq!(last.value().to_bits(), whole.to_bits());
        }
    }
}
