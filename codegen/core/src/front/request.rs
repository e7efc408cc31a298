//! What a user asks for, checked: where the model is, which weights, which budgets.

use super::budget;
use crate::program::Program;
use crate::scheme::load_tracked;
use crate::{AfterLast, CompileOptions, LoadOptions, Problems, Subject, compile, impossible};
use std::path::{Component, Path, PathBuf};

/// The weight formats of the interface; only the first exists so far.
pub const WEIGHT_FORMATS: [&str; 4] = ["f32", "f16", "bf16", "i8"];

/// A model to compile.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The model directory or file of weights, relative to the manifest's directory.
    pub path: String,
    /// Whether `path` may leave the manifest's directory.
    pub outside: bool,
    /// The weight format; `f32` when absent.
    pub weights: Option<String>,
    /// Most bytes of weights and tables, for example `96 KiB`.
    pub flash: Option<String>,
    /// Most bytes of RAM.
    pub ram: Option<String>,
    /// What becomes of tokens after the last position.
    pub positions: Option<String>,
}

impl Request {
    /// Compiles the model below the directory `manifest`; also returns the files it was read from.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn compile(&self, manifest: &Path) -> Result<(Program, Vec<PathBuf>), Problems> {
        let mut problems = Problems::new();
        check_weights(self.weights.as_deref(), &mut problems);
        let flash = budget::read("flash", self.flash.as_deref(), &mut problems);
        let ram = budget::read("ram", self.ram.as_deref(), &mut problems);
        let positions = check_positions(self.positions.as_deref(), &mut problems);
        let model = self.location(manifest).and_then(|path| {
            load_tracked(&path, &LoadOptions::default()).map_err(|problems| as_written(&problems, manifest))
        });
        let Some((model, files)) = problems.take(model) else { return Err(problems) };
        let options = CompileOptions { positions, ..CompileOptions::default() };
        problems.append(impossible(&model, &options));
        let program = compile(model, &options);
        budget::check(&program, flash, ram, &mut problems);
        problems.finish((program, files))
    }

    fn location(&self, manifest: &Path) -> Result<PathBuf, Problems> {
        let path = Path::new(&self.path);
        let mut depth = 0i32;
        let leaves = path.components().any(|component| {
            depth += match component {
                Component::ParentDir => -1,
                Component::Normal(_) => 1,
                Component::RootDir | Component::Prefix(_) => i32::MIN / 2,
                Component::CurDir => 0,
            };
            depth < 0
        });
        if leaves && !self.outside {
            return Err(Problems::model(format!(
                "`{}` leaves the directory of Cargo.toml, so the crate would not build from its own files; move the model \
                 inside, or say `outside = true` if that is meant",
                self.path
            )));
        }
        Ok(manifest.join(path))
    }
}

/// The same problems with paths as the user wrote them: relative to the directory `manifest`.
fn as_written(problems: &Problems, manifest: &Path) -> Problems {
    let prefix = manifest.join("").display().to_string();
    let mut written = Problems::new();
    for problem in problems.iter() {
        let message = if prefix.is_empty() { problem.message.clone() } else { problem.message.replace(&prefix, "") };
        written.add(problem.subject, message);
    }
    written
}

fn check_weights(weights: Option<&str>, problems: &mut Problems) {
    match weights {
        None | Some("f32") => {}
        Some(known) if WEIGHT_FORMATS.contains(&known) => {
            problems.add(Subject::Option("weights"), format!("weights \"{known}\" are not available yet; use \"f32\""));
        }
        Some(unknown) => {
            let formats = WEIGHT_FORMATS.map(|format| format!("\"{format}\"")).join(", ");
            let message = format!(
                "unknown weight format \"{unknown}\"; the formats are {formats}, of which \"f32\" exists so far"
            );
            problems.add(Subject::Option("weights"), message);
        }
    }
}

fn check_positions(text: Option<&str>, problems: &mut Problems) -> Option<AfterLast> {
    let text = text?;
    let known = AfterLast::ALL.into_iter().find(|after| after.name() == text);
    if known.is_none() {
        let names = AfterLast::ALL.map(|after| format!("\"{}\"", after.name())).join(", ");
        problems.add(Subject::Option("positions"), format!("unknown positions \"{text}\"; they are {names}"));
    }
    known
}
