//! A run whose tokens arrive one at a time, and outputs that are asked for one at a time.

use super::{Gathering, Lengths, Place, Program, QueryStage, Stage, Step, Target, TokenStage};
use std::ops::Range;

/// The parts of a run that gathers all its tokens before it does anything else with them.
#[derive(Clone, Debug)]
pub struct Stream<'a> {
    /// The steps before the first token.
    pub begin: Range<usize>,
    /// What happens to tokens that arrive, one stage an input.
    pub tokens: Vec<&'a TokenStage>,
    /// What happens to tokens that are always the same, before the steps of `finish`.
    pub constant: Vec<&'a TokenStage>,
    /// The steps after the last token, up to the first query.
    pub finish: Range<usize>,
    /// Whose state it is that tokens are gathered into.
    pub shape: Gathering,
    /// Where the state lies.
    pub state: &'a Place,
}

impl Program {
    /// The parts of a run whose tokens arrive one at a time; `None` where tokens are needed more than once or all at once.
    #[must_use]
    pub fn stream(&self) -> Option<Stream<'_>> {
        let [Stage::Once(begin), rest @ ..] = self.stages.as_slice() else { return None };
        let tokens: Vec<&TokenStage> = rest.iter().map_while(token_stage).collect();
        let [Stage::Once(finish), rest @ ..] = rest.get(tokens.len()..)? else { return None };
        let is_alone = |stage: &Stage| matches!(stage, Stage::Queries(stage) if !self.hides_queries(stage));
        if !rest.iter().all(is_alone) {
            return None;
        }
        if self.steps[begin.clone()].iter().chain(&self.steps[finish.clone()]).any(Step::needs_input) {
            return None;
        }
        let (tokens, constant): (Vec<_>, Vec<_>) = tokens.into_iter().partition(|stage| stage.input.is_some());
        let last = self.steps.get(tokens.first()?.gather.end.checked_sub(1)?)?;
        let (Step::Gather { shape, out: Target::Arena(state), .. }
        | Step::GatherGrid { shape, out: Target::Arena(state), .. }) = last
        else {
            return None;
        };
        Some(Stream { begin: begin.clone(), tokens, constant, finish: finish.clone(), shape: *shape, state })
    }

    /// The stages that decode queries, each of which may be decoded alone.
    pub fn queries(&self) -> impl Iterator<Item = &QueryStage> {
        self.stages.iter().filter_map(|stage| if let Stage::Queries(stage) = stage { Some(stage) } else { None })
    }

    /// Whether queries need something of the input, or are as many as its tokens.
    #[must_use]
    pub fn queries_need_input(&self) -> bool {
        self.queries().any(|stage| stage.reads.is_some() || stage.rows.varies() || self.hides_queries(stage))
    }

    /// Whether queries of the stage gather nothing where the mask leaves out their token.
    #[must_use]
    pub fn hides_queries(&self, stage: &QueryStage) -> bool {
        self.steps[stage.decode.clone()].iter().any(|step| matches!(step, Step::HideRows { .. }))
    }
}

impl Stream<'_> {
    /// Multiply-accumulate operations of one token: the most of any input's.
    #[must_use]
    pub fn macs_per_token(&self, program: &Program) -> u64 {
        let one = Lengths { tokens: 1, tile: 1, ..Lengths::default() };
        let macs = |steps: &Range<usize>| program.steps[steps.clone()].iter().map(|step| step.macs(one)).sum::<u64>();
        self.tokens.iter().map(|stage| macs(&stage.arriving) + macs(&stage.gather)).max().unwrap_or(0)
    }
}

fn token_stage(stage: &Stage) -> Option<&TokenStage> {
    if let Stage::Tokens(stage) = stage { Some(stage) } else { None }
}
