//! Placement of buffers in the arena, on random lists of them.

use percio_codegen_core::plan::place;
use percio_codegen_core::program::Buffer;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Offsets are multiples of so many numbers: 16 bytes.
const STEP: usize = 4;

/// How far the arena of one list may be above the best possible one.
const WORST: f64 = 1.05;

/// How far the arenas of long lists together may be above what lives at their busiest steps, which no placement can reach
/// for each of them.
const MANY: f64 = 1.05;

/// Up to `most` buffers; those of a real program are smaller than a few thousand numbers and live for some steps.
fn buffers(most: usize) -> impl Strategy<Value = Vec<Buffer>> {
    let buffer = (1..200usize, 0..12usize, 0..8usize).prop_map(|(len, first, steps)| Buffer {
        name: String::new(),
        offset: 0,
        len,
        first,
        last: first + steps,
    });
    prop::collection::vec(buffer, 1..=most)
}

fn are_alive_together(a: &Buffer, b: &Buffer) -> bool {
    a.first <= b.last && b.first <= a.last
}

fn overlap(a: &Buffer, b: &Buffer) -> bool {
    a.offset < b.offset + b.len && b.offset < a.offset + a.len
}

/// The most numbers that live at one step.
fn busiest(buffers: &[Buffer]) -> usize {
    let alive = |step: usize| buffers.iter().filter(move |buffer| buffer.first <= step && step <= buffer.last);
    buffers.iter().map(|buffer| alive(buffer.first).map(|buffer| buffer.len).sum()).max().unwrap_or(0)
}

/// The smallest arena there is. Some order of first fit reaches it: take a best placement in which no buffer can move
/// down, and place in the order of its offsets.
fn smallest(buffers: &[Buffer]) -> usize {
    fn extend(placed: &mut Vec<Buffer>, rest: &[Buffer], best: &mut usize) {
        let end = placed.iter().map(|buffer| buffer.offset + buffer.len).max().unwrap_or(0);
        if end >= *best {
            return;
        }
        if rest.is_empty() {
            *best = end;
        }
        for index in 0..rest.len() {
            let mut rest = rest.to_vec();
            let mut buffer = rest.swap_remove(index);
            buffer.offset = lowest(placed, &buffer);
            placed.push(buffer);
            extend(placed, &rest, best);
            placed.pop();
        }
    }
    let mut best = usize::MAX;
    extend(&mut Vec::new(), buffers, &mut best);
    best.next_multiple_of(STEP)
}

/// The lowest offset at which `buffer` is free of `placed`.
fn lowest(placed: &[Buffer], buffer: &Buffer) -> usize {
    let ends = placed.iter().map(|other| (other.offset + other.len).next_multiple_of(STEP));
    let mut candidates: Vec<usize> = ends.chain([0]).collect();
    candidates.sort_unstable();
    let is_free = |offset: &usize| {
        let moved = Buffer { offset: *offset, ..buffer.clone() };
        placed.iter().all(|other| !are_alive_together(other, &moved) || !overlap(other, &moved))
    };
    candidates.into_iter().find(is_free).expect("above all of them it is free")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn buffers_that_live_together_are_apart(mut buffers in buffers(24)) {
        let len = place(&mut buffers);
        for (index, a) in buffers.iter().enumerate() {
            prop_assert_eq!(a.offset % STEP, 0);
            prop_assert!(a.offset + a.len <= len);
            for b in &buffers[..index] {
                prop_assert!(!are_alive_together(a, b) || !overlap(a, b), "{a:?} and {b:?}");
            }
        }
        prop_assert!(len >= busiest(&buffers));
        prop_assert_eq!(len % STEP, 0);
    }
}

#[test]
fn a_few_buffers_take_little_more_than_they_must() {
    let mut runner = TestRunner::deterministic();
    for (lists, most) in [(1000, 6), (100, 8)] {
        let mut worst = 1.0f64;
        for _ in 0..lists {
            let mut list = buffers(most).new_tree(&mut runner).expect("a strategy without a filter").current();
            let (best, len) = (smallest(&list), place(&mut list));
            assert!(len >= best, "{len} numbers are fewer than the best possible {best}: {list:?}");
            worst = worst.max(len as f64 / best as f64);
        }
        println!("{lists} arenas of up to {most} buffers: at most {worst:.3} times the best possible");
        assert!(worst <= WORST, "{worst}");
    }
}

#[test]
fn many_buffers_take_little_more_than_the_busiest_step() {
    let mut runner = TestRunner::deterministic();
    let (mut taken, mut least) = (0, 0);
    for _ in 0..50 {
        let mut list = buffers(40).new_tree(&mut runner).expect("a strategy without a filter").current();
        least += busiest(&list);
        taken += place(&mut list);
    }
    let together = taken as f64 / least as f64;
    println!("50 arenas of up to 40 buffers: {together:.3} times what lives at their busiest steps");
    assert!(together <= MANY, "{together}");
}

#[test]
fn a_chain_of_steps_uses_two_buffers_worth() {
    let link = |step: usize| Buffer { name: String::new(), offset: 0, len: 100, first: step, last: step + 1 };
    let mut buffers: Vec<Buffer> = (0..10).map(link).collect();
    assert_eq!(place(&mut buffers), 200);
}
