//! Resamplers.

use super::Runs;
use crate::support::typed::{array, flat};
use percio_hosttools::backend::Outputs;
use percio_hosttools::sample::Sample;

#[percio::model("fixtures/resampler-flamingo-pytorch")]
pub struct FlamingoPytorch;
#[percio::model("fixtures/resampler-idefics")]
pub struct Idefics;
#[percio::model("fixtures/resampler-idefics-head-norms")]
pub struct IdeficsHeadNorms;
#[percio::model("fixtures/resampler-ip-adapter")]
pub struct IpAdapter;
#[percio::model("fixtures/resampler-ip-adapter-positions")]
pub struct IpAdapterPositions;
#[percio::model("fixtures/resampler-open-flamingo")]
pub struct OpenFlamingo;
#[percio::model("fixtures/resampler-open-flamingo-bare")]
pub struct OpenFlamingoBare;
array_to_array!(
    FlamingoPytorch,
    Idefics,
    IdeficsHeadNorms,
    IpAdapter,
    IpAdapterPositions,
    OpenFlamingo,
    OpenFlamingoBare
);
