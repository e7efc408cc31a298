//! What every generated model has in common.

/// A model made by [`percio::model`](macro@crate::model), for code that is generic over models.
pub trait Model {
    /// What [`infer`](Self::infer) reads: an array, or a struct with one field an input.
    type Input<'a>: ?Sized;
    /// What [`infer`](Self::infer) computes: an array, or a struct with one field an output.
    type Output<'a>
    where
        Self: 'a;

    /// The model's name, from its configuration.
    const NAME: &'static str;
    /// Bytes of RAM: `size_of::<Self>()`.
    const RAM_BYTES: usize;
    /// Bytes of weights and tables in flash (code not counted).
    const FLASH_BYTES: usize;
    /// Multiply-accumulate operations of one inference.
    const MACS: u64;
    /// Trained parameters in the checkpoint.
    const PARAMETERS: u64;
    /// CRC-32 of the weights in flash.
    const CHECKSUM: u32;

    /// Runs the model once. The result lives in the model until the next call.
    fn infer(&mut self, input: &Self::Input<'_>) -> Self::Output<'_>;
}
