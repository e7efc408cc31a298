//! Depth-wise attention over a stream's own history.

use super::{Linear, Norm};

/// Replaces the latents by a mixture of what they have been: `Σ_l softmax_l(expand(reduce(norm(h_l)))) ⊙ h_l`, the softmax
/// over the states h_l for each number of a row. A state is what blocks computed, not the mixture that replaced it.
#[derive(Clone, Debug)]
pub struct Mixture {
    /// The states h_l, ascending: state s is there after s entries of the schedule, state 0 are the latents at the start. The
    /// mixture takes the place of the last one, and is that one where it has no other.
    pub states: Vec<usize>,
    /// Norm of a state's rows.
    pub norm: Option<Norm>,
    /// `[rank, D]`
    pub reduce: Linear,
    /// `[D, rank]`
    pub expand: Linear,
}
