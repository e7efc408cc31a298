//! A token `[c, f]` whose position `f` stands on a grid is `E [c, 1ᵢ, 1ⱼ, …]`: the features of an axis depend on the place on that axis
//! alone, so `E` has their table beside the identity. A norm takes off the mean, which is linear, `P x = x − 1ᵀx/W`, and divides by
//! a deviation σ. So `q · (P E u / σ) = (Eᵀ P q) · u / σ` and `Wₒ Σ p P E u / σ = (Wₒ P E) Σ p u / σ`: queries and output take over
//! `P E`, and of a token its channels are left, a place an axis and σ, whose squares are sums of tables too.
//!
//! Valid where constants ask, keys and values are the tokens themselves, nothing else reads these, and a norm without gain and offset
//! is over them. Applied where positions are wider than the data, for what is left of the work is less regular than what it replaces;
//! and where what is gathered is at most three times as wide as a token, so that memory does not grow with a long axis.

use super::{absorb_keys, absorb_values, bake_queries, widen};
use crate::Problems;
use crate::model::{
    Absorbed, Attention, Axis, Combine, Encoding, Fourier, Input, Model, Norm, NormKind, Places, Position, Query,
    Separated, Tensor, axes,
};

/// The least that positions are wider than the data.
const LEAST: usize = 8;

/// The most that what is gathered may be wider than a token.
const MOST: usize = 3;

/// The positions that the block `index` of the folded `model` may read as places, if all its tokens have such.
pub(crate) fn grid(model: &Model, index: usize) -> Option<&Fourier> {
    let [input] = model.inputs.as_slice() else { return None };
    let block = &model.blocks[index];
    let readers = model.schedule.iter().filter(|&&block| model.blocks[block].reads.context()).count();
    let norm = block.attention.norm_kv.as_ref()?;
    let is_bare = |norm: &Norm| norm.gain.is_none() && norm.offset.is_none();
    let is_valid = bake_queries::first(model) == Some(index)
        && readers == 1
        && is_bare(norm)
        && absorb_keys::is_valid(block)
        && absorb_values::is_valid(block);
    let is_worth = |grid: &Fourier| {
        let (channels, places) = (input.data_width(), grid.shape.iter().sum::<usize>());
        grid.width() >= LEAST * channels && channels + places <= MOST * (channels + grid.width())
    };
    of(input).filter(|grid| is_valid && is_worth(grid))
}

/// The grid that the tokens of `input` stand on, beside whose data their positions are as they are.
fn of(input: &Input) -> Option<&Fourier> {
    let is_whole = input.masked.is_none() && input.padding.is_none();
    match &input.position {
        Some(Position {
            encoding: Encoding::Fourier(grid),
            project: None,
            combine: Combine::Concat,
            places: Places::FromStart,
        }) if is_whole => Some(grid),
        _ => None,
    }
}

/// Takes the positions out of what the block `index` reads.
///
/// # Errors
/// Files of weights that can no longer be read.
pub(super) fn run(model: &mut Model, index: usize) -> Result<(), Problems> {
    let Some(grid) = grid(model, index).cloned() else { return Ok(()) };
    let channels = model.inputs.first().map_or(0, Input::data_width);
    let attention = &mut model.blocks[index].attention;
    let is_centred = attention.norm_kv.as_ref().is_some_and(|norm| norm.kind == NormKind::Layer);
    let split = Split { channels, width: channels + grid.width(), is_centred, axes: axes(&grid) };
    let Attention { query: Query::Constant(table), output, absorbed_value: Some(absorbed), scale, .. } = attention
    else {
        return Ok(());
    };
    *table = split.rows(table, *scale)?;
    *scale = 1.0;
    match absorbed {
        Absorbed::Merged => output.weight = split.rows(&output.weight, 1.0)?,
        Absorbed::PerHead(layers) => {
            for layer in layers {
                layer.weight = split.rows(&layer.weight, 1.0)?;
            }
        }
    }
    let (features, parts) = (grid.width() / grid.shape.len().max(1), split.parts());
    attention.separated = Some(Separated { channels, shape: grid.shape, features, parts });
    Ok(())
}

/// `P E`
struct Split {
    channels: usize,
    /// W
    width: usize,
    is_centred: bool,
    axes: Vec<Axis>,
}

impl Split {
    /// `factor · rows · P E` of rows that are parts of `W` numbers.
    fn rows(&self, tensor: &Tensor, factor: f64) -> Result<Tensor, Problems> {
        let numbers: Vec<f64> = widen(tensor)?.chunks_exact(self.width).flat_map(|row| self.row(row, factor)).collect();
        let columns = tensor.columns() / self.width * (self.channels + self.places().count());
        Ok(Tensor::rounded(format!("{} (with positions)", tensor.name), &[tensor.rows(), columns], &numbers))
    }

    fn row(&self, row: &[f64], factor: f64) -> Vec<f64> {
        let mean = if self.is_centred { row.iter().sum::<f64>() / row.len() as f64 } else { 0.0 };
        let row: Vec<f64> = row.iter().map(|x| factor * (x - mean)).collect();
        let (data, features) = row.split_at(self.channels);
        let place = |(axis, place): (&Axis, &Vec<f32>)| {
            axis.columns.iter().zip(place).map(|(&column, &feature)| features[column] * f64::from(feature)).sum()
        };
        data.iter().copied().chain(self.places().map(place)).collect()
    }

    /// The features of each place of each axis.
    fn places(&self) -> impl Iterator<Item = (&Axis, &Vec<f32>)> {
        self.axes.iter().flat_map(|axis| axis.places.iter().map(move |place| (axis, place)))
    }

    /// Of each place the mean of its features, then of each the sum of the squares of their distances from it.
    fn parts(&self) -> Tensor {
        let mean = |place: &[f32]| place.iter().map(|&x| f64::from(x)).sum::<f64>() / place.len() as f64;
        let apart = |place: &[f32]| place.iter().map(|&x| (f64::from(x) - mean(place)).powi(2)).sum::<f64>();
        let means = self.places().map(|(_, place)| mean(place));
        let parts: Vec<f64> = means.chain(self.places().map(|(_, place)| apart(place))).collect();
        Tensor::rounded("parts of positions", &[2, parts.len() / 2], &parts)
    }
}
