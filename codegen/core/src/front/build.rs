//! For people who prefer a build script to an attribute.

use super::Request;
use crate::emit::{BlobSource, EmitOptions, emit};
use crate::{Problems, Subject};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Compiles a model in a build script:
///
/// ```no_run
/// // build.rs
/// percio_codegen_core::Build::new("Motion", "models/motion").ram("24 KiB").generate();
/// // src/main.rs
/// // include!(concat!(env!("OUT_DIR"), "/motion.rs"));
/// ```
#[derive(Clone, Debug)]
pub struct Build {
    name: String,
    request: Request,
}

impl Build {
    /// The type `name` from the model directory `path`, relative to the manifest's.
    #[must_use]
    pub fn new(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self { name: name.into(), request: Request { path: path.into(), ..Request::default() } }
    }

    /// Allows a path that leaves the manifest's directory.
    #[must_use]
    pub fn outside(mut self) -> Self {
        self.request.outside = true;
        self
    }

    /// The weight format.
    #[must_use]
    pub fn weights(mut self, format: impl Into<String>) -> Self {
        self.request.weights = Some(format.into());
        self
    }

    /// Most bytes of weights and tables.
    #[must_use]
    pub fn flash(mut self, budget: impl Into<String>) -> Self {
        self.request.flash = Some(budget.into());
        self
    }

    /// Most bytes of RAM.
    #[must_use]
    pub fn ram(mut self, budget: impl Into<String>) -> Self {
        self.request.ram = Some(budget.into());
        self
    }

    /// Whether all rows of the outputs are `kept`, or `decoded` when they are asked for.
    #[must_use]
    pub fn outputs(mut self, outputs: impl Into<String>) -> Self {
        self.request.outputs = Some(outputs.into());
        self
    }

    /// Leaves out all outputs but these, their names separated by commas.
    #[must_use]
    pub fn only(mut self, outputs: impl Into<String>) -> Self {
        self.request.only = Some(outputs.into());
        self
    }

    /// Allows runs with fewer latents and layers than the model has.
    #[must_use]
    pub fn adaptive(mut self) -> Self {
        self.request.adaptive = true;
        self
    }

    /// What becomes of tokens that arrive after the last position: `stop`, `wrap` or `unbounded`.
    #[must_use]
    pub fn positions(mut self, after_last: impl Into<String>) -> Self {
        self.request.positions = Some(after_last.into());
        self
    }

    /// What to save where one thing costs another: `speed`, `ram` or `flash`.
    #[must_use]
    pub fn optimize(mut self, goal: impl Into<String>) -> Self {
        self.request.optimize = Some(goal.into());
        self
    }

    /// Writes `$OUT_DIR/<name in lower case>.rs` and its weights, and tells cargo what to watch.
    ///
    /// A problem ends the build script with exit code 1, all problems printed.
    pub fn generate(&self) {
        let directory = |name| PathBuf::from(env::var_os(name).unwrap_or_default());
        match self.generate_in(&directory("CARGO_MANIFEST_DIR"), &directory("OUT_DIR")) {
            Ok(files) => files.iter().for_each(|file| println!("cargo::rerun-if-changed={}", file.display())),
            Err(problems) => {
                problems.iter().for_each(|problem| println!("cargo::error={}", problem.message.replace('\n', " ")));
                std::process::exit(1);
            }
        }
    }

    /// [`generate`](Self::generate) for a crate at `manifest` into `out`; returns the files that the code depends on.
    ///
    /// # Errors
    /// Every problem of the model, or that `out` cannot be written.
    pub fn generate_in(&self, manifest: &Path, out: &Path) -> Result<Vec<PathBuf>, Problems> {
        let (program, files) = self.request.compile(manifest)?;
        let stem = self.name.to_lowercase();
        let blob = out.join(format!("{stem}.weights"));
        let options = EmitOptions { blob: BlobSource::File(blob.clone()), ..EmitOptions::new(self.name.clone()) };
        let code = emit(&program, &options).to_string();
        for (path, contents) in [(&blob, program.blob.as_slice()), (&out.join(format!("{stem}.rs")), code.as_bytes())] {
            fs::write(path, contents).map_err(|error| {
                let mut problems = Problems::new();
                problems.add(Subject::Item, format!("cannot write {}: {error}", path.display()));
                problems
            })?;
        }
        Ok(files)
    }
}
