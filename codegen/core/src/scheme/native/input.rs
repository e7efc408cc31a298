//! Inputs with their tensors: scale → patch → project → position → padding.

use super::config::{self, Config, Kind};
use super::position;
use crate::model::{Input, Scale, Stem, Window};
use crate::scheme::checkpoint::{Bias, Checkpoint};

/// Reads all inputs and fills them up to the same width.
pub(super) fn read(config: &Config, checkpoint: &mut Checkpoint) -> Vec<Input> {
    let mut inputs: Vec<_> = config.inputs.iter().map(|input| one(input, checkpoint)).collect();
    if let [_, _, ..] = inputs.as_slice()
        && let Some(ids) = inputs.iter().find(|input| matches!(input.stem, Stem::Ids { .. }))
    {
        checkpoint.complain(format!(
            "input `{}` is of kind \"ids\" and stands beside other inputs, but ids may be shorter at run time, so they must be the \
             only input: remove the others, or give the model \"tokens\"",
            ids.name
        ));
    }
    pad(config, checkpoint, &mut inputs);
    inputs
}

fn one(input: &config::Input, checkpoint: &mut Checkpoint) -> Input {
    let name = &input.name;
    let stem = stem(name, &input.kind, checkpoint);
    let scale = input.scale.as_ref().map(|lists| scale(name, lists, stem.channels(), checkpoint));
    let project = input.project.map(|width| {
        let (layer, token) = (format!("inputs.{name}.project"), format!("a token of input `{name}`"));
        checkpoint.linear(&layer, (width, &layer), (stem.width(), &token), Bias::Optional)
    });
    let mut read =
        Input { name: name.clone(), stem, scale, project, tail: None, position: None, padding: None, masked: None };
    let (grid, width) = (read.grid(), read.data_width());
    read.position = input.position.as_ref().map(|position| position::read(checkpoint, name, &grid, width, position));
    read
}

fn stem(name: &str, kind: &Kind, checkpoint: &mut Checkpoint) -> Stem {
    match *kind {
        Kind::Tokens { tokens, channels } => Stem::Tokens { grid: vec![tokens], channels },
        Kind::Series { samples, channels, patch } => {
            check_patch(name, "samples", samples, patch, checkpoint);
            Stem::Series { samples, channels, patch }
        }
        Kind::Image { height, width, channels, patch, layout } => {
            check_patch(name, "height", height, patch, checkpoint);
            check_patch(name, "width", width, patch, checkpoint);
            Stem::Image { height, width, channels, layout, window: Window::tiles(patch) }
        }
        Kind::Ids { vocabulary, tokens, embedding } => {
            let [rows, columns] = ["vocabulary", "embedding"].map(|field| format!("inputs.{name}.{field}"));
            let embedding = checkpoint.tensor(&columns, &[(vocabulary, &rows), (embedding, &columns)]);
            Stem::Ids { tokens, embedding }
        }
    }
}

fn check_patch(name: &str, axis: &str, length: usize, patch: usize, checkpoint: &mut Checkpoint) {
    if !length.is_multiple_of(patch) {
        checkpoint.complain(format!(
            "`patch` {patch} of input `{name}` does not divide its `{axis}` {length}: choose a patch that does, or another `{axis}`"
        ));
    }
}

fn scale(name: &str, [offset, gain]: &[Vec<f64>; 2], channels: usize, checkpoint: &mut Checkpoint) -> Scale {
    for (list, numbers) in [("offset", offset), ("gain", gain)] {
        if numbers.len() != channels {
            checkpoint.complain(format!(
                "`scale.{list}` of input `{name}` has {} numbers, expected one for each of its {channels} channels: correct the list",
                numbers.len()
            ));
        }
    }
    let rounded = |numbers: &[f64]| numbers.iter().map(|&number| number as f32).collect();
    Scale { offset: rounded(offset), gain: rounded(gain) }
}

/// Learned padding of every input that is narrower than the widest, or than `token_width`.
fn pad(config: &Config, checkpoint: &mut Checkpoint, inputs: &mut [Input]) {
    let widest = inputs.iter().map(Input::width).max().unwrap_or(1);
    let target = config.token_width.unwrap_or(widest);
    if target < widest {
        checkpoint.complain(format!(
            "`token_width` is {target}, but an input makes tokens of {widest} numbers: raise it to {widest}, or leave it out"
        ));
    }
    for input in inputs.iter_mut().filter(|input| input.width() < target) {
        let (name, width) = (format!("inputs.{}.padding", input.name), input.width());
        let missing = || {
            format!(
                "input `{}` makes tokens of {width} numbers where {target} are needed, and there is no tensor `{name}` [{}] to \
                 fill them up: save it, or make the widths agree",
                input.name,
                target - width
            )
        };
        let lacking = format!("what the tokens of input `{}` lack", input.name);
        input.padding = Some(checkpoint.tensor_or(&name, &[(target - width, &lacking)], missing));
    }
}
