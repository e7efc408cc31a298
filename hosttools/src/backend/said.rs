//! What a firmware says, line by line: a word and what belongs to it.

use super::{Outputs, wire};
use anyhow::{Context, Result, bail};
use percio_codegen_core::program::{Lengths, Program};

/// The rest of each line that starts with `what`.
pub(super) fn said<'t>(text: &'t str, what: &str) -> Vec<&'t str> {
    text.lines().filter_map(|line| Some(line.strip_prefix(what)?.trim_start())).collect()
}

/// The one number that is said after `what`.
pub(super) fn figure(text: &str, what: &str) -> Result<u64> {
    match said(text, what).as_slice() {
        [number] => number.parse().with_context(|| format!("the firmware's {what} is no number: `{number}`")),
        _ => bail!("the firmware did not say its {what}"),
    }
}

/// The outputs of a run of these lengths: the words after `numbers`, the bits of an f32 each.
pub(super) fn outputs(text: &str, program: &Program, lengths: Lengths) -> Result<Outputs> {
    let words = said(text, "numbers").into_iter().flat_map(str::split_whitespace);
    let numbers = words.map(|word| Ok(f32::from_bits(u32::from_str_radix(word, 16)?)));
    let numbers: Vec<f32> = numbers.collect::<Result<_>>().context("the firmware's outputs are no numbers")?;
    wire::outputs(program, lengths, &numbers).context("the firmware's outputs have another length")
}
