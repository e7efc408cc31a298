//! Heads over the decoded queries.

use super::config::{self, Config};
use crate::model::{Extent, Input, Linear, Output, Stem, Tensor};
use crate::scheme::checkpoint::{Bias, Checkpoint};

/// Reads all outputs over `rows`, count and width of what they read.
pub(super) fn read(config: &Config, checkpoint: &mut Checkpoint, inputs: &[Input], rows: [usize; 2]) -> Vec<Output> {
    config.outputs.iter().map(|output| one(output, checkpoint, inputs, rows)).collect()
}

fn one(output: &config::Output, checkpoint: &mut Checkpoint, inputs: &[Input], [count, width]: [usize; 2]) -> Output {
    let name = &output.name;
    let [first, end] = output.queries.unwrap_or([0, count]);
    if first >= end || end > count {
        checkpoint.complain(format!(
            "output `{name}` reads the queries {first} to {end} (end not included), but there are {count}: choose first < end ≤ {count}"
        ));
    }
    let linear = match (&output.tied, output.width) {
        (Some(tied), linear_width) => {
            if linear_width.is_some() {
                checkpoint
                    .complain(format!("output `{name}` has both `width` and `tied`, expected one: remove the other"));
            }
            tie(name, tied, checkpoint, inputs, width)
        }
        (None, Some(outputs)) => {
            let (layer, source) = (format!("outputs.{name}"), format!("outputs.{name}.width"));
            Some(checkpoint.linear(&layer, (outputs, &source), (width, "the queries' width"), Bias::Optional))
        }
        (None, None) => None,
    };
    let classes = linear.as_ref().map_or(width, |linear| linear.weight.rows());
    if !output.labels.is_empty() && output.labels.len() != classes {
        checkpoint.complain(format!(
            "output `{name}` has {} labels for {classes} numbers: give one for each, or none",
            output.labels.len()
        ));
    }
    Output { labels: output.labels.clone(), ..Output::new(name, Extent::Rows(first..end), linear) }
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
