//! Budgets of RAM and flash, and the breakdown when a model exceeds one.

use crate::program::{Buffer, Program};
use crate::{Problems, Subject};
use std::fmt::Write;

/// Bytes of a size such as `12288`, `12 KiB`, `96kB` or `1.5 MiB`.
#[must_use]
pub fn parse_bytes(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "" | "B" => 1.0,
        "kB" | "KB" => 1e3,
        "KiB" | "K" => 1024.0,
        "MB" => 1e6,
        "MiB" | "M" => 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number.replace('_', "").parse::<f64>().ok()? * factor;
    (bytes.is_finite() && bytes >= 0.0).then_some(bytes as usize)
}

/// The budget `text` of the option `name`.
pub(super) fn read(name: &'static str, text: Option<&str>, problems: &mut Problems) -> Option<usize> {
    let text = text?;
    let bytes = parse_bytes(text);
    if bytes.is_none() {
        let message = format!("`{text}` is not a size; write bytes or a unit, for example {name} = \"96 KiB\"");
        problems.add(Subject::Option(name), message);
    }
    bytes
}

/// Adds a problem for each budget that `program` exceeds.
pub(super) fn check(program: &Program, flash: Option<usize>, ram: Option<usize>, problems: &mut Problems) {
    if let Some(budget) = flash.filter(|&budget| program.flash_bytes() > budget) {
        problems.add(Subject::Option("flash"), over("flash", program.flash_bytes(), budget, &flash_parts(program)));
    }
    if let Some(budget) = ram.filter(|&budget| program.ram_bytes() > budget) {
        problems.add(Subject::Option("ram"), over("RAM", program.ram_bytes(), budget, &ram_parts(program)));
    }
}

fn over(what: &str, needs: usize, budget: usize, parts: &[(String, usize)]) -> String {
    let mut text = format!("the model needs {needs} bytes of {what}, {} over the budget of {budget}:", needs - budget);
    for (name, bytes) in parts.iter().take(LISTED) {
        let _ = write!(text, "\n  {bytes:>8}  {name}");
    }
    let rest: usize = parts.iter().skip(LISTED).map(|(_, bytes)| bytes).sum();
    if rest > 0 {
        let _ = write!(text, "\n  {rest:>8}  in {} smaller parts", parts.len() - LISTED);
    }
    let _ = write!(text, "\nraise the budget, or train a smaller model (fewer latents, narrower layers, fewer tokens)");
    text
}

/// Lines of a breakdown.
const LISTED: usize = 8;

/// The parts of the blob, the largest first.
fn flash_parts(program: &Program) -> Vec<(String, usize)> {
    sorted(program.parts.iter().map(|part| (part.name.clone(), part.bytes)))
}

/// The outputs and the buffers that live at the fullest step, the largest first.
fn ram_parts(program: &Program) -> Vec<(String, usize)> {
    let live = |buffer: &&Buffer, step: usize| buffer.first <= step && step <= buffer.last;
    let fullest = (0..program.steps.len())
        .max_by_key(|&step| {
            program.buffers.iter().filter(|buffer| live(buffer, step)).map(|buffer| buffer.len).sum::<usize>()
        })
        .unwrap_or(0);
    let buffers = program
        .buffers
        .iter()
        .filter(|buffer| live(buffer, fullest))
        .map(|buffer| (buffer.name.clone(), buffer.len * 4));
    let outputs =
        program.outputs.iter().map(|output| (format!("output {}", output.name), output.rows * output.width * 4));
    sorted(buffers.chain(outputs))
}

fn sorted(parts: impl Iterator<Item = (String, usize)>) -> Vec<(String, usize)> {
    let mut parts: Vec<(String, usize)> = parts.collect();
    parts.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    parts
}

#[cfg(test)]
mod tests {
    use super::parse_bytes;

    #[test]
    fn sizes_with_and_without_units() {
        assert_eq!(parse_bytes("12288"), Some(12_288));
        assert_eq!(parse_bytes("12 KiB"), Some(12_288));
        assert_eq!(parse_bytes(" 1.5MiB "), Some(1_572_864));
        assert_eq!(parse_bytes("96kB"), Some(96_000));
        assert_eq!(parse_bytes("1_000 B"), Some(1000));
        for wrong in ["", "KiB", "12 apples", "-5", "1.2.3"] {
            assert_eq!(parse_bytes(wrong), None, "{wrong}");
        }
    }
}
