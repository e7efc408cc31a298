//! Continues a sequence with a Perceiver AR, a token at a time.
//!
//! A sequence is divided ([`Tail`]) into tokens that are no longer read, a prefix, and latents. [`Cached`] keeps what a new token
//! leaves as it was; [`Recomputed`] runs the whole program for each token, which is what [`Cached`] has to agree with.
//!
//! What is kept, and why that is exact:
//! - while only latents are added, every layer's keys and values of all earlier tokens: attention is causal, so that no earlier
//!   row sees a later one, and neither place nor role of an earlier token changes;
//! - once the oldest latent becomes a token of the prefix, or leaves, the latents are computed again: each of them has attended
//!   to it. Keys and values of the prefix stay, as they depend on nothing but a token;
//! - once tokens leave a sequence as long as can be, places count anew. Positions that are added to tokens (and all that depends
//!   on tokens) are computed again; rotary positions turn keys only when they are read, so that keys and values stay. Positions
//!   that count from the end and are added to tokens change with every token: nothing can be kept.

mod block;
mod cached;
mod pick;
mod recomputed;
mod split;

pub use cached::Cached;
pub use pick::Pick;
pub use recomputed::Recomputed;
pub use split::{Split, Tail};

use anyhow::Result;

/// Says how likely each id is to come next.
pub trait Predict {
    /// The logits of the id after `ids`, which are divided as `split` says.
    ///
    /// # Errors
    /// When what runs the model fails.
    fn predict(&mut self, ids: &[u32], split: Split) -> Result<Vec<f32>>;
}

/// A sequence in the making.
#[derive(Clone, Debug)]
pub struct Sequence {
    tail: Tail,
    /// Tokens before the latents, as asked for.
    asked: usize,
    ids: Vec<u32>,
}

impl Sequence {
    /// A sequence that begins with `prompt`, the last `latents` of which are latents.
    ///
    /// # Errors
    /// As [`Tail::prefix_of`].
    pub fn new(tail: Tail, prompt: &[u32], latents: Option<usize>) -> Result<Self> {
        Ok(Self { tail, asked: tail.prefix_of(prompt, latents)?, ids: prompt.to_vec() })
    }

    /// All ids so far.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// How it is divided.
    #[must_use]
    pub fn split(&self) -> Split {
        self.tail.split(self.ids.len(), self.asked)
    }

    /// Adds the id that `pick` takes of what `predict` says, and returns it.
    ///
    /// # Errors
    /// As [`Predict::predict`].
    pub fn step(&mut self, predict: &mut dyn Predict, pick: &mut Pick) -> Result<u32> {
        let logits = predict.predict(&self.ids, self.split())?;
        let id = pick.pick(&logits, self.tail.end);
        self.ids.push(id);
        Ok(id)
    }
}
