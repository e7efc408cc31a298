//! Models of DeepMind's original.

use super::Runs;
use crate::support::typed::{array, flat, ids, mask};
use percio_hosttools::backend::Outputs;
use percio_hosttools::sample::Sample;

#[percio::model("fixtures/deepmind-image-conv")]
pub struct ImageConv;
#[percio::model("fixtures/deepmind-image-fourier")]
pub struct ImageFourier;
#[percio::model("fixtures/deepmind-image-learned")]
pub struct ImageLearned;
#[percio::model("fixtures/deepmind-optical-flow")]
pub struct OpticalFlow;
array_to_array!(ImageConv, ImageFourier, ImageLearned, OpticalFlow);

#[percio::model("fixtures/deepmind-masked-lm")]
pub struct MaskedLm;

impl Runs for MaskedLm {
    fn run(&mut self, sample: &Sample) -> Outputs {
        let [tokens, keep] = sample.inputs.as_slice() else { panic!("expected ids and a mask") };
        vec![flat(self.infer(&MaskedLmInput { inputs: ids(tokens), input_mask: mask(keep) }))]
    }
}

#[percio::model("fixtures/deepmind-video")]
pub struct Video;

impl Runs for Video {
    fn run(&mut self, sample: &Sample) -> Outputs {
        let [audio, image] = sample.inputs.as_slice() else { panic!("expected two inputs") };
        let output = self.infer(&VideoInput { audio: array(audio), image: array(image) });
        vec![flat(output.audio), flat(output.image), flat(output.label)]
    }
}
