//! Which steps leave behind what a reference calls a stage.

use super::builder::{Builder, Rows};
use crate::program::{Count, Input, Mark, Place};

/// The marks so far.
#[derive(Default)]
pub(super) struct Marks {
    marks: Vec<Mark>,
    /// Tokens are marked where they are made first: blocks that read them again, and queries made from them, make them anew.
    tokens_are_done: bool,
}

impl Marks {
    /// What makes tokens from now on makes them anew.
    pub(super) fn end_tokens(&mut self) {
        self.tokens_are_done = true;
    }

    /// The marks. The tokens of an only input need not say whose they are.
    pub(super) fn finish(self, inputs: &[Input]) -> Vec<Mark> {
        let mut marks = self.marks;
        let of = |input: &Input| format!("embedding.{}", input.name);
        let embedded = |input: &&Input| marks.iter().any(|mark| mark.stage == of(input));
        if let [only] = inputs.iter().filter(embedded).collect::<Vec<_>>().as_slice() {
            let stage = of(only);
            marks.iter_mut().filter(|mark| mark.stage == stage).for_each(|mark| mark.stage = "embedding".to_owned());
        }
        marks
    }
}

impl Builder {
    /// The last step left behind what the block `name` computes.
    pub(super) fn mark_block(&mut self, name: &str, x: &Rows) {
        let turn = |mark: &&Mark| mark.stage.split('#').next() == Some(name);
        let turns = self.marks.marks.iter().filter(turn).count();
        let stage = if turns == 0 { name.to_owned() } else { format!("{name}#{}", turns + 1) };
        self.mark(stage, x.count, x.width, x.width, x.place());
    }

    /// The last step left behind tokens, or what becomes of them.
    pub(super) fn mark_tokens(&mut self, stage: String, rows: Count, width: usize, stride: usize, place: Place) {
        if !self.marks.tokens_are_done {
            self.mark(stage, rows, width, stride, place);
        }
    }

    fn mark(&mut self, stage: String, rows: Count, width: usize, stride: usize, place: Place) {
        if let Some(after) = self.step_count().checked_sub(1) {
            self.marks.marks.push(Mark { stage, after, rows, width, stride, place });
        }
    }
}
