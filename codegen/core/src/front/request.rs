//! What a user asks for, checked: where the model is, which weights, which budgets.

use super::{budget, weights};
use crate::model::Model;
use crate::passes::keep_outputs;
use crate::program::{Program, WeightFormat};
use crate::scheme::load_tracked;
use crate::{AfterLast, CompileOptions, LoadOptions, Optimize, Outputs, Problems, Subject, compile, impossible};
use std::path::{Component, Path, PathBuf};

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
    /// Whether all rows of the outputs are kept.
    pub outputs: Option<String>,
    /// The outputs to compute, their names separated by commas; all when absent.
    pub only: Option<String>,
    /// Whether a run may have fewer latents and layers than the model.
    pub adaptive: bool,
    /// What to save where one thing costs another.
    pub optimize: Option<String>,
}

impl Request {
    /// Compiles the model below the directory `manifest`; also returns the files it was read from.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn compile(&self, manifest: &Path) -> Result<(Program, Vec<PathBuf>), Problems> {
        let mut problems = Problems::new();
        let weights = self.weight_format(&mut problems);
        let flash = budget::read("flash", self.flash.as_deref(), &mut problems);
        let ram = budget::read("ram", self.ram.as_deref(), &mut problems);
        let positions =
            named("positions", "positions", self.positions.as_deref(), AfterLast::ALL, AfterLast::name, &mut problems);
        let outputs = named("outputs", "outputs", self.outputs.as_deref(), Outputs::ALL, Outputs::name, &mut problems);
        let optimize =
            named("optimize", "goal", self.optimize.as_deref(), Optimize::ALL, Optimize::name, &mut problems);
        let model = self.location(manifest).and_then(|path| {
            load_tracked(&path, &LoadOptions::default()).map_err(|problems| as_written(&problems, manifest))
        });
        let Some((mut model, files)) = problems.take(model) else { return Err(problems) };
        let ignored = self.only.as_deref().map(|only| keep_outputs(&mut model, &names(only))).transpose();
        let ignored = ignored.unwrap_or_else(|message| {
            problems.add(Subject::Option("only"), format!("{message}; correct the names or leave the option out"));
            None
        });
        let (adaptive, outputs) = (self.adaptive, outputs.unwrap_or_default());
        let options = CompileOptions { positions, outputs, adaptive, weights, optimize, ..CompileOptions::default() };
        problems.append(impossible(&model, &options));
        let Some(mut program) = problems.take(within(&model, &options, flash, ram)) else { return Err(problems) };
        program.ignored_inputs.extend(ignored.unwrap_or_default());
        weights::check(&program, &mut problems);
        budget::check(&program, flash, ram, &mut problems);
        problems.finish((program, files))
    }

    fn weight_format(&self, problems: &mut Problems) -> WeightFormat {
        let format = self.weights.as_deref().map(weights::parse).transpose();
        format
            .unwrap_or_else(|message| {
                problems.add(Subject::Option("weights"), message);
                None
            })
            .unwrap_or_default()
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

/// Names that commas separate.
fn names(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
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

/// The program, or where it exceeds a budget the first of those that save something else and exceed none.
fn within(
    model: &Model,
    options: &CompileOptions,
    flash: Option<usize>,
    ram: Option<usize>,
) -> Result<Program, Problems> {
    let fits = |program: &Program| {
        flash.is_none_or(|budget| program.flash_bytes() <= budget)
            && ram.is_none_or(|budget| program.ram_bytes() <= budget)
    };
    let program = compile(model.clone(), options)?;
    if fits(&program) {
        return Ok(program);
    }
    let goals = [None, Some(Optimize::Ram), Some(Optimize::Flash)];
    let others = goals.into_iter().filter(|&goal| goal != options.optimize);
    for optimize in others {
        let other = compile(model.clone(), &CompileOptions { optimize, ..*options })?;
        if fits(&other) {
            return Ok(other);
        }
    }
    Ok(program)
}

/// The one of `all` that is called `text`, where there is a text; a problem that calls them `what` lists their names.
fn named<T: Copy, const N: usize>(
    option: &'static str,
    what: &str,
    text: Option<&str>,
    all: [T; N],
    name: impl Fn(T) -> &'static str,
    problems: &mut Problems,
) -> Option<T> {
    let text = text?;
    let known = all.into_iter().find(|&one| name(one) == text);
    if known.is_none() {
        let names = all.map(|one| format!("\"{}\"", name(one))).join(", ");
        problems.add(Subject::Option(option), format!("unknown {what} \"{text}\"; they are {names}"));
    }
    known
}
