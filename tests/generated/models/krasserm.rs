//! Models of krasserm's perceiver-io.

use super::Runs;
use crate::support::typed::{array, flat, ids, mask};
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
