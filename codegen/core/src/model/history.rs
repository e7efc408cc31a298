//! Depth-wise attention over a stream's own history.

use super::{Linear, Norm};

/// Replaces the stream by a mixture of everything it has been: with h₀ the state that the history starts from and h₁ … what
/// each block so far has computed, `Σ_l softmax_l(expand(reduce(norm(h_l)))) ⊙ h_l`, the softmax over l for each number
/// of a row. The history keeps what blocks compute, not the mixtures.
#[derive(Clone, Debug)]
pub struct Mixture {
    /// Norm of a state's rows.
    pub norm: Norm,
    /// `[rank, D]`
    pub reduce: Linear,
    /// `[D, rank]`
    pub expand: Linear,
}
