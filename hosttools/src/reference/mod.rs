//! Reference files: what a model computed where it was trained.
//!
//! A safetensors file with `input.<name>` and `output.<name>`, each with a leading batch axis, optionally
//! `label.<output>` (the right class), `points.<modality>` (flat indices of the outputs asked for, without a batch axis), and
//! metadata that says where and how it was made. `stage.<name>` holds what a part of the model computes on the way.

mod expected;
mod inputs;
mod prefix;
mod stages;

pub use expected::Expected;
pub use inputs::samples;
pub use stages::Stages;

use crate::sample::Sample;
use percio_codegen_core::container::{Array, Numbers, Stored, open_any};
use percio_codegen_core::program::Program;
use percio_codegen_core::{Problems, Subject};
use percio_format::Crc32;
use std::collections::BTreeMap;
use std::path::Path;

/// A reference file as it is, before a program says what its arrays mean.
#[derive(Clone, Debug)]
pub struct File {
    arrays: BTreeMap<String, Array>,
    /// Those called `stage.<name>`, by that name, still in the file.
    stages: BTreeMap<String, Stored>,
    /// Texts beside the arrays: `framework`, `device`, `dtype`, …
    pub metadata: BTreeMap<String, String>,
}

/// What a program has to reproduce.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The inputs of each sample.
    pub samples: Vec<Sample>,
    /// What to compute from them, in the order of the program's outputs.
    pub expected: Vec<Expected>,
    /// Outputs in the file that the program does not have.
    pub not_compared: Vec<String>,
}

impl File {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it is missing, damaged or not a safetensors file, and for each array of an unknown number type.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        if std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0) {
            let mut problems = Problems::new();
            add(&mut problems, format!("`{}` is empty, expected arrays: write or copy it again", path.display()));
            return Err(problems);
        }
        let (stored, metadata) = open_any(path)?;
        let mut file = Self { metadata, ..Self::new(BTreeMap::new()) };
        for (name, stored) in stored {
            match name.strip_prefix(stages::PREFIX) {
                Some(stage) => drop(file.stages.insert(stage.to_owned(), stored)),
                None => {
                    let array = Array { shape: stored.shape().to_vec(), numbers: stored.numbers()? };
                    file.arrays.insert(name, array);
                }
            }
        }
        Ok(file)
    }

    /// A file of these arrays.
    #[must_use]
    pub fn new(arrays: BTreeMap<String, Array>) -> Self {
        Self { arrays, stages: BTreeMap::new(), metadata: BTreeMap::new() }
    }

    /// CRC-32 of all arrays, their names and shapes.
    ///
    /// # Errors
    /// A file that can no longer be read.
    pub fn checksum(&self) -> Result<u32, Problems> {
        let mut sum = Crc32::default();
        for (name, array) in &self.arrays {
            sum.add(format!("{name} {:?}", array.shape).as_bytes());
            add_numbers(&mut sum, &array.numbers);
        }
        for (name, stored) in &self.stages {
            sum.add(format!("{}{name} {:?}", stages::PREFIX, stored.shape()).as_bytes());
            // A sample at a time, for all of them may be larger than the memory.
            let mut samples = (0..).map_while(|sample| stored.at(sample));
            samples.try_for_each(|stored| stored.numbers().map(|numbers| add_numbers(&mut sum, &numbers)))?;
        }
        Ok(sum.sum())
    }

    /// The arrays called `prefix.<name>`, by name.
    #[must_use]
    pub fn under(&self, prefix: &str) -> BTreeMap<&str, &Array> {
        let stripped = |name: &'_ str| name.strip_prefix(prefix)?.strip_prefix('.').map(str::len);
        let named = |(name, array)| {
            let name: &String = name;
            stripped(name).map(|len| (&name[name.len() - len..], array))
        };
        self.arrays.iter().filter_map(named).collect()
    }

    /// The inputs of the source: `input.<name>` by name, and `points.<name>` as it is.
    #[must_use]
    pub fn inputs(&self) -> BTreeMap<&str, &Array> {
        let points = self.all().into_iter().filter(|(name, _)| name.starts_with("points."));
        points.chain(self.under("input")).collect()
    }

    /// All arrays but the stages.
    #[must_use]
    pub fn all(&self) -> BTreeMap<&str, &Array> {
        self.arrays.iter().map(|(name, array)| (name.as_str(), array)).collect()
    }

    /// What the metadata say of how many tokens come before the latents.
    #[must_use]
    pub fn prefix_len(&self) -> Option<&str> {
        self.metadata.get("prefix_len").map(String::as_str)
    }

    /// What the file says about `program`.
    ///
    /// # Errors
    /// Every input or output that is missing or has another shape, and every id outside its vocabulary.
    pub fn bind(&self, program: &Program) -> Result<Reference, Problems> {
        let mut problems = Problems::new();
        let samples = problems.take(samples(program, &self.inputs(), "input.", self.prefix_len()));
        let outputs = self.under("output");
        let expected = problems.take(expected::read(program, &outputs, &self.under("label")));
        let is_only = outputs.len() == 1 && program.outputs.len() == 1;
        let unknown =
            outputs.keys().filter(|&&name| !is_only && program.outputs.iter().all(|output| output.name != name));
        let not_compared = unknown.map(|name| format!("output.{name}")).collect();
        let (Some(samples), Some(mut expected)) = (samples, expected) else {
            return problems.finish(Reference { samples: Vec::new(), expected: Vec::new(), not_compared });
        };
        if program.sequence.end.is_some() {
            expected::keep_last(program, &samples, &mut expected);
        }
        for (output, expected) in program.outputs.iter().zip(&expected) {
            let differs = samples.iter().zip(&expected.numbers).find_map(|(sample, numbers)| {
                let wanted = output.numbers(sample.lengths(program));
                (numbers.len() != wanted).then_some((numbers.len() / output.width, wanted / output.width))
            });
            if let Some((found, wanted)) = differs {
                let name = &output.name;
                add(
                    &mut problems,
                    format!(
                        "`output.{name}` has {found} rows a sample, expected {wanted}, one for each token of the input"
                    ),
                );
            }
            let (found, wanted) = (expected.numbers.len(), samples.len());
            if found != wanted {
                let name = &output.name;
                add(
                    &mut problems,
                    format!("`output.{name}` has {found} samples, the inputs {wanted}: write the same batch to both"),
                );
            }
        }
        problems.finish(Reference { samples, expected, not_compared })
    }
}

fn add_numbers(sum: &mut Crc32, numbers: &Numbers) {
    match numbers {
        Numbers::F32(numbers) => numbers.iter().for_each(|number| sum.add(&number.to_le_bytes())),
        Numbers::I64(numbers) => numbers.iter().for_each(|number| sum.add(&number.to_le_bytes())),
    }
}

/// Adds a problem of the reference file.
fn add(problems: &mut Problems, message: String) {
    problems.add(Subject::Option("reference"), message);
}

/// Names that a sentence lists.
const LISTED: usize = 8;

/// `names` as a list for a sentence.
fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => "none".to_owned(),
        count if count > LISTED => format!("{} and {} more", names[..LISTED].join(", "), count - LISTED),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests;
