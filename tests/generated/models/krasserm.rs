//! Models of krasserm's perceiver-io.

use super::Runs;
use crate::support::typed::{array, flat, ids, mask, prefix};
use percio_hosttools::backend::Outputs;
use percio_hosttools::sample::Sample;

#[percio::model("fixtures/krasserm-01-image")]
pub struct Image01;
#[percio::model("fixtures/krasserm-02-image")]
pub struct Image02;
#[percio::model("fixtures/krasserm-06-image")]
pub struct Image06;
#[percio::model("fixtures/krasserm-11-image")]
pub struct Image11;
#[percio::model("fixtures/krasserm-11-pretrained-image")]
pub struct PretrainedImage11;
array_to_array!(Image01, Image02, Image06, Image11, PretrainedImage11);

#[percio::model("fixtures/krasserm-03-text-classifier")]
pub struct TextClassifier03;
#[percio::model("fixtures/krasserm-11-text-classifier")]
pub struct TextClassifier11;
masked_ids_to_array!(x: TextClassifier03, TextClassifier03Input; TextClassifier11, TextClassifier11Input);

/// A model with ids and their mask, and as many rows of logits as ids.
macro_rules! masked_ids_to_rows {
    ($ids:ident: $($name:ident, $input:ident);*) => { $(
        impl Runs for $name {
            fn run(&mut self, sample: &Sample) -> Outputs {
                let [first, second] = sample.inputs.as_slice() else { panic!("expected ids and a mask") };
                let logits = self.infer(&$input { $ids: ids(first), attention_mask: mask(second) });
                vec![logits.as_flattened().to_vec()]
            }
        }
    )* };
}

#[percio::model("fixtures/krasserm-01-masked-lm")]
pub struct MaskedLm01;
#[percio::model("fixtures/krasserm-02-masked-lm")]
pub struct MaskedLm02;
#[percio::model("fixtures/krasserm-04-masked-lm")]
pub struct MaskedLm04;
#[percio::model("fixtures/krasserm-05-masked-lm")]
pub struct MaskedLm05;
#[percio::model("fixtures/krasserm-07-masked-lm")]
pub struct MaskedLm07;
#[percio::model("fixtures/krasserm-11-pretrained-masked-lm")]
pub struct PretrainedMaskedLm11;
masked_ids_to_rows!(x_input: MaskedLm01, MaskedLm01Input; MaskedLm02, MaskedLm02Input);
masked_ids_to_rows!(x_masked: MaskedLm04, MaskedLm04Input; MaskedLm05, MaskedLm05Input; MaskedLm07, MaskedLm07Input);
masked_ids_to_rows!(input_ids: PretrainedMaskedLm11, PretrainedMaskedLm11Input);

#[percio::model("fixtures/krasserm-07-optical-flow")]
pub struct OpticalFlow07;
array_to_array!(OpticalFlow07);

#[percio::model("fixtures/krasserm-06-causal-lm")]
pub struct CausalLm06;
#[percio::model("fixtures/krasserm-07-causal-lm")]
pub struct CausalLm07;

ids_to_rows!(CausalLm06, CausalLm07);

#[percio::model("fixtures/krasserm-08-causal-lm")]
pub struct CausalLm08;
#[percio::model("fixtures/krasserm-11-causal-lm")]
pub struct CausalLm11;
#[percio::model("fixtures/krasserm-11-pretrained-symbolic-audio")]
pub struct PretrainedSymbolicAudio11;

/// A model with ids, their mask and the length of their prefix, and as many rows of logits as latents.
macro_rules! masked_prefixed_ids_to_rows {
    ($ids:ident: $($name:ident, $input:ident);*) => { $(
        impl Runs for $name {
            fn run(&mut self, sample: &Sample) -> Outputs {
                let [first, second, last] = sample.inputs.as_slice() else { panic!("expected ids, a mask and a prefix") };
                let input = $input { $ids: ids(first), attention_mask: mask(second), prefix_len: prefix(last) };
                vec![self.infer(&input).as_flattened().to_vec()]
            }
        }
    )* };
}
masked_prefixed_ids_to_rows!(x: CausalLm08, CausalLm08Input; CausalLm11, CausalLm11Input);
masked_prefixed_ids_to_rows!(input_ids: PretrainedSymbolicAudio11, PretrainedSymbolicAudio11Input);
