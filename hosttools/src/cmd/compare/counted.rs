//! What some samples came to.

use crate::metrics::Tally;
use crate::report::parts::Named;
use percio_codegen_core::program::{Output, Program};

/// Tallies of some samples. Their sums are exact, so it does not matter who counts which.
#[derive(Clone)]
pub(super) struct Counted {
    pub(super) outputs: Vec<Named>,
    pub(super) stages: Vec<Named>,
}

impl Counted {
    /// Nothing counted yet.
    pub(super) fn none(program: &Program) -> Self {
        let named = |output: &Output| Named { name: output.name.clone(), tally: Tally::default() };
        Self { outputs: program.outputs.iter().map(named).collect(), stages: Vec::new() }
    }

    /// The tally of the stage `name`; stages are in the order in which samples pass through them.
    pub(super) fn stage(&mut self, name: &str) -> &mut Tally {
        let index = self.stages.iter().position(|named| named.name == name).unwrap_or_else(|| {
            self.stages.push(Named { name: name.to_owned(), tally: Tally::default() });
            self.stages.len() - 1
        });
        &mut self.stages[index].tally
    }

    /// All of them together.
    pub(super) fn sum(all: Vec<Self>) -> Self {
        let sum = |mut sum: Self, other: Self| {
            sum.outputs.iter_mut().zip(&other.outputs).for_each(|(sum, other)| sum.tally.merge(&other.tally));
            other.stages.iter().for_each(|other| sum.stage(&other.name).merge(&other.tally));
            sum
        };
        all.into_iter().reduce(sum).unwrap_or(Self { outputs: Vec::new(), stages: Vec::new() })
    }
}
