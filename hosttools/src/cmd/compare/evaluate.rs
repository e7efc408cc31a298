//! Every back end over the samples, tallied against the first reference.

use super::counted::Counted;
use super::reference::{Bound, References};
use crate::backend::{Backend, Interpreter, Keep, Kind, Outputs, StageRows};
use crate::looks;
use crate::parallel::{Threads, each_sample};
use crate::picture::Picture;
use crate::progress::{Progress, busy};
use crate::report::comparison::title;
use crate::report::html::Timing;
use crate::report::parts::{Other, Run};
use anyhow::Result;
use percio_codegen_core::program::{Mark, Program, WeightFormat};
use std::ops::Range;

/// What is compared.
pub(super) struct Evaluation<'a> {
    pub(super) program: &'a Program,
    pub(super) references: &'a References,
    pub(super) samples: Range<usize>,
    /// Number type of the program's weights, and the largest difference that it explains.
    pub(super) weights: (WeightFormat, f64),
    /// Samples that run at the same time.
    pub(super) threads: Threads,
}

/// One thread's back end, and what its samples came to.
struct Worker<'a> {
    backend: Box<dyn Backend + 'a>,
    counted: Counted,
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
            kinds.iter().map(|(kind, isa)| self.run(kind, *isa, timed, quiet)).collect::<Result<_>>()?;
        let (runs, timings): (Vec<Run>, Vec<Option<Timing>>) = each.into_iter().unzip();
        Ok((runs, timings.into_iter().flatten().collect()))
    }

    fn run(&self, kind: &Kind, isa: Option<&str>, timed: bool, quiet: bool) -> Result<(Run, Option<Timing>)> {
        let truth = &self.references.truth;
        let backends = busy("building the back end", quiet, || kind.open_several(self.program, isa, self.threads))?;
        let worker = |backend| Worker { backend, counted: Counted::none(self.program) };
        let mut workers: Vec<Worker<'_>> = backends.into_iter().map(worker).collect();
        let progress = Progress::new("comparing", self.samples.len(), quiet);
        each_sample(&mut workers, self.samples.clone(), |Worker { backend, counted }, sample| {
            let inputs = &truth.bound.samples[sample];
            let (outputs, stages) =
                if truth.stages.is_empty() { (backend.infer(inputs)?, Vec::new()) } else { backend.trace(inputs)? };
            self.add_outputs(counted, sample, &outputs);
            stages.iter().try_for_each(|stage| self.add_stage(counted, sample, stage))?;
            progress.step();
            Ok(())
        })?;
        drop(progress);
        let (mut backends, counted): (Vec<_>, Vec<_>) =
            workers.into_iter().map(|Worker { backend, counted }| (backend, counted)).unzip();
        let backend = &mut backends[0];
        let first = &truth.bound.samples[self.samples.start];
        let cost = if timed { Some(busy("measuring", quiet, || backend.cost(first))?) } else { None };
        let Counted { outputs, stages } = Counted::sum(counted);
        let run = Run {
            backend: kind.name().to_owned(),
            isa: backend.isa().to_owned(),
            weights: self.weights.0.name().to_owned(),
            max_error: self.weights.1,
            outputs,
            stages,
        };
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
    pub(super) fn others(&self) -> Result<Vec<Other>> {
        self.references.others.iter().map(|other| self.other(other)).collect()
    }

    fn other(&self, other: &Bound) -> Result<Other> {
        // Widths are those of the model's stages; a stage that the model lacks has none to be split by.
        let mut marks: Vec<&Mark> = Vec::new();
        for mark in &self.program.marks {
            if marks.iter().all(|known| known.stage != mark.stage) {
                marks.push(mark);
            }
        }
        let mut counted = vec![Counted::none(self.program); self.threads.samples.get()];
        each_sample(&mut counted, self.samples.clone(), |counted, sample| {
            let of_sample = other.bound.expected.iter().map(|expected| expected.numbers[sample].clone()).collect();
            self.add_outputs(counted, sample, &of_sample);
            for mark in &marks {
                let Some(numbers) = other.stages.read(&mark.stage, sample)? else { continue };
                let rows = StageRows { name: mark.stage.clone(), width: mark.width, numbers };
                self.add_stage(counted, sample, &rows)?;
            }
            Ok(())
        })?;
        let Counted { outputs, stages } = Counted::sum(counted);
        Ok(Other { origin: other.origin.clone(), outputs, stages })
    }

    fn add_outputs(&self, counted: &mut Counted, sample: usize, computed: &Outputs) {
        let expected = self.references.truth.bound.expected.iter();
        for (((named, output), expected), computed) in
            counted.outputs.iter_mut().zip(&self.program.outputs).zip(expected).zip(computed)
        {
            let numbers = &expected.numbers[sample];
            named.tally.add(sample, computed, numbers, output.width);
            if let Some(labels) = &expected.labels {
                named.tally.label(computed, numbers, &labels[sample], output.width);
            }
        }
    }

    /// Counts a stage that the reference holds in the same size.
    fn add_stage(&self, counted: &mut Counted, sample: usize, stage: &StageRows) -> Result<()> {
        let expected = self.references.truth.stages.read(&stage.name, sample)?;
        let Some(expected) = expected.filter(|expected| expected.len() == stage.numbers.len()) else { return Ok(()) };
        counted.stage(&stage.name).add(sample, &stage.numbers, &expected, stage.width);
        Ok(())
    }

    /// Arrays of the reference that nothing was compared with.
    pub(super) fn not_compared(&self, runs: &[Run]) -> Vec<String> {
        let can_trace = runs.iter().any(|run| !run.stages.is_empty());
        let stages: Vec<&str> = match can_trace || runs.iter().any(|run| run.backend == Kind::Interpreter.name()) {
            true => runs.iter().flat_map(|run| &run.stages).map(|named| named.name.as_str()).collect(),
            // Back ends that cannot be looked into say nothing about stages.
            false => self.references.truth.stages.names().collect(),
        };
        self.references.not_compared(&stages)
    }
}
