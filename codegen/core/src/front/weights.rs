//! The number type of weights: what may be asked for, and whether a model's numbers fit it.

use crate::program::{Part, Program, WeightFormat};
use crate::{Problems, Subject};
use half::f16;

/// A format of the interface that does not exist yet.
const PLANNED: &str = "i8";

/// The format called `name`.
///
/// # Errors
/// A sentence that says which there are.
pub fn parse(name: &str) -> Result<WeightFormat, String> {
    let formats = || WeightFormat::ALL.map(|format| format!("\"{}\"", format.name())).join(", ");
    match WeightFormat::ALL.into_iter().find(|format| format.name() == name) {
        Some(format) => Ok(format),
        None if name == PLANNED => Err(format!("weights \"{name}\" are not available yet; use one of {}", formats())),
        None => Err(format!("unknown weight format \"{name}\"; use one of {}", formats())),
    }
}

/// Adds a problem when numbers are too large for the format that they are stored in.
pub fn check(program: &Program, problems: &mut Problems) {
    let names: Vec<&str> =
        program.parts.iter().filter(|part| overflows(program, part)).map(|part| &*part.name).collect();
    if !names.is_empty() {
        let message = format!(
            "numbers beyond {}, the largest of weights \"f16\", in {}; use \"bf16\" or \"f32\"",
            f16::MAX,
            names.join(", ")
        );
        problems.add(Subject::Option("weights"), message);
    }
}

fn overflows(program: &Program, part: &Part) -> bool {
    let bytes = &program.blob[part.offset..][..part.bytes];
    part.format == WeightFormat::F16 && bytes.as_chunks().0.iter().any(|bytes| !f16::from_le_bytes(*bytes).is_finite())
}
