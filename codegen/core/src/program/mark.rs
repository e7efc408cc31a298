//! Where a run passes what a reference calls a stage.

use super::{Count, Place};

/// Rows of a stage of the source's model, as they are once a step has run. A step over tiles leaves those of its tile: the
/// stage's rows are all of them, in the order of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// `embedding` (tokens without their positions; of several inputs `embedding.<name>`), `tokens`, or a block's name, with
    /// `#2` for its second turn, and so on.
    pub stage: String,
    /// The step.
    pub after: usize,
    /// Rows.
    pub rows: Count,
    /// Numbers of a row.
    pub width: usize,
    /// From one row to the next.
    pub stride: usize,
    /// Where they are.
    pub place: Place,
}
