//! Where tokens are in their input, so that what is read of them can be shown there.

use crate::backend::AttentionMap;
use crate::looks::mean_over_heads;
use crate::picture::Picture;
use percio_codegen_core::model::{Model, Stem};

/// Latents whose own maps are shown.
const MOST_LATENTS: usize = 64;

/// The tokens of one input.
pub(super) struct Layout {
    name: String,
    /// Length of each axis, outermost first.
    grid: Vec<usize>,
    /// As many as there are ids.
    varies: bool,
}

impl Layout {
    /// Those of `model`, in the order of their tokens.
    pub(super) fn of(model: &Model) -> Vec<Self> {
        let layout = |input: &percio_codegen_core::model::Input| Self {
            name: input.name.clone(),
            grid: input.grid(),
            varies: matches!(input.stem, Stem::Ids { .. }),
        };
        model.inputs.iter().map(layout).collect()
    }

    pub(super) fn tokens(&self) -> usize {
        self.grid.iter().product()
    }
}

/// What the rows of `map` read of each input, over the input's own layout.
pub(super) fn pictures(map: &AttentionMap, layouts: &[Layout]) -> Vec<Picture> {
    let mean = mean_over_heads(map);
    let mut first = 0;
    let mut pictures = Vec::new();
    for layout in layouts.iter().filter(|layout| !layout.varies) {
        let tokens = layout.tokens();
        let of_input: Vec<f32> =
            mean.chunks(map.keys).flat_map(|row| row[first..first + tokens].iter().copied()).collect();
        pictures.extend(input(&map.name, layout, [map.queries, tokens], &of_input));
        first += tokens;
    }
    pictures
}

/// `[latents, tokens]` of one input: all latents together and each alone on two axes, or all rows over one.
fn input(block: &str, layout: &Layout, [latents, tokens]: [usize; 2], numbers: &[f32]) -> Vec<Picture> {
    let title = format!("{block} of {}", layout.name);
    let [rows, columns] = match *layout.grid.as_slice() {
        [rows, columns] => [rows, columns],
        [frames, rows, columns] => [frames * rows, columns],
        _ => return Picture::new(title, "latents × tokens", [latents, tokens], numbers).into_iter().collect(),
    };
    let sum: Vec<f32> =
        (0..tokens).map(|token| numbers.iter().skip(token).step_by(tokens).sum::<f32>() / latents as f32).collect();
    let together = Picture::new(title.clone(), "mean of all latents, rows × columns", [rows, columns], &sum);
    let shown = latents.min(MOST_LATENTS);
    let across = (shown as f64).sqrt().ceil() as usize;
    let (wide, tall) = (across * (columns + 1), shown.div_ceil(across) * (rows + 1));
    let mut mosaic = vec![0.0; wide * tall];
    for latent in 0..shown {
        let (left, top) = (latent % across * (columns + 1), latent / across * (rows + 1));
        for (token, number) in numbers[latent * tokens..][..tokens].iter().enumerate() {
            mosaic[(top + token / columns) * wide + left + token % columns] = *number;
        }
    }
    let each = Picture::new(format!("{title}, by latent"), "a tile a latent", [tall, wide], &mosaic);
    together.into_iter().chain(each).collect()
}
