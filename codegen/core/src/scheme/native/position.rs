//! Position encodings.

use super::config::{self, PositionKind};
use crate::model::{Combine, Encoding, FeatureLayout, Fourier, Grid, Position, linear_frequencies};
use crate::scheme::checkpoint::{Bias, Checkpoint};

/// Reads the encoding of the input `name`, whose tokens lie on `grid` and have `data` numbers.
pub(super) fn read(
    checkpoint: &mut Checkpoint,
    name: &str,
    grid: &[usize],
    data: usize,
    position: &config::Position,
) -> Position {
    let encoding = match &position.encoding {
        PositionKind::Learned { width } => {
            let [table, rows, columns] =
                ["position", "tokens", "position.width"].map(|field| format!("inputs.{name}.{field}"));
            let token = format!("a token of input `{name}`");
            let columns = width.map_or((data, token.as_str()), |width| (width, &columns));
            Encoding::Learned(checkpoint.tensor(&table, &[(grid.iter().product(), &rows), columns]))
        }
        PositionKind::Fourier(spec) => {
            Encoding::Fourier(fourier(checkpoint, &format!("inputs.{name}.position"), grid, spec))
        }
    };
    let mut read = Position::new(encoding, position.combine);
    read.project = position.project.map(|width| {
        let (layer, outputs) = (format!("inputs.{name}.position_project"), format!("inputs.{name}.position.project"));
        checkpoint.linear(&layer, (width, &outputs), (read.width(), "the encoding's width"), Bias::Optional)
    });
    if read.combine == Combine::Add && read.width() != data {
        checkpoint.complain(format!(
            "the position of input `{name}` has {} numbers and its tokens {data}, but \"add\" needs as many: set \
             `position.project` to {data}, or use \"concat\"",
            read.width()
        ));
    }
    read
}

/// The features of the grid `shape`, whose fields stand at `place`.
pub(super) fn fourier(checkpoint: &mut Checkpoint, place: &str, shape: &[usize], spec: &config::Fourier) -> Fourier {
    let default = || shape.iter().map(|&length| length as f64).collect();
    let max_resolution: Vec<f64> = spec.max_resolution.clone().unwrap_or_else(default);
    if max_resolution.len() != shape.len() {
        checkpoint.complain(format!(
            "`max_resolution` of `{place}` has {} numbers, expected one for each axis of {shape:?}: correct the list, or leave it out",
            max_resolution.len()
        ));
    }
    Fourier {
        shape: shape.to_vec(),
        grid: Grid::Inclusive,
        frequencies: max_resolution.iter().map(|&resolution| linear_frequencies(resolution, spec.bands)).collect(),
        layout: FeatureLayout::Blocks,
        with_position: spec.with_position,
        sine_only: spec.sine_only,
    }
}
