//! Inputs with their tensors: scale → stem → project → tail → position → padding.

use super::config::{self, Config, Encoding, Kind};
use super::encoding::fourier;
use crate::model::{self, BatchNorm, Combine, ConvTail, Input, Position, Scale, Stem};
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
    for (input, spec) in inputs.iter_mut().zip(&config.inputs).filter(|(_, spec)| spec.masked) {
        let width = (input.full_width(), "the tokens' width");
        input.masked = Some(checkpoint.tensor(&format!("inputs.{}.masked", spec.name), &[width]));
    }
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
    let tail = input.tail.as_ref().map(|spec| tail(name, spec, input.project, checkpoint));
    let mut read = Input { scale, project, tail, ..Input::new(name.clone(), stem) };
    read.position = input.position.as_ref().map(|spec| position(&read, spec, checkpoint));
    read
}

fn stem(name: &str, kind: &Kind, checkpoint: &mut Checkpoint) -> Stem {
    let mut divides = |axis: &str, length: usize, patch: usize| {
        if !length.is_multiple_of(patch) {
            checkpoint.complain(format!(
                "`patch` {patch} of input `{name}` does not divide its `{axis}` {length}: choose a patch that does, or another `{axis}`"
            ));
        }
    };
    match *kind {
        Kind::Tokens { ref grid, channels } => Stem::Tokens { grid: grid.clone(), channels },
        Kind::Series { samples, channels, patch } => {
            divides("samples", samples, patch);
            Stem::Series { samples, channels, patch }
        }
        Kind::Image { height, width, channels, window, layout } => {
            if window == model::Window::tiles(window.kernel) {
                divides("height", height, window.kernel);
                divides("width", width, window.kernel);
            }
            Stem::Image { height, width, channels, layout, window }
        }
        Kind::Video { frames, height, width, channels, patch, layout } => {
            divides("frames", frames, patch.frames);
            divides("height", height, patch.side);
            divides("width", width, patch.side);
            Stem::Video { frames, height, width, channels, layout, patch }
        }
        Kind::Ids { vocabulary, tokens, embedding } => {
            let [rows, columns] = ["vocabulary", "embedding"].map(|field| format!("inputs.{name}.{field}"));
            let embedding = checkpoint.tensor(&columns, &[(vocabulary, &rows), (embedding, &columns)]);
            Stem::Ids { tokens, embedding }
        }
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

fn tail(name: &str, spec: &config::Tail, project: Option<usize>, checkpoint: &mut Checkpoint) -> ConvTail {
    let Some(width) = project else {
        checkpoint.complain(format!(
            "input `{name}` has a `tail`, which follows a linear layer, but no `project`: give the number of channels, or remove \
             the tail"
        ));
        return ConvTail { batch_norm: None, activation: spec.activation, pool: spec.pool };
    };
    let source = format!("inputs.{name}.project");
    let axes = [(width, source.as_str())];
    let part = |part: &str| format!("inputs.{name}.batch_norm.{part}");
    let batch_norm = spec.batch_norm.map(|eps| BatchNorm {
        mean: checkpoint.buffer(&part("running_mean"), &axes),
        variance: checkpoint.buffer(&part("running_var"), &axes),
        gain: checkpoint.tensor(&part("weight"), &axes),
        offset: checkpoint.tensor(&part("bias"), &axes),
        eps,
    });
    ConvTail { batch_norm, activation: spec.activation, pool: spec.pool }
}

fn position(input: &Input, spec: &config::Position, checkpoint: &mut Checkpoint) -> Position {
    let (name, grid, data) = (&input.name, input.grid(), input.data_width());
    let place = format!("inputs.{name}.position");
    let encoding = match &spec.encoding {
        Encoding::Learned { width, .. } => {
            let [rows, columns] = ["tokens", "position.width"].map(|field| format!("inputs.{name}.{field}"));
            let token = format!("a token of input `{name}`");
            let columns = width.map_or((data, token.as_str()), |width| (width, &columns));
            model::Encoding::Learned(checkpoint.tensor(&place, &[(grid.iter().product(), &rows), columns]))
        }
        Encoding::Fourier(spec) => model::Encoding::Fourier(fourier(checkpoint, &place, &grid, spec)),
    };
    let mut read = Position { places: spec.places, ..Position::new(encoding, spec.combine) };
    read.project = spec.project.map(|width| {
        let (layer, outputs) = (format!("inputs.{name}.position_project"), format!("{place}.project"));
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
