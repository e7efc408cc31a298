//! What the planner chose for each attention, and what else there was.

use super::{headed, row};
use crate::table::{grouped, table};
use percio_codegen_core::program::{Decision, Way};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Layer<'a> {
    name: &'a str,
    chosen: Costs<'a>,
    alternatives: Vec<Costs<'a>>,
}

/// A way to compute it.
#[derive(Serialize)]
struct Costs<'a> {
    way: &'a str,
    macs: u64,
    flash_bytes: usize,
    ram_bytes: usize,
}

impl<'a> Layer<'a> {
    pub(super) fn new(decision: &'a Decision) -> Self {
        Self {
            name: &decision.layer,
            chosen: Costs::new(&decision.chosen),
            alternatives: decision.alternatives.iter().map(Costs::new).collect(),
        }
    }
}

impl<'a> Costs<'a> {
    fn new(way: &'a Way) -> Self {
        let Way { what, macs, flash_bytes, ram_bytes } = way;
        Self { way: what, macs: *macs, flash_bytes: *flash_bytes, ram_bytes: *ram_bytes }
    }

    fn row(&self, name: &str, mark: &str) -> Vec<String> {
        let [macs, flash, ram] = [self.macs, self.flash_bytes as u64, self.ram_bytes as u64].map(grouped);
        row([name, &format!("{mark} {}", self.way), &macs, &flash, &ram])
    }
}

/// Each layer's choice, marked, then its alternatives.
pub(super) fn print_layers(layers: &[Layer<'_>]) {
    let rows = layers.iter().flat_map(|layer| {
        let others = layer.alternatives.iter().map(|way| way.row("", "or"));
        std::iter::once(layer.chosen.row(layer.name, "is")).chain(others)
    });
    println!("\n{}", table(&headed(["attention", "computed", "MACs", "flash, bytes", "RAM, bytes"], rows)));
}
