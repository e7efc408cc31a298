//! What an inference takes, beside what it took where the reference was made.

use super::super::peers::{PeerTime, Peers};
use super::chart::{Bar, bars, table};
use super::page::{Section, escape};
use crate::backend::Cost;
use crate::table::grouped;

/// What one inference takes somewhere.
#[derive(Clone, Debug)]
pub(crate) struct Timing {
    pub(crate) name: String,
    pub(crate) microseconds: Option<f64>,
    pub(crate) instructions: Option<u64>,
    pub(crate) cycles_estimate: Option<u64>,
}

impl Timing {
    /// The median of the times, or the counts.
    pub(crate) fn of(name: String, cost: &Cost) -> Self {
        let none = Self { name, microseconds: None, instructions: None, cycles_estimate: None };
        match cost {
            Cost::Times(times) => {
                let mut times = times.clone();
                times.sort_unstable();
                let median = times.get(times.len() / 2).map(|time| time.as_secs_f64() * 1e6);
                Self { microseconds: median, ..none }
            }
            Cost::Instructions { count, cycles_estimate, .. } => {
                Self { instructions: Some(*count), cycles_estimate: *cycles_estimate, ..none }
            }
        }
    }
}

pub(super) fn section(timings: &[Timing], peers: &[Peers], macs: u64) -> Option<Section> {
    let bar = |timing: &Timing| {
        let time = timing.microseconds?;
        Some(Bar { label: timing.name.clone(), value: time, text: format!("{time:.1} µs") })
    };
    let peer_bar = |peer: &PeerTime| {
        let PeerTime { name, microseconds } = peer;
        Bar { label: name.clone(), value: *microseconds, text: format!("{microseconds:.1} µs") }
    };
    let others = peers.iter().flat_map(|peers| &peers.times).map(peer_bar);
    let timed: Vec<Bar> = timings.iter().filter_map(bar).chain(others).collect();
    let row = |timing: &Timing| {
        let instructions = timing.instructions?;
        let ratio = |count: u64| format!("{:.2}", count as f64 / macs.max(1) as f64);
        let cycles = timing
            .cycles_estimate
            .map_or_else(|| ["–", "–"].map(str::to_owned), |cycles| [grouped(cycles), ratio(cycles)]);
        Some([[timing.name.clone(), grouped(instructions), ratio(instructions)].as_slice(), &cycles].concat())
    };
    let counted: Vec<Vec<String>> = timings.iter().filter_map(row).collect();
    let mut body = String::new();
    if !timed.is_empty() {
        body += "<p>Median of an inference; times hold for the machine that they were measured on. A reference states the time of \
                 its whole batch, here divided by its samples.</p>";
        for Peers { machine, .. } in peers.iter().filter(|peers| !peers.times.is_empty() && !peers.machine.is_empty()) {
            body += &format!("<p>Other engines: {}</p>", escape(machine));
        }
        body += &bars("Time of an inference", &timed);
    }
    if !counted.is_empty() {
        let header = ["board", "instructions", "a MAC", "cycles (estimate)", "a MAC"];
        body += &table(
            "Boards in QEMU: instructions are counted exactly, cycles estimated from the core's timing",
            &header,
            &counted,
        );
    }
    (!body.is_empty()).then(|| Section::new("timing", "Time", body))
}
