//! A type for every fixture, made by the attribute, and how to feed it a sample.

#![allow(missing_docs, reason = "the attribute documents the types with each model's own summary, which may be empty")]

use crate::support::typed::{array, flat, ids, mask, points};
use percio_hosttools::backend::Outputs;
use percio_hosttools::sample::Sample;

/// A generated model that takes a sample as the tools read it.
pub(crate) trait Runs: percio::Model {
    fn run(&mut self, sample: &Sample) -> Outputs;
}

/// A model with one input of numbers and one output.
macro_rules! array_to_array {
    ($($name:ident),*) => { $(
        impl Runs for $name {
            fn run(&mut self, sample: &Sample) -> Outputs {
                vec![flat(self.infer(&array(&sample.inputs[0])))]
            }
        }
    )* };
}

/// A model with ids of this name and their mask, and one output.
macro_rules! masked_ids_to_array {
    ($ids:ident: $($name:ident, $input:ident);*) => { $(
        impl Runs for $name {
            fn run(&mut self, sample: &Sample) -> Outputs {
                let [first, second] = sample.inputs.as_slice() else { panic!("expected ids and a mask") };
                let input = $input { $ids: ids(first), attention_mask: mask(second) };
                vec![flat(self.infer(&input))]
            }
        }
    )* };
}

/// A model with ids and as many rows of logits as latents.
macro_rules! ids_to_rows {
    ($($name:ident),*) => { $(
        impl Runs for $name {
            fn run(&mut self, sample: &Sample) -> Outputs {
                vec![self.infer(ids(&sample.inputs[0])).as_flattened().to_vec()]
            }
        }
    )* };
}

pub(crate) mod deepmind;
pub(crate) mod google_ar;
pub(crate) mod krasserm;
pub(crate) mod lucidrains;
pub(crate) mod lucidrains_ar;
pub(crate) mod resampler;
pub(crate) mod tigges;

#[percio::model("fixtures/hf-image-conv")]
pub struct ImageConv;
#[percio::model("fixtures/hf-image-fourier")]
pub struct ImageFourier;
#[percio::model("fixtures/hf-image-learned")]
pub struct ImageLearned;
#[percio::model("fixtures/hf-optical-flow")]
pub struct OpticalFlow;
array_to_array!(ImageConv, ImageFourier, ImageLearned, OpticalFlow);

#[percio::model("fixtures/hf-masked-lm")]
pub struct MaskedLm;
#[percio::model("fixtures/hf-sequence-classification")]
pub struct SequenceClassification;
#[percio::model("fixtures/tiny-mlm")]
pub struct TinyMlm;
masked_ids_to_array!(input_ids: MaskedLm, MaskedLmInput; SequenceClassification, SequenceClassificationInput; TinyMlm, TinyMlmInput);

#[percio::model("fixtures/hf-raw")]
pub struct Raw;

impl Runs for Raw {
    fn run(&mut self, sample: &Sample) -> Outputs {
        let [inputs, attention_mask] = sample.inputs.as_slice() else { panic!("expected numbers and a mask") };
        vec![flat(self.infer(&RawInput { inputs: &array(inputs), attention_mask: mask(attention_mask) }))]
    }
}

#[percio::model("fixtures/hf-video")]
pub struct Video;

impl Runs for Video {
    fn run(&mut self, sample: &Sample) -> Outputs {
        let [audio, image, audio_points, image_points] = sample.inputs.as_slice() else {
            panic!("expected four inputs")
        };
        let output = self.infer(&VideoInput {
            audio: array(audio),
            image: array(image),
            points_audio: points(audio_points),
            points_image: points(image_points),
        });
        vec![flat(output.audio), flat(output.image), flat(output.label)]
    }
}

#[percio::model("fixtures/native-grid")]
pub struct Grid;

impl Runs for Grid {
    fn run(&mut self, sample: &Sample) -> Outputs {
        let [frame, sound, points] = sample.inputs.as_slice() else { panic!("expected three inputs") };
        vec![flat(self.infer(&GridInput { frame: array(frame), sound: array(sound), points: array(points) }))]
    }
}

#[percio::model("fixtures/native-ids")]
pub struct Ids;

impl Runs for Ids {
    fn run(&mut self, sample: &Sample) -> Outputs {
        let output = self.infer(ids(&sample.inputs[0]));
        vec![flat(output.logits), flat(output.first)]
    }
}

#[percio::model("fixtures/native-multi")]
pub struct Multi;

impl Runs for Multi {
    fn run(&mut self, sample: &Sample) -> Outputs {
        let [motion, picture, extra] = sample.inputs.as_slice() else { panic!("expected three inputs") };
        let output = self.infer(&MultiInput { motion: array(motion), picture: array(picture), extra: array(extra) });
        vec![flat(output.activity), flat(output.track), flat(output.rows)]
    }
}

/// Calls `$check` with the name of each fixture and a model of its type that lives in a static.
macro_rules! for_every_fixture {
    ($check:path) => {
        for_every_fixture! { $check:
            "deepmind-image-conv" => deepmind::ImageConv, "deepmind-image-fourier" => deepmind::ImageFourier,
            "deepmind-image-learned" => deepmind::ImageLearned, "deepmind-masked-lm" => deepmind::MaskedLm, "deepmind-optical-flow" => deepmind::OpticalFlow,
            "deepmind-video" => deepmind::Video,
            "hf-image-conv" => ImageConv, "hf-image-fourier" => ImageFourier, "hf-image-learned" => ImageLearned,
            "hf-masked-lm" => MaskedLm, "hf-optical-flow" => OpticalFlow, "hf-raw" => Raw,
            "hf-sequence-classification" => SequenceClassification, "hf-video" => Video, "tiny-mlm" => TinyMlm,
            "krasserm-01-masked-lm" => krasserm::MaskedLm01, "krasserm-02-masked-lm" => krasserm::MaskedLm02,
            "krasserm-04-masked-lm" => krasserm::MaskedLm04, "krasserm-05-masked-lm" => krasserm::MaskedLm05,
            "krasserm-07-masked-lm" => krasserm::MaskedLm07, "krasserm-07-optical-flow" => krasserm::OpticalFlow07,
            "krasserm-11-pretrained-masked-lm" => krasserm::PretrainedMaskedLm11,
            "krasserm-06-causal-lm" => krasserm::CausalLm06, "krasserm-07-causal-lm" => krasserm::CausalLm07,
            "krasserm-08-causal-lm" => krasserm::CausalLm08, "krasserm-11-causal-lm" => krasserm::CausalLm11,
            "krasserm-11-pretrained-symbolic-audio" => krasserm::PretrainedSymbolicAudio11,
            "krasserm-01-image" => krasserm::Image01, "krasserm-02-image" => krasserm::Image02,
            "krasserm-03-text-classifier" => krasserm::TextClassifier03, "krasserm-06-image" => krasserm::Image06,
            "krasserm-11-image" => krasserm::Image11, "krasserm-11-pretrained-image" => krasserm::PretrainedImage11,
            "krasserm-11-text-classifier" => krasserm::TextClassifier11, "lucidrains-gated" => lucidrains::Gated,
            "lucidrains-io-0.10.0" => lucidrains::Io0100, "lucidrains-io-0.6.2" => lucidrains::Io062,
            "lucidrains-io-residual" => lucidrains::IoResidual, "lucidrains-lm" => lucidrains::Lm,
            "lucidrains-lm-residual" => lucidrains::LmResidual, "lucidrains-mixed-latents" => lucidrains::MixedLatents,
            "lucidrains-perceiver-inverted" => lucidrains::Inverted, "lucidrains-perceiver-queries" => lucidrains::Queries,
            "lucidrains-perceiver-residual" => lucidrains::Residual,
            "lucidrains-perceiver" => lucidrains::Perceiver, "lucidrains-perceiver-0.1.20" => lucidrains::Perceiver0120,
            "lucidrains-perceiver-0.7.2" => lucidrains::Perceiver072, "lucidrains-perceiver-0.7.3" => lucidrains::Perceiver073,
            "lucidrains-perceiver-tied" => lucidrains::Tied, "lucidrains-perceiver-video" => lucidrains::Video,
            "google-ar" => google_ar::Rotary, "google-ar-absolute" => google_ar::Absolute,
            "google-ar-options" => google_ar::Options,
            "lucidrains-ar" => lucidrains_ar::Bare, "lucidrains-ar-wrapped" => lucidrains_ar::Wrapped,
            "native-grid" => Grid, "native-ids" => Ids, "native-multi" => Multi,
            "resampler-flamingo-pytorch" => resampler::FlamingoPytorch, "resampler-idefics" => resampler::Idefics,
            "resampler-idefics-head-norms" => resampler::IdeficsHeadNorms, "resampler-ip-adapter" => resampler::IpAdapter,
            "resampler-ip-adapter-positions" => resampler::IpAdapterPositions,
            "resampler-open-flamingo" => resampler::OpenFlamingo, "resampler-open-flamingo-bare" => resampler::OpenFlamingoBare,
            "tigges-classifier" => tigges::Classifier
        }
    };
    ($check:path: $($fixture:literal => $($name:ident)::+),*) => {
        let known = [$($fixture),*];
        let missing: Vec<String> =
            $crate::support::fixtures::names().into_iter().filter(|name| !known.contains(&name.as_str())).collect();
        assert!(missing.is_empty(), "no generated type for the fixtures {missing:?}: add them to generated/models.rs");
        $({
            // The largest models are larger than a test's stack.
            static NET: std::sync::Mutex<$crate::generated::models::$($name)::+> =
                std::sync::Mutex::new($crate::generated::models::$($name)::+::new());
            $check($fixture, &mut *NET.lock().expect("no test has failed with this model"));
        })*
    };
}
pub(crate) use for_every_fixture;
