//! Queries made of parts.

/// The `parts` one after the other; zeros up to `N` numbers, and none beyond.
///
/// ```
/// assert_eq!(percio::concat([&[1.0, 2.0][..], &[3.0]]), [1.0, 2.0, 3.0, 0.0]);
/// ```
#[must_use]
pub fn concat<const N: usize>(parts: impl IntoIterator<Item = impl AsRef<[f32]>>) -> [f32; N] {
    let (mut all, mut filled) = ([0.0; N], 0);
    for part in parts {
        let part = part.as_ref();
        all.iter_mut().skip(filled).zip(part).for_each(|(to, &from)| *to = from);
        filled = filled.saturating_add(part.len());
    }
    all
}
