//! A generated crate in the cache, and its build.
//!
//! Crates live under `$PERCIO_CACHE`, else `$XDG_CACHE_HOME/percio`, else `~/.cache/percio`, each under a name that
//! holds the hash of its sources, so that models do not collide and an unchanged one is not built again. They share
//! one target directory.

use super::glue;
use super::qemu::input_bytes;
use anyhow::{Context, Result, bail};
use percio_codegen_core::program::Program;
use percio_codegen_core::{BlobSource, EmitOptions, emit};
use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

const SAMPLE: &str = include_str!("templates/sample.rs");

/// What every generated crate for one kind of machine has in common.
pub(super) struct Template {
    /// Start of the crates' names.
    pub(super) prefix: String,
    /// `Cargo.toml` with `{name}` and `{percio}` to be replaced.
    pub(super) manifest: &'static str,
    /// The other files, by path.
    pub(super) files: Vec<(&'static str, &'static str)>,
    /// The target triple; none for this machine.
    pub(super) target: Option<&'static str>,
    /// The compiler's flags.
    pub(super) flags: &'static [&'static str],
}

/// Writes the crate for `program` to the directory `cache` and builds it. The result is the path of the executable.
pub(super) fn build(template: &Template, program: &Program, cache: &Path) -> Result<PathBuf> {
    let files = sources(template, program);
    let mut hasher = DefaultHasher::new();
    (template.manifest, percio_dependency(), template.flags, &files).hash(&mut hasher);
    let name = format!("{}-{:016x}", template.prefix, hasher.finish());
    let manifest = template.manifest.replace("{name}", &name).replace("{percio}", &percio_dependency());
    let dir = cache.join(&name);
    write(&dir.join("Cargo.toml"), manifest.as_bytes())?;
    for (path, content) in &files {
        write(&dir.join(path), content)?;
    }
    write_lock(&dir)?;
    let target_dir = cache.join("target");
    run_cargo(template, &dir, &target_dir)?;
    let triple = template.target.map_or_else(PathBuf::new, PathBuf::from);
    let suffix = if template.target.is_none() { env::consts::EXE_SUFFIX } else { "" };
    Ok(target_dir.join(triple).join("release").join(name + suffix))
}

/// The files of a crate that serves `program` on a board, by path, and its manifest: a library called `name`.
pub(crate) fn harness(program: &Program, name: &str) -> Vec<(String, Vec<u8>)> {
    let longest: usize = program.inputs.iter().map(|input| 4 + input_bytes(&input.kind)).sum();
    let serve = include_str!("templates/harness/serve.rs").replace("{longest}", &longest.to_string());
    let manifest = include_str!("templates/harness/Cargo.toml.in");
    let manifest = manifest.replace("{name}", name).replace("{percio}", &percio_dependency());
    let mut files = shared_sources(program);
    files.push(("Cargo.toml".to_owned(), manifest.into_bytes()));
    files.push(("src/lib.rs".to_owned(), include_bytes!("templates/harness/lib.rs").to_vec()));
    files.push(("src/serve.rs".to_owned(), serve.into_bytes()));
    files
}

/// The version of Rust that built this command: generated code is built by the same one.
pub(super) fn same_toolchain(command: &mut Command) -> &mut Command {
    if let (Some(toolchain), None) = (option_env!("RUSTUP_TOOLCHAIN"), env::var_os("RUSTUP_TOOLCHAIN")) {
        command.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    command
}

/// Where crates live.
pub(super) fn cache() -> Result<PathBuf> {
    let from = |variable: &str| env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = from("PERCIO_CACHE")
        .or_else(|| Some(from("XDG_CACHE_HOME")?.join("percio")))
        .or_else(|| Some(from("HOME")?.join(".cache/percio")));
    let Some(cache) = cache else { bail!("no place for generated crates: set PERCIO_CACHE to a directory") };
    std::path::absolute(&cache).with_context(|| format!("PERCIO_CACHE `{}`", cache.display()))
}

fn sources(template: &Template, program: &Program) -> Vec<(String, Vec<u8>)> {
    let mut files = shared_sources(program);
    files.extend(template.files.iter().map(|(path, content)| ((*path).to_owned(), (*content).into())));
    files
}

/// The model, its weights, and the code between them and the bytes of a sample.
fn shared_sources(program: &Program) -> Vec<(String, Vec<u8>)> {
    let options = EmitOptions { blob: BlobSource::File("model.bin".into()), ..EmitOptions::new("Net") };
    vec![
        ("src/model.rs".to_owned(), emit(program, &options).to_string().into_bytes()),
        ("src/model.bin".to_owned(), program.blob.clone()),
        ("src/feed.rs".to_owned(), glue::feed(program).to_string().into_bytes()),
        ("src/sample.rs".to_owned(), SAMPLE.into()),
    ]
}

/// The engine beside this crate when its sources are there, else the published one.
fn percio_dependency() -> String {
    match engine() {
        Some(path) => format!("path = {:?}", path.to_string_lossy()),
        None => format!("version = \"{}\"", env!("CARGO_PKG_VERSION")),
    }
}

fn engine() -> Option<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine").canonicalize().ok()
}

/// Starts from the workspace's lock file, so that dependencies have the versions that are already here.
fn write_lock(dir: &Path) -> Result<()> {
    let lock = dir.join("Cargo.lock");
    match engine().and_then(|engine| fs::read(engine.parent()?.join("Cargo.lock")).ok()) {
        Some(content) if !lock.exists() => write(&lock, &content),
        _ => Ok(()),
    }
}

/// Writes a file unless it already holds `content`: cargo rebuilds what is newer.
fn write(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|present| present == content) {
        return Ok(());
    }
    let directory = path.parent().unwrap_or(Path::new(""));
    let temporary = path.with_extension(format!("{}.part", std::process::id()));
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(&temporary, content))
        .and_then(|()| fs::rename(&temporary, path))
        .with_context(|| format!("cannot write `{}`", path.display()))
}

fn run_cargo(template: &Template, dir: &Path, target_dir: &Path) -> Result<()> {
    let cargo = |offline: bool| {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // Flags meant for another build would change this one.
        command.env_remove("RUSTFLAGS").env_remove("CARGO_BUILD_TARGET");
        command.env("CARGO_ENCODED_RUSTFLAGS", template.flags.join("\x1f"));
        same_toolchain(&mut command).current_dir(dir).args(["build", "--release", "--target-dir"]).arg(target_dir);
        command.args(template.target.iter().flat_map(|triple| ["--target", triple]));
        command.args(offline.then_some("--offline"));
        log::debug!("in `{}`: {command:?}", dir.display());
        command.output().context("cannot run cargo, which builds generated code: install Rust from https://rustup.rs")
    };
    if cargo(true)?.status.success() {
        return Ok(());
    }
    let output = cargo(false)?;
    if output.status.success() {
        return Ok(());
    }
    bail!(
        "the generated crate `{}` does not build:\n{}",
        dir.display(),
        String::from_utf8_lossy(&output.stderr).trim_end()
    )
}
