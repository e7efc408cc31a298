//! Models of google-research/perceiver-ar.

use super::Runs;
use crate::support::typed::ids;
use percio_hosttools::backend::Outputs;
use percio_hosttools::sample::Sample;

#[percio::model("fixtures/google-ar")]
pub struct Rotary;
#[percio::model("fixtures/google-ar-options")]
pub struct Options;
#[percio::model("fixtures/google-ar-absolute")]
pub struct Absolute;
ids_to_rows!(Rotary, Options, Absolute);
