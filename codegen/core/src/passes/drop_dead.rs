//! Queries that no output reads need not be decoded, nor be in flash: learned rows before the first that is read and after the
//! last, kinds of queries none of which is.
//!
//! Not valid where a row of the decoder depends on others: where rows are mixed or masked with the tokens, where places count, or
//! where the softmax runs over the queries.

use crate::model::{Block, Extent, Model, Queries, Reads, Softmax};
use std::ops::Range;

pub(super) fn run(model: &mut Model) {
    let outputs = model.outputs.iter().map(|output| match &output.rows {
        Extent::Rows(rows) => Some(rows.clone()),
        Extent::Tokens { .. } | Extent::Latents { .. } => None,
    });
    let (Some(read), Some(decoder)) = (outputs.collect::<Option<Vec<_>>>(), &mut model.decoder) else { return };
    if !is_valid(&decoder.block) {
        return;
    }
    let kept = match &mut decoder.queries {
        Queries::Parts(parts) => {
            let mut first = 0;
            let mut kept = Vec::new();
            parts.retain(|part| {
                let rows = first..first + part.count();
                first = rows.end;
                let is_read = read.iter().any(|read| read.start < rows.end && rows.start < read.end);
                kept.extend(is_read.then_some(rows));
                is_read
            });
            kept
        }
        Queries::Learned(table) => {
            let [start, end] = [read.iter().map(|rows| rows.start).min(), read.iter().map(|rows| rows.end).max()];
            let (Some(start), Some(end)) = (start, end) else { return };
            if end - start < table.rows() {
                *table = table.part_of_rows(start, end - start);
            }
            std::iter::once(start..end).collect()
        }
        Queries::Fourier(_) | Queries::Tokens | Queries::Input { .. } => return,
    };
    for output in &mut model.outputs {
        if let Extent::Rows(rows) = &mut output.rows {
            *rows = place(&kept, rows.start)..place(&kept, rows.end);
        }
    }
}

fn is_valid(block: &Block) -> bool {
    let attention = &block.attention;
    block.reads == Reads::Context
        && block.mixer.is_none()
        && attention.rotary.is_none()
        && attention.softmax == Softmax::Keys
        && !(attention.causal || attention.masks_queries)
}

/// How many of the `kept` rows come before row `row`.
fn place(kept: &[Range<usize>], row: usize) -> usize {
    kept.iter().map(|rows| row.clamp(rows.start, rows.end) - rows.start).sum()
}

/// Leaves out all outputs but those called `names`. Returns the inputs that nothing reads any more.
///
/// # Errors
/// A sentence that says which outputs there are, when one of `names` is none.
pub fn keep_outputs(model: &mut Model, names: &[impl AsRef<str>]) -> Result<Vec<String>, String> {
    let there = || model.outputs.iter().map(|output| format!("`{}`", output.name)).collect::<Vec<_>>().join(", ");
    let is_there = |name: &str| model.outputs.iter().any(|output| output.name == name);
    if let Some(unknown) = names.iter().map(AsRef::as_ref).find(|name| !is_there(name)) {
        return Err(format!("the model has no output `{unknown}`; its outputs are {}", there()));
    }
    if names.is_empty() {
        return Err(format!("no output is named; the outputs are {}", there()));
    }
    let before = points(model);
    model.outputs.retain(|output| names.iter().any(|name| name.as_ref() == output.name));
    run(model);
    let after = points(model);
    Ok(before.into_iter().filter(|name| !after.contains(name)).collect())
}

/// The inputs that name queries.
fn points(model: &Model) -> Vec<String> {
    let Some(Queries::Parts(parts)) = model.decoder.as_ref().map(|decoder| &decoder.queries) else { return Vec::new() };
    parts.iter().filter(|part| part.points.is_some()).map(|part| part.points_name()).collect()
}
