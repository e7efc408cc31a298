//! A PNG file as numbers from 0 to 1.

use super::{Normalization, floats};
use anyhow::{Context, Result, bail};
use percio_codegen_core::container::Array;
use png::{ColorType, Decoder, Transformations};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// A picture, without its alpha channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    height: usize,
    width: usize,
    /// 1: grey; 3: red, green, blue.
    channels: usize,
    /// `[height, width, channels]`, from 0 to 1.
    numbers: Vec<f32>,
}

impl Picture {
    /// Reads the PNG file at `path`.
    ///
    /// # Errors
    /// When it cannot be read or is no PNG file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let file = File::open(path).with_context(|| format!("cannot read `{shown}`"))?;
        let decoded = Self::decode(BufReader::new(file));
        decoded.with_context(|| format!("`{shown}` is no PNG file that can be read: save it again"))
    }

    fn decode(file: BufReader<File>) -> Result<Self> {
        let mut decoder = Decoder::new(file);
        decoder.set_transformations(Transformations::normalize_to_color8());
        let mut reader = decoder.read_info()?;
        let size = reader.output_buffer_size().context("it is larger than memory")?;
        let mut bytes = vec![0; size];
        let frame = reader.next_frame(&mut bytes)?;
        let (samples, channels) = match frame.color_type {
            ColorType::Grayscale => (1, 1),
            ColorType::GrayscaleAlpha => (2, 1),
            ColorType::Rgb => (3, 3),
            ColorType::Rgba => (4, 3),
            ColorType::Indexed => bail!("its palette cannot be read"),
        };
        let pixels = bytes[..frame.buffer_size()].chunks(samples).flat_map(|pixel| &pixel[..channels]);
        let numbers = pixels.map(|&byte| f32::from(byte) / 255.0).collect();
        Ok(Self { height: frame.height as usize, width: frame.width as usize, channels, numbers })
    }

    /// The picture as an input of `shape`, which may have its channels first or last, or rows of pixels: one sample.
    ///
    /// # Errors
    /// When the model reads another size or number of channels.
    pub(super) fn array(&self, shape: &[usize], normalization: &Normalization) -> Result<Array> {
        let Self { height, width, .. } = *self;
        let (channels, is_first) = match *shape {
            [h, w] if (h, w) == (height, width) => (1, false),
            [h, w, channels] if (h, w) == (height, width) => (channels, false),
            [channels, h, w] if (h, w) == (height, width) => (channels, true),
            [pixels, channels] if pixels == height * width => (channels, false),
            _ => bail!(
                "the picture has {height} rows of {width} pixels, and the model reads {shape:?}: resize it to that many"
            ),
        };
        let mut numbers = self.in_channels(channels)?;
        normalization.apply(&mut numbers, channels)?;
        if is_first {
            let columns = (0..channels).flat_map(|channel| numbers.iter().skip(channel).step_by(channels));
            numbers = columns.copied().collect();
        }
        Ok(floats([&[1], shape].concat(), numbers))
    }

    /// The numbers in so many channels: grey is the same in all of them, and colours are weighed as ITU-R BT.601 says.
    fn in_channels(&self, channels: usize) -> Result<Vec<f32>> {
        const WEIGHTS: [f32; 3] = [0.299, 0.587, 0.114];
        Ok(match (self.channels, channels) {
            (have, wanted) if have == wanted => self.numbers.clone(),
            (1, _) => self.numbers.iter().flat_map(|&grey| std::iter::repeat_n(grey, channels)).collect(),
            (3, 1) => {
                let grey = |pixel: &[f32]| pixel.iter().zip(WEIGHTS).map(|(part, weight)| part * weight).sum();
                self.numbers.chunks(3).map(grey).collect()
            }
            (have, _) => bail!("the picture has {have} channels, and the model reads {channels}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use percio_codegen_core::container::Numbers;

    fn picture() -> Picture {
        Picture { height: 1, width: 2, channels: 3, numbers: vec![0.0, 0.2, 0.4, 1.0, 0.6, 0.8] }
    }

    fn numbers(shape: &[usize], normalization: &Normalization) -> Vec<f32> {
        match picture().array(shape, normalization).expect("it fits").numbers {
            Numbers::F32(numbers) => numbers,
            Numbers::I64(_) => Vec::new(),
        }
    }

    #[test]
    fn channels_go_where_the_model_has_them() {
        let plain = Normalization::default();
        assert_eq!(numbers(&[1, 2, 3], &plain), picture().numbers);
        assert_eq!(numbers(&[2, 3], &plain), picture().numbers);
        assert_eq!(numbers(&[3, 1, 2], &plain), [0.0, 1.0, 0.2, 0.6, 0.4, 0.8]);
        let grey = numbers(&[1, 2], &Normalization { mean: vec![0.5], std: vec![0.5] });
        assert!((grey[0] + 1.0 - 2.0 * (0.2 * 0.587 + 0.4 * 0.114)).abs() < 1e-6, "{grey:?}");
        let message = picture().array(&[3, 4, 4], &plain).expect_err("another size").to_string();
        assert_eq!(
            message,
            "the picture has 1 rows of 2 pixels, and the model reads [3, 4, 4]: resize it to that many"
        );
        let three = Normalization { mean: vec![0.0; 2], std: vec![] };
        let message = picture().array(&[3, 1, 2], &three).expect_err("two means").to_string();
        assert_eq!(message, "--mean has 2 numbers, expected 1 or 3, one a channel");
    }
}
