//! Rows a few at a time.

use percio_format::PANEL;

/// The first row and the number of rows of each tile when `rows` rows are cut into tiles of at most `most`.
///
/// ```
/// assert!(percio::tiles(5, 2).eq([(0, 2), (2, 2), (4, 1)]));
/// ```
#[inline(always)]
pub fn tiles(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).step_by(if most == 0 { 1 } else { most }).map(move |first| (first, most.min(rows - first)))
}

/// [`tiles`] of rows that do not depend on each other, such as queries: where panels of them go through at once, tiles are
/// whole panels.
///
/// ```
/// assert!(percio::independent_tiles(5, 2).eq(percio::tiles(5, 2)));
/// ```
#[inline(always)]
pub fn independent_tiles(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    tiles(rows, independent_tile(rows, most))
}

/// Rows of every tile of [`independent_tiles`] but the last.
#[inline(always)]
#[must_use]
pub const fn independent_tile(rows: usize, most: usize) -> usize {
    let by_panels = cfg!(any(target_arch = "x86_64", percio_isa = "neon", percio_isa = "simd128"));
    let tile = if by_panels && most > PANEL { most / PANEL * PANEL } else { most };
    if tile < rows { tile } else { rows }
}

/// The first row and the number of rows of each run of at most `most` rows that follow each other in `rows`.
///
/// ```
/// assert!(percio::runs([4, 5, 6, 2, 9, 8], 2).eq([(4, 2), (6, 1), (2, 1), (9, 1), (8, 1)]));
/// ```
pub fn runs(rows: impl IntoIterator<Item = usize>, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut rows = rows.into_iter().peekable();
    core::iter::from_fn(move || {
        let first = rows.next()?;
        let mut count = 1;
        while count < most && rows.next_if_eq(&first.wrapping_add(count)).is_some() {
            count += 1;
        }
        Some((first, count))
    })
}
