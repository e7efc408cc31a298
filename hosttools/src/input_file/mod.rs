//! Inputs from a file: safetensors, or CSV or NumPy for a model with one input of numbers.

mod csv;

use crate::reference::{File, samples};
use crate::sample::Sample;
use anyhow::{Context, Result, bail};
use percio_codegen_core::ANY_INPUT;
use percio_codegen_core::container::{Array, Numbers, read_npy};
use percio_codegen_core::program::{InputKind, Program};
use std::collections::BTreeMap;
use std::path::Path;

/// A file of inputs, before a program says what they mean.
#[derive(Clone, Debug)]
pub enum InputFile {
    /// Named arrays; one without a name is called [`ANY_INPUT`].
    Arrays(File),
    /// Comma-separated numbers.
    Table(String),
}

impl InputFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// A file that cannot be read or is of another kind.
    pub fn read(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let shown = path.display();
        Ok(match extension.as_deref() {
            Some("safetensors") => Self::Arrays(File::read(path)?),
            Some("npy") => Self::Arrays(File::new(BTreeMap::from([(ANY_INPUT.to_owned(), read_npy(path)?)]))),
            Some("csv") => {
                let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{shown}` as text"))?;
                Self::Table(text)
            }
            _ => bail!("`{shown}` is none of .safetensors, .csv and .npy"),
        })
    }

    /// The inputs by name, and what their names start with in the file.
    #[must_use]
    pub fn inputs(&self) -> (BTreeMap<&str, &Array>, &'static str) {
        let Self::Arrays(file) = self else { return (BTreeMap::new(), "") };
        let named = file.under("input");
        if named.is_empty() { (file.all(), "") } else { (named, "input.") }
    }

    /// What the file's metadata say of how many tokens come before the latents.
    fn prefix_len(&self) -> Option<&str> {
        if let Self::Arrays(file) = self { file.prefix_len() } else { None }
    }

    /// The samples for `program`. Arrays may lack the batch axis: they are one sample then.
    ///
    /// # Errors
    /// Everything in the file that does not fit the program.
    pub fn samples(&self, program: &Program) -> Result<Vec<Sample>> {
        if let Self::Table(text) = self {
            let array = csv::parse(text, only_shape(program)?)?;
            return Ok(samples(program, &BTreeMap::from([(ANY_INPUT, &array)]), "", None)?);
        }
        let (arrays, prefix) = self.inputs();
        let batched: BTreeMap<&str, Array> =
            arrays.into_iter().map(|(name, array)| (name, with_batch_axis(program, name, array))).collect();
        Ok(samples(program, &batched.iter().map(|(&name, array)| (name, array)).collect(), prefix, self.prefix_len())?)
    }
}

/// The shape of the program's only input.
fn only_shape(program: &Program) -> Result<&[usize]> {
    match program.inputs.as_slice() {
        [input] if let InputKind::Numbers { shape } = &input.kind => Ok(shape),
        _ => bail!("the model does not read one array of numbers: give its inputs as a .safetensors file"),
    }
}

fn with_batch_axis(program: &Program, name: &str, array: &Array) -> Array {
    let kind =
        program.inputs.iter().find(|input| input.name == name).or(program.inputs.first()).map(|input| &input.kind);
    let axes = match kind {
        Some(InputKind::Numbers { shape }) => shape.len(),
        // Indices of positions are the same for every sample: they have no batch axis.
        Some(InputKind::Points { .. }) => return array.clone(),
        Some(InputKind::Ids { .. } | InputKind::Mask { .. } | InputKind::Prefix { .. }) | None => 1,
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
