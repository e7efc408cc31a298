//! What a caller of the compiler may choose, and what of it a model does not permit.

use super::{decode, gather};
use crate::model::{Encoding, Input, Latents, Model, Reads, Softmax};
use crate::passes::Passes;
use crate::program::WeightFormat;
use crate::{Problems, Subject};
use std::num::NonZeroUsize;

/// What the compiler may choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompileOptions {
    /// The exact rewrites to apply.
    pub passes: Passes,
    /// How matrices and tables of embeddings are stored.
    pub weights: WeightFormat,
    /// Most tokens and queries that go through at a time; chosen from the memory they take when absent.
    pub tile: Option<NonZeroUsize>,
    /// What becomes of tokens that arrive after the last position; [`AfterLast::Stop`] when absent.
    pub positions: Option<AfterLast>,
    /// Whether all rows of the outputs are kept.
    pub outputs: Outputs,
    /// Whether a run may have fewer latents and fewer layers than the model.
    pub adaptive: bool,
    /// What to save where one thing costs another; when absent, multiplications first, but no RAM for larger tiles.
    pub optimize: Option<Optimize>,
}

/// What to save where one thing costs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimize {
    /// Multiplications, and steps of few rows.
    Speed,
    /// The arena.
    Ram,
    /// Weights and tables.
    Flash,
}

impl Optimize {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Speed, Self::Ram, Self::Flash];

    /// Its name among the options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Speed => "speed",
            Self::Ram => "ram",
            Self::Flash => "flash",
        }
    }
}

/// What becomes of the rows of outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outputs {
    /// The model holds all of them after a run.
    #[default]
    Kept,
    /// They are decoded when they are asked for, and none is kept. Queries can be made at run time.
    Decoded,
}

impl Outputs {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Kept, Self::Decoded];

    /// Its name among the options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Decoded => "decoded",
        }
    }
}

/// What becomes of tokens that arrive one at a time, after the one that stands at the last position the model was made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterLast {
    /// They are not read.
    #[default]
    Stop,
    /// They stand at the first positions again.
    Wrap,
    /// Positions go on as they have begun. They are computed, so none are in flash.
    Unbounded,
}

impl AfterLast {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Stop, Self::Wrap, Self::Unbounded];

    /// Its name among the options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Wrap => "wrap",
            Self::Unbounded => "unbounded",
        }
    }
}

/// What `options` ask of `model`, as its scheme wrote it, that is impossible.
#[must_use]
pub fn impossible(model: &Model, options: &CompileOptions) -> Problems {
    let mut problems = Problems::new();
    if let Some(after) = options.positions {
        let messages = positions(model, after).into_iter();
        messages.for_each(|message| problems.add(Subject::Option("positions"), message));
    }
    if let (Outputs::Decoded, Some(reason)) = (options.outputs, decode::not_asked(model)) {
        let message = format!("outputs cannot be \"decoded\" one row at a time: {reason}; leave the option out");
        problems.add(Subject::Option("outputs"), message);
    }
    if let Some(reason) = not_adaptive(model).filter(|_| options.adaptive) {
        let message = format!("this model cannot be adaptive: {reason}; leave the option out");
        problems.add(Subject::Option("adaptive"), message);
    }
    problems
}

/// Why a run of `model` cannot have fewer latents or layers, if it cannot.
pub(super) fn not_adaptive(model: &Model) -> Option<String> {
    let mut blocks = model.schedule.iter().map(|&index| &model.blocks[index]);
    let reads_once = model.mixtures.is_empty()
        && blocks.next().is_some_and(|block| block.reads == Reads::Context && block.mixer.is_none())
        && blocks.all(|block| block.reads == Reads::Itself && block.mixer.is_none());
    let readers = model.blocks.iter().filter(|block| block.reads.context());
    let shares = readers.map(|block| block.attention.softmax).any(|softmax| softmax != Softmax::Keys);
    match &model.latents {
        Latents::Tail { .. } => Some("its latents are the last tokens".to_owned()),
        _ if shares => Some("the weights of a key are divided by their sum over all latents".to_owned()),
        _ if !reads_once => Some("its latents read the tokens after other layers, or are mixed".to_owned()),
        _ => decode::not_alone(model),
    }
}

fn positions(model: &Model, after: AfterLast) -> Vec<String> {
    let name = after.name();
    if let Some(reason) = gather::no_stream(model) {
        return vec![format!(
            "positions = \"{name}\" is about tokens that arrive one at a time, which those of this model cannot: \
             {reason}; leave the option out"
        )];
    }
    if model.inputs.iter().all(|input| input.position.is_none()) {
        let message = "no token of this model has a position that could run out, so tokens may arrive without end";
        return vec![format!("positions = \"{name}\": {message}; leave the option out")];
    }
    let inputs = model.inputs.iter().filter(|_| after == AfterLast::Unbounded);
    inputs.filter_map(|input| Some((input, bounded(input)?))).map(|(input, why)| unbounded(input, &why)).collect()
}

fn unbounded(input: &Input, why: &str) -> String {
    format!("positions of `{}` cannot be \"unbounded\": {why}; choose \"stop\" or \"wrap\"", input.name)
}

/// Why positions of `input` cannot go on after the last one.
fn bounded(input: &Input) -> Option<String> {
    let position = input.position.as_ref()?;
    match &position.encoding {
        Encoding::Learned(table) => Some(format!(
            "`{}` is learned, {} rows, and nothing says what a row after the last one would be",
            table.name,
            table.rows()
        )),
        Encoding::Fourier(grid) if grid.shape.len() > 1 => {
            let lengths: Vec<String> = grid.shape.iter().map(usize::to_string).collect();
            Some(format!("they lie on a grid of {}, which ends on each axis", lengths.join(" × ")))
        }
        Encoding::Fourier(grid) if position.project.is_some() => Some(format!(
            "a linear layer on them is computed when the model is compiled, for each of the {} there are",
            grid.positions()
        )),
        Encoding::Fourier(_) => None,
    }
}
