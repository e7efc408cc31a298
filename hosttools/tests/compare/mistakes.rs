//! Every mistake with a file gets its sentence, and a reader that goes away or a full disk no panic.

use crate::support::{copy, directory, errors, fixture, percio, text};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const MODEL: &str = "hf-masked-lm";

/// What `percio` says about wrong use.
fn said(arguments: &[&str]) -> String {
    let output = percio(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", errors(&output));
    assert!(output.stdout.is_empty(), "{arguments:?} prints beside the error");
    let errors = errors(&output);
    assert!(errors.lines().all(|line| line.starts_with("error: ")), "{errors}");
    errors
}

fn empty(directory: &tempfile::TempDir, name: &str) -> PathBuf {
    let path = directory.path().join(name);
    File::create(&path).expect("the file is made");
    path
}

#[test]
fn every_subcommand_names_a_missing_tensor() {
    let copied = directory();
    let name = "perceiver.encoder.self_attends.1.mlp.dense1.weight";
    copy(MODEL, copied.path(), |tensors| drop(tensors.tensors.remove(name)), |config| config);
    let (model, reference) = (text(copied.path()), fixture(MODEL).join("reference.safetensors"));
    let reference = text(&reference);
    for arguments in [
        vec!["info", model],
        vec!["compare", model, "--reference", reference],
        vec!["bench", model],
        vec!["run", model, "--input", reference],
    ] {
        let said = said(&arguments);
        assert!(said.contains(name) && said.contains("lacks 1 tensor"), "{arguments:?}: {said}");
    }
}

#[test]
fn every_subcommand_names_an_empty_file() {
    let directory = directory();
    let weights = empty(&directory, "model.safetensors");
    std::fs::copy(fixture(MODEL).join("config.json"), directory.path().join("config.json")).expect("the copy");
    let (broken, model) = (directory.path(), fixture(MODEL));
    let reference = model.join("reference.safetensors");
    let report = empty(&directory, "report.json");
    for arguments in [
        vec!["info", text(broken)],
        vec!["bench", text(broken)],
        vec!["compare", text(broken), "--reference", text(&reference)],
        vec!["compare", text(&model), "--reference", text(&weights)],
        vec!["run", text(&model), "--input", text(&weights)],
    ] {
        assert!(said(&arguments).contains("model.safetensors` is empty, expected "), "{}", said(&arguments));
    }
    assert!(said(&["merge", text(&report)]).contains("report.json` is no JSON, expected a report of `percio compare"));
    assert!(said(&["estimate", text(&report), "--function", "main"]).contains("report.json` is no ELF file"));
}

#[test]
fn files_of_something_else_are_told_apart() {
    let model = fixture(MODEL);
    let (weights, other) = (model.join("model.safetensors"), fixture("native-multi").join("reference.safetensors"));
    let said_of_weights = said(&["compare", text(&model), "--reference", text(&weights)]);
    let message =
        "is no reference file: it has neither `input.<name>` nor `output.<name>`, but `embedding_decoder.bias`";
    assert!(said_of_weights.contains(message) && said_of_weights.lines().count() == 1, "{said_of_weights}");
    let said_of_other = said(&["compare", text(&model), "--reference", text(&other)]);
    assert!(
        said_of_other.contains("the model reads `input_ids` and the file has no `input.input_ids`"),
        "{said_of_other}"
    );
    let said_of_inputs = said(&["run", text(&model), "--input", text(&weights)]);
    assert!(
        said_of_inputs.lines().count() == 2 && said_of_inputs.contains(" more: leave them out"),
        "{said_of_inputs}"
    );
    let said_of_text = said(&["compare", text(&model), "--reference", text(&model.join("config.json"))]);
    assert!(said_of_text.contains("config.json"), "{said_of_text}");
}

#[test]
fn a_reader_that_goes_away_has_read_enough() {
    let reference = fixture(MODEL).join("reference.safetensors");
    for arguments in [
        vec!["info", text(&fixture(MODEL))],
        vec!["compare", text(&fixture(MODEL)), "--reference", text(&reference), "--format", "json"],
        vec!["completions", "bash"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_percio"));
        let mut child =
            command.args(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((output.status.code(), errors(&output).as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_full_disk_is_said() {
    let reference = fixture(MODEL).join("reference.safetensors");
    for arguments in [
        vec!["info", text(&fixture(MODEL))],
        vec!["compare", text(&fixture(MODEL)), "--reference", text(&reference)],
        vec!["completions", "zsh"],
    ] {
        let full = File::options().write(true).open("/dev/full").expect("Linux has it");
        let mut command = Command::new(env!("CARGO_BIN_EXE_percio"));
        let output = command.args(&arguments).stdout(full).output().expect("it starts");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let errors = errors(&output);
        assert!(errors.starts_with("error: cannot write to standard output: No space left on device"), "{errors}");
    }
}

#[test]
fn what_is_done_is_logged_when_asked() {
    let run = |log: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_percio"));
        command.args(["info", text(Path::new(&fixture(MODEL)))]).envs(log.map(|level| ("PERCIO_LOG", level)));
        errors(&command.output().expect("it starts"))
    };
    assert!(run(Some("info")).contains("compiling the model: "), "{}", run(Some("info")));
    assert_eq!(run(None), "");
}

#[test]
fn every_subcommand_shows_examples_and_shells_complete_it() {
    let printed = |arguments: &[&str]| String::from_utf8_lossy(&percio(arguments).stdout).into_owned();
    let help = printed(&["--help"]);
    let commands =
        help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() > 6, "{help}");
    let completions = printed(&["completions", "bash"]);
    for command in commands.into_iter().filter(|&command| command != "help") {
        assert!(printed(&[command, "--help"]).contains(&format!("\n  percio {command} ")), "{command}");
        assert!(completions.contains(command), "{command}");
    }
}
