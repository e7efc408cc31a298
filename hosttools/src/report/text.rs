//! The report of a comparison for the terminal.

use super::comparison::{Compared, Comparison, RunReport};
use crate::table::table;
use std::fmt::Write;

/// The report as text.
pub(crate) fn text(report: &Comparison) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(report, &mut text);
    text
}

fn write(report: &Comparison, text: &mut String) -> std::fmt::Result {
    let Comparison { samples, reference, rest, .. } = report;
    let titles: Vec<String> = report.runs.iter().map(RunReport::title).collect();
    let of = if *samples == rest.of { String::new() } else { format!(" of {}", rest.of) };
    writeln!(text, "{samples}{of} samples, {}, {} weights", titles.join(", "), rest.weights)?;
    writeln!(text, "reference: {}: {}", rest.truth.file, described(reference))?;
    for other in &report.references {
        writeln!(text, "beside it: {}: {}", other.origin.file, described(&other.origin.metadata))?;
    }
    for run in &report.runs {
        writeln!(text, "\n{}", run.title())?;
        writeln!(text, "{}", rows("output", &run.outputs, true))?;
        if !run.stages.is_empty() {
            writeln!(text, "\n{}", rows("stage", &run.stages, true))?;
        }
    }
    for other in &report.references {
        writeln!(text, "\n{}", other.origin.file)?;
        writeln!(text, "{}", rows("output", &other.outputs, false))?;
        if !other.stages.is_empty() {
            writeln!(text, "\n{}", rows("stage", &other.stages, false))?;
        }
    }
    if !report.references.is_empty() {
        writeln!(text, "\ndistance from {}\n{}", rest.truth.file, side_by_side(report))?;
    }
    writeln!(text)?;
    for Compared { name, accuracy, reference_accuracy, .. } in &report.outputs {
        if let (Some(ours), Some(theirs)) = (accuracy, reference_accuracy) {
            let (ours, theirs) = (100.0 * ours, 100.0 * theirs);
            writeln!(text, "accuracy of {name}: {ours:.2} %, of the reference {theirs:.2} %")?;
        }
    }
    for name in &rest.not_compared {
        writeln!(text, "not compared: {name}, which the model does not compute")?;
    }
    rest.remarks.iter().try_for_each(|remark| writeln!(text, "{remark}"))?;
    report.runs.iter().try_for_each(|run| first_over(run, text))?;
    let verdict = if report.passed { "passed" } else { "FAILED" };
    writeln!(text, "{verdict}: allowed {:e} of the largest number of the reference{}", report.bound, gates(report))
}

fn described(metadata: &std::collections::BTreeMap<String, String>) -> String {
    let said = ["framework", "device", "dtype"].map(|key| metadata.get(key).map(|value| format!("{key} {value}")));
    let tf32 = metadata.get("tf32").filter(|tf32| *tf32 == "true").map(|_| "TF32".to_owned());
    said.into_iter().chain([tf32]).flatten().collect::<Vec<_>>().join(", ")
}

fn gates(report: &Comparison) -> String {
    let gates = &report.rest.gates;
    let snr = gates.min_snr.map(|least| format!(", at least {least} dB"));
    let top1 = gates.min_top1.map(|least| format!(", top-1 agreement at least {least}"));
    [snr, top1].into_iter().flatten().collect()
}

/// Where a run first leaves the bound, and what was right until then.
fn first_over(run: &RunReport, text: &mut String) -> std::fmt::Result {
    let Some(name) = &run.first_over else { return Ok(()) };
    let all: Vec<&Compared> = run.stages.iter().chain(&run.outputs).collect();
    let place = all.iter().position(|compared| &compared.name == name).unwrap_or(0);
    let worst = &all[place].worst;
    let at = format!("sample {}, row {}, number {}", worst.sample, worst.row, worst.column);
    let said = format!("{} instead of {}", worst.computed, worst.reference);
    match place.checked_sub(1).map(|before| &all[before].name) {
        Some(before) => {
            writeln!(text, "{}: `{before}` is right, `{name}` is not: {said} at {at}", run.title())
        }
        None => writeln!(text, "{}: `{name}` is the first that is not right: {said} at {at}", run.title()),
    }
}

/// The outputs of every back end, and of every other reference: the error of the device beside that of another machine.
fn side_by_side(report: &Comparison) -> String {
    let header = ["what", "output", "of max", "relative L2", "SNR dB", "top-1"].map(str::to_owned).to_vec();
    let runs = report.runs.iter().map(|run| (run.title(), &run.outputs));
    let others = report.references.iter().map(|other| (other.title(), &other.outputs));
    let rows = runs.chain(others).flat_map(|(title, outputs)| {
        let row = move |output: &Compared| {
            let [_, _, share, l2, _, snr, top1, ..] = row(output);
            vec![title.clone(), output.name.clone(), share, l2, snr, top1]
        };
        outputs.iter().map(row).collect::<Vec<_>>()
    });
    table(&[header].into_iter().chain(rows).collect::<Vec<_>>())
}

/// A table; other references are held to nothing, so that they are not `judged`.
fn rows(what: &str, compared: &[Compared], judged: bool) -> String {
    let header =
        [what, "max abs", "of max", "relative L2", "cosine", "SNR dB", "top-1", "top-5", "worst sample", "row", ""];
    let rows = std::iter::once(header.map(str::to_owned)).chain(compared.iter().map(row));
    // The best class of a row means something where rows are scores.
    let is_shown = |&column: &usize| (what == "output" || !(6..8).contains(&column)) && (judged || column < 10);
    let shown =
        |row: [String; 11]| (0..).zip(row).filter(|(column, _)| is_shown(column)).map(|(_, cell)| cell).collect();
    table(&rows.map(shown).collect::<Vec<Vec<String>>>())
}

fn row(compared: &Compared) -> [String; 11] {
    let distance = &compared.distance;
    [
        compared.name.clone(),
        format!("{:.2e}", distance.max_abs),
        format!("{:.2e}", distance.max_abs / distance.max_ref),
        format!("{:.2e}", distance.rel_l2),
        format!("{:.9}", distance.cosine),
        format!("{:.1}", distance.snr_db),
        format!("{:.4}", distance.top1_agreement),
        format!("{:.4}", distance.top5_agreement),
        distance.worst_sample.to_string(),
        distance.worst_row.to_string(),
        if compared.passed { "ok" } else { "FAILED" }.to_owned(),
    ]
}
