//! Heads over the decoded queries, or over the latents.

use super::block::norm;
use super::config::{self, Config, Rows};
use crate::model::{Extent, Input, Linear, Model, Output, Stem, Tensor};
use crate::scheme::checkpoint::{Axis, Bias, Checkpoint};

/// Reads all outputs of `model`, which has none yet.
pub(super) fn read(config: &Config, checkpoint: &mut Checkpoint, model: &Model) -> Vec<Output> {
    config.outputs.iter().map(|output| one(config, output, checkpoint, model)).collect()
}

fn one(config: &Config, output: &config::Output, checkpoint: &mut Checkpoint, model: &Model) -> Output {
    let (name, [count, width]) = (&output.name, model.output_rows());
    let rows: Axis<'_> = (width, "the queries' width");
    let part = |part: &str| format!("outputs.{name}.{part}");
    let linear = match (&output.tied, output.width) {
        (Some(tied), linear_width) => {
            if linear_width.is_some() {
                checkpoint
                    .complain(format!("output `{name}` has both `width` and `tied`, expected one: remove the other"));
            }
            tie(name, tied, checkpoint, &model.inputs, width)
        }
        (None, Some(outputs)) => {
            let (layer, source) = (format!("outputs.{name}"), part("width"));
            Some(checkpoint.linear(&layer, (outputs, &source), rows, Bias::Optional))
        }
        (None, None) => None,
    };
    let numbers = linear.as_ref().map_or(width, |linear| linear.weight.rows());
    let made: Axis<'_> = (numbers, "the output's width");
    let read = Output {
        mean: output.mean,
        norm: output.norm.map(|spec| norm(config, checkpoint, &part("norm"), rows, spec)),
        last_norm: output.last_norm.map(|spec| norm(config, checkpoint, &part("last_norm"), made, spec)),
        shape: output.shape.clone(),
        labels: output.labels.clone(),
        ..Output::new(name, extent(output, checkpoint, model, count), linear)
    };
    check_numbers(&read, numbers, checkpoint);
    read
}

fn extent(output: &config::Output, checkpoint: &mut Checkpoint, model: &Model, count: usize) -> Extent {
    let [first, end] = match output.rows {
        Rows::All => [0, count],
        Rows::Some(rows) => rows,
        Rows::Tokens => return Extent::Tokens { most: model.tokens() },
        Rows::Latents => return Extent::Latents { most: model.latents.shape()[0] },
    };
    if first >= end || end > count {
        checkpoint.complain(format!(
            "output `{}` reads the queries {first} to {end} (end not included), but there are {count}: choose first < end ≤ {count}",
            output.name
        ));
    }
    Extent::Rows(first..end)
}

/// Labels and axes must be those of as many numbers as there are.
fn check_numbers(output: &Output, width: usize, checkpoint: &mut Checkpoint) {
    let Output { name, labels, shape, .. } = output;
    if !labels.is_empty() && labels.len() != width {
        checkpoint.complain(format!(
            "output `{name}` has {} labels for {width} numbers: give one for each, or none",
            labels.len()
        ));
    }
    let (rows, numbers) = (output.most(), shape.iter().product::<usize>());
    if !shape.is_empty() && numbers != rows * width {
        checkpoint.complain(format!(
            "`shape` {shape:?} of output `{name}` holds {numbers} numbers, but {rows} rows of {width} are made: correct it, or \
             leave it out"
        ));
    }
}

/// The embedding of input `tied` as a linear layer.
fn tie(name: &str, tied: &str, checkpoint: &mut Checkpoint, inputs: &[Input], width: usize) -> Option<Linear> {
    let Some(weight) = inputs.iter().find_map(|input| embedding(input, tied)) else {
        checkpoint.complain(format!(
            "output `{name}` is tied to \"{tied}\", which is no input of kind \"ids\": name one that is, or give a `width`"
        ));
        return None;
    };
    if weight.columns() != width {
        checkpoint.complain(format!(
            "output `{name}` multiplies decoded rows of {width} numbers with the embedding of `{tied}`, which has {}: make \
             the queries as wide as the embedding, or give a `width`",
            weight.columns()
        ));
    }
    let bias = checkpoint.optional(&format!("outputs.{name}.bias"), &[(weight.rows(), "vocabulary")]);
    Some(Linear { weight: weight.clone(), bias })
}

fn embedding<'i>(input: &'i Input, name: &str) -> Option<&'i Tensor> {
    match &input.stem {
        Stem::Ids { embedding, .. } if input.name == name => Some(embedding),
        _ => None,
    }
}
