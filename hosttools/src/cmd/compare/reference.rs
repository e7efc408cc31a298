//! The references of a comparison: what everything is held against, and others that are held against it too.

use crate::reference::{File, Reference, Stages};
use crate::report::comparison::number_type;
use crate::report::html::Timing;
use crate::report::parts::Origin;
use anyhow::{Result, bail};
use percio_codegen_core::program::Program;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One reference file, bound to a program.
pub(super) struct Bound {
    pub(super) origin: Origin,
    pub(super) bound: Reference,
    pub(super) stages: Stages,
    /// Stages that are of another batch or of another kind.
    unusable: Vec<String>,
}

/// All of them.
pub(super) struct References {
    pub(super) truth: Bound,
    pub(super) others: Vec<Bound>,
}

/// Reads the reference file at `path`.
///
/// # Errors
/// When it cannot be read, and when it is a safetensors file of something else.
pub(super) fn read(path: &Path) -> Result<File> {
    let file = File::read(path)?;
    if file.under("input").is_empty() && file.under("output").is_empty() {
        let arrays: Vec<&str> = file.all().into_keys().take(3).collect();
        bail!(
            "`{}` is no reference file: it has neither `input.<name>` nor `output.<name>`, but `{}`, …: make one with \
             `percio-reference` where the model was trained",
            path.display(),
            arrays.join("`, `")
        );
    }
    Ok(file)
}

/// Binds `files`, which were read from `paths`, to `program`.
///
/// # Errors
/// Everything in the first that does not fit the program, and others that are about other inputs.
pub(super) fn bind(program: &Program, files: &[File], paths: &[PathBuf]) -> Result<References> {
    let mut bound = Vec::new();
    for (file, path) in files.iter().zip(paths) {
        let reference = file.bind(program)?;
        let (stages, unusable) = file.stages(reference.samples.len());
        bound.push(Bound { origin: origin(file, path)?, bound: reference, stages, unusable });
    }
    // The first of the most exact ones.
    let most = (0..bound.len()).rev().max_by_key(|&index| exactness(&bound[index].origin));
    let Some(truth) = most.map(|index| bound.remove(index)) else { bail!("a comparison needs a reference") };
    let others = bound;
    if let Some(other) = others.iter().find(|other| other.bound.samples != truth.bound.samples) {
        bail!(
            "`{}` holds other inputs than `{}`: write both for the same inputs",
            other.origin.file,
            truth.origin.file
        );
    }
    Ok(References { truth, others })
}

/// The exactness of float32.
const SINGLE: u32 = 3;

/// How exactly the numbers of a reference were computed, as far as it says: more is better.
fn exactness(origin: &Origin) -> u32 {
    let said = |key: &str| origin.metadata.get(key).map(String::as_str);
    match said("dtype") {
        Some("float64") => 4,
        Some("float16") => 1,
        Some("bfloat16") => 0,
        _ if said("tf32") == Some("true") => 2,
        _ => SINGLE,
    }
}

fn origin(file: &File, path: &Path) -> Result<Origin> {
    let name = path.file_name().unwrap_or(path.as_os_str());
    let (checksum, metadata) = (file.checksum()?, file.metadata.clone());
    Ok(Origin { file: name.to_string_lossy().into_owned(), checksum, metadata })
}

impl References {
    /// Names of arrays that the model does not compute, as `output.<name>` and `stage.<name>`; `stages` were compared.
    pub(super) fn not_compared(&self, stages: &[&str]) -> Vec<String> {
        let unknown = self.truth.stages.names().filter(|name| !stages.contains(name));
        let unknown = unknown.map(|name| format!("stage.{name}"));
        self.truth
            .bound
            .not_compared
            .iter()
            .cloned()
            .chain(self.truth.unusable.iter().cloned())
            .chain(unknown)
            .collect()
    }

    /// What an inference took where the references were made, of those that say so.
    pub(super) fn timings(&self) -> Vec<Timing> {
        let timing = |bound: &Bound| {
            let said = |key: &str| bound.origin.metadata.get(key);
            let milliseconds: f64 = said("latency_ms")?.parse().ok()?;
            let samples = said("batch").and_then(|batch| batch.parse().ok()).unwrap_or(1_usize);
            let device = said("device").map_or("", String::as_str);
            Some(Timing {
                name: format!("reference on {device}, {}", number_type(&bound.origin.metadata)),
                microseconds: Some(milliseconds * 1e3 / samples.max(1) as f64),
                instructions: None,
                cycles_estimate: None,
            })
        };
        [&self.truth].into_iter().chain(&self.others).filter_map(timing).collect()
    }

    /// Sentences about what is wrong with the samples of the references themselves.
    pub(super) fn remarks(&self, samples: Range<usize>, program: &Program) -> Vec<String> {
        let mut remarks = Vec::new();
        let truth = &self.truth.origin;
        if exactness(truth) < SINGLE {
            remarks.push(format!(
                "`{}` was computed in {}, and no reference is more exact: differences are its own as much as the model's; write one \
                 with `percio-reference --precision fp32` or fp64",
                truth.file,
                number_type(&truth.metadata)
            ));
        }
        for file in std::iter::once(&self.truth).chain(&self.others) {
            for (output, expected) in program.outputs.iter().zip(&file.bound.expected) {
                let numbers = &expected.numbers[samples.clone()];
                let found = numbers.iter().enumerate().find_map(|(sample, numbers)| {
                    Some((sample, numbers.iter().position(|number| !number.is_finite())?))
                });
                if let Some((sample, place)) = found {
                    let (number, row, sample) =
                        (numbers[sample][place], place / output.width.max(1), sample + samples.start);
                    remarks.push(format!(
                        "`{}`: `output.{}` holds {number} in sample {sample}, row {row}: such a number is never reached; \
                         write the reference anew",
                        file.origin.file, output.name
                    ));
                }
            }
        }
        remarks
    }
}
