//! Placement of buffers in the arena: two that live at the same step never overlap.

use crate::program::Buffer;

/// Offsets are multiples of this many numbers, so that a buffer starts as aligned as the arena.
const STEP: usize = percio_format::ALIGN / 4;

/// Sets every buffer's offset; returns the length of the arena.
///
/// Buffers go, the largest first, to the lowest offset that is free while they live; a second try goes by when they
/// begin to live. The smaller arena wins.
pub fn place(buffers: &mut [Buffer]) -> usize {
    let mut by_size: Vec<usize> = (0..buffers.len()).collect();
    let mut by_start = by_size.clone();
    by_size.sort_by_key(|&index| (std::cmp::Reverse(buffers[index].len), buffers[index].first));
    by_start.sort_by_key(|&index| (buffers[index].first, std::cmp::Reverse(buffers[index].len)));
    let by_start = offsets(buffers, &by_start);
    let by_size = offsets(buffers, &by_size);
    let (offsets, len) = if by_start.1 < by_size.1 { by_start } else { by_size };
    for (buffer, offset) in buffers.iter_mut().zip(offsets) {
        buffer.offset = offset;
    }
    len
}

/// The offset of each buffer when they are placed in `order`, and the length this takes.
fn offsets(buffers: &[Buffer], order: &[usize]) -> (Vec<usize>, usize) {
    let mut offsets = vec![0; buffers.len()];
    for (rank, &index) in order.iter().enumerate() {
        let live =
            |&other: &usize| buffers[other].first <= buffers[index].last && buffers[index].first <= buffers[other].last;
        let mut taken: Vec<(usize, usize)> = order[..rank]
            .iter()
            .copied()
            .filter(live)
            .map(|other| (offsets[other], offsets[other] + buffers[other].len))
            .collect();
        taken.sort_unstable();
        let mut offset = 0;
        for (start, end) in taken {
            if start >= offset + buffers[index].len {
                break;
            }
            offset = offset.max(end.next_multiple_of(STEP));
        }
        offsets[index] = offset;
    }
    let ends = buffers.iter().zip(&offsets).map(|(buffer, offset)| offset + buffer.len);
    (offsets.clone(), ends.max().unwrap_or(0).next_multiple_of(STEP))
}
