//! How far back ends, and other references, are from the first reference.

use super::super::comparison::{Compared, Comparison};
use super::chart::{Series, columns, key, lines, table};
use super::page::{Section, escape};
use crate::metrics::ulp::{BUCKETS, first_of};

/// What was compared, by name: the back ends, then the other references.
fn all(report: &Comparison) -> Vec<(String, &[Compared], &[Compared])> {
    let runs = report.runs.iter().map(|run| (run.title(), run.outputs.as_slice(), run.stages.as_slice()));
    let others =
        report.references.iter().map(|other| (other.title(), other.outputs.as_slice(), other.stages.as_slice()));
    runs.chain(others).collect()
}

pub(super) fn outputs(report: &Comparison) -> Option<Section> {
    let header = [
        "what",
        "output",
        "max abs",
        "of max",
        "relative L2",
        "mean ± deviation over samples",
        "cosine",
        "SNR dB",
        "top-1",
        "top-5",
        "accuracy",
        "worst sample, row",
    ];
    let rows: Vec<Vec<String>> =
        all(report).iter().flat_map(|(name, outputs, _)| outputs.iter().map(move |output| row(name, output))).collect();
    let over: String = report
        .runs
        .iter()
        .filter_map(|run| {
            let stage = run.first_over.as_ref()?;
            Some(format!(
                "<p class=bad>{}: the first that is beyond the bound is {}.</p>",
                escape(&run.title()),
                escape(stage)
            ))
        })
        .collect();
    let caption = format!("Distance from {}, over {} samples", report.rest.truth.file, report.samples);
    Some(Section::new("accuracy", "Accuracy", format!("{over}{}", table(&caption, &header, &rows))))
}

fn row(name: &str, output: &Compared) -> Vec<String> {
    let distance = &output.distance;
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let accuracy = match (output.accuracy, output.reference_accuracy) {
        (Some(ours), Some(theirs)) => format!("{} (reference {})", percent(ours), percent(theirs)),
        _ => String::new(),
    };
    vec![
        name.to_owned(),
        output.name.clone(),
        format!("{:.2e}", distance.max_abs),
        format!("{:.2e}", distance.max_abs / distance.max_ref),
        format!("{:.2e}", distance.rel_l2),
        format!("{:.2e} ± {:.1e}", distance.rel_l2_mean, distance.rel_l2_deviation),
        format!("{:.9}", distance.cosine),
        format!("{:.1}", distance.snr_db),
        percent(distance.top1_agreement),
        percent(distance.top5_agreement),
        accuracy,
        format!("{}, {}", distance.worst_sample, distance.worst_row),
    ]
}

/// The largest difference at each stage, then at the outputs.
pub(super) fn drift(report: &Comparison) -> Option<Section> {
    let compared = all(report);
    let mut places: Vec<String> = Vec::new();
    for compared in compared.iter().flat_map(|(_, outputs, stages)| stages.iter().chain(outputs.iter())) {
        if !places.contains(&compared.name) {
            places.push(compared.name.clone());
        }
    }
    // Outputs come last, whoever has no stages.
    places.sort_by_key(|place| report.outputs.iter().any(|output| &output.name == place));
    let share = |compared: &Compared| compared.distance.max_abs / compared.distance.max_ref;
    let series: Vec<Series> = compared
        .iter()
        .map(|(name, outputs, stages)| {
            let at = |place: &String| {
                stages.iter().chain(outputs.iter()).find(|compared| &compared.name == place).map(share)
            };
            Series { name: name.clone(), values: places.iter().map(at).collect() }
        })
        .collect();
    let names: Vec<String> = series.iter().map(|series| series.name.clone()).collect();
    let chart = lines("Largest difference at each stage", &places, &series, Some(report.bound));
    let header: Vec<&str> = ["stage"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let shown = |value: &Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2e}"));
    let rows: Vec<Vec<String>> = (0..places.len())
        .map(|place| {
            [places[place].clone()]
                .into_iter()
                .chain(series.iter().map(|series| shown(&series.values[place])))
                .collect()
        })
        .collect();
    let body = format!(
        "<p>Largest difference as a share of the largest number of the reference, in the order of a run; the dashed line is the \
         bound. Only the interpreter can be looked into.</p>{}{chart}<details><summary>the figures</summary>{}</details>",
        key(&names),
        table("Largest difference of the largest number, at each stage", &header, &rows)
    );
    Some(Section::new("drift", "Drift by stage", body))
}

/// Numbers of the outputs by their distance in units of the last place.
pub(super) fn histogram(report: &Comparison) -> Option<Section> {
    let series: Vec<Series> = all(report)
        .into_iter()
        .map(|(name, outputs, _)| {
            let count = |bucket: usize| outputs.iter().map(|output| output.tally.ulps()[bucket]).sum::<u64>();
            Series { name, values: (0..BUCKETS).map(|bucket| Some(count(bucket) as f64)).collect() }
        })
        .collect();
    let used = (0..BUCKETS).rev().find(|&bucket| series.iter().any(|series| series.values[bucket] > Some(0.0)))?;
    let place = |bucket: usize| match bucket {
        0 => "0".to_owned(),
        _ if bucket == BUCKETS - 1 => "more".to_owned(),
        _ if first_of(bucket) < 1 << 10 => first_of(bucket).to_string(),
        _ if first_of(bucket) < 1 << 20 => format!("{}k", first_of(bucket) >> 10),
        _ => format!("{}M", first_of(bucket) >> 20),
    };
    let places: Vec<String> = (0..=used).map(place).collect();
    let names: Vec<String> = series.iter().map(|series| series.name.clone()).collect();
    let header: Vec<&str> = ["units of the last place"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let cell = |series: &Series, bucket: usize| series.values[bucket].unwrap_or(0.0).to_string();
    let rows: Vec<Vec<String>> = (0..=used)
        .map(|bucket| {
            [places[bucket].clone()].into_iter().chain(series.iter().map(|series| cell(series, bucket))).collect()
        })
        .collect();
    let body = format!(
        "<p>How many numbers of the outputs are how many units of the last place away from the reference: 0, 1, 2 and 3, 4 to \
         7, and so on. Numbers near zero have small units.</p>{}{}<details><summary>the figures</summary>{}</details>",
        key(&names),
        columns("Numbers by their distance in units of the last place", &places, &series),
        table("Numbers by their distance", &header, &rows)
    );
    Some(Section::new("histogram", "Error histogram", body))
}
