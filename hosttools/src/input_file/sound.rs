//! A WAV file as numbers from −1 to 1.

use super::{Normalization, floats};
use anyhow::{Context, Result, ensure};
use hound::{SampleFormat, WavReader};
use percio_codegen_core::container::Array;
use std::path::Path;

/// A sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    channels: usize,
    /// `[frames, channels]`, from −1 to 1.
    numbers: Vec<f32>,
}

impl Sound {
    /// Reads the WAV file at `path`.
    ///
    /// # Errors
    /// When it cannot be read or is no WAV file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let read = || -> Result<Self, hound::Error> {
            let mut reader = WavReader::open(path)?;
            let spec = reader.spec();
            let numbers = match spec.sample_format {
                SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>()?,
                SampleFormat::Int => {
                    let largest = 2f32.powi(i32::from(spec.bits_per_sample) - 1);
                    reader
                        .samples::<i32>()
                        .map(|sample| Ok(sample? as f32 / largest))
                        .collect::<Result<_, hound::Error>>()?
                }
            };
            Ok(Self { channels: usize::from(spec.channels).max(1), numbers })
        };
        read().with_context(|| format!("`{}` is no WAV file that can be read: save it again as PCM", path.display()))
    }

    /// The sound as inputs of `shape`: a sample for each whole window, what is left over is left out.
    ///
    /// # Errors
    /// When the model reads other channels, or more than there is.
    pub(super) fn array(&self, shape: &[usize], normalization: &Normalization) -> Result<Array> {
        let (channels, window) = (self.channels, shape.iter().product::<usize>().max(1));
        let width = shape.last().copied().unwrap_or(1);
        ensure!(
            width == channels || channels == 1,
            "the sound has {channels} channels, and the model reads {shape:?}: convert it"
        );
        let windows = self.numbers.len() / window;
        ensure!(
            windows > 0,
            "the sound has {} numbers, and the model reads {window} ({shape:?}): record for longer",
            self.numbers.len()
        );
        let mut numbers = self.numbers[..windows * window].to_vec();
        normalization.apply(&mut numbers, channels)?;
        Ok(floats([&[windows], shape].concat(), numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_windows_are_samples() {
        let sound = Sound { channels: 2, numbers: vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0] };
        let normalization = Normalization { mean: vec![0.0, 1.0], std: vec![2.0] };
        let array = sound.array(&[2, 2], &normalization).expect("two windows");
        assert_eq!(array, floats(vec![2, 2, 2], vec![0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]));
        let message = |shape: &[usize]| sound.array(shape, &Normalization::default()).expect_err("no fit").to_string();
        assert_eq!(message(&[4, 3]), "the sound has 2 channels, and the model reads [4, 3]: convert it");
        assert_eq!(message(&[9, 2]), "the sound has 10 numbers, and the model reads 18 ([9, 2]): record for longer");
    }
}
