//! Arrays to what a program has to compute.

use super::{add, list};
use crate::sample::Sample;
use percio_codegen_core::Problems;
use percio_codegen_core::container::{Array, Numbers};
use percio_codegen_core::program::{Output, Program};
use std::collections::BTreeMap;

/// What an output has to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// The numbers of each sample.
    pub numbers: Vec<Vec<f32>>,
    /// The right class of each row of each sample, when the file says so; negative for a row that does not count.
    pub labels: Option<Vec<Vec<i64>>>,
}

/// What `outputs` and `labels` say about each output of the program.
pub(super) fn read(
    program: &Program,
    outputs: &BTreeMap<&str, &Array>,
    labels: &BTreeMap<&str, &Array>,
) -> Result<Vec<Expected>, Problems> {
    let mut problems = Problems::new();
    let mut expected = Vec::new();
    for output in &program.outputs {
        let name = output.name.as_str();
        // Sources that compute one array may call it what they like.
        let only = || outputs.values().next().filter(|_| outputs.len() == 1 && program.outputs.len() == 1);
        let Some(array) = outputs.get(name).or_else(only) else {
            let there = list(outputs.keys().copied());
            add(
                &mut problems,
                format!("the model computes `{name}` and the file has no `output.{name}`; outputs there: {there}"),
            );
            continue;
        };
        let numbers = numbers(output, array, &mut problems);
        let labels = labels.get(name).and_then(|labels| classes(output, labels, array.shape.first(), &mut problems));
        expected.push(Expected { numbers, labels });
    }
    problems.finish(expected)
}

/// Of sequences that end early, drops what the source computes for latents that stand before the first token.
pub(super) fn keep_last(program: &Program, samples: &[Sample], expected: &mut [Expected]) {
    for (output, expected) in program.outputs.iter().zip(expected) {
        for (sample, numbers) in samples.iter().zip(&mut expected.numbers) {
            let wanted = output.numbers(sample.lengths(program));
            numbers.drain(..numbers.len().saturating_sub(wanted));
        }
    }
}

fn numbers(output: &Output, array: &Array, problems: &mut Problems) -> Vec<Vec<f32>> {
    let Output { name, rows, width, .. } = output;
    let shape = &array.shape;
    let len = shape.iter().skip(1).product::<usize>();
    let most = rows * width;
    let is_as_long = if output.has_variable_length() { len <= most && len.is_multiple_of(*width) } else { len == most };
    // Rows may lie on a grid of several axes; an axis of length 1 may be missing.
    let is_split_alike = shape.get(1..) == Some(&output.axes)
        || shape.len() > 1 && shape.last() == Some(width)
        || *width == 1
        || *rows == 1;
    if shape.is_empty() || !is_as_long || !is_split_alike {
        add(problems, format!("`output.{name}` has shape {shape:?}, expected {}", shape_text(output)));
        return Vec::new();
    }
    match &array.numbers {
        Numbers::F32(numbers) => numbers.chunks(len.max(1)).map(<[f32]>::to_vec).collect(),
        Numbers::I64(_) => {
            add(problems, format!("`output.{name}` holds integers, expected floating-point numbers"));
            Vec::new()
        }
    }
}

fn shape_text(output: &Output) -> String {
    let axes: Vec<String> = output.shape().iter().map(usize::to_string).collect();
    let first = if output.has_variable_length() { "tokens of the input, up to " } else { "" };
    format!("[samples, {first}{}]", axes.join(", "))
}

fn classes(output: &Output, labels: &Array, batch: Option<&usize>, problems: &mut Problems) -> Option<Vec<Vec<i64>>> {
    let Output { name, rows, width, .. } = output;
    let (shape, batch) = (&labels.shape, batch.copied().unwrap_or(0));
    if shape.first() != Some(&batch) || shape.iter().product::<usize>() != batch * rows {
        add(
            problems,
            format!("`label.{name}` has shape {shape:?}, expected a class for each of {batch} samples × {rows} rows"),
        );
        return None;
    }
    let Numbers::I64(classes) = &labels.numbers else {
        add(problems, format!("`label.{name}` holds floating-point numbers, expected classes as integers"));
        return None;
    };
    if let Some(class) = classes.iter().find(|&&class| class >= *width as i64) {
        add(problems, format!("`label.{name}` holds {class}, expected classes below {width} (negative: not counted)"));
        return None;
    }
    Some(classes.chunks((*rows).max(1)).map(<[i64]>::to_vec).collect())
}
