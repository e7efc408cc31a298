//! Tokens as they arrive on standard input, a JSON value a line.

use super::SampleReport;
use crate::backend::{Encoder, Interpreter, Outputs};
use crate::options::Format;
use crate::sample::Value;
use anyhow::{Context, Result, bail, ensure};
use percio_codegen_core::program::{InputKind, Program, Stream};
use serde_json::Value as Json;
use std::io::BufRead;

/// How windows end and are reported.
pub(super) struct Watch<'a> {
    pub(super) program: &'a Program,
    /// Lines after which a window ends, beside an empty line and the end of the input.
    pub(super) every: Option<usize>,
    pub(super) format: Format,
}

/// A line.
enum Line {
    /// Tokens of inputs, by their place in the stream.
    Tokens(Vec<(usize, Value)>),
    /// The window ends.
    End,
}

impl Watch<'_> {
    /// Runs the model on each window of `lines`, and prints what it computes as soon as the window ends.
    ///
    /// # Errors
    /// A model that needs all its tokens at once, and a line that holds no tokens.
    pub(super) fn run(&self, lines: impl BufRead) -> Result<()> {
        let program = self.program;
        let stream = program.stream().filter(|_| !program.queries_need_input());
        let why = "the model needs all its tokens at once: give whole windows with --input";
        let stream = stream.context(why)?;
        let mut interpreter = Interpreter::new(program)?;
        let mut lines = lines.lines().enumerate();
        let mut next = || -> Result<Option<Line>> {
            let Some((index, line)) = lines.next() else { return Ok(None) };
            let line = line.context("cannot read standard input")?;
            self.parse(&stream, &line).map(Some).with_context(|| format!("line {}", index + 1))
        };
        let mut count = 0;
        loop {
            let encoder = interpreter.encoder().context(why)?;
            let (tokens, is_last) = window(encoder, Pending::new(&stream), self.every, &mut next)?;
            if tokens > 0 {
                self.report(count, interpreter.decode_all())?;
                count += 1;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn report(&self, window: usize, outputs: Outputs) -> Result<()> {
        let report = SampleReport::new(self.program, outputs);
        match self.format {
            Format::Json => println!("{}", serde_json::to_string(&report)?),
            Format::Text => report.print(window),
        }
        Ok(())
    }

    fn parse(&self, stream: &Stream<'_>, line: &str) -> Result<Line> {
        if line.trim().is_empty() {
            return Ok(Line::End);
        }
        let json: Json = serde_json::from_str(line).with_context(|| format!("no JSON: `{line}`"))?;
        let inputs: Vec<(usize, &str)> = stream
            .tokens
            .iter()
            .filter_map(|stage| stage.input)
            .map(|input| &self.program.inputs[input].name)
            .map(String::as_str)
            .enumerate()
            .collect();
        let tokens = match (&json, inputs.as_slice()) {
            (Json::Object(named), _) => named
                .iter()
                .map(|(name, json)| {
                    let found = inputs.iter().find(|(_, known)| known == name);
                    let known: Vec<&str> = inputs.iter().map(|&(_, name)| name).collect();
                    let (place, _) =
                        found.with_context(|| format!("no input `{name}`; tokens arrive at {}", known.join(", ")))?;
                    Ok((*place, self.tokens(stream, *place, json)?))
                })
                .collect::<Result<_>>()?,
            (json, [(place, _)]) => vec![(*place, self.tokens(stream, *place, json)?)],
            (_, inputs) => {
                let names: Vec<String> = inputs.iter().map(|(_, name)| format!("\"{name}\": […]")).collect();
                bail!("the model has several inputs: write {{{}}}", names.join(", "))
            }
        };
        Ok(Line::Tokens(tokens))
    }

    /// The tokens in `json`, however they are nested.
    fn tokens(&self, stream: &Stream<'_>, place: usize, json: &Json) -> Result<Value> {
        let stage = stream.tokens[place];
        let kind = stage.input.map(|input| &self.program.inputs[input].kind);
        let mut numbers = Vec::new();
        flatten(json, &mut numbers)?;
        if let Some(InputKind::Ids { vocabulary, .. }) = kind {
            let is_id = |number: &f64| number.fract() == 0.0 && (0.0..*vocabulary as f64).contains(number);
            ensure!(numbers.iter().all(is_id), "expected ids from 0 to {}", vocabulary - 1);
            return Ok(Value::Ids(numbers.into_iter().map(|number| number as u32).collect()));
        }
        ensure!(!numbers.is_empty(), "no numbers");
        Ok(Value::Numbers(numbers.into_iter().map(|number| number as f32).collect()))
    }
}

/// Numbers that are no whole token yet, by the input's place in the stream.
struct Pending {
    widths: Vec<usize>,
    numbers: Vec<Vec<f32>>,
}

impl Pending {
    fn new(stream: &Stream<'_>) -> Self {
        let widths = stream.tokens.iter().map(|stage| stage.shape.iter().product::<usize>().max(1));
        Self { widths: widths.collect(), numbers: vec![Vec::new(); stream.tokens.len()] }
    }

    /// The whole tokens that `value` completes.
    fn take(&mut self, place: usize, value: Value) -> Value {
        let Value::Numbers(more) = value else { return value };
        let numbers = &mut self.numbers[place];
        numbers.extend(more);
        let rest = numbers.split_off(numbers.len() - numbers.len() % self.widths[place]);
        Value::Numbers(std::mem::replace(numbers, rest))
    }

    /// Nothing is left of a window.
    fn check(&self) -> Result<()> {
        for (numbers, width) in self.numbers.iter().zip(&self.widths) {
            ensure!(
                numbers.is_empty(),
                "the window ends inside a token: {} of its {width} numbers are there",
                numbers.len()
            );
        }
        Ok(())
    }
}

/// Takes the tokens of one window: how many lines there were, and whether they were the last.
fn window(
    mut encoder: Encoder<'_, '_>,
    mut pending: Pending,
    every: Option<usize>,
    next: &mut impl FnMut() -> Result<Option<Line>>,
) -> Result<(usize, bool)> {
    let (mut lines, mut is_last) = (0, false);
    while every != Some(lines) {
        match next()? {
            None => {
                is_last = true;
                break;
            }
            Some(Line::End) if lines == 0 => continue,
            Some(Line::End) => break,
            Some(Line::Tokens(tokens)) => {
                tokens.into_iter().for_each(|(place, value)| encoder.push(place, &pending.take(place, value)));
            }
        }
        lines += 1;
    }
    pending.check()?;
    encoder.finish();
    Ok((lines, is_last))
}

fn flatten(json: &Json, numbers: &mut Vec<f64>) -> Result<()> {
    match json {
        Json::Array(parts) => parts.iter().try_for_each(|part| flatten(part, numbers)),
        Json::Number(number) => {
            numbers.push(number.as_f64().with_context(|| format!("`{number}` is no number of double precision"))?);
            Ok(())
        }
        other => bail!("expected numbers or lists of them, found `{other}`"),
    }
}
