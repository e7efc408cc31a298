//! How far computed numbers are from a reference.

mod exact;
mod tally;
pub mod ulp;

pub use tally::{Tally, Worst};

use serde::Serialize;

/// A numbers' distance from the reference, over all samples. JSON has no infinity and no NaN: both are `null` there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Distance {
    /// The largest |computed − reference|; NaN when anything is not a finite number.
    pub max_abs: f64,
    /// The largest |reference|.
    pub max_ref: f64,
    /// ‖computed − reference‖ / ‖reference‖
    pub rel_l2: f64,
    /// The mean of that distance over the samples, each taken alone.
    pub rel_l2_mean: f64,
    /// And its standard deviation.
    pub rel_l2_deviation: f64,
    /// The cosine of the angle between both.
    pub cosine: f64,
    /// 20 · log₁₀(‖reference‖ / ‖computed − reference‖); infinite when equal.
    pub snr_db: f64,
    /// The share of rows whose largest number is at the same place in both.
    pub top1_agreement: f64,
    /// The share of rows where the reference's largest number is among the computed five largest.
    pub top5_agreement: f64,
    /// The sample with the largest |computed − reference|.
    pub worst_sample: usize,
    /// The row of that sample: a token, a latent, a query.
    pub worst_row: usize,
}

impl Distance {
    /// The distance that `tally` tells of.
    #[must_use]
    pub fn of(tally: &Tally) -> Self {
        let ratio = |part: f64, whole: f64| if part == whole { 1.0 } else { part / whole };
        let [error, reference, computed] =
            [&tally.squared_error, &tally.squared_reference, &tally.squared_computed].map(exact::Exact::value);
        let relative = if error == 0.0 { 0.0 } else { error / reference };
        let samples = tally.samples.max(1) as f64;
        let mean = tally.sample_errors.value() / samples;
        let variance = (tally.squared_sample_errors.value() / samples - mean * mean).max(0.0);
        Self {
            max_abs: tally.max_abs,
            max_ref: tally.max_ref,
            rel_l2: relative.sqrt(),
            rel_l2_mean: mean,
            rel_l2_deviation: variance.sqrt(),
            cosine: ratio(tally.product.value(), (computed * reference).sqrt()),
            snr_db: -10.0 * relative.log10(),
            top1_agreement: share(tally.top1, tally.rows).unwrap_or(1.0),
            top5_agreement: share(tally.top5, tally.rows).unwrap_or(1.0),
            worst_sample: tally.worst.sample,
            worst_row: tally.worst.row,
        }
    }

    /// The distance of `computed` from `reference`, one slice a sample, in rows of `width` numbers.
    #[must_use]
    pub fn between(computed: &[Vec<f32>], reference: &[Vec<f32>], width: usize) -> Self {
        let mut tally = Tally::default();
        let samples = computed.iter().zip(reference).enumerate();
        samples.for_each(|(sample, (computed, reference))| tally.add(sample, computed, reference, width));
        Self::of(&tally)
    }

    /// Whether the largest difference is at most `bound` times the largest number of the reference. NaN never is.
    #[must_use]
    pub fn is_within(&self, bound: f64) -> bool {
        self.max_abs <= bound * self.max_ref
    }
}

/// The share of rows whose largest number is at their label, and of the reference's rows; rows with a negative label do not
/// count. None when no row counts.
#[must_use]
pub fn accuracies(tally: &Tally) -> Option<[f64; 2]> {
    Some([share(tally.right, tally.labelled)?, share(tally.reference_right, tally.labelled)?])
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
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
    fn five_best_hold_the_best() {
        let computed = [vec![6.0, 5.0, 4.0, 3.0, 2.0, 1.0]];
        let distance = |reference: [f32; 6]| Distance::between(&computed, &[reference.to_vec()], 6).top5_agreement;
        assert_eq!(distance([0.0, 0.0, 0.0, 0.0, 1.0, 0.0]), 1.0);
        assert_eq!(distance([0.0, 0.0, 0.0, 0.0, 0.0, 1.0]), 0.0);
    }

    #[test]
    fn rows_without_a_label_do_not_count() {
        let computed = [vec![1.0, 2.0, 5.0, 4.0], vec![0.0, 1.0, 0.0, 1.0]];
        let shares = |labels: [[i64; 2]; 2]| {
            let mut tally = Tally::default();
            let pairs = computed.iter().zip(&labels);
            pairs.for_each(|(numbers, labels)| tally.label(numbers, &[1.0, 0.0, 1.0, 0.0], labels, 2));
            accuracies(&tally)
        };
        assert_eq!(shares([[1, 1], [-100, 1]]), Some([2.0 / 3.0, 0.0]));
        assert_eq!(shares([[-1, -1], [-1, -1]]), None);
    }

    #[test]
    fn shards_add_up_to_the_whole() {
        let number = |index: usize| ((index * 7919) % 1013) as f32 / 97.0 - 5.0;
        let reference: Vec<Vec<f32>> =
            (0..7).map(|sample| (0..30).map(|n| number(sample * 30 + n)).collect()).collect();
        let computed: Vec<Vec<f32>> =
            reference.iter().map(|numbers| numbers.iter().map(|n| n + (n * 37.0).sin() * 1e-4).collect()).collect();
        let tally = |samples: std::ops::Range<usize>| {
            let mut tally = Tally::default();
            samples.for_each(|sample| tally.add(sample, &computed[sample], &reference[sample], 10));
            let text = serde_json::to_string(&tally).expect("tallies are JSON");
            serde_json::from_str::<Tally>(&text).expect("and back")
        };
        let mut last = tally(4..7);
        last.merge(&tally(0..4));
        assert_eq!(serde_json::to_value(&last).expect("JSON"), serde_json::to_value(tally(0..7)).expect("JSON"));
        assert_eq!(Distance::of(&last), Distance::of(&tally(0..7)));
    }
}
