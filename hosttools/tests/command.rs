//! The `percio` command: its exit codes and what it prints.

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A model in tests/fixtures.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
}

fn percio(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_percio"));
    command.args(arguments).env_remove("PERCIO_ISA");
    command
}

/// Runs `percio` with a model and a path after each of `files`' options.
fn run(subcommand: &str, model: &Path, files: &[(&str, &Path)], rest: &[&str]) -> Output {
    let mut command = percio(&[subcommand]);
    command.arg(model);
    for (option, path) in files {
        command.arg(option).arg(path);
    }
    command.args(rest).output().expect("percio starts")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn errors(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect()
}

#[test]
fn every_fixture_holds_on_the_interpreter() {
    for (model, reference) in [
        ("native-multi", "reference"),
        ("native-grid", "reference"),
        ("native-ids", "reference-short"),
        ("hf-masked-lm", "reference-short"),
        ("hf-sequence-classification", "reference"),
        ("hf-image-conv", "reference"),
        ("hf-image-fourier", "reference"),
        ("hf-image-learned", "reference"),
        ("hf-optical-flow", "reference-masked"),
        ("hf-video", "reference-all"),
        ("hf-raw", "reference-4"),
    ] {
        let model = fixture(model);
        let reference = model.join(reference).with_extension("safetensors");
        let output = run("compare", &model, &[("--reference", &reference)], &["--format", "json"]);
        let report = json(&output);
        assert_eq!((output.status.code(), &report["passed"]), (Some(0), &Value::Bool(true)), "{report:#}");
        assert_eq!(report["weights"], "f32");
    }
}

#[test]
fn a_bound_that_is_missed_is_exit_code_1() {
    let model = fixture("native-multi");
    let reference = model.join("reference.safetensors");
    let output = run("compare", &model, &[("--reference", &reference)], &["--max-error", "0", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let report = json(&output);
    assert_eq!(report["passed"], false);
    assert_eq!(report["outputs"].as_array().map(Vec::len), Some(3));
    assert!(report["outputs"][0]["max_abs"].as_f64().is_some_and(|error| error > 0.0 && error < 1e-3), "{report:#}");
}

#[test]
fn nan_in_the_reference_never_holds() {
    let directory = tempfile::tempdir().expect("a directory for files");
    let reference = directory.path().join("reference.safetensors");
    let (ids, mut logits) = ([3i32.to_le_bytes(), 4i32.to_le_bytes()].concat(), [0; 4 * 9 * 23]);
    logits[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    let view = |kind, shape: &[usize], data| TensorView::new(kind, shape.to_vec(), data).expect("a tensor");
    let tensors = [
        ("input.inputs", view(Dtype::I32, &[1, 2], &ids)),
        ("output.logits", view(Dtype::F32, &[1, 9, 23], &logits)),
        ("output.first", view(Dtype::F32, &[1, 2, 4], &logits[4..36])),
    ];
    safetensors::serialize_to_file(tensors, None, &reference).expect("the reference is written");
    let model = fixture("native-ids");
    let rest = ["--max-error", "1e30", "--format", "json"];
    let output = run("compare", &model, &[("--reference", &reference)], &rest);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(json(&output)["outputs"][0]["max_abs"], Value::Null);
}

#[test]
fn fidelity_decides_whose_numbers_hold() {
    let model = fixture("hf-image-learned");
    let reference = model.join("reference-deepmind.safetensors");
    for (fidelity, code) in [("deepmind", 0), ("hf", 1)] {
        let output = run("compare", &model, &[("--reference", &reference)], &["--fidelity", fidelity]);
        assert_eq!(output.status.code(), Some(code), "{fidelity}: {}", errors(&output).join("\n"));
    }
}

#[test]
fn info_has_its_stable_fields() {
    let report = json(&run("info", &fixture("native-ids"), &[], &["--format", "json"]));
    for field in ["parameters", "macs", "macs_as_written", "ram_bytes", "flash_bytes"] {
        assert!(report[field].as_u64().is_some_and(|figure| figure > 0), "{field}: {report:#}");
    }
    assert_eq!(report["inputs"][0]["name"], "ids");
    assert_eq!(report["inputs"][0]["shape"], serde_json::json!([13]));
    assert_eq!(report["outputs"][1]["shape"], serde_json::json!([2, 4]));
    let steps = report["steps"].as_array().expect("steps");
    assert_eq!(
        steps.iter().filter_map(|step| step["macs"].as_u64()).sum::<u64>(),
        report["macs"].as_u64().expect("macs")
    );
}

#[test]
fn info_reads_a_configuration_alone() {
    let published = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/configurations").join(name);
    let report = json(&run("info", &published("vision-perceiver-fourier"), &[], &["--format", "json"]));
    assert_eq!((&report["parameters"], &report["macs"]), (&48_440_627.into(), &report["macs_as_written"]));
    assert_eq!(report["inputs"][0]["shape"], serde_json::json!([3, 224, 224]));
    assert_eq!(report["outputs"][0]["shape"], serde_json::json!([1000]));
    assert_eq!(report["ram_bytes"], Value::Null, "nothing is planned");

    let shape = ["--format", "json", "--input-shape", "points.image=6272", "--input-shape", "points.audio=15"];
    let report = json(&run("info", &published("multimodal-perceiver"), &[], &shape));
    assert_eq!(report["outputs"][1]["shape"], serde_json::json!([6272, 3]), "a 128th of the video");
    let text = run("info", &published("multimodal-perceiver"), &[], &[]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("There are no weights here"));
}

#[test]
fn bench_times_the_interpreter() {
    let report = json(&run("bench", &fixture("native-ids"), &[], &["--format", "json"]));
    let time = |name: &str| report["time_ns"][name].as_u64().expect(name);
    assert!(0 < time("min") && time("min") <= time("median") && time("median") <= time("max"), "{report:#}");
    assert!(time("runs") >= 30 && time("mad") <= time("max"));
    let layers = report["layers"].as_array().expect("the interpreter's layers");
    let macs = layers.iter().filter_map(|layer| layer["macs"].as_u64()).sum::<u64>();
    assert_eq!((Some(macs), &report["runs"][0]["time_ns"]), (report["macs"].as_u64(), &report["time_ns"]));
    assert_eq!((&report["backend"], &report["instructions"]), (&"interpreter".into(), &Value::Null));
}

#[test]
fn run_takes_the_image_size_from_its_file() {
    let model = fixture("hf-image-conv");
    let report = json(&run("run", &model, &[("--input", &model.join("reference.safetensors"))], &["--format", "json"]));
    assert_eq!(report.as_array().map(Vec::len), Some(2));
    assert_eq!(report[0]["outputs"][0]["shape"], serde_json::json!([7]));
}

#[test]
fn wrong_use_is_exit_code_2_with_every_problem() {
    let (model, other) = (fixture("native-multi"), fixture("native-grid").join("reference.safetensors"));
    let output = run("compare", &model, &[("--reference", &other)], &[]);
    assert_eq!(output.status.code(), Some(2));
    let errors = errors(&output);
    assert!(errors.len() > 3 && errors.iter().all(|line| line.starts_with("error: ")), "{errors:#?}");

    for arguments in [
        vec!["info", "no such model"],
        vec!["info", "no such model", "--weights", "i8"],
        vec!["info", "no such model", "--input-shape", "a"],
        vec!["compare", "no such model", "--reference", "no such file"],
        vec!["compare", "no such model"],
        vec!["bench", "no such model", "--backend", "no such back end"],
        vec!["run", "no such model", "--input", "a.txt"],
        vec!["no such subcommand"],
        vec![],
    ] {
        let output = percio(&arguments).output().expect("percio starts");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn an_instruction_set_that_is_not_there_is_wrong_use() {
    let mut command = percio(&["bench"]);
    let output = command.arg(fixture("native-ids")).env("PERCIO_ISA", "abacus").output().expect("percio starts");
    assert_eq!(output.status.code(), Some(2));
    let errors = errors(&output);
    assert!(
        matches!(errors.as_slice(), [line] if line.starts_with("error: no instruction set `abacus`")),
        "{errors:#?}"
    );
}

#[test]
fn info_says_what_fits_and_what_was_saved() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/models/motion");
    let report = json(&run("info", &model, &[], &["--format", "json"]));
    let named = |list: &str, key: &str, name: &str| -> Value {
        let all = report[list].as_array().expect("a list");
        all.iter().find(|entry| entry[key] == name).unwrap_or_else(|| panic!("no {name} among {list}")).clone()
    };
    let number = |value: &Value| value.as_i64().expect("a number");
    let all = named("folds", "name", "all");
    for name in ["bake_queries", "absorb_keys", "absorb_values"] {
        let fold = named("folds", "name", name);
        assert!(number(&fold["macs"]) > 0 && number(&fold["macs"]) <= number(&all["macs"]), "{fold}, {all}");
    }
    assert_eq!(number(&all["macs"]), number(&report["macs_as_written"]) - number(&report["macs"]));
    let [wide, narrow] = ["f32", "f16"].map(|name| number(&named("number_types", "weights", name)["flash_bytes"]));
    assert_eq!(wide, number(&report["flash_bytes"]));
    assert!(narrow < wide * 6 / 10, "{narrow} of {wide}");
    assert_eq!(named("boards", "name", "nRF52840 (Nano 33 BLE)")["fits"], true);
    assert_eq!(named("boards", "name", "micro:bit v1 (nRF51822)")["fits"], false);
    let layers = report["flash_by_layer"].as_array().expect("a list").iter().map(|layer| number(&layer["bytes"]));
    let sum: i64 = layers.sum();
    assert!(sum <= wide && sum > wide * 99 / 100, "{sum} of {wide}");
    let shown = String::from_utf8_lossy(&run("info", &model, &[], &[]).stdout).into_owned();
    assert!(shown.contains("\n       0 ·bbbbbbb"), "the arena is drawn: {shown}");
}

#[test]
fn a_cost_beyond_the_record_is_exit_code_1() {
    let directory = tempfile::tempdir().expect("a directory for files");
    let (model, history) = (fixture("native-ids"), directory.path().join("history.json"));
    // Counts are exact, whatever else runs here.
    let bench = |options: &[(&str, &Path)]| {
        let mut command = percio(&["bench", "--backend", "qemu-m4", "--format", "json"]);
        for (option, path) in options {
            command.arg(option).arg(path);
        }
        command.arg(&model).env("PERCIO_CACHE", env!("CARGO_TARGET_TMPDIR")).output().expect("percio starts")
    };
    let missing = bench(&[("--against", &history)]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(errors(&missing)[0].starts_with("error: cannot read `"), "{:?}", errors(&missing));
    assert_eq!(bench(&[("--record", &history)]).status.code(), Some(0));
    let mut records: Value = serde_json::from_slice(&std::fs::read(&history).expect("a file")).expect("JSON");
    assert_eq!((records[0]["runs"].as_array().map(Vec::len), &records[0]["weights"]), (Some(1), &"f32".into()));
    assert_eq!(bench(&[("--against", &history)]).status.code(), Some(0), "it costs what it did");
    let instructions = &mut records[0]["runs"][0]["instructions"];
    *instructions = (instructions.as_u64().expect("a count") * 9 / 10).into();
    std::fs::write(&history, records.to_string()).expect("a file");
    let slower = bench(&[("--against", &history), ("--record", &history)]);
    let change = &json(&slower)["against"][0];
    assert_eq!((slower.status.code(), &change["figure"]), (Some(1), &"instructions".into()), "{change}");
    assert_eq!(change["passed"], false);
    let records: Value = serde_json::from_slice(&std::fs::read(&history).expect("a file")).expect("JSON");
    assert_eq!(records.as_array().map(Vec::len), Some(2), "a costly run is kept too");
}

#[test]
fn outputs_that_are_not_kept_and_runs_of_less_are_options() {
    let model = fixture("hf-image-learned");
    let reference = model.join("reference.safetensors");
    let report = |rest: &[&str]| json(&run("info", &model, &[], &[rest, &["--format", "json"]].concat()));
    let [kept, decoded, adaptive] = [&[][..], &["--outputs", "decoded"], &["--adaptive"]].map(report);
    let ram = |report: &Value| report["ram_bytes"].as_u64().expect("a number");
    assert!(ram(&decoded) < ram(&kept) && ram(&adaptive) >= ram(&kept), "{decoded:#} {adaptive:#}");
    for rest in [&["--outputs", "decoded"][..], &["--adaptive"]] {
        let output = run("compare", &model, &[("--reference", &reference)], rest);
        assert_eq!(output.status.code(), Some(0), "{rest:?}: {:?}", errors(&output));
    }
    let built = ["--outputs", "decoded", "--backend", "generated"];
    let refused = errors(&run("compare", &model, &[("--reference", &reference)], &built));
    assert!(
        refused[0].starts_with("error: a model that keeps no outputs has no `infer` for generated to run"),
        "{refused:?}"
    );
    let video = fixture("hf-video");
    let output =
        run("compare", &video, &[("--reference", &video.join("reference-all.safetensors"))], &["--only", "label"]);
    assert_eq!(output.status.code(), Some(0), "{:?}", errors(&output));
    let none = errors(&run("info", &video, &[], &["--only", "label,sound"]));
    assert!(none[0].contains("--only: the model has no output `sound`"), "{none:?}");
    let unknown = errors(&run("info", &model, &[], &["--outputs", "some"]));
    assert!(unknown[0].contains("expected kept, decoded"), "{unknown:?}");
    let impossible = errors(&run("info", &fixture("krasserm-08-causal-lm"), &[], &["--adaptive"]));
    assert!(impossible[0].contains("this model cannot be adaptive: its latents are the last tokens"), "{impossible:?}");
}
