//! What of a growing sequence is computed.

use percio::sequence::{Moves, Piece, Sequence, Tail};
use std::ops::Range;

const fn tail(moves: Moves) -> Tail {
    Tail { tokens: 7, latents: 3, moves }
}

/// The tokens of pieces that follow each other.
fn tokens(pieces: impl Iterator<Item = Piece>) -> Range<u64> {
    pieces.fold(0..0, |all, Piece { place, tile, .. }| {
        assert!(all.is_empty() || all.end == place, "{all:?}, then {place}");
        let start = if all.is_empty() { place } else { all.start };
        start..place + tile as u64
    })
}

/// For each token that is added, the tokens of the prefix that are read and the latents that are computed.
fn growth(moves: Moves, begin: usize, asked: usize, count: usize) -> Vec<[Range<u64>; 2]> {
    let mut sequence = Sequence::<7>::new();
    sequence.begin(&[1; 7][..begin], |_| asked);
    let step = |_| {
        let work = sequence.work(&tail(moves));
        sequence.push(2);
        [tokens(work.read(2)), tokens(work.advance(2))]
    };
    (0..count).map(step).collect()
}

#[test]
fn latents_grow_then_the_prefix_then_the_first_token_leaves() {
    let expected = [[0..2, 2..3], [0..0, 3..4], [0..0, 4..5], [2..3, 3..6], [3..4, 4..7], [4..5, 5..8], [5..6, 6..9]];
    assert_eq!(growth(Moves::Never, 3, 2, 7), expected);
}

#[test]
fn positions_that_move_leave_nothing() {
    let expected = [[0..3, 3..6], [3..4, 4..7], [1..5, 5..8], [2..6, 6..9]];
    assert_eq!(growth(Moves::WhenFull, 6, 3, 4), expected);
    assert_eq!(growth(Moves::Always, 2, 0, 3), [[0..0, 0..2], [0..0, 0..3], [0..1, 1..4]]);
}

#[test]
fn every_token_of_the_prefix_has_a_row_of_the_ring() {
    for moves in [Moves::Never, Moves::WhenFull, Moves::Always] {
        let mut sequence = Sequence::<7>::new();
        sequence.begin(&[9, 5, 6, 7, 8, 5, 4, 3, 3], |count| tail(moves).asked(count, 1));
        let mut ring = [None; 4];
        for end in 7..40u64 {
            let work = sequence.work(&tail(moves));
            for piece in work.read(2) {
                assert!(piece.row < 7 && piece.prefix + piece.tile <= 4, "{piece:?}");
                (0..piece.tile).for_each(|row| ring[piece.prefix + row] = Some(piece.place + row as u64));
            }
            let pieces: Vec<Piece> = work.advance(2).collect();
            let held: Vec<u64> = ring.iter().flatten().copied().collect();
            assert!((end - 7..end - 3).all(|place| held.contains(&place)), "{end}: {held:?}");
            assert_eq!(pieces.last().map(|piece| (piece.place, piece.tile, piece.tokens)), Some((end - 1, 1, 1)));
            assert_eq!(pieces.iter().map(|piece| piece.tile).sum::<usize>(), work.rows());
            assert!(pieces.iter().all(|piece| piece.prefix == 4 && piece.latents as u64 == piece.place - (end - 3)));
            sequence.push(end as u32);
            assert_eq!(sequence.ids::<3>(&Piece { place: end - 1, tile: 2, ..pieces[0] })[1], end as u32);
            assert_eq!(sequence.len(), end + 1);
        }
    }
}

/// Where all tokens are latents none is ever read as one of the prefix.
#[test]
fn without_a_prefix_there_is_no_ring() {
    let tail = Tail { tokens: 3, latents: 3, moves: Moves::Never };
    let mut sequence = Sequence::<3>::new();
    sequence.begin(&[1, 2], |_| 0);
    let expected = [0..2, 2..3, 1..4, 2..5];
    for latents in expected {
        let work = sequence.work(&tail);
        assert_eq!([tokens(work.read(2)), tokens(work.advance(2))], [0..0, latents]);
        sequence.push(1);
    }
}

#[test]
fn of_no_tokens_nothing_is_computed() {
    let mut sequence = Sequence::<7>::default();
    let work = sequence.work(&tail(Moves::Never));
    assert!(work.read(2).chain(work.advance(2)).next().is_none() && sequence.is_empty());
}

#[test]
fn as_many_latents_as_can_be() {
    let asked = [(1, 1), (4, 1), (4, 9), (6, 1), (7, 2), (0, 1)].map(|(count, latents)| {
        let tail = tail(Moves::Never);
        tail.asked(count, latents)
    });
    assert_eq!(asked, [0, 3, 1, 4, 4, 0]);
}
