//! Which numbers of its operands a step touches, by the contract of the `percio::layers` function it stands for.

use percio_codegen_core::program::{Lengths, Place, Source, Step, Target, Weights};

/// `rows` rows of `width` numbers, `stride` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    rows: usize,
    width: usize,
    stride: usize,
}

impl Extent {
    /// Rows without gaps.
    pub(super) fn rows(rows: usize, width: usize) -> Self {
        Self { rows, width, stride: width }
    }

    fn strided(rows: usize, width: usize, stride: usize) -> Self {
        Self { rows, width, stride }
    }

    /// One after the last number.
    pub(super) fn end(self) -> usize {
        if self.rows == 0 { 0 } else { (self.rows - 1) * self.stride + self.width }
    }

    /// The numbers, counted from `start` on.
    pub(super) fn numbers(self, start: usize) -> impl Iterator<Item = usize> {
        let Self { rows, width, stride } = self;
        (0..rows).flat_map(move |row| start + row * stride..start + row * stride + width)
    }
}

/// What a step writes in a run of these lengths.
pub(super) fn written(step: &Step, lengths: Lengths) -> Extent {
    match *step {
        Step::InvertedAttention { queries, heads, v_width, .. } => {
            Extent::rows(queries.at(lengths), heads * (v_width + 1) + 1)
        }
        Step::Transpose { rows, width, .. } => Extent::rows(width, rows.at(lengths)),
        Step::Mix { rows, width, .. } => Extent::rows(3 * rows.at(lengths), width),
        Step::Embed { rows, width, out_stride, .. }
        | Step::CopyRows { rows, width, out_stride, .. }
        | Step::AddRows { rows, width, out_stride, .. } => Extent::strided(rows.at(lengths), width, out_stride),
        Step::Linear { rows, outputs, out_stride, .. } => Extent::strided(rows.at(lengths), outputs, out_stride),
        Step::Normalize { rows, width, .. }
        | Step::Gate { rows, width, .. }
        | Step::HideRows { rows, width, .. }
        | Step::Mixed { rows, width, .. }
        | Step::Gru { rows, width, .. }
        | Step::Turn { rows, width, .. }
        | Step::Rotate { rows, width, .. } => Extent::rows(rows.at(lengths), width),
        Step::MeanRows { width, .. } => Extent::rows(1, width),
        Step::AffineRows { rows, width, stride, .. } => Extent::strided(rows.at(lengths), width, stride),
        Step::Attention { queries, heads, v_width, .. } => Extent::rows(queries.at(lengths), heads * v_width),
        Step::Begin { ref shape, .. } | Step::Gather { ref shape, .. } | Step::GatherGrid { ref shape, .. } => {
            Extent::rows(1, shape.state_len())
        }
        Step::Columns { rows, width, .. } => Extent::rows(width + 1, rows.at(lengths)),
        Step::Settle { ref shape, .. } => Extent::rows(shape.queries, shape.heads * shape.v_width),
        Step::Fourier { rows, axes, bands, with_position, sine_only, out_stride, .. } => {
            let waves = if sine_only { 1 } else { 2 };
            let width = axes * (usize::from(with_position) + waves * bands);
            Extent::strided(rows.at(lengths), width, out_stride)
        }
        Step::Waves { ref line, with_position, sine_only, rows, out_stride, .. } => {
            let waves = if sine_only { 1 } else { 2 } * line.waves.len();
            Extent::strided(rows.at(lengths), usize::from(with_position) + waves, out_stride)
        }
        Step::Unfold { depth, channels, kernel, rows, out_stride, .. } => {
            Extent::strided(rows.at(lengths), depth * kernel * kernel * channels, out_stride)
        }
        Step::MaxPool { channels, out_height, out_width, out_stride, .. } => {
            Extent::strided(out_height * out_width, channels, out_stride)
        }
    }
}

/// What a step reads of each of its sources, in their order.
fn sources(step: &Step, lengths: Lengths) -> Vec<(Extent, &Source)> {
    let extents = match *step {
        Step::Linear { rows, inputs, x_stride, .. } => vec![Extent::strided(rows.at(lengths), inputs, x_stride)],
        Step::CopyRows { rows, width, x_stride, .. } | Step::AddRows { rows, width, x_stride, .. } => {
            vec![Extent::strided(rows.at(lengths), width, x_stride)]
        }
        Step::Normalize { rows, width, x: Some(_), .. }
        | Step::MeanRows { rows, width, .. }
        | Step::Transpose { rows, width, .. } => {
            vec![Extent::rows(rows.at(lengths), width)]
        }
        Step::Mix { rows, width, .. } => vec![Extent::rows(rows.at(lengths), width); 2],
        Step::Mixed { rows, width, .. } => vec![Extent::rows(3 * rows.at(lengths), width)],
        Step::Gate { rows, width, .. } => vec![Extent::rows(rows.at(lengths), 2 * width)],
        Step::Gru { rows, width, .. } => vec![Extent::rows(rows.at(lengths), 3 * width); 2],
        Step::InvertedAttention { queries, keys, heads, qk, v_width, .. } => {
            let keys = keys.at(lengths);
            vec![
                Extent::rows(queries.at(lengths), heads * qk),
                Extent::rows(keys, heads * qk),
                Extent::rows(keys, heads * v_width),
            ]
        }
        Step::Attention { queries, keys, heads, key_heads, value_heads, qk, v_width, .. } => {
            let keys = keys.at(lengths);
            vec![
                Extent::rows(queries.at(lengths), heads * qk),
                Extent::rows(keys, key_heads * qk),
                Extent::rows(keys, value_heads * v_width),
            ]
        }
        Step::Gather { ref shape, keys, .. } => {
            let (keys, qk, v_width) = (keys.at(lengths), shape.qk, shape.v_width);
            vec![
                Extent::rows(shape.queries, shape.heads * qk),
                Extent::rows(keys, shape.key_heads * qk),
                Extent::rows(keys, shape.value_heads * v_width),
            ]
        }
        Step::GatherGrid { ref shape, width, keys, .. } => {
            vec![Extent::rows(shape.queries, shape.heads * shape.qk), Extent::rows(width + 1, keys.at(lengths))]
        }
        Step::Columns { rows, width, .. } => vec![Extent::rows(rows.at(lengths), width)],
        Step::Settle { ref shape, .. } => vec![Extent::rows(1, shape.state_len())],
        Step::Unfold { frames, channels, height, width, .. } => vec![Extent::rows(frames * height * width, channels)],
        Step::MaxPool { channels, height, width, .. } => vec![Extent::rows(height * width, channels)],
        Step::Normalize { x: None, .. }
        | Step::Rotate { .. }
        | Step::Turn { .. }
        | Step::HideRows { .. }
        | Step::Embed { .. }
        | Step::AffineRows { .. }
        | Step::Fourier { .. }
        | Step::Waves { .. }
        | Step::Begin { .. } => vec![],
    };
    let sources = step.sources();
    assert_eq!(extents.len(), sources.len(), "{step:?}");
    extents.into_iter().zip(sources).collect()
}

/// What a step reads of the arena, its target included where it changes that in place.
pub(super) fn reads(step: &Step, lengths: Lengths) -> Vec<(Extent, &Place)> {
    let arena = sources(step, lengths).into_iter().filter_map(|(extent, source)| match source {
        Source::Arena(place) => Some((extent, place)),
        Source::Weights(_) | Source::Table { .. } | Source::LastRows { .. } | Source::Input(_) => None,
    });
    let is_in_place = matches!(
        step,
        Step::Linear { accumulate: true, .. }
            | Step::Normalize { x: None, .. }
            | Step::Gather { .. }
            | Step::GatherGrid { .. }
            | Step::Gru { .. }
            | Step::HideRows { .. }
            | Step::Transpose { accumulate: true, .. }
            | Step::Mix { first: false, .. }
            | Step::Rotate { .. }
            | Step::Turn { .. }
            | Step::AddRows { .. }
            | Step::AffineRows { .. }
    );
    let target = match step.target() {
        Target::Arena(place) if is_in_place => Some((written(step, lengths), place)),
        Target::Arena(_) | Target::Output(_) => None,
    };
    arena.chain(target).collect()
}

/// The sources of a step that are weights, each with the numbers that it reads of them; tables have `rows` rows.
///
/// A run may have fewer tokens than the table of positions has rows, never more: the extent is that of the longest run.
pub(super) fn constants(step: &Step, lengths: Lengths, rows: usize) -> Vec<(Weights, usize)> {
    let constant = |(extent, source): (Extent, &Source)| match source {
        Source::Weights(weights) => Some((*weights, extent.end())),
        Source::Table { rows: weights, width } => {
            // Heads that are queries of their own read their parts of a row.
            assert_eq!(width % extent.stride, 0, "{step:?} leaves out numbers of a table");
            Some((*weights, rows * width))
        }
        Source::LastRows { rows: weights, width, count } => {
            assert_eq!(extent.stride, *width, "{step:?} leaves out numbers of a table");
            Some((*weights, count.at(lengths) * width))
        }
        Source::Arena(_) | Source::Input(_) => None,
    };
    sources(step, lengths).into_iter().filter_map(constant).collect()
}
