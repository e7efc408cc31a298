//! Which latents matter to the decoder, and how alike its queries are.

use crate::backend::AttentionMap;
use crate::picture::Picture;
use serde::Serialize;

/// A latent that gets less than this share of an even part hardly matters.
const LITTLE: f64 = 0.1;
/// Queries whose similarity is shown.
const MOST_QUERIES: usize = 512;

/// How much of the decoder's attention each latent gets.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Usage {
    /// The share of each latent; all together 1.
    pub(super) shares: Vec<f64>,
    /// Latents that get less than a tenth of an even part.
    pub(super) hardly_used: Vec<usize>,
}

impl Usage {
    /// Takes in the maps of one run.
    pub(super) fn add(&mut self, maps: &[AttentionMap]) {
        for map in maps.iter().filter(|map| map.name.starts_with("decoder")) {
            self.shares.resize(self.shares.len().max(map.keys), 0.0);
            for row in map.weights.chunks(map.keys.max(1)) {
                self.shares.iter_mut().zip(row).for_each(|(share, weight)| *share += f64::from(*weight));
            }
        }
    }

    /// Shares of one; `None` without a decoder.
    pub(super) fn finish(mut self) -> Option<Self> {
        let sum: f64 = self.shares.iter().sum();
        if sum <= 0.0 {
            return None;
        }
        self.shares.iter_mut().for_each(|share| *share /= sum);
        let even = 1.0 / self.shares.len() as f64;
        self.hardly_used = (0..self.shares.len()).filter(|&latent| self.shares[latent] < LITTLE * even).collect();
        Some(self)
    }

    pub(super) fn sentence(&self, samples: usize) -> String {
        let (count, all) = (self.hardly_used.len(), self.shares.len());
        let largest = self.shares.iter().copied().fold(0.0, f64::max);
        let which: Vec<String> = self.hardly_used.iter().map(usize::to_string).collect();
        let which = if which.is_empty() { String::new() } else { format!(": {}", which.join(", ")) };
        format!(
            "over {samples} samples the decoder gives {count} of {all} latents less than a tenth of an even share{which}; the most \
             that one gets is {:.1} %",
            100.0 * largest
        )
    }
}

/// Mean entropy in bits of rows of `keys` weights.
pub(super) fn entropy(weights: &[f32], keys: usize) -> f64 {
    let bits = |weight: &f32| if *weight > 0.0 { -f64::from(*weight) * f64::from(*weight).log2() } else { 0.0 };
    let rows = (weights.len() / keys.max(1)).max(1);
    weights.iter().map(bits).sum::<f64>() / rows as f64
}

/// The cosine of each pair of queries.
pub(super) fn similarity(map: &AttentionMap) -> Option<Picture> {
    if map.queries < 2 {
        return None;
    }
    let count = map.queries.min(MOST_QUERIES);
    let width = map.asked.len() / map.queries.max(1);
    let rows: Vec<&[f32]> = map.asked.chunks(width.max(1)).take(count).collect();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let cosine = |a: &[f32], b: &[f32]| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(f32::MIN_POSITIVE);
    let cosines: Vec<f32> = rows.iter().flat_map(|a| rows.iter().map(|b| cosine(a, b)).collect::<Vec<_>>()).collect();
    Picture::new(format!("queries of {}", map.name), "cosine of each pair", [rows.len(), rows.len()], &cosines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(weights: &[f32], asked: &[f32]) -> AttentionMap {
        let (keys, name) = (weights.len() / 2, "decoder.cross".to_owned());
        AttentionMap { name, heads: 1, queries: 2, keys, weights: weights.to_vec(), asked: asked.to_vec() }
    }

    #[test]
    fn shares_are_of_all_attention() {
        let mut usage = Usage::default();
        usage.add(&[map(&[0.9, 0.1, 0.0, 0.99, 0.0, 0.01], &[])]);
        let usage = usage.finish().expect("a decoder");
        assert!((usage.shares[0] - 0.945).abs() < 1e-6, "{usage:?}");
        assert_eq!(usage.hardly_used, [2]);
        assert!(
            usage
                .sentence(3)
                .starts_with("over 3 samples the decoder gives 1 of 3 latents less than a tenth of an even share: 2;")
        );
        assert_eq!(Usage::default().finish(), None);
    }

    #[test]
    fn entropy_is_in_bits() {
        assert!((entropy(&[0.25, 0.25, 0.25, 0.25, 1.0, 0.0, 0.0, 0.0], 4) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn queries_are_compared_in_pairs() {
        let picture = similarity(&map(&[0.5, 0.5, 0.5, 0.5], &[1.0, 0.0, 0.0, 2.0])).expect("two queries");
        assert_eq!(picture.caption, "cosine of each pair: 2 × 2, from 0.000 to 1.000");
    }
}
