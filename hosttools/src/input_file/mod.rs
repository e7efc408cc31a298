//! Inputs from a file: safetensors, or CSV or NumPy for a model with one input of numbers.

mod csv;
mod npy;

use crate::reference::{File, samples};
use crate::sample::Sample;
use anyhow::{Context, Result, bail};
use percio_codegen_core::container::{Array, Numbers};
use percio_codegen_core::program::{InputKind, Program};
use std::collections::BTreeMap;
use std::path::Path;

/// The samples in the file at `path`. Arrays may lack the batch axis: they are one sample then.
///
/// # Errors
/// A file that cannot be read or is of another kind, and everything in it that does not fit the program.
pub fn read(path: &Path, program: &Program) -> Result<Vec<Sample>> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let read = || std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()));
    let file = match extension.as_deref() {
        Some("safetensors") => File::read(path)?,
        Some("csv") => only(program, csv::parse(&String::from_utf8_lossy(&read()?), only_shape(program)?)?)?,
        Some("npy") => only(program, npy::parse(&read()?)?)?,
        _ => bail!("`{}` is none of .safetensors, .csv and .npy", path.display()),
    };
    let named = file.under("input");
    let (arrays, prefix) = if named.is_empty() { (file.all(), "") } else { (named, "input.") };
    let batched: BTreeMap<&str, Array> =
        arrays.into_iter().map(|(name, array)| (name, with_batch_axis(program, name, array))).collect();
    Ok(samples(program, &batched.iter().map(|(&name, array)| (name, array)).collect(), prefix)?)
}

/// The shape of the program's only input.
fn only_shape(program: &Program) -> Result<&[usize]> {
    match program.inputs.as_slice() {
        [input] if let InputKind::Numbers { shape } = &input.kind => Ok(shape),
        _ => bail!("the model does not read one array of numbers: give its inputs as a .safetensors file"),
    }
}

/// A file with this array for the program's only input.
fn only(program: &Program, array: Array) -> Result<File> {
    only_shape(program)?;
    Ok(File::new(program.inputs.iter().map(|input| (input.name.clone(), array.clone())).collect()))
}

fn with_batch_axis(program: &Program, name: &str, array: &Array) -> Array {
    let kind =
        program.inputs.iter().find(|input| input.name == name).or(program.inputs.first()).map(|input| &input.kind);
    let axes = match kind {
        Some(InputKind::Numbers { shape }) => shape.len(),
        Some(InputKind::Ids { .. } | InputKind::Mask { .. }) | None => 1,
    };
    let mut array = array.clone();
    if array.shape.len() == axes {
        array.shape.insert(0, 1);
    }
    array
}

/// An array of floating-point numbers.
fn floats(shape: Vec<usize>, numbers: Vec<f32>) -> Array {
    Array { shape, numbers: Numbers::F32(numbers) }
}
