//! Several references of one model: the most exact is the truth.

use crate::support::{Tensors, compare, directory, errors, fixture, percio, text};
use serde_json::Value;
use std::path::{Path, PathBuf};

const MODEL: &str = "hf-masked-lm";

/// The fixture's reference as a machine of less precision would have computed it: `keep` bits of each number's 24.
fn rounded(into: &Path, name: &str, keep: u32, says: &[(&str, &str)]) -> PathBuf {
    let mut tensors = Tensors::read(&fixture(MODEL).join("reference-stages.safetensors"));
    let changed: Vec<String> = tensors.tensors.keys().filter(|name| !name.starts_with("input.")).cloned().collect();
    let round = |number: f32| {
        let dropped = 24 - keep;
        let half = if dropped > 0 { 1 << (dropped - 1) } else { 0 };
        f32::from_bits((number.to_bits() + half) >> dropped << dropped)
    };
    for tensor in changed {
        tensors.get(&tensor).change(|rows| rows.iter_mut().flatten().for_each(|number| *number = round(*number)));
    }
    says.iter().for_each(|(key, value)| tensors.describe(key, value));
    let path = into.join(name);
    tensors.write(&path);
    path
}

#[test]
fn the_most_exact_is_the_truth() {
    let directory = directory();
    let of = |name: &str, keep, says: &[(&str, &str)]| rounded(directory.path(), name, keep, says);
    let gpu = ("device", "cuda");
    let bf16 = of("bf16.safetensors", 8, &[gpu, ("dtype", "bfloat16")]);
    let tf32 = of("tf32.safetensors", 11, &[gpu, ("dtype", "float32"), ("tf32", "true")]);
    let single = of("fp32.safetensors", 24, &[gpu, ("dtype", "float32"), ("tf32", "false")]);
    let double = of("fp64.safetensors", 24, &[("dtype", "float64")]);
    let rest: Vec<&str> = [&tf32, &single, &double].into_iter().flat_map(|path| ["--reference", text(path)]).collect();
    let report = compare(&fixture(MODEL), &bf16, &rest);
    assert_eq!((&report["truth"]["file"], &report["passed"]), (&"fp64.safetensors".into(), &Value::Bool(true)));
    let others = report["references"].as_array().expect("a list");
    let names: Vec<&Value> = others.iter().map(|other| &other["file"]).collect();
    assert_eq!(names, ["bf16.safetensors", "tf32.safetensors", "fp32.safetensors"]);
    let distance = |other: &Value| other["outputs"][0]["rel_l2"].as_f64().expect("a number");
    let [coarse, medium, fine] = [0, 1, 2].map(|index| distance(&others[index]));
    assert!(coarse > 5.0 * medium && medium > 100.0 * distance(&report) && fine == 0.0, "{coarse} {medium} {fine}");
    let stages = |value: &Value| value["stages"].as_array().expect("a list").len();
    assert_eq!(stages(&others[0]), stages(&report), "every stage stands beside");
}

#[test]
fn a_truth_that_is_not_exact_is_told() {
    let directory = directory();
    let bf16 = rounded(directory.path(), "bf16.safetensors", 8, &[("dtype", "bfloat16")]);
    let report = compare(&fixture(MODEL), &bf16, &[]);
    assert_eq!(report["passed"], false);
    let remark = report["remarks"][0].as_str().expect("a remark");
    assert!(
        remark.starts_with("`bf16.safetensors` was computed in bfloat16, and no reference is more exact"),
        "{remark}"
    );
    let fine = compare(&fixture(MODEL), &fixture(MODEL).join("reference.safetensors"), &[]);
    assert_eq!(fine["remarks"].as_array().map(Vec::len), Some(0));
}

#[test]
fn they_stand_side_by_side() {
    let directory = directory();
    let of = |name: &str, keep, says: &[(&str, &str)]| rounded(directory.path(), name, keep, says);
    let bf16 = of("bf16.safetensors", 8, &[("device", "cuda NVIDIA H100"), ("dtype", "bfloat16")]);
    let single = of("fp32.safetensors", 24, &[("device", "cpu"), ("dtype", "float32")]);
    let page = directory.path().join("page.html");
    let options = ["--reference", text(&bf16), "--reference", text(&single), "--html", text(&page), "--isa", "scalar"];
    let output = percio(&[&["compare", text(&fixture(MODEL))], options.as_slice()].concat());
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let table = shown.split("distance from fp32.safetensors\n").nth(1).expect(&shown);
    let rows: Vec<&str> = table.lines().skip(1).take(2).map(str::trim_start).collect();
    assert!(
        rows[0].starts_with("interpreter on scalar")
            && rows[1].starts_with("reference bf16.safetensors (cuda NVIDIA H100, bfloat16)"),
        "{rows:?}"
    );
    let page = std::fs::read_to_string(page).expect("the page");
    assert!(
        page.contains("Distance from fp32.safetensors")
            && page.contains("reference bf16.safetensors (cuda NVIDIA H100, bfloat16)")
    );
}
