//! Options that every subcommand takes.

use crate::backend::Kind;
use crate::progress::busy;
use anyhow::{Context, Result, anyhow, bail, ensure};
use percio_codegen_core::container::Array;
use percio_codegen_core::front::weights;
use percio_codegen_core::model::Model;
use percio_codegen_core::passes::{Passes, keep_outputs};
use percio_codegen_core::program::{Program, WeightFormat};
use percio_codegen_core::scheme;
use percio_codegen_core::{
    AfterLast, CompileOptions, LoadOptions, Optimize, Outputs, Problems, compile, impossible, load, outline,
};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// A model and how it is compiled.
#[derive(Debug, clap::Args)]
pub(crate) struct ModelArgs {
    /// Directory with `config.json` and weights, or the file of weights
    pub(crate) model: PathBuf,
    /// Number type of the weights: f32, f16 or bf16
    #[arg(long, value_name = "TYPE", default_value = "f32", value_parser = weights::parse)]
    pub(crate) weights: WeightFormat,
    #[command(flatten)]
    pub(crate) reading: ReadArgs,
    /// What becomes of tokens that arrive after the last position: stop, wrap or unbounded
    #[arg(long, value_name = "WHAT", value_parser = parse_positions)]
    pub(crate) positions: Option<AfterLast>,
    /// What to save where one thing costs another: speed, ram or flash
    #[arg(long, value_name = "WHAT", value_parser = parse_optimize)]
    pub(crate) optimize: Option<Optimize>,
    /// Whether all rows of the outputs are kept, or decoded when they are asked for: kept or decoded
    #[arg(long, value_name = "WHAT", default_value = "kept", value_parser = parse_outputs)]
    pub(crate) outputs: Outputs,
    /// The only outputs to compute, all others left out; for example label or label,image
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Allow runs with fewer latents and fewer layers than the model has
    #[arg(long)]
    pub(crate) adaptive: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// How a checkpoint is read.
#[derive(Debug, clap::Args)]
pub(crate) struct ReadArgs {
    /// Shape of an input whose size the checkpoint leaves open, for example pixel_values=3x224x224
    #[arg(long = "input-shape", value_name = "NAME=AxBxC", value_parser = parse_shape)]
    pub(crate) input_shapes: Vec<(String, Vec<usize>)>,
    /// Whose arithmetic a checkpoint of Hugging Face transformers is read with
    #[arg(long, value_enum, default_value_t)]
    pub(crate) fidelity: Fidelity,
    /// Library that wrote the checkpoint, whatever config.json says, for example krasserm/perceiver-io
    #[arg(long, value_name = "LIBRARY")]
    pub(crate) library: Option<String>,
    /// Version of that library, whatever config.json says, for example 0.8.2
    #[arg(long, value_name = "VERSION")]
    pub(crate) dialect: Option<String>,
}

impl ReadArgs {
    /// What they say, for data like `inputs` where the checkpoint leaves sizes open.
    pub(crate) fn options(&self, inputs: &BTreeMap<&str, &Array>) -> LoadOptions {
        LoadOptions {
            input_shapes: self.input_shapes.iter().cloned().collect(),
            data_shapes: inputs.iter().map(|(&name, array)| (name.to_owned(), array.shape.clone())).collect(),
            fidelity: self.fidelity.into(),
            library: self.library.clone(),
            dialect: self.dialect.clone(),
        }
    }
}

/// Whose arithmetic a checkpoint of Hugging Face transformers is read with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Fidelity {
    /// That of transformers
    #[default]
    Hf,
    /// That of DeepMind's original, which trained the published weights
    Deepmind,
}

impl From<Fidelity> for scheme::Fidelity {
    fn from(fidelity: Fidelity) -> Self {
        match fidelity {
            Fidelity::Hf => Self::Own,
            Fidelity::Deepmind => Self::DeepMind,
        }
    }
}

/// The back end of a subcommand that runs a model.
#[derive(Debug, clap::Args)]
pub(crate) struct BackendArgs {
    /// What runs the model
    #[arg(long, value_name = "BACKEND", default_value = "interpreter")]
    pub(crate) backend: Kind,
}

impl ModelArgs {
    /// Whether progress stays off the terminal.
    pub(crate) fn quiet(&self) -> bool {
        self.format == Format::Json
    }

    /// Reads and compiles the model.
    pub(crate) fn program(&self) -> Result<Program> {
        self.compile(self.model()?)
    }

    /// Reads and compiles the model for data like `inputs`, where the checkpoint leaves sizes open.
    pub(crate) fn program_for(&self, inputs: &BTreeMap<&str, &Array>) -> Result<Program> {
        self.compile(self.model_for(inputs)?)
    }

    /// Reads the model for data like `inputs`.
    pub(crate) fn model_for(&self, inputs: &BTreeMap<&str, &Array>) -> Result<Model> {
        Ok(self.load(&self.reading.options(inputs))?)
    }

    /// Reads the model.
    pub(crate) fn model(&self) -> Result<Model> {
        Ok(self.load(&self.reading.options(&BTreeMap::new()))?)
    }

    /// Reads the configuration alone.
    pub(crate) fn outline(&self) -> Result<Model> {
        Ok(outline(&self.model, &self.reading.options(&BTreeMap::new()))?)
    }

    /// Compiles `model`.
    ///
    /// # Errors
    /// What the options ask of it that is impossible.
    pub(crate) fn compile(&self, model: Model) -> Result<Program> {
        self.compile_in(model, self.weights)
    }

    /// Compiles `model` with weights of another number type.
    pub(crate) fn compile_in(&self, model: Model, weights: WeightFormat) -> Result<Program> {
        self.compile_with(model, weights, Passes::default())
    }

    /// Compiles `model` with weights of another number type and these rewrites alone.
    pub(crate) fn compile_with(&self, mut model: Model, weights: WeightFormat, passes: Passes) -> Result<Program> {
        let Self { positions, optimize, outputs, adaptive, .. } = *self;
        let options = CompileOptions { passes, weights, tile: None, positions, outputs, adaptive, optimize };
        let ignored = match self.only.as_slice() {
            [] => Vec::new(),
            only => keep_outputs(&mut model, only).map_err(|message| anyhow!("--only: {message}"))?,
        };
        let mut problems = impossible(&model, &options);
        let program = problems.take(busy("compiling the model", self.quiet(), || compile(model, &options)));
        let Some(mut program) = program else { return Err(problems.into()) };
        program.ignored_inputs.extend(ignored);
        weights::check(&program, &mut problems);
        Ok(problems.finish(program)?)
    }

    fn load(&self, options: &LoadOptions) -> Result<Model, Problems> {
        busy("reading the model", self.quiet(), || load(&self.model, options))
    }
}

fn parse_positions(text: &str) -> Result<AfterLast> {
    let known = AfterLast::ALL.into_iter().find(|after| after.name() == text);
    known.with_context(|| format!("expected {}", AfterLast::ALL.map(AfterLast::name).join(", ")))
}

fn parse_outputs(text: &str) -> Result<Outputs> {
    let known = Outputs::ALL.into_iter().find(|outputs| outputs.name() == text);
    known.with_context(|| format!("expected {}", Outputs::ALL.map(Outputs::name).join(", ")))
}

fn parse_optimize(text: &str) -> Result<Optimize> {
    let known = Optimize::ALL.into_iter().find(|goal| goal.name() == text);
    known.with_context(|| format!("expected {}", Optimize::ALL.map(Optimize::name).join(", ")))
}

fn parse_shape(text: &str) -> Result<(String, Vec<usize>)> {
    const EXPECTED: &str = "expected NAME=AxBxC, for example pixel_values=3x224x224";
    let Some((name, lengths)) = text.split_once('=') else { bail!(EXPECTED) };
    let shape: Result<Vec<usize>, _> = lengths.split('x').map(str::parse).collect();
    let Ok(shape) = shape else { bail!(EXPECTED) };
    ensure!(!name.is_empty() && shape.iter().all(|&length| length > 0), EXPECTED);
    Ok((name.to_owned(), shape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_read() {
        assert_eq!(
            parse_shape("pixel_values=3x40x41").expect("well formed"),
            ("pixel_values".to_owned(), vec![3, 40, 41])
        );
        for wrong in ["", "3x4", "a=", "a=3x", "=3", "a=0x2", "a=3,4"] {
            assert!(parse_shape(wrong).is_err(), "{wrong}");
        }
    }
}
