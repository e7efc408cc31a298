//! Models of lucidrains' perceiver-ar-pytorch.

use super::Runs;
use crate::support::typed::{ids, mask};
use percio_hosttools::backend::Outputs;
use percio_hosttools::sample::Sample;

#[percio::model("fixtures/lucidrains-ar")]
pub struct Bare;
#[percio::model("fixtures/lucidrains-ar-wrapped")]
pub struct Wrapped;

/// A model with ids and a mask of those before the latents, and as many rows of logits as latents.
macro_rules! masked_prefix_to_rows {
    ($($name:ident, $input:ident);*) => { $(
        impl Runs for $name {
            fn run(&mut self, sample: &Sample) -> Outputs {
                let [first, second] = sample.inputs.as_slice() else { panic!("expected ids and a mask") };
                vec![self.infer(&$input { x: ids(first), prefix_mask: mask(second) }).as_flattened().to_vec()]
            }
        }
    )* };
}
masked_prefix_to_rows!(Bare, BareInput; Wrapped, WrappedInput);
