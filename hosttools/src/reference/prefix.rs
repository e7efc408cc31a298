//! How many tokens come before the latents: a number in the metadata, the same for every sample; without it as few as there
//! can be, or as many as the model itself says.

use super::add;
use crate::sample::{Sample, Value};
use percio_codegen_core::Problems;
use percio_codegen_core::program::{InputKind, Lengths, Program};

/// The number in the metadata's `text`.
pub(super) fn read(text: Option<&str>, problems: &mut Problems) -> Option<Value> {
    let what = "how many tokens come before the latents";
    let Some(text) = text else { return Some(Value::Prefix(0)) };
    let tokens = text.parse().ok();
    if tokens.is_none() {
        add(problems, format!("the metadata's `prefix_len` is `{text}`, expected {what}: a whole number"));
    }
    tokens.map(Value::Prefix)
}

/// A prefix leaves at least one latent and no more than there can be. `is_said` is whether the metadata say how long it is.
pub(super) fn check(program: &Program, sample: &Sample, is_said: bool, problems: &mut Problems) {
    let Lengths { tokens, prefix, .. } = sample.lengths(program);
    if let Some(fixed) = program.sequence.prefix.filter(|fixed| fixed.tokens >= tokens && fixed.tokens > 0) {
        add(
            problems,
            format!(
                "the samples have {tokens} tokens, of which the model reads the first {} as prefix: give at least {}",
                fixed.tokens,
                fixed.tokens + 1
            ),
        );
    }
    for (value, input) in sample.inputs.iter().zip(&program.inputs).filter(|_| is_said) {
        if let (Value::Prefix(asked), InputKind::Prefix { latents }) = (value, &input.kind)
            && *asked != prefix
        {
            let found = format!("the metadata's `prefix_len` is {asked}");
            let after = format!("of {tokens} tokens, with 1 to {latents} latents after it");
            add(problems, format!("{found}; {after}, the nearest possible is {prefix}"));
        }
    }
}
