//! Queries of random kinds and sizes.

use super::inputs;
use super::numbers::Numbers;
use percio_codegen_core::model::{Encoding, Fourier, Grid, Queries, QueryPart};
use proptest::prelude::*;

/// What the decoder asks.
#[derive(Clone, Debug)]
pub(super) enum QueryKind {
    /// Rows and width.
    Learned(usize, usize),
    /// Positions on two axes, the second of length 2.
    Grid(usize),
    /// The tokens themselves.
    Tokens,
    /// Rows and width of an input.
    Input(usize, usize),
    /// Learned rows, then positions: so many that the caller names, or all.
    Parts(usize, Option<usize>),
}

pub(super) fn kinds() -> impl Strategy<Value = QueryKind> {
    let (rows, width) = (|| 1..6usize, || 4..12usize);
    prop_oneof![
        3 => (rows(), width()).prop_map(|(rows, width)| QueryKind::Learned(rows, width)),
        1 => rows().prop_map(QueryKind::Grid),
        1 => Just(QueryKind::Tokens),
        1 => (rows(), width()).prop_map(|(rows, width)| QueryKind::Input(rows, width)),
        1 => (rows(), prop::option::of(1..5usize)).prop_map(|(rows, points)| QueryKind::Parts(rows, points)),
    ]
}

impl QueryKind {
    pub(super) fn queries(&self, numbers: &mut Numbers) -> Queries {
        match *self {
            Self::Learned(rows, width) => Queries::Learned(numbers.tensor("queries", &[rows, width], 1.0)),
            Self::Grid(rows) => Queries::Fourier(inputs::fourier(&[rows, 2], 2)),
            Self::Tokens => Queries::Tokens,
            Self::Input(count, width) => Queries::Input { name: "queries".to_owned(), count, width },
            Self::Parts(rows, points) => Queries::Parts(parts(rows, points, numbers)),
        }
    }
}

/// Learned rows that are as wide as all, and narrower positions that are filled up.
fn parts(rows: usize, points: Option<usize>, numbers: &mut Numbers) -> Vec<QueryPart> {
    let grid = Fourier { grid: Grid::HalfOpen, ..inputs::fourier(&[rows, 3], 1) };
    let width = grid.width() + 2;
    let table = numbers.tensor("part", &[rows, width], 1.0);
    let padding = Some(numbers.tensor("part padding", &[2], 1.0));
    vec![
        QueryPart { name: "learned".to_owned(), encoding: Encoding::Learned(table), points: None, padding: None },
        QueryPart { name: "grid".to_owned(), encoding: Encoding::Fourier(grid), points, padding },
    ]
}
