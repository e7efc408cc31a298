//! What a comparison counted: all that its report is made of, and all that shards have to keep to be added up.
//!
//! A report's JSON holds these fields beside the figures that follow from them.

use crate::metrics::Tally;
use percio_codegen_core::{Problems, Subject};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The version of the JSON.
pub(crate) const SCHEMA: u32 = 1;

/// Everything counted over some samples of a reference.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Parts {
    /// [`SCHEMA`].
    pub(crate) percio_compare: u32,
    pub(crate) model: Model,
    /// Number type of the weights.
    pub(crate) weights: String,
    pub(crate) gates: Gates,
    /// Samples of the whole reference.
    pub(crate) of: usize,
    /// Which of them these are: first and one past the last, in order, apart from each other.
    pub(crate) ranges: Vec<[usize; 2]>,
    /// The file that everything is held against.
    pub(crate) truth: Origin,
    /// Arrays of the reference that the model does not compute.
    pub(crate) not_compared: Vec<String>,
    /// Sentences about the reference.
    pub(crate) remarks: Vec<String>,
    /// What ran.
    pub(crate) runs: Vec<Run>,
    /// Further references, held against the first.
    pub(crate) references: Vec<Other>,
}

/// The compiled model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) parameters: u64,
    /// CRC-32 of the packed weights.
    pub(crate) checksum: u32,
}

/// What has to hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gates {
    /// Largest difference, as a share of the largest number of the reference.
    pub(crate) max_error: f64,
    /// Smallest signal-to-noise ratio in dB.
    pub(crate) min_snr: Option<f64>,
    /// Smallest share of rows with the reference's best class.
    pub(crate) min_top1: Option<f64>,
}

/// A reference file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// The file's name, without its directory.
    pub(crate) file: String,
    /// CRC-32 of its arrays.
    pub(crate) checksum: u32,
    /// What it says of itself.
    pub(crate) metadata: BTreeMap<String, String>,
}

/// One back end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) backend: String,
    pub(crate) isa: String,
    /// Number type of its weights.
    pub(crate) weights: String,
    /// The largest difference that they explain, as [`Gates::max_error`].
    pub(crate) max_error: f64,
    pub(crate) outputs: Vec<Named>,
    pub(crate) stages: Vec<Named>,
}

/// A further reference.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Other {
    #[serde(flatten)]
    pub(crate) origin: Origin,
    pub(crate) outputs: Vec<Named>,
    pub(crate) stages: Vec<Named>,
}

/// The tally of an output or a stage.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) tally: Tally,
}

impl Parts {
    /// Samples compared.
    pub(crate) fn samples(&self) -> usize {
        self.ranges.iter().map(|[first, end]| end - first).sum()
    }

    /// Adds the parts of other samples of the same comparison, which is in the file at `path`.
    ///
    /// # Errors
    /// Everything in which the two are not the same comparison, and samples that both hold.
    pub(crate) fn merge(&mut self, other: Self, path: &Path) -> Result<(), Problems> {
        let mut problems = Problems::new();
        let shown = path.display();
        for (what, differs, fix) in self.differences(&other) {
            if differs {
                let message = format!("`{shown}` is about another {what} than the files before it: {fix}");
                problems.add(Subject::Option("report"), message);
            }
        }
        let mut ranges = [self.ranges.as_slice(), &other.ranges].concat();
        ranges.sort_unstable();
        if let Some(pair) = ranges.windows(2).find(|pair| pair[1][0] < pair[0][1]) {
            let (first, end) = (pair[1][0], pair[0][1].min(pair[1][1]));
            let message = format!("`{shown}` counts samples {first}..{end} a second time: give each shard once");
            problems.add(Subject::Option("report"), message);
        }
        problems.finish(())?;
        self.ranges = joined(ranges);
        for (run, other) in self.runs.iter_mut().zip(&other.runs) {
            merge_all(&mut run.outputs, &other.outputs);
            merge_all(&mut run.stages, &other.stages);
        }
        for (reference, other) in self.references.iter_mut().zip(&other.references) {
            merge_all(&mut reference.outputs, &other.outputs);
            merge_all(&mut reference.stages, &other.stages);
        }
        self.remarks
            .extend(other.remarks.into_iter().filter(|remark| !self.remarks.contains(remark)).collect::<Vec<_>>());
        Ok(())
    }

    /// What has to be the same, whether it is not, and what to do then.
    fn differences(&self, other: &Self) -> [(&'static str, bool, &'static str); 5] {
        let names = |named: &[Named]| named.iter().map(|named| named.name.clone()).collect::<Vec<_>>();
        let backends = |parts: &Self| -> Vec<_> {
            parts
                .runs
                .iter()
                .map(|run| {
                    (run.backend.clone(), run.isa.clone(), run.weights.clone(), names(&run.outputs), names(&run.stages))
                })
                .collect()
        };
        let references = |parts: &Self| {
            let others = parts.references.iter().map(|other| (other.origin.clone(), names(&other.stages)));
            (parts.truth.clone(), parts.of, others.collect::<Vec<_>>())
        };
        let again = "make all shards with the same options";
        [
            ("model", (&self.model, &self.weights) != (&other.model, &other.weights), "merge the shards of one model"),
            ("reference", references(self) != references(other), "merge the shards of one reference"),
            ("set of back ends", backends(self) != backends(other), again),
            ("bound", self.gates != other.gates, again),
            ("set of arrays", self.not_compared != other.not_compared, again),
        ]
    }
}

/// Neighbouring ranges as one.
fn joined(ranges: Vec<[usize; 2]>) -> Vec<[usize; 2]> {
    let mut joined: Vec<[usize; 2]> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last[1] == range[0] => last[1] = range[1],
            _ => joined.push(range),
        }
    }
    joined
}

fn merge_all(named: &mut [Named], others: &[Named]) {
    named.iter_mut().zip(others).for_each(|(named, other)| named.tally.merge(&other.tally));
}
