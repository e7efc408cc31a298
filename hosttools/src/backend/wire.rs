//! Samples as bytes for a program in another process or machine; `templates/sample.rs` reads them there.
//!
//! All numbers are little-endian. Inputs follow each other in the program's order: numbers as they are, points as u32s,
//! ids as a count and u32s, a mask as a count and bytes, the length of a prefix as a count.

use super::Outputs;
use crate::sample::{Sample, Value};
use percio_codegen_core::program::{Lengths, Program};

/// The bytes of `sample`.
pub(super) fn bytes(sample: &Sample) -> Vec<u8> {
    let mut bytes = Vec::new();
    let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
    for value in &sample.inputs {
        match value {
            Value::Numbers(numbers) => bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
            Value::Points(points) => bytes.extend(points.iter().flat_map(|point| point.to_le_bytes())),
            Value::Ids(ids) => {
                bytes.extend(count(ids.len()));
                bytes.extend(ids.iter().flat_map(|id| id.to_le_bytes()));
            }
            Value::Mask(mask) => {
                bytes.extend(count(mask.len()));
                bytes.extend(mask.iter().map(|&keep| u8::from(keep)));
            }
            Value::Prefix(tokens) => bytes.extend(count(*tokens)),
        }
    }
    bytes
}

/// The numbers of all outputs of a run of these lengths, one after the other, back to outputs; `None` when there are more
/// or fewer.
pub(super) fn outputs(program: &Program, lengths: Lengths, numbers: &[f32]) -> Option<Outputs> {
    let mut rest = numbers;
    let mut outputs = Vec::new();
    for output in &program.outputs {
        let (numbers, after) = rest.split_at_checked(output.numbers(lengths))?;
        outputs.push(numbers.to_vec());
        rest = after;
    }
    rest.is_empty().then_some(outputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_precede_what_varies() {
        let inputs = vec![Value::Ids(vec![7]), Value::Mask(vec![true, false]), Value::Numbers(vec![1.0])];
        assert_eq!(bytes(&Sample { inputs }), [1, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0x80, 0x3F]);
    }
}
