//! Position encodings.

use super::config::{self, PositionKind};
use crate::model::{Combine, Encoding, Fourier, Position};
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
            let tokens = (grid.iter().product(), "tokens");
            let width = (width.unwrap_or(data), if width.is_some() { "position.width" } else { "the tokens' width" });
            Encoding::Learned(checkpoint.tensor(&format!("inputs.{name}.position"), &[tokens, width]))
        }
        PositionKind::Fourier(spec) => {
            Encoding::Fourier(fourier(checkpoint, &format!("inputs.{name}.position"), grid, spec))
        }
    };
    let mut read = Position { encoding, project: None, combine: position.combine };
    read.project = position.project.map(|width| {
        let layer = format!("inputs.{name}.position_project");
        checkpoint.linear(&layer, (width, "position.project"), (read.width(), "the encoding's width"), Bias::Optional)
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
        bands: spec.bands,
        max_resolution,
        with_position: spec.with_position,
        sine_only: spec.sine_only,
    }
}
