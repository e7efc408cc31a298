//! Every back end over the samples, tallied against the first reference.

use super::reference::{Bound, References};
use crate::backend::{Interpreter, Keep, Kind, Outputs, StageRows};
use crate::looks;
use crate::metrics::Tally;
use crate::picture::Picture;
use crate::progress::{Progress, busy};
use crate::report::comparison::title;
use crate::report::html::Timing;
use crate::report::parts::{Named, Other, Run};
use anyhow::Result;
use percio_codegen_core::program::{Program, WeightFormat};
use std::ops::Range;

/// What is compared.
pub(super) struct Evaluation<'a> {
    pub(super) program: &'a Program,
    pub(super) references: &'a References,
    pub(super) samples: Range<usize>,
    /// Number type of the program's weights, and the largest difference that it explains.
    pub(super) weights: (WeightFormat, f64),
}

impl Evaluation<'_> {
    /// Each of `kinds`, on its instruction set, and what an inference takes there if it is `timed`.
    pub(super) fn runs(
        &self,
        kinds: &[(Kind, Option<&str>)],
        timed: bool,
        quiet: bool,
    ) -> Result<(Vec<Run>, Vec<Timing>)> {
        let each: Vec<(Run, Option<Timing>)> =
            kinds.iter().map(|&(kind, isa)| self.run(kind, isa, timed, quiet)).collect::<Result<_>>()?;
        let (runs, timings): (Vec<Run>, Vec<Option<Timing>>) = each.into_iter().unzip();
        Ok((runs, timings.into_iter().flatten().collect()))
    }

    fn run(&self, kind: Kind, isa: Option<&str>, timed: bool, quiet: bool) -> Result<(Run, Option<Timing>)> {
        let truth = &self.references.truth;
        let mut backend = busy("building the back end", quiet, || kind.open_on(self.program, isa))?;
        let mut run = Run {
            backend: kind.name().to_owned(),
            isa: String::new(),
            weights: self.weights.0.name().to_owned(),
            max_error: self.weights.1,
            outputs: self.outputs(),
            stages: Vec::new(),
        };
        let progress = Progress::new("comparing", self.samples.len(), quiet);
        for sample in self.samples.clone() {
            let inputs = &truth.bound.samples[sample];
            let (outputs, stages) =
                if truth.stages.is_empty() { (backend.infer(inputs)?, Vec::new()) } else { backend.trace(inputs)? };
            self.add_outputs(&mut run.outputs, sample, &outputs);
            stages.iter().for_each(|stage| self.add_stage(&mut run.stages, sample, stage));
            progress.step();
        }
        drop(progress);
        backend.isa().clone_into(&mut run.isa);
        let first = &truth.bound.samples[self.samples.start];
        let cost = if timed { Some(busy("measuring", quiet, || backend.cost(first))?) } else { None };
        let name = title(&run.backend, &run.isa, &run.weights);
        Ok((run, cost.map(|cost| Timing::of(name, &cost))))
    }

    /// What attention weighs in the first sample.
    pub(super) fn pictures(&self) -> Result<Vec<Picture>> {
        let first = &self.references.truth.bound.samples[self.samples.start];
        let (_, trace) = Interpreter::new(self.program)?.watch(first, Keep::StagesAndAttention);
        Ok(looks::attention(&trace.attention))
    }

    /// The other references, held against the first.
    pub(super) fn others(&self) -> Vec<Other> {
        self.references.others.iter().map(|other| self.other(other)).collect()
    }

    fn other(&self, other: &Bound) -> Other {
        let (mut outputs, mut stages) = (self.outputs(), Vec::new());
        // Widths are those of the model's stages; a stage that the model lacks has none to be split by.
        for sample in self.samples.clone() {
            let of_sample = other.bound.expected.iter().map(|expected| expected.numbers[sample].clone()).collect();
            self.add_outputs(&mut outputs, sample, &of_sample);
            for mark in &self.program.marks {
                let Some(numbers) = other.stages.get(&mark.stage) else { continue };
                let rows = StageRows { name: mark.stage.clone(), width: mark.width, numbers: numbers[sample].clone() };
                let is_first = self.program.marks.iter().find(|first| first.stage == mark.stage) == Some(mark);
                if is_first {
                    self.add_stage(&mut stages, sample, &rows);
                }
            }
        }
        Other { origin: other.origin.clone(), outputs, stages }
    }

    /// Nothing counted yet.
    fn outputs(&self) -> Vec<Named> {
        let named = |name: &str| Named { name: name.to_owned(), tally: Tally::default() };
        self.program.outputs.iter().map(|output| named(&output.name)).collect()
    }

    fn add_outputs(&self, named: &mut [Named], sample: usize, computed: &Outputs) {
        let expected = self.references.truth.bound.expected.iter();
        for (((named, output), expected), computed) in
            named.iter_mut().zip(&self.program.outputs).zip(expected).zip(computed)
        {
            let numbers = &expected.numbers[sample];
            named.tally.add(sample, computed, numbers, output.width);
            if let Some(labels) = &expected.labels {
                named.tally.label(computed, numbers, &labels[sample], output.width);
            }
        }
    }

    /// Counts a stage that the reference holds in the same size.
    fn add_stage(&self, named: &mut Vec<Named>, sample: usize, stage: &StageRows) {
        let expected = self.references.truth.stages.get(&stage.name).map(|samples| &samples[sample]);
        let Some(expected) = expected.filter(|expected| expected.len() == stage.numbers.len()) else { return };
        let index = named.iter().position(|named| named.name == stage.name).unwrap_or_else(|| {
            named.push(Named { name: stage.name.clone(), tally: Tally::default() });
            named.len() - 1
        });
        named[index].tally.add(sample, &stage.numbers, expected, stage.width);
    }

    /// Arrays of the reference that nothing was compared with.
    pub(super) fn not_compared(&self, runs: &[Run]) -> Vec<String> {
        let can_trace = runs.iter().any(|run| !run.stages.is_empty());
        let stages: Vec<&str> = match can_trace || runs.iter().any(|run| run.backend == Kind::Interpreter.name()) {
            true => runs.iter().flat_map(|run| &run.stages).map(|named| named.name.as_str()).collect(),
            // Back ends that cannot be looked into say nothing about stages.
            false => self.references.truth.stages.keys().map(String::as_str).collect(),
        };
        self.references.not_compared(&stages)
    }
}
