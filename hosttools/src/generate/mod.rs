//! Continues a sequence with a Perceiver AR, a token at a time.
//!
//! A sequence is divided ([`Tail`]) into tokens that are no longer read, a prefix, and latents. [`Cached`] keeps what a new token
//! leaves as it was; [`Recomputed`] runs the whole program for each token, which is what [`Cached`] has to agree with.

mod cached;
mod pick;
mod recomputed;
mod split;

pub use cached::Cached;
pub use percio::sequence::Split;
pub use pick::Pick;
pub use recomputed::Recomputed;
pub use split::Tail;

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

    /// Adds an id.
    pub fn push(&mut self, id: u32) {
        self.ids.push(id);
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
