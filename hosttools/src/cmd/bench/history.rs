//! What was measured before: a file of records, and whether something has become more costly.

use super::Run;
use super::times::Times;
use crate::machine::{Machine, today};
use crate::output::write_whole;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// How many deviations apart two times have to be before one counts as longer.
const DEVIATIONS: f64 = 4.0;

/// What was measured of one model at one time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) date: String,
    pub(super) machine: Machine,
    pub(super) model: String,
    pub(super) weights: String,
    pub(super) macs: u64,
    pub(super) runs: Vec<Run>,
}

/// A figure then and now.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Change {
    backend: String,
    isa: String,
    figure: &'static str,
    /// When the earlier one was measured.
    since: String,
    before: f64,
    now: f64,
    /// The most that it may be.
    allowed: f64,
    pub(super) passed: bool,
}

impl Record {
    /// What was measured here today.
    pub(super) fn new(model: &str, weights: &str, macs: u64, runs: &[Run]) -> Self {
        let (model, weights) = (model.to_owned(), weights.to_owned());
        Self { date: today(), machine: Machine::here(), model, weights, macs, runs: runs.to_vec() }
    }

    /// Adds it to the end of the file at `path`, which need not be there.
    ///
    /// # Errors
    /// A file of something else, and one that cannot be written.
    pub(super) fn append(&self, path: &Path) -> Result<()> {
        let mut records = if path.exists() { read(path)? } else { Vec::new() };
        records.push(self.clone());
        let text = serde_json::to_string_pretty(&records)? + "\n";
        write_whole(path, text.as_bytes())
    }

    /// Each figure beside its last one in the file at `path`. Counts may be more by the share `margin`. Times are compared only
    /// where both come from a processor of the same name, as multiply-adds that it could have done, and may also be longer by
    /// what they were seen to differ by.
    ///
    /// # Errors
    /// A file that cannot be read, and one that holds nothing of the same.
    pub(super) fn against(&self, path: &Path, margin: f64) -> Result<Vec<Change>> {
        let records = read(path)?;
        let mut changes = Vec::new();
        for run in &self.runs {
            let last = records.iter().rev().filter(|record| record.is_of_the_same(self)).find_map(|record| {
                let same = |before: &&Run| {
                    (&before.backend, &before.isa, before.threads) == (&run.backend, &run.isa, run.threads)
                };
                Some((record, record.runs.iter().find(same)?))
            });
            let Some((record, before)) = last else { continue };
            changes.extend(counts(run, before, record, margin));
            // A board at the end of a line is not this machine.
            if record.machine.processor == self.machine.processor || run.peak_macs_per_ns.is_none() {
                changes.extend(time(run, before, record, margin));
            }
        }
        let shown = path.display();
        ensure!(
            !changes.is_empty(),
            "`{shown}` holds no figure of {} with {} weights on these back ends that can be compared here: add one with --record",
            self.model,
            self.weights
        );
        Ok(changes)
    }

    fn is_of_the_same(&self, other: &Self) -> bool {
        (&self.model, &self.weights) == (&other.model, &other.weights)
    }
}

fn read(path: &Path) -> Result<Vec<Record>> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))?;
    serde_json::from_str(&text).with_context(|| format!("`{shown}` is no file of `percio bench --record`"))
}

fn counts<'a>(run: &'a Run, before: &'a Run, record: &'a Record, margin: f64) -> impl Iterator<Item = Change> + 'a {
    let figures = [
        ("instructions", run.instructions, before.instructions),
        ("cycles_estimate", run.cycles_estimate, before.cycles_estimate),
        ("stack_bytes", run.stack_bytes, before.stack_bytes),
    ];
    figures.into_iter().filter_map(move |(figure, now, before)| {
        let [now, before] = [now? as f64, before? as f64];
        Some(change(run, figure, record, [before, now, before * (1.0 + margin)]))
    })
}

fn time(run: &Run, before: &Run, record: &Record, margin: f64) -> Option<Change> {
    let in_peaks = |times: &Times, run: &Run| {
        let scale = run.peak_macs_per_ns.unwrap_or(1.0);
        [times.median as f64 * scale, times.mad as f64 * scale]
    };
    let [before_time, now_time] = [before.time_ns.as_ref()?, run.time_ns.as_ref()?];
    let ([before, noise_before], [now, noise]) = (in_peaks(before_time, before), in_peaks(now_time, run));
    let allowed = before * (1.0 + margin) + DEVIATIONS * (noise_before + noise);
    Some(change(run, "time_in_peak_macs", record, [before, now, allowed]))
}

fn change(run: &Run, figure: &'static str, record: &Record, [before, now, allowed]: [f64; 3]) -> Change {
    let (backend, isa, since) = (run.backend.clone(), run.isa.clone(), record.date.clone());
    Change { backend, isa, figure, since, before, now, allowed, passed: now <= allowed }
}

impl Change {
    /// One line of text.
    pub(super) fn text(&self) -> String {
        let Self { backend, isa, figure, since, before, now, allowed, passed } = self;
        let ratio = now / before;
        let verdict = if *passed { "ok" } else { "MORE" };
        let figure = figure.replace('_', " ");
        format!(
            "{backend} on {isa}, {figure}: {now:.0}, {ratio:.3} × the {before:.0} of {since}, allowed {allowed:.0}: {verdict}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(instructions: Option<u64>, median: Option<u64>) -> Run {
        let time = |median| Times { min: median, median, max: median, mad: 10, runs: 9, noisy: false };
        Run {
            backend: "generated".to_owned(),
            isa: "avx2".to_owned(),
            threads: 1,
            time_ns: median.map(time),
            peak_macs_per_ns: median.map(|_| 50.0),
            share_of_peak: median.map(|_| 0.5),
            instructions,
            cycles_estimate: None,
            stack_bytes: None,
        }
    }

    fn judged(before: &Record, now: &Record) -> Vec<bool> {
        let directory = tempfile::tempdir().expect("a directory for files");
        let path = directory.path().join("history.json");
        before.append(&path).expect("there is room");
        before.append(&path).expect("there is room");
        assert_eq!(read(&path).expect("two records").len(), 2);
        now.against(&path, 0.02).expect("figures of the same").iter().map(|change| change.passed).collect()
    }

    #[test]
    fn counts_may_not_grow() {
        let record = |count| Record::new("tiny", "f32", 7, &[run(Some(count), None)]);
        assert_eq!(judged(&record(1000), &record(1020)), [true]);
        assert_eq!(judged(&record(1000), &record(1021)), [false]);
    }

    #[test]
    fn times_may_differ_by_their_noise() {
        let record = |median| Record::new("tiny", "f32", 7, &[run(None, Some(median))]);
        assert_eq!(judged(&record(1000), &record(1100)), [true]);
        assert_eq!(judged(&record(1000), &record(1101)), [false]);
    }

    #[test]
    fn what_is_not_the_same_is_not_compared() {
        let directory = tempfile::tempdir().expect("a directory for files");
        let path = directory.path().join("history.json");
        let mut elsewhere = Record::new("tiny", "f32", 7, &[run(None, Some(1))]);
        elsewhere.machine.processor = "another".to_owned();
        elsewhere.append(&path).expect("there is room");
        let here = Record::new("tiny", "f32", 7, &[run(None, Some(1000))]);
        let message = here.against(&path, 0.0).expect_err("nothing to compare").to_string();
        assert!(message.ends_with("add one with --record"), "{message}");
        std::fs::write(&path, "[3]").expect("there is room");
        assert!(format!("{:#}", here.append(&path).expect_err("no records")).contains("is no file of"));
    }
}
