//! Numbers as a picture: a colour for each.

use anyhow::Result;
use png::{BitDepth, ColorType, Encoder};

/// Most pixels on a side: what is larger is averaged.
const MOST: usize = 256;
/// About how large a picture is shown.
const SHOWN: usize = 320;

/// Rows of numbers to be shown as colours.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture {
    pub(crate) title: String,
    pub(crate) caption: String,
    rows: usize,
    columns: usize,
    numbers: Vec<f32>,
}

impl Picture {
    /// A picture of `numbers`, `[rows, columns]`; None of no numbers.
    pub(crate) fn new(title: String, what: &str, shape: [usize; 2], numbers: &[f32]) -> Option<Self> {
        let [rows, columns] = shape;
        if rows * columns == 0 || numbers.len() != rows * columns {
            return None;
        }
        let (low, high) =
            numbers.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &n| (low.min(n), high.max(n)));
        let caption = format!("{what}: {rows} × {columns}, from {low:.3} to {high:.3}");
        let (numbers, columns) = averaged(numbers, columns);
        let (numbers, rows) = averaged(&transposed(&numbers, columns), rows);
        Some(Self { title, caption, rows, columns, numbers: transposed(&numbers, rows) })
    }

    /// Width and height on the page, a whole number of times as many as pixels.
    pub(crate) fn shown(&self) -> (usize, usize) {
        let scale = (SHOWN / self.rows.max(self.columns)).max(1);
        (self.columns * scale, self.rows * scale)
    }

    /// The picture as a PNG file, a pixel a number.
    pub(crate) fn png(&self) -> Vec<u8> {
        // Writing to memory fails only where there is none.
        self.encode().unwrap_or_default()
    }

    fn encode(&self) -> Result<Vec<u8>> {
        let is_signed = self.numbers.iter().any(|number| *number < 0.0);
        let largest =
            self.numbers.iter().fold(0.0f32, |largest, number| largest.max(number.abs())).max(f32::MIN_POSITIVE);
        let index = |number: &f32| {
            let share = number / largest;
            (255.0 * if is_signed { 0.5 + 0.5 * share } else { share }) as u8
        };
        let palette: Vec<u8> =
            (0..=255).flat_map(|index| if is_signed { diverging(index) } else { rising(index) }).collect();
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, u32::try_from(self.columns)?, u32::try_from(self.rows)?);
        encoder.set_color(ColorType::Indexed);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_palette(palette);
        let pixels: Vec<u8> = self.numbers.iter().map(index).collect();
        encoder.write_header()?.write_image_data(&pixels)?;
        Ok(file)
    }
}

/// From dark blue over green to yellow, each step about as much brighter than the last.
fn rising(index: u8) -> [u8; 3] {
    between(&[[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]], index)
}

/// From blue over white, which is zero, to red.
fn diverging(index: u8) -> [u8; 3] {
    between(&[[33, 102, 172], [146, 197, 222], [247, 247, 247], [244, 165, 130], [178, 24, 43]], index)
}

fn between(stops: &[[u8; 3]; 5], index: u8) -> [u8; 3] {
    let place = f32::from(index) / 255.0 * 4.0;
    let first = (place as usize).min(3);
    let share = place - first as f32;
    std::array::from_fn(|part| {
        let [from, to] = [stops[first], stops[first + 1]].map(|stop| f32::from(stop[part]));
        (from + share * (to - from)).round() as u8
    })
}

/// Rows of at most [`MOST`] numbers, each the mean of neighbours, and how many a row has then.
fn averaged(numbers: &[f32], columns: usize) -> (Vec<f32>, usize) {
    let group = columns.div_ceil(MOST).max(1);
    let mean = |group: &[f32]| group.iter().sum::<f32>() / group.len() as f32;
    let rows = numbers.chunks(columns.max(1)).flat_map(|row| row.chunks(group).map(mean).collect::<Vec<_>>());
    (rows.collect(), columns.div_ceil(group))
}

fn transposed(numbers: &[f32], columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| numbers.iter().skip(column).step_by(columns.max(1)).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_numbers() {
        let picture = Picture::new("a".to_owned(), "b", [2, 3], &[0.0, 0.5, 1.0, 1.0, 1.0, 0.0]).expect("numbers");
        assert_eq!((picture.caption.as_str(), picture.shown()), ("b: 2 × 3, from 0.000 to 1.000", (318, 212)));
        let mut reader = png::Decoder::new(std::io::Cursor::new(picture.png())).read_info().expect("a PNG file");
        let mut pixels = vec![0; 6];
        reader.next_frame(&mut pixels).expect("its pixels");
        assert_eq!(pixels, [0, 127, 255, 255, 255, 0]);
        assert_eq!(Picture::new(String::new(), "", [0, 3], &[]), None);
    }

    #[test]
    fn large_pictures_are_averaged() {
        let picture = Picture::new(String::new(), "", [2, 512], &[[1.0, 3.0]; 512].concat()).expect("numbers");
        assert_eq!((picture.rows, picture.columns, picture.numbers[0]), (2, 256, 2.0));
        let tall = Picture::new(String::new(), "", [600, 1], &[1.0; 600]).expect("numbers");
        assert_eq!((tall.rows, tall.columns), (200, 1));
    }

    #[test]
    fn zero_is_in_the_middle_of_signed_colours() {
        assert_eq!((diverging(0), rising(255)), ([33, 102, 172], [253, 231, 37]));
        assert!(diverging(127).iter().all(|&part| part > 240));
    }
}
