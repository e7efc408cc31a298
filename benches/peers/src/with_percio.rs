//! percio: generated code, as the defaults make it and made for speed, and the interpreter.

use crate::Engine;
use crate::files::Case;
use anyhow::{Context, Result, anyhow};
use percio_codegen_core::program::Program;
use percio_hosttools::backend::{self, Backend};
use percio_hosttools::sample::{Sample, Value};

/// A masked language model.
#[percio::model("../../tests/fixtures/tiny-mlm", outside = true)]
struct TinyMlm;

/// The same, made for speed.
#[percio::model("../../tests/fixtures/tiny-mlm", outside = true, optimize = "speed")]
struct FastTinyMlm;

/// Tells seven shoulder exercises apart.
#[percio::model("../../examples/models/motion", outside = true)]
struct Motion;

/// The same, made for speed.
#[percio::model("../../examples/models/motion", outside = true, optimize = "speed")]
struct FastMotion;

/// A generated model and its input.
struct Generated<N, I, F> {
    net: Box<N>,
    input: I,
    infer: F,
}

impl<N, I, F: Fn(&mut N, &I, &mut dyn FnMut(&[f32]))> Engine for Generated<N, I, F> {
    fn infer(&mut self, each: &mut dyn FnMut(&[f32])) -> Result<()> {
        (self.infer)(&mut self.net, &self.input, each);
        Ok(())
    }
}

/// The rows of three numbers of an input.
fn rows<const N: usize>(case: &Case, name: &str) -> Result<[[f32; 3]; N]> {
    let rows = case.input(name)?.numbers.as_chunks().0;
    rows.try_into().with_context(|| format!("`{name}` has {} rows", rows.len()))
}

pub(crate) fn engines(model: &str, case: &Case) -> Result<Vec<(&'static str, Box<dyn Engine>)>> {
    let (plain, fast) = ("percio, generated", "percio, generated for speed");
    if model == "motion" {
        let (acceleration, rotation) = (rows(case, "acceleration")?, rows(case, "rotation")?);
        return Ok(vec![
            (
                plain,
                Box::new(Generated {
                    net: Box::new(Motion::new()),
                    input: MotionInput { acceleration, rotation },
                    infer: |net: &mut Motion, input: &MotionInput, each: &mut dyn FnMut(&[f32])| each(net.infer(input)),
                }),
            ),
            (
                fast,
                Box::new(Generated {
                    net: Box::new(FastMotion::new()),
                    input: FastMotionInput { acceleration, rotation },
                    infer: |net: &mut FastMotion, input: &FastMotionInput, each: &mut dyn FnMut(&[f32])| {
                        each(net.infer(input));
                    },
                }),
            ),
        ]);
    }
    let ids: Vec<u32> = case.input("input_ids")?.numbers.iter().map(|&id| id as u32).collect();
    Ok(vec![
        (
            plain,
            Box::new(Generated {
                net: Box::new(TinyMlm::new()),
                input: ids.clone(),
                infer: |net: &mut TinyMlm, ids: &Vec<u32>, each: &mut dyn FnMut(&[f32])| {
                    each(net.infer(&TinyMlmInput { input_ids: ids, attention_mask: &[] }).as_flattened());
                },
            }),
        ),
        (
            fast,
            Box::new(Generated {
                net: Box::new(FastTinyMlm::new()),
                input: ids,
                infer: |net: &mut FastTinyMlm, ids: &Vec<u32>, each: &mut dyn FnMut(&[f32])| {
                    each(net.infer(&FastTinyMlmInput { input_ids: ids, attention_mask: &[] }).as_flattened());
                },
            }),
        ),
    ])
}

/// The interpreter with its input; the program lives as long as this process.
pub(crate) struct Interpreted {
    interpreter: backend::Interpreter<'static>,
    sample: Sample,
}

impl Interpreted {
    pub(crate) fn new(case: &Case) -> Result<Self> {
        let model =
            percio_codegen_core::load(&case.directory, &Default::default()).map_err(|error| anyhow!("{error:?}"))?;
        let program: &'static Program =
            Box::leak(Box::new(percio_codegen_core::compile(model, &percio_codegen_core::CompileOptions::default())?));
        let inputs = program.inputs.iter().map(|input| {
            let Ok(array) = case.input(&input.name) else { return Value::Mask(Vec::new()) };
            match input.name.as_str() {
                "input_ids" => Value::Ids(array.numbers.iter().map(|&id| id as u32).collect()),
                _ => Value::Numbers(array.numbers.clone()),
            }
        });
        let sample = Sample { inputs: inputs.collect() };
        Ok(Self { interpreter: backend::Interpreter::new(program)?, sample })
    }
}

impl Engine for Interpreted {
    fn infer(&mut self, each: &mut dyn FnMut(&[f32])) -> Result<()> {
        self.interpreter.infer(&self.sample)?.iter().for_each(|output| each(output));
        Ok(())
    }
}
