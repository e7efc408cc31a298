//! `percio bench`: what one inference costs.

use super::print_json;
use crate::backend::Cost;
use crate::cli::Verdict;
use crate::options::{BackendArgs, Format, ModelArgs};
use crate::progress::busy;
use crate::sample::Sample;
use crate::table::{grouped, table};
use anyhow::Result;
use serde::Serialize;
use std::time::Duration;

/// Time or instructions of one inference, at the most tokens
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    backend: BackendArgs,
}

#[derive(Serialize)]
struct Report {
    backend: &'static str,
    isa: String,
    weights: &'static str,
    macs: u64,
    time_ns: Option<Times>,
    instructions: Option<u64>,
    cycles_estimate: Option<u64>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Times {
    min: u64,
    median: u64,
    max: u64,
    runs: usize,
}

impl Cmd {
    pub(crate) fn run(self) -> Result<Verdict> {
        let (kind, quiet) = (self.backend.backend, self.model.quiet());
        let program = self.model.program()?;
        let mut backend = busy("building the back end", quiet, || kind.open(&program))?;
        let sample = Sample::noise(&program);
        let (time_ns, instructions, cycles_estimate) = match busy("measuring", quiet, || backend.cost(&sample))? {
            Cost::Times(times) => (Times::of(&times), None, None),
            Cost::Instructions { count, cycles_estimate } => (None, Some(count), cycles_estimate),
        };
        let report = Report {
            backend: kind.name(),
            isa: backend.isa().to_owned(),
            weights: self.model.weights.name(),
            macs: program.macs(),
            time_ns,
            instructions,
            cycles_estimate,
        };
        match self.model.format {
            Format::Json => print_json(&report)?,
            Format::Text => report.print(),
        }
        Ok(Verdict::Holds)
    }
}

impl Times {
    fn of(times: &[Duration]) -> Option<Self> {
        let mut times: Vec<u64> = times.iter().map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)).collect();
        times.sort_unstable();
        let (min, max, runs) = (*times.first()?, *times.last()?, times.len());
        Some(Self { min, median: times[runs / 2], max, runs })
    }
}

impl Report {
    fn print(&self) {
        println!("{} on {}, {} weights", self.backend, self.isa, self.weights);
        let mut rows = vec![vec!["multiply-accumulates".to_owned(), grouped(self.macs)]];
        let mut row = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
        if let Some(Times { min, median, max, runs }) = &self.time_ns {
            row("runs", grouped(*runs as u64));
            [("fastest", min), ("median", median), ("slowest", max)]
                .into_iter()
                .for_each(|(name, &time)| row(name, format!("{:.1} µs", time as f64 / 1e3)));
            row("MACs a nanosecond", format!("{:.2}", self.macs as f64 / *median as f64));
        }
        if let Some(instructions) = self.instructions {
            row("instructions", grouped(instructions));
            row("instructions a MAC", format!("{:.2}", instructions as f64 / self.macs as f64));
        }
        if let Some(cycles) = self.cycles_estimate {
            row("cycles (estimate)", grouped(cycles));
            row("cycles a MAC (estimate)", format!("{:.2}", cycles as f64 / self.macs as f64));
        }
        println!("{}", table(&rows));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let times = [5, 1, 9].map(Duration::from_nanos);
        assert_eq!(Times::of(&times), Some(Times { min: 1, median: 5, max: 9, runs: 3 }));
        assert_eq!(Times::of(&[]), None);
    }
}
