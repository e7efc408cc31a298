//! Inputs from a file: named arrays, or a table, a picture, a sound or text for a model with one input.

mod csv;
mod picture;
mod sound;
mod text;

use crate::reference::{File, samples};
use crate::sample::Sample;
use anyhow::{Context, Result, bail, ensure};
use percio_codegen_core::ANY_INPUT;
use percio_codegen_core::container::{Array, Numbers, read_npy};
use percio_codegen_core::program::{InputKind, Program};
use std::collections::BTreeMap;
use std::path::Path;

pub use picture::Picture;
pub use sound::Sound;

/// A file of inputs, before a program says what they mean.
#[derive(Clone, Debug)]
pub enum InputFile {
    /// Named arrays; one without a name is called [`ANY_INPUT`].
    Arrays(File),
    /// Comma-separated numbers.
    Table(String),
    /// A picture.
    Picture(Picture),
    /// A sound.
    Sound(Sound),
    /// Text, a sample a line.
    Text(String),
}

/// What becomes of the numbers of pictures and sounds: `(x − mean) / std`, per channel or with one number for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Normalization {
    /// Taken off; nothing when empty.
    pub mean: Vec<f32>,
    /// Divided by; 1 when empty.
    pub std: Vec<f32>,
}

impl InputFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// A file that cannot be read or is of another kind.
    pub fn read(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let shown = path.display();
        let text = || std::fs::read_to_string(path).with_context(|| format!("cannot read `{shown}` as text"));
        Ok(match extension.as_deref() {
            Some("safetensors") => Self::Arrays(File::read(path)?),
            Some("npy") => Self::Arrays(File::new(BTreeMap::from([(ANY_INPUT.to_owned(), read_npy(path)?)]))),
            Some("csv") => Self::Table(text()?),
            Some("png") => Self::Picture(Picture::read(path)?),
            Some("wav") => Self::Sound(Sound::read(path)?),
            Some("txt") => Self::Text(text()?),
            _ => bail!("`{shown}` is none of .safetensors, .npy, .csv, .png, .wav and .txt"),
        })
    }

    /// The inputs by name, and what their names start with in the file.
    #[must_use]
    pub fn inputs(&self) -> (BTreeMap<&str, &Array>, &'static str) {
        let Self::Arrays(file) = self else { return (BTreeMap::new(), "") };
        let named = file.under("input");
        if named.is_empty() { (file.all(), "") } else { (named, "input.") }
    }

    /// What the file's metadata say of how many tokens come before the latents.
    fn prefix_len(&self) -> Option<&str> {
        if let Self::Arrays(file) = self { file.prefix_len() } else { None }
    }

    /// The samples for `program`. Arrays may lack the batch axis: they are one sample then.
    ///
    /// # Errors
    /// Everything in the file that does not fit the program.
    pub fn samples(&self, program: &Program, normalization: &Normalization) -> Result<Vec<Sample>> {
        let one = |array: Array| Ok(samples(program, &BTreeMap::from([(ANY_INPUT, &array)]), "", None)?);
        match self {
            Self::Arrays(_) => self.arrays(program),
            Self::Table(text) => one(csv::parse(text, only_shape(program)?)?),
            Self::Picture(picture) => one(picture.array(only_shape(program)?, normalization)?),
            Self::Sound(sound) => one(sound.array(only_shape(program)?, normalization)?),
            Self::Text(text) => {
                let lines = text.lines().filter(|line| !line.trim().is_empty());
                let ids: Vec<Array> = lines.map(|line| text::ids(line, only_ids(program)?)).collect::<Result<_>>()?;
                ensure!(!ids.is_empty(), "the text is empty: write a sample a line");
                let each: Vec<Vec<Sample>> = ids.into_iter().map(one).collect::<Result<_>>()?;
                Ok(each.concat())
            }
        }
    }

    fn arrays(&self, program: &Program) -> Result<Vec<Sample>> {
        let (arrays, prefix) = self.inputs();
        let batched: BTreeMap<&str, Array> =
            arrays.into_iter().map(|(name, array)| (name, with_batch_axis(program, name, array))).collect();
        Ok(samples(program, &batched.iter().map(|(&name, array)| (name, array)).collect(), prefix, self.prefix_len())?)
    }
}

impl Normalization {
    /// Applies it to numbers whose channels alternate.
    ///
    /// # Errors
    /// Means or deviations for another number of channels.
    fn apply(&self, numbers: &mut [f32], channels: usize) -> Result<()> {
        for (option, given) in [("--mean", &self.mean), ("--std", &self.std)] {
            let fits = [0, 1, channels].contains(&given.len());
            ensure!(fits, "{option} has {} numbers, expected 1 or {channels}, one a channel", given.len());
        }
        let of = |given: &[f32], channel: usize, none| match given {
            [] => none,
            [only] => *only,
            all => all[channel],
        };
        for row in numbers.chunks_mut(channels.max(1)) {
            for (channel, number) in row.iter_mut().enumerate() {
                *number = (*number - of(&self.mean, channel, 0.0)) / of(&self.std, channel, 1.0);
            }
        }
        Ok(())
    }
}

/// The shape of the program's only input of numbers.
fn only_shape(program: &Program) -> Result<&[usize]> {
    match asked(program).as_slice() {
        [InputKind::Numbers { shape }] => Ok(shape),
        _ => bail!("the model does not read one array of numbers: give its inputs as a .safetensors file"),
    }
}

/// How many ids there are for the program's only input of ids.
fn only_ids(program: &Program) -> Result<usize> {
    match asked(program).as_slice() {
        [InputKind::Ids { vocabulary, .. }] => Ok(*vocabulary),
        _ => bail!("the model does not read text: give its inputs as a .safetensors file"),
    }
}

/// The inputs that a file has to hold.
fn asked(program: &Program) -> Vec<&InputKind> {
    let kinds = program.inputs.iter().map(|input| &input.kind);
    kinds.filter(|kind| !matches!(kind, InputKind::Mask { .. } | InputKind::Prefix { .. })).collect()
}

fn with_batch_axis(program: &Program, name: &str, array: &Array) -> Array {
    let kind =
        program.inputs.iter().find(|input| input.name == name).or(program.inputs.first()).map(|input| &input.kind);
    let axes = match kind {
        Some(InputKind::Numbers { shape }) => shape.len(),
        // Indices of positions are the same for every sample: they have no batch axis.
        Some(InputKind::Points { .. }) => return array.clone(),
        Some(InputKind::Ids { .. } | InputKind::Mask { .. } | InputKind::Prefix { .. }) | None => 1,
    };
    let mut array = array.clone();
    if array.shape.len() == axes {
        array.shape.insert(0, 1);
    }
    array
}

/// An array of floating-point numbers.
fn floats(shape: Vec<usize>, numbers: Vec<f32>) -> Array {
    Array { shape, numbers: Numbers::F32(numbers) }
}
