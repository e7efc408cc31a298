//! Scores as probabilities of named classes.

/// The softmax of `scores`.
#[must_use]
pub fn softmax(scores: &[f32]) -> Vec<f32> {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = scores.iter().map(|score| (score - largest).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

/// The index of the largest of `scores`, the first of equals; none when there are no scores or one is not a number.
#[must_use]
pub fn best(scores: &[f32]) -> Option<usize> {
    if scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    (0..scores.len()).reduce(|best, index| if scores[index] > scores[best] { index } else { best })
}

/// Whether fewer than `few` of `scores` are before the one at `place`: larger, or as large and earlier.
#[must_use]
pub fn is_among_best(scores: &[f32], place: usize, few: usize) -> bool {
    let Some(&score) = scores.get(place) else { return false };
    let is_before = |&(index, &other): &(usize, &f32)| other > score || other == score && index < place;
    !score.is_nan() && scores.iter().enumerate().filter(is_before).take(few).count() < few
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_follow_the_scores() {
        assert_eq!(softmax(&[0.0, 0.0]), [0.5, 0.5]);
        let thirds = softmax(&[1000.0, 1000.0 + 2f32.ln()]);
        assert!((thirds[0] - 1.0 / 3.0).abs() < 1e-4, "{thirds:?}");
    }

    #[test]
    fn the_first_of_equals_is_best() {
        assert_eq!(best(&[1.0, 3.0, 3.0]), Some(1));
        assert_eq!(best(&[1.0, f32::NAN]), None);
        assert_eq!(best(&[]), None);
    }
}
