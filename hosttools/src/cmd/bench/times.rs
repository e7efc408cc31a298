//! Times of several runs, and what reference files say of theirs.

use crate::reference::File;
use crate::table::table;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

/// A deviation beyond this share of the median says more of the machine than of the model.
const NOISE: f64 = 0.05;

/// Times of an inference in nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Times {
    pub(super) min: u64,
    pub(super) median: u64,
    pub(super) max: u64,
    /// Median of the absolute deviations from the median.
    pub(super) mad: u64,
    pub(super) runs: usize,
    /// The deviation is too large to compare the median with another.
    pub(super) noisy: bool,
}

impl Times {
    /// Of the times of all runs; `None` of none.
    pub(super) fn of(times: &[Duration]) -> Option<Self> {
        let times: Vec<u64> = times.iter().map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)).collect();
        let median = median(times.clone())?;
        let mad = self::median(times.iter().map(|time| time.abs_diff(median)).collect())?;
        let (min, max) = (*times.iter().min()?, *times.iter().max()?);
        Some(Self { min, median, max, mad, runs: times.len(), noisy: mad as f64 > NOISE * median as f64 })
    }

    pub(super) fn warning(&self) -> String {
        let share = 100.0 * self.mad as f64 / self.median.max(1) as f64;
        format!(
            "the times differ by {share:.0} % in the median: something else runs here, measure again when it does not"
        )
    }
}

/// The one in the middle, the later one of two.
pub(super) fn median(mut numbers: Vec<u64>) -> Option<u64> {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied()
}

/// What an inference took where a reference was made.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Latency {
    file: String,
    device: String,
    dtype: String,
    /// Whether matrix products were rounded to NVIDIA's TF32.
    tf32: bool,
    framework: String,
    /// Samples that went through together; one unless the file says otherwise.
    batch: usize,
    /// The time of all of them in milliseconds.
    latency_ms: f64,
    /// The time of one of them in nanoseconds.
    time_ns: f64,
}

/// What `file`, read from `path`, says of its time, if anything.
pub(super) fn latency(path: &Path, file: &File) -> Option<Latency> {
    let said = |key: &str| file.metadata.get(key).cloned();
    let latency_ms: f64 = said("latency_ms")?.parse().ok()?;
    let batch = said("batch").and_then(|batch| batch.parse().ok()).unwrap_or(1).max(1);
    Some(Latency {
        file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        device: said("device").unwrap_or_default(),
        dtype: said("dtype").unwrap_or_default(),
        tf32: said("tf32").is_some_and(|tf32| tf32 == "true"),
        framework: said("framework").unwrap_or_default(),
        batch,
        latency_ms,
        time_ns: latency_ms * 1e6 / batch as f64,
    })
}

/// A table of them, beside `ours`, in nanoseconds.
pub(super) fn text(latencies: &[Latency], ours: Option<u64>) -> String {
    let header = ["file", "device", "type", "batch", "ms a batch", "µs a sample", "× percio here"];
    let header = header.map(str::to_owned).to_vec();
    let row = |latency: &Latency| {
        vec![
            latency.file.clone(),
            latency.device.clone(),
            format!("{}{}", latency.dtype, if latency.tf32 { ", TF32" } else { "" }),
            latency.batch.to_string(),
            format!("{:.3}", latency.latency_ms),
            format!("{:.1}", latency.time_ns / 1e3),
            ours.map_or_else(String::new, |ours| format!("{:.2}", latency.time_ns / ours.max(1) as f64)),
        ]
    };
    table(&[header].into_iter().chain(latencies.iter().map(row)).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let times = [5, 1, 9, 5, 6].map(Duration::from_nanos);
        let noisy = Times { min: 1, median: 5, max: 9, mad: 1, runs: 5, noisy: true };
        assert_eq!(Times::of(&times), Some(noisy));
        assert!(Times::of(&times).is_some_and(|times| times.warning().starts_with("the times differ by 20 %")));
        assert!(Times::of(&[Duration::from_nanos(1000); 3]).is_some_and(|times| !times.noisy));
        assert_eq!(Times::of(&[]), None);
    }
}
