//! Builds `tests/device` for a board.

use percio_hosttools::board::Board;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The built program `name`.
pub(crate) fn build(board: &Board, name: &str) -> PathBuf {
    build_with(board, name, &[])
}

/// [`build`], with features.
pub(crate) fn build_with(board: &Board, name: &str, features: &[&str]) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("device").join(board.name);
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(repository("tests/device")).env_remove("RUSTFLAGS").env_remove("CARGO_BUILD_TARGET");
    cargo.env("PERCIO_BOARD", board.machine).env("CARGO_ENCODED_RUSTFLAGS", board.flags.join("\x1f"));
    cargo.args(["build", "--release", "--locked", "--quiet", "--bin", name, "--target", board.target]);
    cargo.args(features.iter().flat_map(|feature| ["--features", feature]));
    let output = cargo.arg("--target-dir").arg(&target).output().expect("cargo starts");
    assert!(output.status.success(), "{cargo:?}: {}", String::from_utf8_lossy(&output.stderr));
    target.join(board.target).join("release").join(name)
}
