//! Models of lucidrains' perceiver-pytorch.

use super::Runs;
use crate::support::typed::{array, flat, ids, mask};
use percio_hosttools::backend::Outputs;
use percio_hosttools::sample::Sample;

/// A model with data, its mask and one output.
macro_rules! masked_data_to_array {
    ($($name:ident, $input:ident);*) => { $(
        impl Runs for $name {
            fn run(&mut self, sample: &Sample) -> Outputs {
                let [data, keep] = sample.inputs.as_slice() else { panic!("expected data and a mask") };
                vec![flat(self.infer(&$input { data: &array(data), mask: mask(keep) }))]
            }
        }
    )* };
}

#[percio::model("fixtures/lucidrains-perceiver")]
pub struct Perceiver;
#[percio::model("fixtures/lucidrains-perceiver-tied")]
pub struct Tied;
#[percio::model("fixtures/lucidrains-perceiver-video")]
pub struct Video;
#[percio::model("fixtures/lucidrains-perceiver-0.7.3")]
pub struct Perceiver073;
#[percio::model("fixtures/lucidrains-perceiver-0.7.2")]
pub struct Perceiver072;
#[percio::model("fixtures/lucidrains-perceiver-0.1.20")]
pub struct Perceiver0120;
#[percio::model("fixtures/lucidrains-gated")]
pub struct Gated;
#[percio::model("fixtures/lucidrains-perceiver-inverted")]
pub struct Inverted;
#[percio::model("fixtures/lucidrains-perceiver-residual")]
pub struct Residual;
#[percio::model("fixtures/lucidrains-perceiver-queries")]
pub struct Queries;
#[percio::model("fixtures/lucidrains-mixed-latents")]
pub struct MixedLatents;
masked_data_to_array!(
    Inverted, InvertedInput; Residual, ResidualInput; MixedLatents, MixedLatentsInput; Queries, QueriesInput;
    Perceiver, PerceiverInput; Tied, TiedInput; Video, VideoInput; Perceiver073, Perceiver073Input;
    Perceiver072, Perceiver072Input; Perceiver0120, Perceiver0120Input; Gated, GatedInput
);

/// A model with data, its mask, queries and one output.
macro_rules! masked_queries_to_array {
    ($($name:ident, $input:ident);*) => { $(
        impl Runs for $name {
            fn run(&mut self, sample: &Sample) -> Outputs {
                let [data, queries, keep] = sample.inputs.as_slice() else { panic!("expected data, queries and a mask") };
                let input = $input { data: &array(data), queries: &array(queries), mask: mask(keep) };
                vec![flat(self.infer(&input))]
            }
        }
    )* };
}

#[percio::model("fixtures/lucidrains-io-0.6.2")]
pub struct Io062;
#[percio::model("fixtures/lucidrains-io-0.10.0")]
pub struct Io0100;
#[percio::model("fixtures/lucidrains-io-residual")]
pub struct IoResidual;
masked_queries_to_array!(Io062, Io062Input; Io0100, Io0100Input; IoResidual, IoResidualInput);

/// A model with ids, their mask and a row of logits an id.
macro_rules! masked_ids_to_rows {
    ($($name:ident, $input:ident);*) => { $(
        impl Runs for $name {
            fn run(&mut self, sample: &Sample) -> Outputs {
                let [tokens, keep] = sample.inputs.as_slice() else { panic!("expected ids and a mask") };
                vec![self.infer(&$input { x: ids(tokens), mask: mask(keep) }).as_flattened().to_vec()]
            }
        }
    )* };
}

#[percio::model("fixtures/lucidrains-lm")]
pub struct Lm;
#[percio::model("fixtures/lucidrains-lm-residual")]
pub struct LmResidual;
masked_ids_to_rows!(Lm, LmInput; LmResidual, LmResidualInput);
