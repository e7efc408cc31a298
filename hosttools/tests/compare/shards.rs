//! Shards of a reference add up to the whole.

use crate::support::{compare, directory, errors, fixture, json, percio, text};
use serde_json::Value;
use std::path::PathBuf;

const MODEL: &str = "hf-masked-lm";

/// The reports of some samples, in files.
fn shards(directory: &tempfile::TempDir, reference: &str, ranges: &[&str], rest: &[&str]) -> Vec<PathBuf> {
    let reference = fixture(MODEL).join(reference);
    let shard = |(index, range): (usize, &&str)| {
        let report = compare(&fixture(MODEL), &reference, &[&["--samples", range], rest].concat());
        let path = directory.path().join(format!("{index}.json"));
        std::fs::write(&path, report.to_string()).expect("the report is written");
        path
    };
    ranges.iter().enumerate().map(shard).collect()
}

fn merge(reports: &[PathBuf]) -> std::process::Output {
    let mut arguments = vec!["merge", "--format", "json"];
    arguments.extend(reports.iter().map(|path| text(path)));
    percio(&arguments)
}

#[test]
fn merged_figures_are_those_of_the_whole() {
    let directory = directory();
    for (reference, ranges) in
        [("reference-stages.safetensors", ["1..2", "0..1"]), ("reference.safetensors", ["0..1", "1..3"])]
    {
        let rest = ["--isa", "scalar,scalar"];
        let whole = compare(&fixture(MODEL), &fixture(MODEL).join(reference), &rest);
        let merged = merge(&shards(&directory, reference, &ranges, &rest));
        assert_eq!(merged.status.code(), Some(0), "{}", errors(&merged));
        assert_eq!(json(&merged), whole, "{reference}");
    }
}

#[test]
fn threads_change_no_figure() {
    for backend in ["interpreter", "generated"] {
        for reference in ["reference-stages.safetensors", "reference.safetensors"] {
            let with = |threads: &str| {
                let reference = fixture(MODEL).join(reference);
                let also = ["--reference", text(&reference), "--backend", backend, "--threads", threads];
                compare(&fixture(MODEL), &reference, &also)
            };
            let alone = with("1");
            assert_eq!(alone["passed"], true);
            ["2", "16"]
                .into_iter()
                .for_each(|threads| assert_eq!(with(threads), alone, "{backend}, {threads} threads"));
        }
    }
}

#[test]
fn a_shard_that_fails_fails_the_whole() {
    let directory = directory();
    let merged = merge(&shards(&directory, "reference.safetensors", &["0..1", "1..3"], &["--max-error", "0"]));
    assert_eq!((merged.status.code(), &json(&merged)["passed"]), (Some(1), &Value::Bool(false)));
}

#[test]
fn what_does_not_add_up_is_said() {
    let directory = directory();
    let two = shards(&directory, "reference.safetensors", &["0..2", "1..3"], &[]);
    let said = |reports: &[PathBuf]| {
        let output = merge(reports);
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true));
        errors(&output)
    };
    assert!(said(&two).contains("counts samples 1..2 a second time: give each shard once"), "{}", said(&two));

    let report: Value = serde_json::from_slice(&std::fs::read(&two[1]).expect("a report")).expect("JSON");
    let changed = |field: &str, value: Value| {
        let mut report = report.clone();
        report["ranges"] = serde_json::json!([[2, 3]]);
        *report.pointer_mut(field).expect("a field") = value;
        let path = directory.path().join("changed.json");
        std::fs::write(&path, report.to_string()).expect("the report is written");
        said(&[two[0].clone(), path])
    };
    assert!(changed("/model/checksum", 7.into()).contains("is about another model than the files before it"));
    assert!(changed("/truth/checksum", 7.into()).contains("is about another reference"));
    assert!(changed("/gates/max_error", 7.into()).contains("is about another bound"));
    assert!(changed("/percio_compare", 7.into()).contains("is a report of version 7, expected 1"));
    assert!(changed("/runs/0/outputs/0/tally", Value::Null).contains("is damaged"));
    for (content, message) in
        [("", "is no JSON"), ("{}", "has no `percio_compare`"), ("[1]", "has no `percio_compare`")]
    {
        let path = directory.path().join("other.json");
        std::fs::write(&path, content).expect("the file is written");
        assert!(said(std::slice::from_ref(&path)).contains(message), "{}", said(&[path]));
    }
    assert!(said(&[directory.path().join("absent.json")]).contains("cannot read"));
}
