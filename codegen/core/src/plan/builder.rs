//! Steps and buffers in the making.

use super::blob::{Blob, Layout};
use super::inputs;
use super::mark::Marks;
use super::options::not_adaptive;
use super::place::place;
use super::tile::Tiles;
use super::{AfterLast, CompileOptions, Outputs};
use crate::model::{self, Latents, Linear, Model, Norm, NormKind, Stem, Tensor};
use crate::program::{
    Activation, Buffer, Count, Input, InputKind, Lengths, Place, Program, Source, Stage, Step, Target, Weights,
};
use std::ops::Range;

/// Rows of numbers in one buffer, `stride` apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    pub(super) buffer: usize,
    pub(super) count: Count,
    /// The most rows that `count` can be.
    pub(super) most: usize,
    /// The place of the first row in its sequence.
    pub(super) first_place: Count,
    pub(super) width: usize,
}

impl Rows {
    /// All of them.
    pub(super) fn place(&self) -> Place {
        Place { buffer: self.buffer, offset: 0, len: self.most * self.width, skip: Count::NONE }
    }

    pub(super) fn source(&self) -> Source {
        Source::Arena(self.place())
    }

    pub(super) fn target(&self) -> Target {
        Target::Arena(self.place())
    }

    /// The rows after the first `skipped`.
    pub(super) fn after(&self, skipped: Count) -> Place {
        Place { skip: skipped.times(self.width), ..self.place() }
    }

    /// `count` of the rows from row `first` on, from column `column` on.
    pub(super) fn part(&self, first: usize, count: usize, column: usize, width: usize) -> Place {
        let (offset, len) = (first * self.width + column, count.saturating_sub(1) * self.width + width.min(self.width));
        Place { buffer: self.buffer, offset, len, skip: Count::NONE }
    }
}

/// Collects steps, buffers and weights.
pub(super) struct Builder {
    pub(super) blob: Blob,
    /// Rows of a step over the tokens.
    pub(super) token_count: Count,
    /// Rows of a step over the latents.
    pub(super) latent_count: Count,
    /// The program's inputs.
    inputs: Vec<Input>,
    /// The most tokens, all of them latents.
    pub(super) all: Lengths,
    /// How much goes through at a time.
    pub(super) tiles: Tiles,
    /// What becomes of tokens after the last position.
    pub(super) after_last: AfterLast,
    /// Whether all rows of the outputs are kept.
    pub(super) keeps_outputs: bool,
    /// The steps of each layer that a run may leave out.
    pub(super) layers: Vec<Range<usize>>,
    /// Whether rows stay for tokens that come later: their places count from the beginning of the sequence.
    pub(super) grows: bool,
    /// Buffers that hold what stays.
    kept: Vec<usize>,
    buffers: Vec<(String, usize)>,
    steps: Vec<Step>,
    stages: Vec<Stage>,
    /// Where the stages of the source are.
    pub(super) marks: Marks,
    /// The first step that is in no stage yet.
    open: usize,
}

impl Builder {
    pub(super) fn new(model: &Model, tiles: Tiles, options: &CompileOptions, blob: Blob) -> Self {
        // The number of tokens varies only where ids are the only input.
        let token_count = match model.inputs.as_slice() {
            [model::Input { stem: Stem::Ids { .. }, .. }] => Count::TOKENS,
            _ => Count::fixed(model.tokens()),
        };
        let latent_count = match &model.latents {
            Latents::Learned(_) if options.adaptive && not_adaptive(model).is_none() => Count::LATENTS,
            Latents::Learned(table) => Count::fixed(table.rows()),
            Latents::Tail { .. } => token_count.after_prefix(),
        };
        let all = Lengths { tokens: model.tokens(), latents: model.latents.shape()[0], ..Lengths::default() };
        let (buffers, steps, stages, marks) = (Vec::new(), Vec::new(), Vec::new(), Marks::default());
        Self {
            blob,
            token_count,
            latent_count,
            inputs: inputs::list(model),
            all,
            tiles,
            after_last: options.positions.unwrap_or_default(),
            layers: Vec::new(),
            keeps_outputs: options.outputs == Outputs::Kept,
            grows: false,
            kept: Vec::new(),
            buffers,
            steps,
            stages,
            marks,
            open: 0,
        }
    }

    /// What takes tokens of `model` as they come, at most `tile` at a time, and keeps what later ones need.
    pub(super) fn growing(model: &Model, tile: usize, options: &CompileOptions, blob: Blob) -> Self {
        let (token_count, latent_count, grows) = (Count::TILE, Count::TILE, true);
        let builder = Self::new(model, Tiles { tokens: tile, queries: 1 }, options, blob);
        // Nothing says which tokens are padding: none is.
        let inputs = builder.inputs.into_iter().filter(|input| matches!(input.kind, InputKind::Ids { .. })).collect();
        let mut marks = Marks::default();
        marks.end_tokens();
        Self { token_count, latent_count, grows, inputs, marks, keeps_outputs: true, ..builder }
    }

    /// The index of the input called `name`, if the program reads it.
    pub(super) fn input(&self, name: &str) -> Option<usize> {
        self.inputs.iter().position(|input| input.name == name)
    }

    /// The index of the input that says which tokens are attended to.
    pub(super) fn mask(&self) -> Option<usize> {
        self.inputs.iter().position(|input| matches!(input.kind, InputKind::Mask { .. }))
    }

    /// Tokens that the mask leaves out.
    pub(super) fn padding(&self) -> Count {
        self.mask().map_or(Count::NONE, |_| Count::PADDING)
    }

    pub(super) fn step(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// How many steps there are so far.
    pub(super) fn step_count(&self) -> usize {
        self.steps.len()
    }

    /// Ends a stage that runs once: what comes next does not.
    pub(super) fn end_stage(&mut self) {
        if self.open < self.steps.len() {
            self.stages.push(Stage::Once(self.open..self.steps.len()));
            self.open = self.steps.len();
        }
    }

    /// The steps that `lower` adds, to become part of a stage.
    pub(super) fn section(&mut self, lower: impl FnOnce(&mut Self)) -> Range<usize> {
        let first = self.steps.len();
        lower(self);
        first..self.steps.len()
    }

    /// A stage over sections.
    pub(super) fn stage(&mut self, stage: Stage) {
        self.stages.push(stage);
        self.open = self.steps.len();
    }

    /// The tokens of `input` in a run.
    pub(super) fn tokens_of(&self, input: &model::Input) -> Count {
        if self.token_count == Count::TOKENS { Count::TOKENS } else { Count::fixed(input.tokens()) }
    }

    /// The rows of `table` that belong to `count` rows: those of the tile, or all.
    pub(super) fn table(&mut self, table: &Tensor, count: Count) -> Source {
        let rows = self.blob.plain(table);
        if count == Count::TILE { Source::Table { rows, width: table.columns() } } else { Source::Weights(rows) }
    }

    /// A new buffer for `most` rows of `width`.
    pub(super) fn rows(&mut self, name: impl Into<String>, count: Count, most: usize, width: usize) -> Rows {
        self.buffers.push((name.into(), most * width));
        Rows { buffer: self.buffers.len() - 1, count, most, first_place: Count::NONE, width }
    }

    /// A new buffer for `most` rows of `width` that stay.
    pub(super) fn kept(&mut self, name: impl Into<String>, most: usize, width: usize) -> Rows {
        self.kept.push(self.buffers.len());
        self.rows(name, Count::NONE, most, width)
    }

    /// [`rows`](Self::rows), and the place of them together with `more` numbers a row behind them.
    pub(super) fn rows_and_more(
        &mut self,
        name: impl Into<String>,
        count: Count,
        most: usize,
        width: usize,
        more: usize,
    ) -> (Rows, Place) {
        let len = most * (width + more);
        self.buffers.push((name.into(), len));
        let buffer = self.buffers.len() - 1;
        let rows = Rows { buffer, count, most, first_place: Count::NONE, width };
        (rows, Place { buffer, offset: 0, len, skip: Count::NONE })
    }

    /// `act(linear(x))` in a new buffer.
    pub(super) fn linear(
        &mut self,
        name: impl Into<String>,
        x: &Rows,
        linear: &Linear,
        activation: Activation,
    ) -> Rows {
        let out = self.rows(name, x.count, x.most, linear.weight.rows());
        self.linear_into(x.source(), x.count, x.width, linear, activation, false, out.target(), out.width);
        out
    }

    /// `linear(x)` added to `out`, or in its place.
    pub(super) fn linear_to(&mut self, x: &Rows, linear: &Linear, accumulate: bool, out: &Rows) {
        self.linear_into(
            x.source(),
            x.count,
            x.width,
            linear,
            Activation::Identity,
            accumulate,
            out.target(),
            out.width,
        );
    }

    /// The linear step itself.
    pub(super) fn linear_into(
        &mut self,
        x: Source,
        rows: Count,
        x_stride: usize,
        linear: &Linear,
        activation: Activation,
        accumulate: bool,
        out: Target,
        out_stride: usize,
    ) {
        let (inputs, outputs) = (linear.weight.columns(), linear.weight.rows());
        let weight = self.blob.packed(&linear.weight);
        let bias = self.blob.optional(linear.bias.as_ref());
        let step =
            Step::Linear { rows, inputs, outputs, x_stride, out_stride, activation, accumulate, x, weight, bias, out };
        self.step(step);
    }

    /// `norm(x)` in a new buffer.
    pub(super) fn normalize(&mut self, name: impl Into<String>, x: &Rows, norm: &Norm) -> Rows {
        let out = Rows { first_place: x.first_place, ..self.rows(name, x.count, x.most, x.width) };
        self.normalize_into(Some(x.source()), norm, out.count, out.width, out.target());
        out
    }

    /// `norm(x)` in a new buffer, or `x` itself where there is no norm.
    pub(super) fn normalize_with(&mut self, name: impl Into<String>, x: &Rows, norm: Option<&Norm>) -> Rows {
        norm.map_or(*x, |norm| self.normalize(name, x, norm))
    }

    /// `x = norm(x)`
    pub(super) fn normalize_in_place(&mut self, x: &Rows, norm: &Norm) {
        self.normalize_into(None, norm, x.count, x.width, x.target());
    }

    /// `norm(x)` in place of the `rows` rows of `out`, which are normalised themselves where there is no `x`.
    pub(super) fn normalize_into(&mut self, x: Option<Source>, norm: &Norm, rows: Count, width: usize, out: Target) {
        let (gain, offset) = self.affine(norm, width);
        let centred = norm.kind == NormKind::Layer;
        self.step(Step::Normalize { rows, width, centred, eps: norm.eps as f32, x, gain, offset, out });
    }

    /// Gain and offset of a norm: both or none.
    fn affine(&mut self, norm: &Norm, width: usize) -> (Weights, Weights) {
        let constant = |number| Tensor::new("constant", &[width], vec![number; width]);
        match (&norm.gain, &norm.offset) {
            (None, None) => (Weights::NONE, Weights::NONE),
            (gain, offset) => {
                let gain = gain.clone().unwrap_or_else(|| constant(1.0));
                let offset = offset.clone().unwrap_or_else(|| constant(0.0));
                (self.blob.plain(&gain), self.blob.plain(&offset))
            }
        }
    }

    /// Fills in the steps and the planned buffers; the blob is still to be written.
    pub(super) fn finish(mut self, program: Program) -> (Program, Layout) {
        self.end_stage();
        let (layout, parts) = self.blob.finish();
        let mut buffers = lifetimes(self.buffers, &self.steps);
        repeated(&self.stages).for_each(|steps| outlive(&steps, &mut buffers));
        let arena_len = place(&mut buffers);
        let marks = self.marks.finish(&self.inputs);
        (Program { steps: self.steps, stages: self.stages, marks, buffers, arena_len, parts, ..program }, layout)
    }

    /// Fills in the steps and the planned buffers of what takes tokens as they come; hands the blob back.
    pub(super) fn grown(self, program: Program) -> (Program, Blob) {
        let Self { blob, steps, kept, buffers, .. } = self;
        let mut buffers = lifetimes(buffers, &steps);
        for index in kept {
            (buffers[index].first, buffers[index].last) = (0, steps.len().saturating_sub(1));
        }
        let arena_len = place(&mut buffers);
        (Program { steps, buffers, arena_len, ..program }, blob)
    }
}

/// The buffers, each with the first and the last step that touches it.
fn lifetimes(buffers: Vec<(String, usize)>, steps: &[Step]) -> Vec<Buffer> {
    let mut buffers: Vec<Buffer> = buffers.into_iter().map(|(name, len)| unused(name, len)).collect();
    for (index, step) in steps.iter().enumerate() {
        for place in step.places() {
            let buffer = &mut buffers[place.buffer];
            buffer.first = buffer.first.min(index);
            buffer.last = buffer.last.max(index);
        }
    }
    buffers
}

/// The steps of consecutive stages over tiles: what such stages share is needed again by the next tile.
fn repeated(stages: &[Stage]) -> impl Iterator<Item = Range<usize>> {
    let groups = stages.chunk_by(|a, b| std::mem::discriminant(a) == std::mem::discriminant(b));
    let tiled = groups.filter(|stages| !matches!(stages, [Stage::Once(_), ..]));
    tiled.map(|stages| {
        let steps: Vec<Range<usize>> = stages.iter().flat_map(Stage::steps).collect();
        let first = steps.iter().map(|steps| steps.start).min().unwrap_or(0);
        first..steps.iter().map(|steps| steps.end).max().unwrap_or(first)
    })
}

/// Keeps what lives before or after repeated steps alive through all of them.
fn outlive(steps: &Range<usize>, buffers: &mut [Buffer]) {
    let last = steps.end.saturating_sub(1);
    for buffer in buffers.iter_mut().filter(|buffer| buffer.first < steps.end && steps.start <= buffer.last) {
        if buffer.first < steps.start {
            buffer.last = buffer.last.max(last);
        }
        if buffer.last > last {
            buffer.first = buffer.first.min(steps.start);
        }
    }
}

fn unused(name: String, len: usize) -> Buffer {
    Buffer { name, offset: 0, len, first: usize::MAX, last: 0 }
}
