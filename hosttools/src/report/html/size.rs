//! What fills the flash, and what takes multiplications.

use super::chart::{Bar, bars};
use super::page::Section;
use crate::stages::stage_of_steps;
use crate::table::grouped;
use percio_codegen_core::program::Program;
use std::collections::BTreeMap;

/// Tensors that have a bar of their own.
const BIGGEST: usize = 24;

pub(super) fn flash(program: &Program) -> Option<Section> {
    let mut by_name = BTreeMap::<&str, usize>::new();
    program.parts.iter().for_each(|part| *by_name.entry(&part.name).or_default() += part.bytes);
    let mut parts: Vec<(&str, usize)> = by_name.into_iter().collect();
    parts.sort_by_key(|&(name, bytes)| (std::cmp::Reverse(bytes), name));
    let total = program.flash_bytes();
    let bar = |label: String, bytes: usize| Bar {
        label,
        value: bytes as f64,
        text: format!("{} ({:.1} %)", grouped(bytes as u64), 100.0 * bytes as f64 / total.max(1) as f64),
    };
    let rest = parts.split_off(parts.len().min(BIGGEST));
    let mut shown: Vec<Bar> = parts.iter().map(|&(name, bytes)| bar(name.to_owned(), bytes)).collect();
    if !rest.is_empty() {
        shown.push(bar(format!("{} more", rest.len()), rest.iter().map(|(_, bytes)| bytes).sum()));
    }
    let body =
        format!("<p>{} bytes of weights and tables.</p>{}", grouped(total as u64), bars("Flash by tensor", &shown));
    (!shown.is_empty()).then(|| Section::new("flash", "Flash by tensor", body))
}

pub(super) fn macs(program: &Program) -> Option<Section> {
    let mut layers: Vec<(String, u64)> = Vec::new();
    for (index, stage) in stage_of_steps(program).into_iter().enumerate() {
        let macs = program.step_macs(index);
        match layers.iter_mut().find(|(name, _)| *name == stage) {
            Some((_, sum)) => *sum += macs,
            None => layers.push((stage, macs)),
        }
    }
    let total = program.macs().max(1);
    let bar = |(label, macs): (String, u64)| Bar {
        label,
        value: macs as f64,
        text: format!("{} ({:.1} %)", grouped(macs), 100.0 * macs as f64 / total as f64),
    };
    let shown: Vec<Bar> = layers.into_iter().filter(|(_, macs)| *macs > 0).map(bar).collect();
    let body = format!(
        "<p>{} multiply-accumulates for an inference.</p>{}",
        grouped(program.macs()),
        bars("Multiply-accumulates by layer", &shown)
    );
    (!shown.is_empty()).then(|| Section::new("macs", "Multiply-accumulates by layer", body))
}
