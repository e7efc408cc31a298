//! The inputs: raw numbers and ids to tokens of C numbers, all N of them or a few at a time.

use super::AfterLast;
use super::builder::{Builder, Rows};
use crate::model::{
    self, Combine, Encoding, FeatureLayout, Fourier, Input, Layout, Model, Places, Position, Scale, Stem, Tensor,
    Window, fourier_tables,
};
use crate::program::{Activation, Count, Line, Place, Source, Step, Target};

/// All tokens.
pub(super) fn lower(builder: &mut Builder, model: &Model) -> Rows {
    let width = model.token_width();
    let tokens = builder.rows("tokens", builder.token_count, model.tokens(), width);
    let mut first = 0;
    for input in &model.inputs {
        Modality { tokens, first, input, is_unfolded: is_contiguous(&input.stem) }.lower(builder);
        first += input.tokens();
    }
    builder.marks.end_tokens();
    tokens
}

/// Whether a token of `input` can be made without those around it.
pub(super) fn arrives(input: &Input) -> bool {
    let is_from_start = |position: &Position| position.places == Places::FromStart;
    input.tail.as_ref().is_none_or(|tail| tail.pool.is_none()) && input.position.as_ref().is_none_or(is_from_start)
}

/// The line that the positions of `input` lie on, if they are to go on without end and can.
pub(super) fn line(builder: &Builder, input: &Input) -> Option<Line> {
    match &input.position.as_ref()?.encoding {
        Encoding::Fourier(grid) if builder.after_last == AfterLast::Unbounded => model::line(grid),
        Encoding::Fourier(_) | Encoding::Learned(_) => None,
    }
}

/// Whether the places of tokens depend on the mask of all.
fn is_after_padding(position: &Position) -> bool {
    position.places == Places::AfterPadding
}

/// Consecutive numbers of `input` that a token is made from; 0 where they are scattered.
pub(super) fn stride(input: &Input) -> usize {
    match &input.stem {
        Stem::Ids { .. } => 1,
        stem if is_contiguous(stem) => stem.width(),
        _ => 0,
    }
}

/// Whether a token is a contiguous part of the raw input.
pub(super) fn is_contiguous(stem: &Stem) -> bool {
    match *stem {
        Stem::Image { layout, window, .. } => layout == Layout::ChannelsLast && window == Window::tiles(1),
        Stem::Video { .. } => false,
        _ => true,
    }
}

/// The tokens of one tile, from the whole input.
pub(super) fn tile(builder: &mut Builder, tokens: Rows, input: &Input) {
    Modality { tokens, first: 0, input, is_unfolded: is_contiguous(&input.stem) }.lower(builder);
}

/// The tokens of one tile, from their raw numbers, token after token.
pub(super) fn arriving(builder: &mut Builder, tokens: Rows, input: &Input) {
    Modality { tokens, first: 0, input, is_unfolded: true }.lower(builder);
}

/// One input and the rows it fills.
struct Modality<'a> {
    tokens: Rows,
    /// Its first row.
    first: usize,
    input: &'a Input,
    /// Whether the raw numbers of a token follow each other, and those of the next token them.
    is_unfolded: bool,
}

impl Modality<'_> {
    fn lower(&self, builder: &mut Builder) {
        match &self.input.masked {
            Some(row) => {
                let x = Source::Weights(builder.blob.plain(row));
                self.copy(builder, x, row.len(), 0, 0);
            }
            None => self.features(builder),
        }
        if self.is_whole() {
            self.mark(builder, "tokens".to_owned(), self.tokens.width);
        }
    }

    /// Whether its rows hold positions, if there are any.
    fn is_whole(&self) -> bool {
        self.tokens.width >= self.input.width()
    }

    /// Data, position, padding.
    fn features(&self, builder: &mut Builder) {
        self.data(builder);
        self.mark(builder, format!("embedding.{}", self.input.name), self.input.data_width());
        if let Some(position) = self.input.position.as_ref().filter(|_| self.is_whole()) {
            self.position(builder, position);
        }
        if let Some(padding) = &self.input.padding {
            let x = Source::Weights(builder.blob.plain(padding));
            self.copy(builder, x, padding.len(), 0, self.input.width());
        }
    }

    /// The first `width` columns of its rows are `stage`.
    fn mark(&self, builder: &mut Builder, stage: String, width: usize) {
        if self.input.merged {
            return;
        }
        builder.mark_tokens(stage, self.count(), width, self.tokens.width, self.part(0, width));
    }

    /// Rows of its steps.
    fn count(&self) -> Count {
        self.rows(self.input.tokens())
    }

    /// `all` rows, or those of the run or the tile.
    fn rows(&self, all: usize) -> Count {
        let count = self.tokens.count;
        if [Count::TOKENS, Count::TILE].contains(&count) { count } else { Count::fixed(all) }
    }

    /// The most that `rows(all)` can be.
    fn most(&self, all: usize) -> usize {
        if self.tokens.count == Count::TILE { self.tokens.most } else { all }
    }

    /// Columns `column .. column + width` of its rows.
    fn part(&self, column: usize, width: usize) -> Place {
        self.tokens.part(self.first, self.most(self.input.tokens()), column, width)
    }

    fn copy(&self, builder: &mut Builder, x: Source, width: usize, x_stride: usize, column: usize) {
        let out = Target::Arena(self.part(column, width));
        builder.step(Step::CopyRows { rows: self.count(), width, x_stride, out_stride: self.tokens.width, x, out });
    }

    /// Its number among the program's inputs.
    fn index(&self, builder: &Builder) -> usize {
        builder.input(&self.input.name).unwrap_or(0)
    }

    fn data(&self, builder: &mut Builder) {
        let width = self.input.stem.width();
        if let Stem::Ids { embedding, .. } = &self.input.stem {
            let table = builder.blob.table(embedding);
            return builder.step(Step::Embed {
                ids: self.index(builder),
                rows: self.count(),
                vocabulary: embedding.rows(),
                width,
                out_stride: self.tokens.width,
                table,
                out: Target::Arena(self.part(0, width)),
            });
        }
        let unfolds = !self.is_unfolded;
        match &self.input.project {
            // A stem that needs work before its linear layer goes through a buffer of its own.
            Some(_) if unfolds || self.input.scale.is_some() => {
                let grid: usize = self.input.stem.grid().iter().product();
                let (count, most) = (self.rows(grid), self.most(grid));
                let rows = builder.rows(format!("{} windows", self.input.name), count, most, width);
                self.raw(builder, rows.place(), width);
                self.project(builder, rows.source(), grid);
            }
            Some(_) => self.project(builder, Source::Input(self.index(builder)), self.input.tokens()),
            None => self.raw(builder, self.part(0, width), self.tokens.width),
        }
    }

    /// The stem's tokens, scaled, without a linear layer.
    fn raw(&self, builder: &mut Builder, out: Place, out_stride: usize) {
        let width = self.input.stem.width();
        let grid: usize = self.input.stem.grid().iter().product();
        let (rows, image) = (self.rows(grid), Source::Input(self.index(builder)));
        let target = Target::Arena(out);
        let unfold = unfold(&self.input.stem, image.clone(), rows, out_stride, target.clone());
        builder.step(unfold.filter(|_| !self.is_unfolded).unwrap_or_else(|| Step::CopyRows {
            rows,
            width,
            x_stride: width,
            out_stride,
            x: image,
            out: target.clone(),
        }));
        if let Some(scale) = &self.input.scale {
            let (gain, offset) = affine(scale, width);
            let (gain, offset) = (builder.blob.plain(&gain), builder.blob.plain(&offset));
            builder.step(Step::AffineRows { rows, width, stride: out_stride, gain, offset, out: target });
        }
    }

    /// The linear layer on each token, and the rest of a convolution.
    fn project(&self, builder: &mut Builder, x: Source, grid: usize) {
        let Some(linear) = &self.input.project else { return };
        let (count, x_stride, width) = (self.rows(grid), self.input.stem.width(), linear.weight.rows());
        let activation = self.input.tail.as_ref().map_or(Activation::Identity, |tail| tail.activation);
        let direct = Target::Arena(self.part(0, width));
        let Some(pool) = self.input.tail.as_ref().and_then(|tail| tail.pool) else {
            return builder.linear_into(x, count, x_stride, linear, activation, false, direct, self.tokens.width);
        };
        let features = builder.rows(format!("{} features", self.input.name), count, grid, width);
        builder.linear_into(x, count, x_stride, linear, activation, false, features.target(), width);
        let (before, after) = (self.input.stem.grid(), self.input.grid());
        builder.step(Step::MaxPool {
            pad: [before[0], before[1]].map(|length| pool.before(length)),
            channels: width,
            height: before[0],
            width: before[1],
            kernel: pool.kernel,
            stride: pool.stride,
            out_height: after[0],
            out_width: after[1],
            out_stride: self.tokens.width,
            x: features.source(),
            out: direct,
        });
    }

    fn position(&self, builder: &mut Builder, position: &Position) {
        let (width, data) = (position.width(), self.input.data_width());
        match (&position.encoding, position.combine) {
            (Encoding::Learned(table), Combine::Concat) => {
                let x = builder.table(table, self.count());
                self.copy(builder, x, width, width, data);
            }
            (Encoding::Learned(table), Combine::Add) if is_after_padding(position) && builder.mask().is_some() => {
                self.add_after_padding(builder, table);
            }
            (Encoding::Learned(table), Combine::Add) if position.places == Places::FromEnd => {
                // Of a sequence that grows, the tile's first token is so many tokens from the end as there are from it on.
                let count = if builder.grows { Count::TOKENS } else { self.count() };
                let rows = builder.blob.reversed(table);
                self.add(builder, Source::LastRows { rows, width, count }, width);
            }
            (Encoding::Learned(table), Combine::Add) => {
                let x = builder.table(table, self.count());
                self.add(builder, x, width);
            }
            (Encoding::Fourier(grid), Combine::Concat) => {
                self.fourier(builder, grid, self.part(data, width), self.tokens.width);
            }
            (Encoding::Fourier(grid), Combine::Add) => {
                let most = self.most(self.input.tokens());
                let features = builder.rows(format!("{} positions", self.input.name), self.count(), most, width);
                self.fourier(builder, grid, features.place(), width);
                self.add(builder, features.source(), width);
            }
        }
    }

    /// Features of its positions at `out`, from tables or, where positions have no end, computed.
    fn fourier(&self, builder: &mut Builder, grid: &Fourier, out: Place, out_stride: usize) {
        let Some(line) = line(builder, self.input) else {
            return fourier(builder, grid, None, self.count(), out, out_stride);
        };
        builder.step(Step::Waves {
            line,
            position_last: grid.layout == FeatureLayout::Axes,
            with_position: grid.with_position,
            sine_only: grid.sine_only,
            rows: self.count(),
            out_stride,
            out: Target::Arena(out),
        });
    }

    fn add(&self, builder: &mut Builder, x: Source, width: usize) {
        self.add_rows(builder, self.count(), x, width, self.part(0, width));
    }

    /// The first row of `table` to the tokens that are padding, and all rows to those after them.
    fn add_after_padding(&self, builder: &mut Builder, table: &Tensor) {
        let width = table.columns();
        let first = Source::Weights(builder.blob.plain(&table.part_of_rows(0, 1)));
        let all = Source::Weights(builder.blob.plain(table));
        let (start, padding) = (self.part(0, width), builder.padding());
        let rest = Place { skip: padding.times(self.tokens.width), ..start.clone() };
        self.add_rows(builder, padding, first, 0, start);
        self.add_rows(builder, self.count().after_padding(), all, width, rest);
    }

    fn add_rows(&self, builder: &mut Builder, rows: Count, x: Source, x_stride: usize, out: Place) {
        let (width, out_stride) = (self.input.data_width(), self.tokens.width);
        builder.step(Step::AddRows { rows, width, x_stride, out_stride, x, out: Target::Arena(out) });
    }
}

/// The windows of an image, or the boxes of a video; none of a stem whose tokens are there as they are.
fn unfold(stem: &Stem, image: Source, rows: Count, out_stride: usize, out: Target) -> Option<Step> {
    let (frames, depth, [height, width, channels], layout, window) = match *stem {
        _ if is_contiguous(stem) => return None,
        Stem::Image { height, width, channels, layout, window } => (1, 1, [height, width, channels], layout, window),
        Stem::Video { frames, height, width, channels, layout, patch } => {
            (frames, patch.frames, [height, width, channels], layout, Window::tiles(patch.side))
        }
        Stem::Tokens { .. } | Stem::Series { .. } | Stem::Ids { .. } => return None,
    };
    Some(Step::Unfold {
        frames,
        depth,
        channels,
        height,
        width,
        channels_first: layout == Layout::ChannelsFirst,
        kernel: window.kernel,
        stride: window.stride,
        pad: [height, width].map(|length| window.before(length)),
        out_height: window.count(height),
        out_width: window.count(width),
        rows,
        out_stride,
        image,
        out,
    })
}

/// The features of a grid's positions at `out`, or of those that the input `points` names.
pub(super) fn fourier(
    builder: &mut Builder,
    grid: &Fourier,
    points: Option<usize>,
    rows: Count,
    out: Place,
    out_stride: usize,
) {
    let tables = fourier_tables(grid);
    let tables = builder.blob.plain(&Tensor::new("position tables", &[tables.len()], tables));
    let mut shape = [1; 3];
    let axes = grid.shape.len();
    shape[3 - axes..].copy_from_slice(&grid.shape);
    builder.step(Step::Fourier {
        points,
        shape,
        axes,
        bands: grid.bands(),
        by_axis: grid.layout == FeatureLayout::Axes,
        with_position: grid.with_position,
        sine_only: grid.sine_only,
        rows,
        out_stride,
        tables,
        out: Target::Arena(out),
    });
}

/// `(x − offset) · gain` as a factor and a shift for each of a token's `width` numbers.
fn affine(scale: &Scale, width: usize) -> (Tensor, Tensor) {
    let channels = scale.gain.len();
    let shift: Vec<f32> = scale
        .gain
        .iter()
        .zip(&scale.offset)
        .map(|(&gain, &offset)| (-f64::from(gain) * f64::from(offset)) as f32)
        .collect();
    let repeated = |name: &str, numbers: &[f32]| Tensor::new(name, &[width], numbers.repeat(width / channels));
    (repeated("scale gain", &scale.gain), repeated("scale offset", &shift))
}
