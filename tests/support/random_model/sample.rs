//! Inputs for a random model.

use super::Recipe;
use super::numbers::Numbers;
use percio_codegen_core::program::Program;
use percio_hosttools::sample::{Sample, Value};

/// A sample for the program of `recipe`: fewer ids than there can be, a mask over some of them, a prefix of any
/// length.
pub(crate) fn sample(recipe: &Recipe, program: &Program) -> Sample {
    let mut numbers = Numbers::new(!recipe.seed);
    let mut sample = Sample::noise(program);
    let mut count = program.max_tokens;
    for value in &mut sample.inputs {
        match value {
            Value::Ids(ids) => {
                count = 1 + numbers.bits() as usize % ids.len();
                ids.truncate(count);
            }
            // Shorter than the ids, or all of them out now and then.
            Value::Mask(mask) => {
                *mask = (0..numbers.bits() as usize % (count + 1)).map(|_| numbers.next() < 0.5).collect()
            }
            Value::Prefix(prefix) => *prefix = numbers.bits() as usize % (program.max_tokens + 2),
            Value::Numbers(_) | Value::Points(_) => {}
        }
    }
    sample
}
