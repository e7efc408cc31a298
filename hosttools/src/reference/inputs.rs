//! Arrays to samples.

use super::{LISTED, add, list, prefix};
use crate::sample::{Sample, Value};
use percio_codegen_core::container::{Array, Numbers};
use percio_codegen_core::program::{Input, InputKind, Program};
use percio_codegen_core::{ANY_INPUT, Problems};
use std::collections::BTreeMap;

/// The samples in `arrays`, which are called `prefix` and their name in the file. Every array has a leading batch axis but
/// indices of positions (`points.<name>`), which are the same for every sample, as is `prefix_len`, the metadata's number of
/// tokens before the latents.
///
/// # Errors
/// Every input that is missing or has another shape, every id outside its vocabulary, every array that is no input.
pub fn samples(
    program: &Program,
    arrays: &BTreeMap<&str, &Array>,
    prefix: &str,
    prefix_len: Option<&str>,
) -> Result<Vec<Sample>, Problems> {
    let mut problems = Problems::new();
    let found: Vec<Option<Found<'_>>> =
        program.inputs.iter().map(|input| find(program, input, arrays, prefix, &mut problems)).collect();
    report_unknown(program, &found, arrays, prefix, &mut problems);
    let batched = || found.iter().flatten().filter(|found| !found.is_shared);
    let batches = batched().filter_map(|found| found.array.shape.first().copied());
    let batch = batches.clone().next().unwrap_or(0);
    if batches.clone().any(|other| other != batch) {
        let each = batched().map(|found| format!("`{prefix}{}` {:?}", found.name, found.array.shape));
        let each: Vec<String> = each.collect();
        add(&mut problems, format!("the inputs differ in their number of samples: {}", each.join(", ")));
    }
    if batch == 0 && problems.is_empty() {
        add(&mut problems, "the inputs hold no samples: their first axis is the batch and must not be 0".to_owned());
    }
    let columns: Vec<Option<Vec<Value>>> = program
        .inputs
        .iter()
        .zip(&found)
        .map(|(input, found)| match found {
            Some(found) if found.is_shared => points(input, found, batch, &mut problems),
            Some(found) => values(input, found, prefix, &mut problems),
            None if matches!(input.kind, InputKind::Prefix { .. }) => {
                Some(vec![prefix::read(prefix_len, &mut problems)?; batch])
            }
            None => Some(vec![Value::Mask(Vec::new()); batch]),
        })
        .collect();
    check_masks(program, &columns, &mut problems);
    let sample = |index: usize| {
        let inputs: Option<Vec<Value>> = columns.iter().map(|column| column.as_ref()?.get(index).cloned()).collect();
        inputs.map(|inputs| Sample { inputs })
    };
    if let Some(sample) = sample(0) {
        prefix::check(program, &sample, prefix_len.is_some(), &mut problems);
    }
    problems.finish((0..batch).filter_map(sample).collect())
}

/// An input's array.
struct Found<'a> {
    name: &'a str,
    array: &'a Array,
    /// It has no batch axis: it is the same for every sample.
    is_shared: bool,
}

fn find<'a>(
    program: &Program,
    input: &'a Input,
    arrays: &BTreeMap<&str, &'a Array>,
    prefix: &str,
    problems: &mut Problems,
) -> Option<Found<'a>> {
    let is_asked = |input: &Input| !matches!(input.kind, InputKind::Mask { .. } | InputKind::Prefix { .. });
    let is_only_input = is_asked(input) && program.inputs.iter().filter(|input| is_asked(input)).count() == 1;
    let is_shared = matches!(input.kind, InputKind::Points { .. });
    let padding = if let InputKind::Mask { padding, .. } = &input.kind { padding.as_deref() } else { None };
    let aliases = [Some(input.name.as_str()), padding, is_only_input.then_some(ANY_INPUT)];
    let found =
        aliases.into_iter().flatten().find_map(|name| Some(Found { name, array: arrays.get(name)?, is_shared }));
    if found.is_none() && is_asked(input) {
        let name = &input.name;
        let there = list(arrays.keys().copied());
        add(problems, format!("the model reads `{name}` and the file has no `{prefix}{name}`; inputs there: {there}"));
    }
    found
}

fn report_unknown(
    program: &Program,
    found: &[Option<Found<'_>>],
    arrays: &BTreeMap<&str, &Array>,
    prefix: &str,
    problems: &mut Problems,
) {
    let known = list(program.inputs.iter().map(|input| input.name.as_str()));
    let is_known = |name: &str| {
        program.ignored_inputs.iter().any(|ignored| ignored == name)
            || found.iter().flatten().any(|found| found.name == name)
    };
    let unknown: Vec<&str> = arrays.keys().copied().filter(|name| !is_known(name)).collect();
    if unknown.len() > LISTED {
        let names = list(unknown);
        return add(problems, format!("the model reads {known}, and no input of it is {names}: leave them out"));
    }
    for name in unknown {
        add(
            problems,
            format!("`{prefix}{name}` is no input of the model, which reads {known}: rename it or leave it out"),
        );
    }
}

/// One value a sample.
fn values(input: &Input, found: &Found<'_>, prefix: &str, problems: &mut Problems) -> Option<Vec<Value>> {
    let Found { name, array, .. } = found;
    let (shape, wanted) = (&array.shape, shape_text(&input.kind));
    let fits = match (&input.kind, shape.as_slice()) {
        (InputKind::Numbers { shape }, [_, rest @ ..]) => rest == shape.as_slice(),
        (InputKind::Ids { max, .. } | InputKind::Mask { max, .. }, [_, len]) => (1..=*max).contains(len),
        _ => false,
    };
    if !fits {
        add(problems, format!("`{prefix}{name}` has shape {shape:?}, expected {wanted}"));
        return None;
    }
    let len = shape.iter().skip(1).product::<usize>().max(1);
    match &input.kind {
        InputKind::Numbers { .. } => {
            Some(floats(array).chunks(len).map(|part| Value::Numbers(part.to_vec())).collect())
        }
        InputKind::Mask { .. } => {
            let attend = *name == input.name;
            let keep: Vec<bool> = floats(array).iter().map(|&number| (number != 0.0) == attend).collect();
            Some(keep.chunks(len).map(|part| Value::Mask(part.to_vec())).collect())
        }
        InputKind::Points { .. } | InputKind::Prefix { .. } => None,
        InputKind::Ids { vocabulary, .. } => match ids(array, *vocabulary) {
            Ok(ids) => Some(ids.chunks(len).map(|part| Value::Ids(part.to_vec())).collect()),
            Err((sample, number)) => {
                let sample = sample / len;
                add(
                    problems,
                    format!(
                        "`{prefix}{name}` holds {number} in sample {sample}, expected whole numbers from 0 to {}",
                        vocabulary - 1
                    ),
                );
                None
            }
        },
    }
}

/// The same indices for each of `batch` samples.
fn points(input: &Input, found: &Found<'_>, batch: usize, problems: &mut Problems) -> Option<Vec<Value>> {
    let (Found { name, array, .. }, InputKind::Points { count, positions }) = (found, &input.kind) else { return None };
    if array.shape != [*count] {
        add(problems, format!("`{name}` has shape {:?}, expected {}", array.shape, shape_text(&input.kind)));
        return None;
    }
    match ids(array, *positions) {
        Ok(points) => Some(vec![Value::Points(points); batch]),
        Err((_, number)) => {
            let last = positions - 1;
            add(problems, format!("`{name}` holds {number}, expected indices of positions from 0 to {last}"));
            None
        }
    }
}

fn shape_text(kind: &InputKind) -> String {
    match kind {
        InputKind::Numbers { shape } => {
            let axes: Vec<String> = shape.iter().map(usize::to_string).collect();
            format!("[samples, {}]", axes.join(", "))
        }
        InputKind::Ids { max, .. } => format!("[samples, 1 to {max} ids]"),
        InputKind::Points { count, .. } => format!("[{count}], the same positions for every sample"),
        InputKind::Mask { max, .. } => format!("[samples, 1 to {max} tokens]"),
        InputKind::Prefix { .. } => "a number in the metadata".to_owned(),
    }
}

fn floats(array: &Array) -> Vec<f32> {
    match &array.numbers {
        Numbers::F32(numbers) => numbers.clone(),
        Numbers::I64(numbers) => numbers.iter().map(|&number| number as f32).collect(),
    }
}

/// The ids, or the first number that is none with its index.
fn ids(array: &Array, vocabulary: usize) -> Result<Vec<u32>, (usize, f64)> {
    let id = |(index, number): (usize, f64)| {
        let is_id = number.fract() == 0.0 && (0.0..vocabulary as f64).contains(&number);
        if is_id { Ok(number as u32) } else { Err((index, number)) }
    };
    match &array.numbers {
        Numbers::F32(numbers) => numbers.iter().map(|&number| f64::from(number)).enumerate().map(id).collect(),
        Numbers::I64(numbers) => numbers.iter().map(|&number| number as f64).enumerate().map(id).collect(),
    }
}

/// A mask is as long as the ids it belongs to.
fn check_masks(program: &Program, columns: &[Option<Vec<Value>>], problems: &mut Problems) {
    let first = |wanted: fn(&Value) -> Option<usize>| {
        let mut pairs = program.inputs.iter().zip(columns);
        pairs.find_map(|(input, column)| Some((&input.name, wanted(column.as_ref()?.first()?)?)))
    };
    let ids = first(|value| if let Value::Ids(ids) = value { Some(ids.len()) } else { None });
    let mask = first(|value| match value {
        Value::Mask(mask) if !mask.is_empty() => Some(mask.len()),
        _ => None,
    });
    // Where the model itself says where its prefix ends, the source takes a mask of the prefix alone.
    let fits = |found, wanted| found == wanted || found < wanted && program.sequence.prefix.is_some();
    if let (Some((ids, wanted)), Some((mask, found))) = (ids, mask)
        && !fits(found, wanted)
    {
        add(problems, format!("`{mask}` covers {found} tokens and `{ids}` has {wanted}: give both the same length"));
    }
}
