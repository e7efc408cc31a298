//! Arrays to the right answers of a model's outputs.

use super::score::Metric;
use crate::reference::{File, samples};
use crate::sample::Sample;
use percio_codegen_core::container::{Array, Numbers};
use percio_codegen_core::program::{Output, Program};
use percio_codegen_core::{Problems, Subject};

/// Samples, and what is right about them.
#[derive(Clone, Debug)]
pub struct Data {
    /// The inputs of each sample.
    pub samples: Vec<Sample>,
    /// Of each output to judge, its place among the program's outputs.
    pub truths: Vec<(usize, Truth)>,
}

/// What is right about an output.
#[derive(Clone, Debug, PartialEq)]
pub enum Truth {
    /// The class of each row of each sample, and how rows are judged.
    Classes(Metric, Vec<Vec<i64>>),
    /// The numbers of each sample.
    Numbers(Vec<Vec<f32>>),
}

/// The samples of `file` and the right answers to judge `program` by.
///
/// # Errors
/// Every input that is missing or has another shape, every answer of another shape or type, a metric that is not known, and a
/// file that says nothing about any output.
pub fn read(program: &Program, file: &File) -> Result<Data, Problems> {
    let mut problems = Problems::new();
    let samples = problems.take(samples(program, &file.inputs(), "input.", file.prefix_len())).unwrap_or_default();
    let named = file.metadata.get("metric").map(String::as_str);
    let metric = Metric::named(named);
    if metric.is_none() {
        let (named, known) = (named.unwrap_or_default(), Metric::NAMES.join(", "));
        add(&mut problems, format!("the metadata's `metric` is \"{named}\", expected one of {known}"));
    }
    let metric = metric.flatten();
    let (labels, numbers) = (file.under("label"), file.under("truth"));
    let mut truths = Vec::new();
    for (place, output) in program.outputs.iter().enumerate() {
        let name = output.name.as_str();
        let truth = match (labels.get(name), numbers.get(name)) {
            (Some(array), _) if metric != Some(Metric::EndPointError) => {
                classes(output, metric.unwrap_or(Metric::Accuracy), array, samples.len(), &mut problems)
            }
            (_, Some(array)) if matches!(metric, None | Some(Metric::EndPointError)) => {
                right_numbers(output, array, samples.len(), &mut problems)
            }
            _ => continue,
        };
        truths.extend(truth.map(|truth| (place, truth)));
    }
    if truths.is_empty() && problems.is_empty() {
        let names: Vec<String> = program.outputs.iter().map(|output| format!("`{}`", output.name)).collect();
        let kind = if metric == Some(Metric::EndPointError) { "truth.<output>" } else { "label.<output>" };
        add(
            &mut problems,
            format!("the file has no {kind} of the model's outputs {}: add the right answers", names.join(", ")),
        );
    }
    problems.finish(Data { samples, truths })
}

fn classes(output: &Output, metric: Metric, array: &Array, samples: usize, problems: &mut Problems) -> Option<Truth> {
    let Output { name, rows, width, labels, .. } = output;
    let shape = &array.shape;
    if shape.first() != Some(&samples) || shape.iter().product::<usize>() != samples * rows {
        add(
            problems,
            format!("`label.{name}` has shape {shape:?}, expected a class for each of {samples} samples × {rows} rows"),
        );
        return None;
    }
    let Numbers::I64(numbers) = &array.numbers else {
        add(problems, format!("`label.{name}` holds floating-point numbers, expected classes as integers"));
        return None;
    };
    if let Some(class) = numbers.iter().find(|&&class| class >= *width as i64) {
        add(problems, format!("`label.{name}` holds {class}, expected classes below {width} (negative: not counted)"));
        return None;
    }
    if metric == Metric::SequenceError && labels.len() != *width {
        let count = labels.len();
        add(
            problems,
            format!(
                "sequences are judged by the names of classes, and `{name}` has {count} names of {width}: add `labels`"
            ),
        );
        return None;
    }
    if numbers.iter().all(|&class| class < 0) {
        add(problems, format!("`label.{name}` counts no row: every class is negative"));
        return None;
    }
    Some(Truth::Classes(metric, numbers.chunks((*rows).max(1)).map(<[i64]>::to_vec).collect()))
}

fn right_numbers(output: &Output, array: &Array, samples: usize, problems: &mut Problems) -> Option<Truth> {
    let (name, len, shape) = (&output.name, output.rows * output.width, &array.shape);
    if shape.first() != Some(&samples) || shape.iter().product::<usize>() != samples * len {
        let wanted = output.shape();
        add(problems, format!("`truth.{name}` has shape {shape:?}, expected {wanted:?} for each of {samples} samples"));
        return None;
    }
    let Numbers::F32(numbers) = &array.numbers else {
        add(problems, format!("`truth.{name}` holds integers, expected floating-point numbers"));
        return None;
    };
    if numbers.iter().all(|number| number.is_nan()) {
        add(problems, format!("`truth.{name}` counts no row: every number is NaN"));
        return None;
    }
    Some(Truth::Numbers(numbers.chunks(len.max(1)).map(<[f32]>::to_vec).collect()))
}

/// Adds a problem of the data.
fn add(problems: &mut Problems, message: String) {
    problems.add(Subject::Option("data"), message);
}
