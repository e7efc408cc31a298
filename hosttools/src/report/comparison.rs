//! The figures of a comparison, and what they mean: whether it holds, and where it first does not.

use super::parts::{Gates, Named, Origin, Parts};
use crate::cli::Verdict;
use crate::metrics::{Distance, Tally, Worst, accuracies};
use serde::Serialize;
use std::collections::BTreeMap;

/// A comparison's report.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Comparison {
    pub(crate) passed: bool,
    /// The first of [`runs`](Self::runs).
    pub(crate) backend: String,
    pub(crate) isa: String,
    /// Samples compared.
    pub(crate) samples: usize,
    /// Largest difference allowed, as a share of the largest number of the reference.
    pub(crate) bound: f64,
    /// Of the first run.
    pub(crate) outputs: Vec<Compared>,
    /// Of the first run that has any, in the order in which the model passes through them.
    pub(crate) stages: Vec<Compared>,
    /// The first stage or output whose largest difference is beyond the bound.
    pub(crate) first_over: Option<String>,
    /// What the reference says of itself.
    pub(crate) reference: BTreeMap<String, String>,
    pub(crate) runs: Vec<RunReport>,
    pub(crate) references: Vec<OtherReport>,
    /// What else was counted: see [`Parts`].
    #[serde(flatten)]
    pub(crate) rest: Rest,
}

/// The fields of [`Parts`] that are reported as they are.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rest {
    pub(crate) percio_compare: u32,
    pub(crate) model: super::parts::Model,
    pub(crate) weights: String,
    pub(crate) gates: Gates,
    pub(crate) of: usize,
    pub(crate) ranges: Vec<[usize; 2]>,
    pub(crate) truth: Origin,
    pub(crate) not_compared: Vec<String>,
    pub(crate) remarks: Vec<String>,
}

/// One back end.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RunReport {
    pub(crate) backend: String,
    pub(crate) isa: String,
    pub(crate) weights: String,
    /// As the gate of this name, for these weights.
    pub(crate) max_error: f64,
    pub(crate) passed: bool,
    pub(crate) outputs: Vec<Compared>,
    pub(crate) stages: Vec<Compared>,
    pub(crate) first_over: Option<String>,
}

/// A further reference.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OtherReport {
    #[serde(flatten)]
    pub(crate) origin: Origin,
    pub(crate) outputs: Vec<Compared>,
    pub(crate) stages: Vec<Compared>,
}

/// An output or a stage beside the reference.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Compared {
    pub(crate) name: String,
    pub(crate) passed: bool,
    #[serde(flatten)]
    pub(crate) distance: Distance,
    /// The place with the largest difference.
    pub(crate) worst: Worst,
    /// The share of right classes, where the file holds labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) accuracy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reference_accuracy: Option<f64>,
    pub(crate) tally: Tally,
}

impl Comparison {
    /// The figures that follow from `parts`.
    pub(crate) fn of(parts: &Parts) -> Self {
        let gates = &parts.gates;
        let runs: Vec<RunReport> = parts.runs.iter().map(|run| RunReport::of(run, gates)).collect();
        let others = parts.references.iter();
        let references = others.map(|other| OtherReport {
            origin: other.origin.clone(),
            outputs: compared(&other.outputs, gates, true),
            stages: compared(&other.stages, gates, false),
        });
        let first = runs.first().cloned();
        let traced = runs.iter().find(|run| !run.stages.is_empty());
        Self {
            passed: runs.iter().all(|run| run.passed),
            backend: first.as_ref().map(|run| run.backend.clone()).unwrap_or_default(),
            isa: first.as_ref().map(|run| run.isa.clone()).unwrap_or_default(),
            samples: parts.samples(),
            bound: gates.max_error,
            stages: traced.map(|run| run.stages.clone()).unwrap_or_default(),
            first_over: runs.iter().find_map(|run| run.first_over.clone()),
            outputs: first.map(|run| run.outputs).unwrap_or_default(),
            reference: parts.truth.metadata.clone(),
            references: references.collect(),
            runs,
            rest: Rest {
                percio_compare: parts.percio_compare,
                model: parts.model.clone(),
                weights: parts.weights.clone(),
                gates: gates.clone(),
                of: parts.of,
                ranges: parts.ranges.clone(),
                truth: parts.truth.clone(),
                not_compared: parts.not_compared.clone(),
                remarks: parts.remarks.clone(),
            },
        }
    }

    /// Whether everything that was asked for holds.
    pub(crate) fn verdict(&self) -> Verdict {
        if self.passed { Verdict::Holds } else { Verdict::Fails }
    }
}

impl OtherReport {
    /// What tells it from the others: `tf32.safetensors (cuda NVIDIA H100, float32, TF32)`.
    pub(crate) fn title(&self) -> String {
        let Origin { file, metadata, .. } = &self.origin;
        let device = metadata.get("device").map_or("", String::as_str);
        let said = [device.to_owned(), number_type(metadata)];
        let said: Vec<String> = said.into_iter().filter(|said| !said.is_empty()).collect();
        format!("reference {file} ({})", said.join(", "))
    }
}

impl RunReport {
    fn of(run: &super::parts::Run, gates: &Gates) -> Self {
        let gates = &Gates { max_error: run.max_error, ..gates.clone() };
        let (outputs, stages) = (compared(&run.outputs, gates, true), compared(&run.stages, gates, false));
        let is_over = |compared: &&Compared| !compared.distance.is_within(gates.max_error);
        let first_over = stages.iter().chain(&outputs).find(is_over).map(|compared| compared.name.clone());
        Self {
            backend: run.backend.clone(),
            isa: run.isa.clone(),
            weights: run.weights.clone(),
            max_error: run.max_error,
            passed: outputs.iter().all(|output| output.passed),
            outputs,
            stages,
            first_over,
        }
    }

    /// What tells it from the others.
    pub(crate) fn title(&self) -> String {
        title(&self.backend, &self.isa, &self.weights)
    }
}

/// A back end, its instruction set, and its weights where they are not what they were trained as.
pub(crate) fn title(backend: &str, isa: &str, weights: &str) -> String {
    let weights = if weights == "f32" { String::new() } else { format!(", {weights}") };
    format!("{backend} on {isa}{weights}")
}

/// The type that the numbers of a reference were computed in, as it says: `float32, TF32`.
pub(crate) fn number_type(metadata: &BTreeMap<String, String>) -> String {
    let dtype = metadata.get("dtype").map_or("", String::as_str);
    let tf32 = metadata.get("tf32").is_some_and(|tf32| tf32 == "true");
    if tf32 { format!("{dtype}, TF32") } else { dtype.to_owned() }
}

/// Every gate is for outputs; stages are held to the largest difference alone.
fn compared(named: &[Named], gates: &Gates, is_output: bool) -> Vec<Compared> {
    let one = |Named { name, tally }: &Named| {
        let distance = Distance::of(tally);
        let [accuracy, reference_accuracy] = accuracies(tally).map_or([None; 2], |shares| shares.map(Some));
        let holds = |least: Option<f64>, figure: f64| !is_output || least.is_none_or(|least| figure >= least);
        Compared {
            name: name.clone(),
            passed: distance.is_within(gates.max_error)
                && holds(gates.min_snr, distance.snr_db)
                && holds(gates.min_top1, distance.top1_agreement),
            worst: tally.worst(),
            distance,
            accuracy,
            reference_accuracy,
            tally: tally.clone(),
        }
    };
    named.iter().map(one).collect()
}
