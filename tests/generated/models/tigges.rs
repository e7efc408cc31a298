//! Models of curt-tigges/perceivers.

use super::Runs;
use crate::support::typed::{array, flat};
use percio_hosttools::backend::Outputs;
use percio_hosttools::sample::Sample;

#[percio::model("fixtures/tigges-classifier")]
pub struct Classifier;
#[percio::model("fixtures/tigges-lightning")]
pub struct Lightning;
array_to_array!(Classifier, Lightning);
