//! Which id comes next: the likeliest, or one drawn from the likeliest few.

/// Draws ids.
#[derive(Clone, Debug)]
pub struct Pick {
    /// From how many of the likeliest ids is drawn; 1 takes the likeliest.
    top: usize,
    /// Logits are divided by it before their softmax.
    temperature: f64,
    state: u64,
}

impl Pick {
    /// Always the likeliest id.
    #[must_use]
    pub fn likeliest() -> Self {
        Self::among(1, 1.0, 0)
    }

    /// One of the `top` likeliest, as likely as the softmax of their logits over `temperature`; the same ones for the same
    /// `seed`.
    #[must_use]
    pub fn among(top: usize, temperature: f64, seed: u64) -> Self {
        Self { top: top.max(1), temperature, state: seed }
    }

    /// An id after `logits` that is not `never`; the first of equally likely ones.
    pub fn pick(&mut self, logits: &[f32], never: Option<u32>) -> u32 {
        let ids = (0..).zip(logits.iter().copied()).filter(|(id, _)| Some(*id) != never);
        let mut ids: Vec<(u32, f32)> = ids.collect();
        ids.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        ids.truncate(self.top);
        let Some(&(best, most)) = ids.first() else { return 0 };
        if ids.len() == 1 {
            return best;
        }
        let temperature = self.temperature;
        let weight = |&(_, logit): &(u32, f32)| (f64::from(logit - most) / temperature).exp();
        let sum: f64 = ids.iter().map(weight).sum();
        let mut left = self.uniform() * sum;
        for id in &ids {
            left -= weight(id);
            if left < 0.0 {
                return id.0;
            }
        }
        best
    }

    /// A number from 0 up to 1 (SplitMix64).
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_is_taken_unless_it_ends_the_sequence() {
        let mut pick = Pick::likeliest();
        assert_eq!(pick.pick(&[0.5, 2.0, 2.0, -1.0], None), 1);
        assert_eq!(pick.pick(&[3.0, 2.0, 1.0], Some(0)), 1);
    }

    #[test]
    fn ids_are_drawn_as_likely_as_they_are() {
        let logits = [0.0, 3f32.ln(), -9.0, 1.0f32.ln(), f32::MIN];
        let mut pick = Pick::among(3, 1.0, 7);
        let mut counts = [0usize; 5];
        (0..5_000).for_each(|_| counts[pick.pick(&logits, None) as usize] += 1);
        assert_eq!([counts[2], counts[4]], [0, 0], "not among the three likeliest");
        assert!((2_850..3_150).contains(&counts[1]), "three of five: {counts:?}");
        let draw = |seed| {
            (0..20).map(|_| Pick::among(3, 1.0, seed)).map(|mut pick| pick.pick(&logits, None)).collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        let mut cold = Pick::among(3, 1e-3, 1);
        assert!((0..100).all(|_| cold.pick(&logits, None) == 1), "a low temperature leaves the likeliest");
    }
}
