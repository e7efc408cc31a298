//! Cargo, run by a test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Waits until no other test runs cargo: two at a time would wait for each other's locks and spoil each other's times.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The target directory of this workspace.
pub(crate) fn target_directory() -> PathBuf {
    let mut command = cargo();
    let output = command.args(["metadata", "--no-deps", "--format-version=1"]).output().expect("cargo metadata");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("the metadata of this package");
    metadata["target_directory"].as_str().expect("a target directory").into()
}

/// Where trybuild builds, and other crates of tests with it: they share what they depend on.
pub(crate) fn build_directory() -> PathBuf {
    target_directory().join("tests/trybuild")
}

/// Builds the crate in `directory`; panics with cargo's words when that fails.
pub(crate) fn build(directory: &Path) {
    let mut command = cargo();
    command.args(["build", "--offline", "--quiet"]).current_dir(directory);
    command.env("CARGO_TARGET_DIR", build_directory()).env_remove("RUSTFLAGS");
    let output = command.output().expect("cargo build");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What the program `name`, which [`build`] has built, prints.
pub(crate) fn output(name: &str) -> String {
    let program = build_directory().join("debug").join(name);
    let output = Command::new(&program).output().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
