//! How far computed numbers are from a reference.

use crate::labels::best;
use serde::Serialize;

/// A numbers' distance from the reference, over all samples. JSON has no infinity and no NaN: both are `null` there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Distance {
    /// The largest |computed − reference|; NaN when anything is not a number.
    pub max_abs: f64,
    /// The largest |reference|.
    pub max_ref: f64,
    /// ‖computed − reference‖ / ‖reference‖
    pub rel_l2: f64,
    /// The cosine of the angle between both.
    pub cosine: f64,
    /// 20 · log₁₀(‖reference‖ / ‖computed − reference‖); infinite when equal.
    pub snr_db: f64,
    /// The share of rows whose largest number is at the same place in both.
    pub top1_agreement: f64,
    /// The sample with the largest |computed − reference|.
    pub worst_sample: usize,
}

impl Distance {
    /// The distance of `computed` from `reference`, one slice a sample, in rows of `width` numbers.
    #[must_use]
    pub fn between(computed: &[Vec<f32>], reference: &[Vec<f32>], width: usize) -> Self {
        let mut sums = Sums::default();
        for (sample, (computed, reference)) in computed.iter().zip(reference).enumerate() {
            computed.iter().zip(reference).for_each(|(&computed, &reference)| sums.add(sample, computed, reference));
            let rows = computed.chunks(width.max(1)).zip(reference.chunks(width.max(1)));
            rows.for_each(|(computed, reference)| sums.add_row(computed, reference));
        }
        sums.finish()
    }

    /// Whether the largest difference is at most `bound` times the largest number of the reference. NaN never is.
    #[must_use]
    pub fn is_within(&self, bound: f64) -> bool {
        self.max_abs <= bound * self.max_ref
    }
}

/// The share of rows of `width` numbers whose largest one is at their label; rows with a negative label do not count.
/// None when no row counts.
#[must_use]
pub fn accuracy(computed: &[Vec<f32>], labels: &[Vec<i64>], width: usize) -> Option<f64> {
    let rows = computed.iter().flat_map(|numbers| numbers.chunks(width.max(1))).zip(labels.iter().flatten());
    let counted: Vec<bool> = rows
        .filter(|&(_, &label)| label >= 0)
        .map(|(row, &label)| best(row).is_some_and(|best| best as i64 == label))
        .collect();
    share(counted.iter().filter(|&&right| right).count(), counted.len())
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[derive(Default)]
struct Sums {
    max_abs: f64,
    max_ref: f64,
    worst_sample: usize,
    squared_error: f64,
    squared_reference: f64,
    squared_computed: f64,
    product: f64,
    rows: usize,
    agreeing: usize,
}

impl Sums {
    fn add(&mut self, sample: usize, computed: f32, reference: f32) {
        let (computed, reference) = (f64::from(computed), f64::from(reference));
        let error = computed - reference;
        // A NaN stays: no later number compares with it.
        if error.abs() > self.max_abs || error.is_nan() && !self.max_abs.is_nan() {
            (self.max_abs, self.worst_sample) = (error.abs(), sample);
        }
        self.max_ref = self.max_ref.max(reference.abs());
        self.squared_error += error * error;
        self.squared_reference += reference * reference;
        self.squared_computed += computed * computed;
        self.product += computed * reference;
    }

    fn add_row(&mut self, computed: &[f32], reference: &[f32]) {
        self.rows += 1;
        self.agreeing += usize::from(best(computed).is_some_and(|place| best(reference) == Some(place)));
    }

    fn finish(self) -> Distance {
        let ratio = |part: f64, whole: f64| if part == whole { 1.0 } else { part / whole };
        let relative = if self.squared_error == 0.0 { 0.0 } else { self.squared_error / self.squared_reference };
        Distance {
            max_abs: self.max_abs,
            max_ref: self.max_ref,
            rel_l2: relative.sqrt(),
            cosine: ratio(self.product, (self.squared_computed * self.squared_reference).sqrt()),
            snr_db: -10.0 * relative.log10(),
            top1_agreement: share(self.agreeing, self.rows).unwrap_or(1.0),
            worst_sample: self.worst_sample,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn by_hand() {
        // Errors 0, 1, 0, −2: squares sum to 5; the reference's squares to 9 + 16 + 0 + 100 = 125.
        let distance = Distance::between(&[vec![3.0, 5.0], vec![0.0, 8.0]], &[vec![3.0, 4.0], vec![0.0, 10.0]], 2);
        assert!(close(distance.max_abs, 2.0) && close(distance.max_ref, 10.0), "{distance:?}");
        assert!(close(distance.rel_l2, 0.2), "{distance:?}");
        assert!(close(distance.snr_db, 20.0 * 5f64.log10()), "{distance:?}");
        assert!(close(distance.cosine, 109.0 / (98f64 * 125.0).sqrt()), "{distance:?}");
        assert!(close(distance.top1_agreement, 1.0), "{distance:?}");
        assert_eq!(distance.worst_sample, 1);
        assert!(distance.is_within(0.2) && !distance.is_within(0.199));
    }

    #[test]
    fn equal_numbers_pass_any_bound() {
        let numbers = [vec![1.0, -2.0]];
        let distance = Distance::between(&numbers, &numbers, 2);
        assert!(distance.is_within(0.0));
        assert_eq!((distance.rel_l2, distance.cosine, distance.snr_db), (0.0, 1.0, f64::INFINITY));
        let zeros = [vec![0.0, 0.0]];
        let distance = Distance::between(&zeros, &zeros, 2);
        assert!(distance.is_within(0.0));
        assert_eq!((distance.rel_l2, distance.cosine), (0.0, 1.0));
    }

    #[test]
    fn no_bound_passes_nan_or_infinity() {
        for (computed, reference) in
            [(f32::NAN, 1.0), (1.0, f32::NAN), (f32::INFINITY, 1.0), (f32::INFINITY, f32::INFINITY)]
        {
            let distance =
                Distance::between(&[vec![0.5], vec![computed], vec![9.0]], &[vec![0.5], vec![reference], vec![0.0]], 1);
            assert!(!distance.is_within(1e30), "{computed} for {reference}: {distance:?}");
            assert_eq!(distance.worst_sample, 1);
        }
    }

    #[test]
    fn rows_agree_when_their_best_is_at_the_same_place() {
        let distance = Distance::between(&[vec![1.0, 2.0, 5.0, 4.0]], &[vec![0.0, 3.0, 1.0, 2.0]], 2);
        assert!(close(distance.top1_agreement, 0.5), "{distance:?}");
    }

    #[test]
    fn rows_without_a_label_do_not_count() {
        let computed = [vec![1.0, 2.0, 5.0, 4.0], vec![0.0, 1.0, 0.0, 1.0]];
        assert_eq!(accuracy(&computed, &[vec![1, 1], vec![-100, 1]], 2), Some(2.0 / 3.0));
        assert_eq!(accuracy(&computed, &[vec![-1, -1], vec![-1, -1]], 2), None);
    }
}
