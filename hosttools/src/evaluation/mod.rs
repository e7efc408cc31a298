//! How good a model is: a metric over samples whose right answers are known.
//!
//! The data is a safetensors file with `input.<name>` as in a reference file, and for each output to judge `label.<output>` (the
//! right class of each row; negative: the row does not count) or `truth.<output>` (the right numbers; not a number: the row does
//! not count). The metadata's `metric` says how outputs are judged; without it, classes by accuracy and numbers by their distance.

mod score;
mod truth;

pub use score::{Metric, Score, Tally};
pub use truth::{Data, Truth, read};
