//! The best few of many scores.

use heapless::Vec;

/// The `K` largest of `scores` with their indices, best first; fewer when there are fewer scores. Ties keep their order.
///
/// ```
/// let best = percio::top::<2>(&[0.1, 2.0, -1.0, 0.7]);
/// assert_eq!(best[..], [(1, 2.0), (3, 0.7)]);
/// ```
#[must_use]
pub fn top<const K: usize>(scores: &[f32]) -> Vec<(usize, f32), K> {
    let mut best: Vec<(usize, f32), K> = Vec::new();
    for (index, &score) in scores.iter().enumerate() {
        let rank = best.iter().position(|&(_, other)| score > other).unwrap_or(best.len());
        if rank == K {
            continue;
        }
        if best.is_full() {
            best.pop();
        }
        // Full is impossible after the pop, and `rank` is at most the length: the insertion always succeeds.
        let _ = best.insert(rank, (index, score));
    }
    best
}
