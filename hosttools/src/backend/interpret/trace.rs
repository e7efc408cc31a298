//! What a run passes through: the stages that a reference may hold too, and what attention weighs.

use super::Interpreter;
use super::memory::Readable;
use super::stage::Work;
use super::weights::Scores;
use crate::backend::Outputs;
use crate::sample::Sample;
use percio_codegen_core::program::{Mark, Program, Step};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub use super::weights::AttentionMap;

/// The rows of one stage in one run.
#[derive(Clone, Debug, PartialEq)]
pub struct StageRows {
    /// Its name in a reference, without `stage.`.
    pub name: String,
    /// Numbers of a row.
    pub width: usize,
    /// All rows.
    pub numbers: Vec<f32>,
}

/// What a run passed through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// The stages, in the order of the run.
    pub stages: Vec<StageRows>,
    /// What every attention weighed, in the order of the run; empty unless asked for.
    pub attention: Vec<AttentionMap>,
}

/// What is kept of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// The stages.
    #[default]
    Stages,
    /// The stages and what attention weighed, which is as large as queries times keys.
    StagesAndAttention,
    /// How long each step took.
    Times,
}

impl Interpreter<'_> {
    /// Runs the model once and keeps what it passes through.
    pub fn watch(&mut self, sample: &Sample, keep: Keep) -> (Outputs, Trace) {
        let program = self.program;
        let mut recorder = Recorder::new(program, keep);
        let lengths = sample.lengths(program);
        self.watched(&sample.inputs, Work::Run(lengths), Some(&mut recorder));
        (self.outputs(lengths), recorder.finish())
    }

    /// Runs the model once and measures how long each step takes.
    pub fn profile(&mut self, sample: &Sample) -> Vec<Duration> {
        let mut recorder = Recorder::new(self.program, Keep::Times);
        self.watched(&sample.inputs, Work::Run(sample.lengths(self.program)), Some(&mut recorder));
        recorder.times
    }
}

/// Keeps rows and scores, or times, while a run goes on.
pub(super) struct Recorder<'a> {
    program: &'a Program,
    keep: Keep,
    /// The marks of each step.
    marks: BTreeMap<usize, Vec<&'a Mark>>,
    stages: Vec<StageRows>,
    scores: Vec<(usize, Scores)>,
    /// Of each step.
    times: Vec<Duration>,
    /// When the step began.
    began: Instant,
}

impl<'a> Recorder<'a> {
    fn new(program: &'a Program, keep: Keep) -> Self {
        let mut marks = BTreeMap::<usize, Vec<&Mark>>::new();
        program.marks.iter().for_each(|mark| marks.entry(mark.after).or_default().push(mark));
        let times = vec![Duration::ZERO; program.steps.len()];
        Self { program, keep, marks, stages: Vec::new(), scores: Vec::new(), times, began: Instant::now() }
    }

    /// The step `index` is about to run.
    pub(super) fn before(&mut self, index: usize, read: Readable<'_>) {
        let step = &self.program.steps[index];
        if self.keep == Keep::Times {
            self.began = Instant::now();
        }
        let weighs = matches!(
            step,
            Step::Attention { .. } | Step::InvertedAttention { .. } | Step::Gather { .. } | Step::GatherGrid { .. }
        );
        if self.keep != Keep::StagesAndAttention || !weighs {
            return;
        }
        let known = self.scores.iter().position(|(at, _)| *at == index);
        let known = known.unwrap_or_else(|| {
            self.scores.push((index, Scores::of(self.program, step)));
            self.scores.len() - 1
        });
        self.scores[known].1.add(step, read);
    }

    /// The step `index` has run.
    pub(super) fn after(&mut self, index: usize, read: Readable<'_>) {
        if self.keep == Keep::Times {
            self.times[index] += self.began.elapsed();
            return;
        }
        for mark in self.marks.get(&index).into_iter().flatten() {
            let numbers = read.place(&mark.place).chunks(mark.stride.max(1));
            let rows = numbers.take(mark.rows.at(read.turn().lengths)).flat_map(|row| row.iter().take(mark.width));
            match self.stages.iter_mut().find(|stage| stage.name == mark.stage) {
                Some(stage) => stage.numbers.extend(rows),
                None => self.stages.push(StageRows {
                    name: mark.stage.clone(),
                    width: mark.width,
                    numbers: rows.copied().collect(),
                }),
            }
        }
    }

    fn finish(self) -> Trace {
        let attention = self.scores.into_iter().map(|(_, scores)| scores.finish()).collect();
        Trace { stages: self.stages, attention }
    }
}
