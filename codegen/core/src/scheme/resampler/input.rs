//! The features of one medium, with learned positions where the library has some.

use super::Family;
use super::names::Names;
use super::sizes::Sizes;
use crate::model::{Combine, Encoding, Input, Linear, Position, Stem, Tensor};
use crate::scheme::LoadOptions;
use crate::scheme::checkpoint::{Axis, Bias, Checkpoint};
use crate::scheme::constructor::{Constructor, Length};
use std::borrow::Cow;

/// The axis of media: the libraries resample each by itself.
const MEDIUM: Length<'static> = Length::Is((1, "one medium"));

/// Reads the features' input.
pub(super) fn read(
    family: Family,
    names: &Names,
    sizes: &Sizes,
    constructor: &mut Constructor,
    checkpoint: &mut Checkpoint,
    options: &LoadOptions,
) -> Input {
    let channels = sizes.features.unwrap_or(sizes.width);
    let first = match family {
        Family::OpenFlamingo => vec![MEDIUM, Length::Any("frames")],
        // The axis of media may be left out.
        Family::FlamingoPytorch if constructor.axes(options, names.input) == Some(3) => vec![MEDIUM],
        _ => Vec::new(),
    };
    let axes: Vec<Length<'_>> = first.into_iter().chain([Length::Any("features"), Length::Is(channels)]).collect();
    let mut grid = constructor.shape(options, names.input, &axes);
    grid.pop();
    let project = sizes.features.map(|features| checkpoint.linear("proj_in", sizes.width, features, Bias::Required));
    let position = match &project {
        Some(project) => before(sizes, checkpoint, &grid, project),
        None => after(names, sizes, checkpoint, &grid),
    };
    Input {
        name: names.input.to_owned(),
        stem: Stem::Tokens { grid, channels: channels.0 },
        scale: None,
        project,
        tail: None,
        position,
        padding: None,
        masked: None,
        merged: false,
    }
}

/// Positions that are added to the features before the linear layer on them.
fn before(sizes: &Sizes, checkpoint: &mut Checkpoint, grid: &[usize], project: &Linear) -> Option<Position> {
    let table = checkpoint.tensor("pos_emb.weight", &[sizes.positions?, sizes.features?]);
    let features = grid.iter().product();
    if features > table.rows() {
        too_many(checkpoint, "features", features, sizes.positions?);
    }
    let encoding = Encoding::Learned(table.part_of_rows(0, features));
    let project = Some(Linear { weight: project.weight.clone(), bias: None });
    Some(Position { project, ..Position::new(encoding, Combine::Add) })
}

fn too_many(checkpoint: &mut Checkpoint, what: &str, given: usize, (most, source): Axis<'_>) {
    checkpoint.complain_about(
        LoadOptions::INPUT_SHAPES,
        format!(
            "the shape given has {given} {what}, but the checkpoint has positions for {most} (`{source}`): give no more"
        ),
    );
}

/// What is added to each feature: the position of its frame, and that of the first medium.
fn after(names: &Names, sizes: &Sizes, checkpoint: &mut Checkpoint, grid: &[usize]) -> Option<Position> {
    let medium = sizes.media.map(|media| checkpoint.tensor(names.media, &[media, (1, "one row"), sizes.width]));
    let frames = sizes.frames.map(|frames| checkpoint.tensor(names.frames, &[frames, sizes.width]));
    let (count, features) = match *grid {
        [_, count, features] => (count, features),
        [.., features] => (1, features),
        [] => (1, 1),
    };
    if let Some(most) = sizes.frames.filter(|(most, _)| count > *most) {
        too_many(checkpoint, "frames", count, most);
    }
    if medium.is_none() && frames.is_none() {
        return None;
    }
    let [frames, medium] = [&frames, &medium].map(|table| table.as_ref().map(|table| checkpoint.numbers(table)));
    let row = |frame: usize| -> Option<Vec<f32>> {
        let part = |table: &Option<Cow<'_, [f32]>>, row: usize| match table {
            Some(table) => table.get(row * sizes.width.0..(row + 1) * sizes.width.0).map(<[f32]>::to_vec),
            None => Some(vec![0.0; sizes.width.0]),
        };
        Some(part(&frames, frame)?.iter().zip(part(&medium, 0)?).map(|(frame, medium)| frame + medium).collect())
    };
    let rows: Option<Vec<Vec<f32>>> = (0..count).map(row).collect();
    // Without numbers where a table has none.
    let data = rows.map_or_else(Vec::new, |rows| rows.iter().flat_map(|row| row.repeat(features)).collect());
    let shape = vec![count * features, sizes.width.0];
    let table = Tensor { name: names.media.to_owned(), shape, data: data.into() };
    Some(Position::new(Encoding::Learned(table), Combine::Add))
}
