//! Rows a few at a time.

/// The first row and the number of rows of each tile when `rows` rows are cut into tiles of at most `most`.
///
/// ```
/// assert!(percio::tiles(5, 2).eq([(0, 2), (2, 2), (4, 1)]));
/// ```
#[inline(always)]
pub fn tiles(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).step_by(if most == 0 { 1 } else { most }).map(move |first| (first, most.min(rows - first)))
}
