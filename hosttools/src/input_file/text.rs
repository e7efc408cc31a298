//! Text as ids, for models whose ids are the bytes of UTF-8.

use anyhow::{Result, bail};
use percio_codegen_core::container::{Array, Numbers};

/// The ids of DeepMind's tokenizer, which the libraries share: six of its own, then the bytes.
const SPECIAL: i64 = 6;
const CLS: i64 = 4;
const SEP: i64 = 5;

/// A line as one sample of ids below `vocabulary`: the bytes as they are where there are 256 ids; where there are 262 the
/// bytes after six ids of the tokenizer's own, between its `[CLS]` and `[SEP]`.
pub(super) fn ids(line: &str, vocabulary: usize) -> Result<Array> {
    let bytes = line.bytes().map(i64::from);
    let ids: Vec<i64> = match vocabulary {
        256 => bytes.collect(),
        262 => [CLS].into_iter().chain(bytes.map(|byte| byte + SPECIAL)).chain([SEP]).collect(),
        _ => bail!(
            "the model has {vocabulary} ids, and only the bytes of UTF-8 (256 ids, or 262 with those of Perceiver's tokenizer) \
             are made from text: give its ids as a .safetensors or .npy file"
        ),
    };
    Ok(Array { shape: vec![1, ids.len()], numbers: Numbers::I64(ids) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_ids() {
        let of = |vocabulary| ids("aé", vocabulary).map(|array| array.numbers);
        assert_eq!(of(256).expect("bytes"), Numbers::I64(vec![97, 195, 169]));
        assert_eq!(of(262).expect("bytes"), Numbers::I64(vec![4, 103, 201, 175, 5]));
        assert!(of(1000).expect_err("words").to_string().starts_with("the model has 1000 ids, and only the bytes"));
    }
}
