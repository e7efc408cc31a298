//! Which buffer lies where in the arena, and when.

use super::chart::{colour, drawing, table};
use super::page::{Section, escape};
use crate::table::grouped;
use percio_codegen_core::program::{Buffer, Program};
use std::fmt::Write;

pub(super) fn section(program: &Program) -> Option<Section> {
    let used: Vec<&Buffer> = program.buffers.iter().filter(|buffer| buffer.first <= buffer.last).collect();
    let (steps, numbers) = (program.steps.len(), program.arena_len);
    if used.is_empty() || numbers == 0 {
        return None;
    }
    let (left, top, right, low) = (70.0, 10.0, 1000.0, 350.0);
    let x = |step: usize| left + (right - left) * step as f64 / steps as f64;
    let y = |number: usize| low - (low - top) * number as f64 / numbers as f64;
    let mut body = String::new();
    for part in 0..=4 {
        let number = numbers * part / 4;
        let _ = write!(
            body,
            "<line class=grid x1=\"{left}\" x2=\"{right}\" y1=\"{0:.1}\" y2=\"{0:.1}\"/><text class=soft x=\"4\" y=\"{1:.1}\">{2}</text>",
            y(number),
            y(number) + 4.0,
            grouped(4 * number as u64)
        );
    }
    for (index, buffer) in used.iter().enumerate() {
        let _ = write!(
            body,
            "<rect class=edge x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" style=\"fill:{}\"><title>{}: {} bytes, steps {} to {}</title></rect>",
            x(buffer.first),
            y(buffer.offset + buffer.len),
            x(buffer.last + 1) - x(buffer.first),
            y(buffer.offset) - y(buffer.offset + buffer.len),
            colour(index),
            escape(&buffer.name),
            grouped(4 * buffer.len as u64),
            buffer.first,
            buffer.last
        );
    }
    for step in (0..=steps).step_by((steps / 10).max(1)) {
        let _ = write!(
            body,
            "<text class=soft x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{step}</text>",
            x(step).min(985.0),
            low + 18.0
        );
    }
    let chart = drawing(380.0, "The arena over the steps of a run", "The table below lists every buffer.", &body);
    let row = |buffer: &&Buffer| {
        let bytes = [4 * buffer.offset, 4 * buffer.len].map(|bytes| grouped(bytes as u64));
        let [at, size] = bytes;
        vec![buffer.name.clone(), at, size, format!("{} to {}", buffer.first, buffer.last)]
    };
    let rows: Vec<Vec<String>> = used.iter().map(row).collect();
    let body = format!(
        "<p>{} bytes of RAM hold everything: an arena of {} bytes that buffers share over time, and the outputs. From left to right \
         the steps of a run, from bottom to top the bytes of the arena.</p>{chart}<details><summary>every buffer</summary>{}</details>",
        grouped(program.ram_bytes() as u64),
        grouped(4 * numbers as u64),
        table("Buffers of the arena", &["buffer", "first byte", "bytes", "steps"], &rows)
    );
    Some(Section::new("memory", "RAM over time", body))
}
