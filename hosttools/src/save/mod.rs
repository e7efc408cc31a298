//! Writes a model directory of the native format: whole, or not at all.

mod render;

use crate::output::Unfinished;
use anyhow::{Context, Result, bail, ensure};
use half::{bf16, f16};
use percio_codegen_core::Problems;
use percio_codegen_core::model::Tensor;
use percio_codegen_core::scheme::Native;
use safetensors::{Dtype, View, serialize_to_file};
use std::borrow::Cow;
use std::cell::RefCell;
use std::fs;
use std::path::Path;

pub use render::render;

/// The files of a directory.
const FILES: [&str; 2] = ["config.json", "model.safetensors"];

/// How the numbers of a tensor are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// As F32.
    Single,
    /// As F16 or BF16 where that holds every one of them exactly: as those of a checkpoint that is stored so are.
    Narrowest,
}

/// Writes `native` as the directory at `path`; one that is there already is replaced only when `overwrite` says so and only
/// when it holds nothing else. The result is how many bytes the tensors take.
///
/// # Errors
/// When there is something at `path` that may not be replaced, when a file cannot be written, and when the tensors' own files can
/// no longer be read; nothing has changed then.
pub fn save(native: &Native, path: &Path, overwrite: bool, storage: Storage) -> Result<u64> {
    let shown = path.display();
    let Some(name) = path.file_name() else { bail!("`{shown}` names no directory to make: add a name to it") };
    check_free(path, overwrite)?;
    let beside = |what: &str| {
        let hidden = format!(".{}.{what}-{}", name.display(), std::process::id());
        path.with_file_name(hidden)
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("`{}` cannot be made", parent.display()))?;
    }
    let unfinished = Unfinished::new(beside("unfinished"))?;
    let bytes = write(native, &unfinished.0, storage).with_context(|| format!("`{shown}` cannot be written"))?;
    replace(&unfinished.0, path, &beside("replaced"))
        .with_context(|| format!("`{shown}` cannot be put in its place"))?;
    Ok(bytes)
}

/// What is at `path` may be replaced.
fn check_free(path: &Path, overwrite: bool) -> Result<()> {
    let shown = path.display();
    if !path.exists() {
        return Ok(());
    }
    ensure!(path.is_dir(), "`{shown}` is a file, expected a directory to write to: name another");
    let entries = fs::read_dir(path).with_context(|| format!("`{shown}` cannot be listed"))?;
    let names: Vec<_> = entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<_, _>>()?;
    ensure!(names.is_empty() || overwrite, "`{shown}` is there already: name another directory, or add --overwrite");
    if let Some(other) = names.iter().find(|name| FILES.iter().all(|file| *name != *file)) {
        bail!(
            "`{shown}` also holds `{}`, which would be lost with the old model: move it, or name another directory",
            other.display()
        );
    }
    Ok(())
}

fn write(native: &Native, directory: &Path, storage: Storage) -> Result<u64> {
    let [config, weights] = FILES.map(|file| directory.join(file));
    let unread = RefCell::default();
    let tensors = native.tensors.iter();
    let tensors = tensors.map(|(name, tensor)| Ok((name.as_str(), Numbers::new(tensor, storage, &unread)?)));
    let tensors = tensors.collect::<Result<Vec<_>, Problems>>()?;
    let bytes = tensors.iter().map(|(_, numbers)| numbers.data_len() as u64).sum();
    serialize_to_file(tensors, None, &weights)?;
    unread.into_inner().finish(())?;
    fs::write(&config, render(&native.config))?;
    // That library lets only the owner read what it writes; whoever may read one file may read the other.
    fs::set_permissions(&weights, fs::metadata(&config)?.permissions())?;
    Ok(bytes)
}

/// Renames `from` to `to`; what is there goes to `aside` first, and away in the end.
fn replace(from: &Path, to: &Path, aside: &Path) -> Result<()> {
    if !to.exists() {
        return Ok(fs::rename(from, to)?);
    }
    fs::rename(to, aside)?;
    if let Err(error) = fs::rename(from, to) {
        fs::rename(aside, to)?;
        return Err(error.into());
    }
    Ok(fs::remove_dir_all(aside)?)
}

/// A tensor whose bytes are made when they are written.
struct Numbers<'a> {
    tensor: &'a Tensor,
    dtype: Dtype,
    /// What went wrong while bytes were made, which the library that writes them does not ask.
    unread: &'a RefCell<Problems>,
}

impl<'a> Numbers<'a> {
    fn new(tensor: &'a Tensor, storage: Storage, unread: &'a RefCell<Problems>) -> Result<Self, Problems> {
        let dtype = match storage {
            Storage::Single => Dtype::F32,
            Storage::Narrowest => narrowest(&tensor.numbers()?),
        };
        Ok(Self { tensor, dtype, unread })
    }
}

/// The narrowest type that holds these numbers as they are.
fn narrowest(numbers: &[f32]) -> Dtype {
    let all = |rounded: fn(f32) -> f32| numbers.iter().all(|&number| rounded(number).to_bits() == number.to_bits());
    if all(|number| f16::from_f32(number).to_f32()) {
        Dtype::F16
    } else if all(|number| bf16::from_f32(number).to_f32()) {
        Dtype::BF16
    } else {
        Dtype::F32
    }
}

impl View for Numbers<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.tensor.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let numbers = self.unread.borrow_mut().take(self.tensor.numbers());
        let Some(numbers) = numbers else { return vec![0; self.data_len()].into() };
        let numbers = numbers.iter();
        match self.dtype {
            Dtype::F16 => numbers.flat_map(|&number| f16::from_f32(number).to_le_bytes()).collect(),
            Dtype::BF16 => numbers.flat_map(|&number| bf16::from_f32(number).to_le_bytes()).collect(),
            _ => numbers.flat_map(|number| number.to_le_bytes()).collect(),
        }
    }

    fn data_len(&self) -> usize {
        self.dtype.bitsize() / 8 * self.tensor.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_types_hold_what_is_exact_in_them() {
        assert_eq!(narrowest(&[1.0, -0.0, 65_504.0, 0.333_251_95]), Dtype::F16);
        assert_eq!(narrowest(&[1.0, 65_536.0, -3.0]), Dtype::BF16);
        assert_eq!(narrowest(&[1.0, 0.1]), Dtype::F32);
        assert_eq!(narrowest(&[65_504.0, 65_536.0]), Dtype::F32);
    }
}
