//! Program: what runs. Steps over planned buffers and slices of one weight blob; it knows no checkpoint.
//!
//! Two back ends read it: [`crate::emit`] writes Rust that calls `percio::layers`, and the host's interpreter calls the
//! same functions. Every [`Step`] stands for one call of the `percio::layers` function of the same name.

mod count;
mod decision;
mod figures;
mod generation;
mod mark;
mod operands;
mod stage;
mod step;
mod stream;

pub use count::{Count, Lengths};
pub use decision::{Decision, Way};
pub use generation::{Generation, Moves};
pub use mark::Mark;
pub use percio_format::{Activation, Positions, WeightFormat};
pub use stage::{Asked, Head, QueryStage, Reading, Stage, TokenStage};
pub use step::{Gathering, Line, Step};
pub use stream::Stream;

use std::ops::Range;

/// A compiled model.
#[derive(Clone, Debug)]
pub struct Program {
    /// The model's name.
    pub name: String,
    /// One sentence about it; may be empty.
    pub summary: String,
    /// Where it came from, and how that was recognised.
    pub provenance: crate::model::Provenance,
    /// Trained parameters in the checkpoint.
    pub parameters: u64,
    /// What it reads.
    pub inputs: Vec<Input>,
    /// Inputs of the source whose numbers make no difference.
    pub ignored_inputs: Vec<String>,
    /// What it computes.
    pub outputs: Vec<Output>,
    /// Whether all rows of its outputs are in memory after a run; else rows are asked for, and each replaces the last.
    pub keeps_outputs: bool,
    /// Whether linear layers whose shape is constant have kernels made for it where that is faster; else all share one.
    pub fixed_kernels: bool,
    /// Why tokens cannot arrive one at a time, where they cannot.
    pub no_stream: Option<String>,
    /// Most tokens that reach the encoder: N.
    pub max_tokens: usize,
    /// What the model itself says of the sequence of tokens.
    pub sequence: Sequence,
    /// M, where a run may have fewer latents; else 0.
    pub max_latents: usize,
    /// The steps of each layer that a run may leave out, where it may end early; else none.
    pub layers: Vec<Range<usize>>,
    /// The buffers of the arena.
    pub buffers: Vec<Buffer>,
    /// Numbers in the arena.
    pub arena_len: usize,
    /// The steps; [`Program::stages`] say when they run.
    pub steps: Vec<Step>,
    /// The parts of a run, in order.
    pub stages: Vec<Stage>,
    /// Where a run passes what a reference calls a stage, in the order of the run.
    pub marks: Vec<Mark>,
    /// All weights and tables, packed, little-endian.
    pub blob: Vec<u8>,
    /// What lies where in `blob`.
    pub parts: Vec<Part>,
    /// What the planner chose for each attention.
    pub decisions: Vec<Decision>,
    /// How it goes on token by token, or why it cannot.
    pub generation: Result<Box<Generation>, String>,
}

/// One input of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: InputKind,
}

impl Program {
    /// Whether a run may have fewer latents and fewer layers than the model.
    #[must_use]
    pub fn is_adaptive(&self) -> bool {
        self.max_latents > 0
    }
}

/// What an input holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// Numbers of a fixed shape, row-major.
    Numbers {
        /// Length of each axis.
        shape: Vec<usize>,
    },
    /// Ids, as many as there are at run time up to `max`. The number of tokens of the run ([`Lengths`]) is theirs.
    Ids {
        /// Most ids.
        max: usize,
        /// Ids are below this.
        vocabulary: usize,
    },
    /// For each token of the run whether it is attended to; may be shorter or empty, the rest then counts as `true`.
    Mask {
        /// Most entries.
        max: usize,
        /// The name under which the source takes the opposite, `true` where a token is padding.
        padding: Option<String>,
    },
    /// Row-major indices of the positions that are asked for, so many; one that is too large stands for the first position.
    Points {
        /// How many.
        count: usize,
        /// Positions there are.
        positions: usize,
    },
    /// How many tokens come before the latents, which are the last tokens: as `percio::lengths::prefix` makes of it.
    Prefix {
        /// Most latents.
        latents: usize,
    },
}

/// What a model itself says of its sequence of tokens, where latents are the last tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// How many tokens come before the latents, unless an input says so.
    pub prefix: Option<FixedPrefix>,
    /// The id that ends the sequence: it and what follows are not read.
    pub end: Option<u32>,
}

/// How many tokens come before the latents: as `percio::lengths::prefix` makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedPrefix {
    /// At least so many.
    pub tokens: usize,
    /// Most latents.
    pub latents: usize,
}

/// One output of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// The most rows it has.
    pub rows: usize,
    /// The rows of a run.
    pub count: Count,
    /// Numbers a row.
    pub width: usize,
    /// Length of each axis of its numbers, where these are not `[rows, width]`; else empty.
    pub axes: Vec<usize>,
    /// A name a class; may be empty.
    pub labels: Vec<String>,
}

impl Output {
    /// Length of each axis: `[width]` for one row, else `[rows, width]`, unless the source says otherwise.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        match (self.axes.as_slice(), self.rows) {
            ([], 1) if !self.has_variable_length() => vec![self.width],
            ([], rows) => vec![rows, self.width],
            (axes, _) => axes.to_vec(),
        }
    }

    /// Numbers it has in a run of these lengths.
    #[must_use]
    pub fn numbers(&self, lengths: Lengths) -> usize {
        self.count.at(lengths).min(self.rows) * self.width
    }

    /// Whether the number of rows differs from run to run.
    #[must_use]
    pub fn has_variable_length(&self) -> bool {
        self.count != Count::fixed(self.rows)
    }
}

/// A buffer of the arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// For reports.
    pub name: String,
    /// Where it starts, in numbers.
    pub offset: usize,
    /// How many numbers.
    pub len: usize,
    /// The first step that writes it.
    pub first: usize,
    /// The last step that uses it.
    pub last: usize,
}

/// A part of the blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The tensor it holds.
    pub name: String,
    /// Where it starts, in bytes.
    pub offset: usize,
    /// How many bytes.
    pub bytes: usize,
    /// How its numbers are stored.
    pub format: WeightFormat,
}

/// Numbers that a step reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Of an arena buffer.
    Arena(Place),
    /// Of the blob.
    Weights(Weights),
    /// A table of the blob, from the row of the tile's first row on.
    Table {
        /// All rows.
        rows: Weights,
        /// Numbers of a row.
        width: usize,
    },
    /// The last `count` rows of a table of the blob.
    LastRows {
        /// All rows.
        rows: Weights,
        /// Numbers of a row.
        width: usize,
        /// How many.
        count: Count,
    },
    /// An input of numbers, by index: from the tile's first token on, or whole.
    Input(usize),
}

/// Numbers that a step writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Of an arena buffer.
    Arena(Place),
    /// An output, by index: from the tile's first row on, or whole.
    Output(usize),
}

/// A part of an arena buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The buffer.
    pub buffer: usize,
    /// Where the part starts inside it, in numbers.
    pub offset: usize,
    /// How many numbers, those that a run skips included.
    pub len: usize,
    /// Numbers at its start that a run skips.
    pub skip: Count,
}

/// A part of the blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Where it starts, in bytes.
    pub offset: usize,
    /// How many numbers; none for an operand that the step lacks.
    pub len: usize,
    /// How they are stored. Matrices of linear layers and tables of embeddings may be of half width.
    pub format: WeightFormat,
}

impl Weights {
    /// An operand that the step lacks.
    pub const NONE: Self = Self { offset: 0, len: 0, format: WeightFormat::F32 };
}
