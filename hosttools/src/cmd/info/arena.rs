//! The arena as a picture in text: which bytes are whose, step by step.

use super::plan::Buffer;
use crate::table::grouped;

/// Most columns of the picture; a run of more steps shares them.
const COLUMNS: usize = 72;
/// Rows of the picture.
const ROWS: usize = 16;
/// What a free place is shown as.
const FREE: char = '·';
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The letter of each buffer, in their order. There are more buffers than letters in large models; those that share one are far
/// apart in time.
pub(super) fn letters(buffers: &[Buffer<'_>]) -> Vec<char> {
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    order.sort_by_key(|&index| buffers[index].first_step);
    let mut letters = vec![FREE; buffers.len()];
    order.into_iter().zip(LETTERS.chars().cycle()).for_each(|(index, letter)| letters[index] = letter);
    letters
}

/// Lines from the arena's last bytes down to its first, each with where it starts.
pub(super) fn picture(buffers: &[Buffer<'_>], letters: &[char], arena_bytes: usize, steps: usize) -> Vec<String> {
    let (rows, columns) = (ROWS.min(arena_bytes.div_ceil(4)), COLUMNS.min(steps));
    let width = grouped(arena_bytes as u64).len();
    let line = |row: usize| {
        let bytes = [row, row + 1].map(|row| arena_bytes * row / rows);
        let cell = |column: usize| {
            let during = [column, column + 1].map(|column| steps * column / columns);
            let most = buffers.iter().zip(letters).max_by_key(|(buffer, _)| covers(buffer, bytes, during));
            most.filter(|(buffer, _)| covers(buffer, bytes, during) > 0).map_or(FREE, |(_, &letter)| letter)
        };
        format!("  {:>width$} {}", grouped(bytes[0] as u64), (0..columns).map(cell).collect::<String>())
    };
    (0..rows).rev().map(line).collect()
}

/// How much of these bytes during these steps a buffer has.
fn covers(buffer: &Buffer<'_>, [low, high]: [usize; 2], [first, end]: [usize; 2]) -> usize {
    let bytes = high.min(buffer.offset + buffer.bytes).saturating_sub(low.max(buffer.offset));
    bytes * end.min(buffer.last_step + 1).saturating_sub(first.max(buffer.first_step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_lie_over_steps() {
        let buffer = |offset, bytes, first_step, last_step| Buffer { name: "", offset, bytes, first_step, last_step };
        let buffers = [buffer(8, 4, 1, 3), buffer(0, 8, 0, 1), buffer(0, 4, 2, 3)];
        let letters = letters(&buffers);
        assert_eq!(letters, ['b', 'a', 'c']);
        assert_eq!(picture(&buffers, &letters, 12, 4), ["   8 ·bbb", "   4 aa··", "   0 aacc"]);
    }
}
