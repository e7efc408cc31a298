//! Builds the firmware and runs it, once for all tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The built programs.
pub(crate) struct Images {
    pub(crate) motion: PathBuf,
    pub(crate) audit: PathBuf,
    pub(crate) tiny_mlm: PathBuf,
    pub(crate) sequence: PathBuf,
    pub(crate) picture: PathBuf,
}

/// The firmware's workspace.
pub(crate) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("firmware")
}

pub(crate) fn images() -> &'static Images {
    static IMAGES: OnceLock<Images> = OnceLock::new();
    IMAGES.get_or_init(|| {
        let target = target_directory();
        succeed(cargo().args(["build", "--release", "--quiet", "--bins"]), "rustup target add thumbv7em-none-eabihf");
        let release = target.join("thumbv7em-none-eabihf/release");
        let [motion, audit, tiny_mlm, sequence, picture] =
            ["motion", "audit", "tiny_mlm", "sequence", "picture"].map(|name| release.join(name));
        Images { motion, audit, tiny_mlm, sequence, picture }
    })
}

/// What `motion` prints.
pub(crate) fn printed() -> &'static str {
    static PRINTED: OnceLock<String> = OnceLock::new();
    PRINTED.get_or_init(|| {
        images();
        succeed(cargo().args(["run", "--release", "--quiet", "--bin", "motion"]), "apt-get install qemu-system-arm")
    })
}

/// Beside the build of this test, whatever directory that is.
fn target_directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("firmware")
}

/// Cargo inside the firmware's workspace, where `.cargo/config.toml` names the target and QEMU. Flags meant for the
/// host would reach the device's code, so they stay outside.
fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(directory()).env("CARGO_TARGET_DIR", target_directory());
    for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(flags);
    }
    cargo
}

/// Runs to the end and returns what was printed; a failure says what is most often missing.
fn succeed(command: &mut Command, remedy: &str) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} failed ({remedy}?)\n{text}{errors}");
    text.into_owned()
}
