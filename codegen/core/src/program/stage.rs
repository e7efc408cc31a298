//! When the steps of a program run.

use super::{Count, Lengths, Place, Positions};
use std::ops::Range;

/// A part of a run. A run goes through all stages in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// These steps, once.
    Once(Range<usize>),
    /// Steps over the tokens of one input.
    Tokens(TokenStage),
    /// Steps over the decoder's queries.
    Queries(QueryStage),
}

/// Makes tokens, then lets the latents attend to them: as many tokens at a time as a tile holds. No tile needs what
/// another one left behind, except for the state that all of them gather into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenStage {
    /// The input that the tokens come from; none where they are always the same.
    pub input: Option<usize>,
    /// The first of all tokens that comes from it.
    pub first: usize,
    /// Numbers or ids of the input that a token is made from: steps read it from those of the tile's first token on. 0 where
    /// they read all of it.
    pub stride: usize,
    /// The input's tokens.
    pub rows: Count,
    /// Most tokens of a tile.
    pub tile: usize,
    /// Lengths of the axes of the raw numbers that one token is made from; none for an id.
    pub shape: Vec<usize>,
    /// Where its tokens stand when they arrive one after the other.
    pub positions: Positions,
    /// The steps that make the tokens from the input.
    pub tokens: Range<usize>,
    /// The steps that make them from their raw numbers, token after token: the same where the input holds them so.
    pub arriving: Range<usize>,
    /// The steps that gather from them, the same for every input.
    pub gather: Range<usize>,
}

/// Decodes queries, then runs the heads that read them: as many queries at a time as a tile holds.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryStage {
    /// The first of all queries that is decoded here.
    pub first: usize,
    /// How many are.
    pub rows: Count,
    /// Most queries of a tile.
    pub tile: usize,
    /// The input that the queries are made from, if they are made at run time.
    pub reads: Option<Reading>,
    /// What the queries are.
    pub asked: Asked,
    /// The steps that decode.
    pub decode: Range<usize>,
    /// The heads that read these queries.
    pub heads: Vec<Head>,
}

/// Queries of one kind, and how they are made.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// What they ask for; empty where all queries are of one kind.
    pub name: String,
    /// The first of all queries that is of this kind.
    pub first: usize,
    /// Queries of this kind.
    pub count: usize,
    /// How many could be made: more, where the caller names some of them at run time.
    pub known: usize,
    /// The steps that make those of a tile, counted from the first of the kind; none where constants stand for them.
    pub steps: Range<usize>,
    /// The first row that the steps fill, where the decoder reads nothing but their rows: a caller may fill it too.
    pub row: Option<Place>,
    /// Frequencies of each axis, where they are Fourier features.
    pub frequencies: Vec<Vec<f32>>,
    /// Where they are tokens, the steps that make one from its raw numbers, and the lengths of the axes of these.
    pub raw: Option<(Range<usize>, Vec<usize>)>,
}

/// An input that steps read from the part on that belongs to the tile's first row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The input.
    pub input: usize,
    /// Numbers or ids of it that belong to a row; 0 where steps read all of it.
    pub stride: usize,
}

/// The steps of one output over a tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The output. Steps write it from the tile's first row on.
    pub output: usize,
    /// The first query of that output.
    pub first: usize,
    /// The steps.
    pub steps: Range<usize>,
    /// Where the steps leave the tile's rows, where the program does not keep its outputs.
    pub rows: Option<Place>,
}

impl Stage {
    /// The ranges of its steps in a run over a whole input, in order.
    #[must_use]
    pub fn steps(&self) -> Vec<Range<usize>> {
        match self {
            Self::Once(steps) => vec![steps.clone()],
            Self::Tokens(stage) => vec![stage.tokens.clone(), stage.gather.clone()],
            Self::Queries(stage) => {
                let heads = stage.heads.iter().map(|head| head.steps.clone());
                [stage.asked.steps.clone(), stage.decode.clone()].into_iter().chain(heads).collect()
            }
        }
    }

    /// All ranges of steps that it may run.
    #[must_use]
    pub fn sections(&self) -> Vec<Range<usize>> {
        let arriving = match self {
            Self::Once(_) => None,
            Self::Tokens(stage) => Some(stage.arriving.clone()),
            Self::Queries(stage) => stage.asked.raw.as_ref().map(|(steps, _)| steps.clone()),
        };
        self.steps().into_iter().chain(arriving).collect()
    }

    /// A run of these lengths in which one tile holds all rows of the stage.
    #[must_use]
    pub fn whole(&self, run: Lengths) -> Lengths {
        let rows = match self {
            Self::Once(_) => Count::NONE,
            Self::Tokens(stage) => stage.rows,
            Self::Queries(stage) => stage.rows,
        };
        Lengths { tile: rows.at(run), ..run }
    }

    /// A run of these lengths at a full tile of the stage.
    #[must_use]
    pub fn tile(&self, run: Lengths) -> Lengths {
        let most = match self {
            Self::Once(_) => 0,
            Self::Tokens(stage) => stage.tile,
            Self::Queries(stage) => stage.tile,
        };
        Lengths { tile: most.min(self.whole(run).tile), ..run }
    }
}
