//! What happens to an encoder, for generated code and the interpreter alike.

use percio::isa::Scalar;
use percio::layers::{Unfold, unfold};
use percio_codegen_core::program::{Program, Step, TokenStage};
use percio_hosttools::backend::{Encoder, Interpreter};
use percio_hosttools::sample::{Sample, Value};

/// One thing that happens to an encoder.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Tokens of an input arrive.
    Push(usize, Value),
    /// Tokens of an input arrive whose first stands at a position.
    PushAt(usize, u32, Value),
    /// The state becomes bytes; a new encoder goes on from them.
    Store,
    /// Another encoder's tokens are added.
    Merge(Vec<Act>),
}

/// The tokens of `sample`, input after input, in chunks of these sizes, over and over.
pub(crate) fn in_order(program: &Program, sample: &Sample, chunks: &[usize]) -> Vec<Act> {
    inputs(program).flat_map(|input| pushes(program, sample, input, chunks)).collect()
}

/// The tokens of `sample`, so many of each input in turn.
pub(crate) fn in_turns(program: &Program, sample: &Sample, chunk: usize) -> Vec<Act> {
    let chunks = |input| pushes(program, sample, input, &[chunk]).into_iter();
    let mut inputs: Vec<_> = inputs(program).map(chunks).collect();
    let mut acts = Vec::new();
    loop {
        let before = acts.len();
        inputs.iter_mut().for_each(|input| acts.extend(input.next()));
        if acts.len() == before {
            return acts;
        }
    }
}

/// The tokens of `sample`, so many at a time, from the last to the first, all at the positions they have there.
pub(crate) fn backwards(program: &Program, sample: &Sample, chunk: usize) -> Vec<Act> {
    let at = |(index, act)| match act {
        Act::Push(input, tokens) => Act::PushAt(input, (index * chunk) as u32, tokens),
        other => other,
    };
    let chunks = |input| pushes(program, sample, input, &[chunk]).into_iter().enumerate();
    inputs(program).flat_map(|input| chunks(input).map(at).rev().collect::<Vec<_>>()).collect()
}

/// The tokens of `sample` in two encoders, of which the second takes the second half of each input.
pub(crate) fn in_halves(program: &Program, sample: &Sample, chunk: usize) -> Vec<Act> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for input in inputs(program) {
        let mut acts = backwards(program, sample, chunk);
        acts.retain(|act| matches!(act, Act::PushAt(other, ..) if *other == input));
        let rest = acts.split_off(acts.len() / 2);
        second.extend(acts);
        first.extend(rest);
    }
    first.push(Act::Merge(second));
    first
}

/// The inputs whose tokens arrive.
fn inputs(program: &Program) -> std::ops::Range<usize> {
    0..program.stream().expect("a program whose tokens arrive").tokens.len()
}

fn pushes(program: &Program, sample: &Sample, input: usize, chunks: &[usize]) -> Vec<Act> {
    let stream = program.stream().expect("a program whose tokens arrive");
    let (stage, mut chunks) = (stream.tokens[input], chunks.iter().cycle());
    let tokens = arriving(program, stage, &sample.inputs[stage.input.expect("tokens that arrive come from an input")]);
    let (mut first, all, mut acts) = (0, count(stage, &tokens), Vec::new());
    while first < all {
        let end = all.min(first.saturating_add(*chunks.next().expect("a cycle has no end")));
        acts.push(Act::Push(input, part(stage, &tokens, first, end)));
        first = end;
    }
    acts
}

/// The tokens of an input, one after the other.
pub(crate) fn arriving(program: &Program, stage: &TokenStage, value: &Value) -> Value {
    let scattered = program.steps[stage.tokens.clone()].iter().find_map(|step| match *step {
        Step::Unfold {
            frames,
            depth,
            channels,
            height,
            width,
            channels_first,
            kernel,
            stride,
            pad,
            out_height,
            out_width,
            ..
        } => Some(Unfold {
            frames,
            depth,
            channels,
            height,
            width,
            channels_first,
            kernel,
            stride,
            pad,
            out_height,
            out_width,
            first: 0,
            rows: stage.rows.fixed,
            out_stride: depth * kernel * kernel * channels,
        }),
        _ => None,
    });
    match (scattered, value) {
        (Some(shape), Value::Numbers(image)) => {
            let mut tokens = vec![0.0; shape.rows * shape.out_stride];
            unfold(Scalar, &shape, image, &mut tokens);
            Value::Numbers(tokens)
        }
        _ => value.clone(),
    }
}

fn width(stage: &TokenStage) -> usize {
    stage.shape.iter().product()
}

pub(crate) fn count(stage: &TokenStage, value: &Value) -> usize {
    match value {
        Value::Numbers(numbers) => numbers.len() / width(stage),
        Value::Ids(ids) => ids.len(),
        _ => 0,
    }
}

/// Tokens `first .. end`.
pub(crate) fn part(stage: &TokenStage, value: &Value, first: usize, end: usize) -> Value {
    match value {
        Value::Numbers(numbers) => Value::Numbers(numbers[first * width(stage)..end * width(stage)].to_vec()),
        Value::Ids(ids) => Value::Ids(ids[first..end].to_vec()),
        other => other.clone(),
    }
}

/// The interpreter's part: what its encoder becomes.
pub(crate) fn play(interpreter: &mut Interpreter<'_>, acts: &[Act]) {
    let encoder = interpreter.encoder().expect("a program whose tokens arrive");
    acts.iter().fold(encoder, after).finish();
}

fn after<'i, 'p>(mut encoder: Encoder<'i, 'p>, act: &Act) -> Encoder<'i, 'p> {
    match act {
        Act::Push(input, tokens) => encoder.push(*input, tokens),
        Act::PushAt(input, position, tokens) => encoder.push_at(*input, *position, tokens),
        Act::Store => {
            let state = encoder.state();
            encoder.resume(&state);
        }
        Act::Merge(acts) => {
            let state = encoder.state();
            encoder = acts.iter().fold(encoder.restart(), after);
            let other = encoder.state();
            encoder.resume(&state);
            encoder.merge(&other);
        }
    }
    encoder
}
