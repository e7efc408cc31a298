//! Placement of buffers in the arena: two that live at the same step never overlap.
//!
//! A placement is an order: each buffer goes to the lowest offset that is free while it lives, beside those before it. Some
//! order gives the smallest arena there is. Of few buffers all orders are tried; of more, the best of some rules is improved
//! by moving one buffer at a time. Either stops where the arena is no larger than what lives at the busiest step.

use crate::program::Buffer;
use std::cmp::Reverse;

/// Offsets are multiples of this many numbers, so that a buffer starts as aligned as the arena.
const STEP: usize = percio_format::ALIGN / 4;
/// Most buffers all of whose orders are tried.
const FEW: usize = 8;
/// Pairs of buffers that are looked at to improve an order, as a bound on time.
const PAIRS: usize = 400_000;

/// Sets every buffer's offset; returns the length of the arena.
pub fn place(buffers: &mut [Buffer]) -> usize {
    let least = busiest(buffers);
    let orders = [by_size, by_start, by_area, by_end].map(|rule| rule(buffers));
    let placements = orders.into_iter().map(|order| Placement::new(buffers, order));
    let Some(mut best) = placements.min_by_key(|placement| placement.len) else { return 0 };
    if best.len > least && buffers.len() <= FEW {
        Search { buffers, least, best: &mut best }.extend(&mut Vec::new(), &mut Vec::new());
    } else if best.len > least {
        improve(buffers, least, &mut best);
    }
    let len = best.len;
    for (&index, offset) in best.order.iter().zip(best.offsets) {
        buffers[index].offset = offset;
    }
    len
}

/// The order by `key`, the least first.
fn sorted<K: Ord>(buffers: &[Buffer], key: impl Fn(&Buffer) -> K) -> Vec<usize> {
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    order.sort_by_key(|&index| key(&buffers[index]));
    order
}

fn by_size(buffers: &[Buffer]) -> Vec<usize> {
    sorted(buffers, |buffer| (Reverse(buffer.len), buffer.first))
}

fn by_start(buffers: &[Buffer]) -> Vec<usize> {
    sorted(buffers, |buffer| (buffer.first, Reverse(buffer.len)))
}

/// Numbers times steps.
fn by_area(buffers: &[Buffer]) -> Vec<usize> {
    sorted(buffers, |buffer| Reverse(buffer.len * (1 + buffer.last.saturating_sub(buffer.first))))
}

fn by_end(buffers: &[Buffer]) -> Vec<usize> {
    sorted(buffers, |buffer| (Reverse(buffer.last), Reverse(buffer.len)))
}

/// Numbers of an arena that holds what lives at the busiest step.
fn busiest(buffers: &[Buffer]) -> usize {
    let alive = |step: usize| buffers.iter().filter(move |buffer| buffer.first <= step && step <= buffer.last);
    let numbers = |buffer: &Buffer| alive(buffer.first).map(|buffer| buffer.len.next_multiple_of(STEP)).sum();
    buffers.iter().map(numbers).max().unwrap_or(0)
}

/// Buffers in the order in which they were placed.
struct Placement {
    order: Vec<usize>,
    /// Of each in that order.
    offsets: Vec<usize>,
    /// Numbers of the arena.
    len: usize,
}

impl Placement {
    fn new(buffers: &[Buffer], order: Vec<usize>) -> Self {
        let mut offsets = Vec::with_capacity(order.len());
        let mut len = 0;
        for (rank, &index) in order.iter().enumerate() {
            let offset = lowest(buffers, &order[..rank], &offsets, index);
            offsets.push(offset);
            len = len.max(offset + buffers[index].len);
        }
        Self { order, offsets, len: len.next_multiple_of(STEP) }
    }
}

/// The lowest offset at which the buffer `index` is free of those that are `placed` at `offsets`.
fn lowest(buffers: &[Buffer], placed: &[usize], offsets: &[usize], index: usize) -> usize {
    let Buffer { len, first, last, .. } = buffers[index];
    let live = |other: &Buffer| other.first <= last && first <= other.last;
    let others = placed.iter().map(|&other| &buffers[other]).zip(offsets).filter(|(other, _)| live(other));
    let mut taken: Vec<(usize, usize)> = others.map(|(other, &offset)| (offset, offset + other.len)).collect();
    taken.sort_unstable();
    let mut offset = 0;
    for (start, end) in taken {
        if start >= offset + len {
            break;
        }
        offset = offset.max(end.next_multiple_of(STEP));
    }
    offset
}

/// All orders, as far as they may be better than the best so far.
struct Search<'a> {
    buffers: &'a [Buffer],
    least: usize,
    best: &'a mut Placement,
}

impl Search<'_> {
    fn extend(&mut self, placed: &mut Vec<usize>, offsets: &mut Vec<usize>) {
        if placed.len() == self.buffers.len() {
            *self.best = Placement::new(self.buffers, placed.clone());
            return;
        }
        for index in (0..self.buffers.len()).filter(|index| !placed.contains(index)).collect::<Vec<_>>() {
            let offset = lowest(self.buffers, placed, offsets, index);
            // An arena is as long as its highest end, whatever follows.
            let end = (offset + self.buffers[index].len).next_multiple_of(STEP);
            if end >= self.best.len || self.best.len <= self.least {
                continue;
            }
            placed.push(index);
            offsets.push(offset);
            self.extend(placed, offsets);
            placed.pop();
            offsets.pop();
        }
    }
}

/// Moves one buffer to another rank as long as that makes the arena smaller.
fn improve(buffers: &[Buffer], least: usize, best: &mut Placement) {
    let count = buffers.len();
    let mut tries = PAIRS / (count * count);
    let mut improved = true;
    while improved && best.len > least {
        improved = false;
        // The buffers that end last are what makes the arena long: they are the first to be moved.
        let mut ranks: Vec<usize> = (0..count).collect();
        ranks.sort_by_key(|&rank| Reverse(best.offsets[rank] + buffers[best.order[rank]].len));
        for (from, to) in ranks.into_iter().flat_map(|from| (0..count).map(move |to| (from, to))) {
            if from == to {
                continue;
            }
            if tries == 0 {
                return;
            }
            tries -= 1;
            let mut order = best.order.clone();
            let moved = order.remove(from);
            order.insert(to, moved);
            let placement = Placement::new(buffers, order);
            if placement.len < best.len {
                *best = placement;
                improved = true;
                break;
            }
        }
    }
}
