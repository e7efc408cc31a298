//! What every generator has in common.

/// Continues sequences of ids: what [`percio::model`](macro@crate::model) makes of a Perceiver AR, for code that is generic over
/// models.
pub trait Generator {
    /// Bytes of RAM: `size_of::<Self>()`.
    const RAM_BYTES: usize;
    /// Bytes of weights and tables in flash (code not counted).
    const FLASH_BYTES: usize;
    /// Most tokens that are read: the last ones.
    const TOKENS: usize;
    /// Ids are below this; another one counts as a token of zeros.
    const VOCABULARY: usize;
    /// The id that ends a sequence: it is never part of one.
    const END: Option<u32>;
    /// Multiply-accumulate operations of a token while latents are added, at most.
    const MACS_PER_TOKEN: u64;
    /// Those of any token, at most.
    const MOST_MACS_PER_TOKEN: u64;

    /// Begins a sequence with the last [`TOKENS`](Self::TOKENS) ids of `prompt`: the likelihoods of the next id, as logits.
    fn begin(&mut self, prompt: &[u32]) -> &[f32];

    /// Adds an id: the likelihoods of the one after it, as logits.
    fn push(&mut self, id: u32) -> &[f32];
}
