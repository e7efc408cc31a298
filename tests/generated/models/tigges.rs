//! The model of curt-tigges/perceivers.

use super::Runs;
use crate::support::typed::{array, flat};
use percio_hosttools::backend::Outputs;
use percio_hosttools::sample::Sample;

#[percio::model("fixtures/tigges-classifier")]
pub struct Classifier;
array_to_array!(Classifier);
