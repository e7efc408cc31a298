//! Inputs of random kinds and sizes.

use super::numbers::Numbers;
use percio_codegen_core::model::{
    Activation, BatchNorm, Combine, ConvTail, Encoding, FeatureLayout, Fourier, Grid, Input, Layout, Pad, Patch,
    Places, Position, Scale, Stem, Tensor, Window, linear_frequencies,
};
use proptest::prelude::*;

/// What an input is made from.
#[derive(Clone, Debug)]
pub(super) struct InputKind {
    stem: StemKind,
    has_scale: bool,
    /// Width of a linear layer on each token.
    project: Option<usize>,
    position: Option<PositionKind>,
}

#[derive(Clone, Debug)]
enum StemKind {
    Tokens {
        tokens: usize,
        channels: usize,
    },
    Series {
        tokens: usize,
        channels: usize,
        patch: usize,
    },
    Image {
        grid: [usize; 2],
        channels: usize,
        patch: usize,
        layout: Layout,
    },
    Video {
        grid: [usize; 3],
        channels: usize,
        patch: Patch,
        layout: Layout,
    },
    /// With batch norm, activation and perhaps a pool.
    Convolution {
        size: [usize; 2],
        channels: usize,
        layout: Layout,
        pools: bool,
    },
    Ids {
        tokens: usize,
        vocabulary: usize,
        width: usize,
    },
}

#[derive(Clone, Debug)]
struct PositionKind {
    is_learned: bool,
    /// Whether there are many Fourier features.
    is_wide: bool,
    combine: Combine,
    /// Width of a linear layer on it.
    project: Option<usize>,
    /// Of ids, where they can be.
    places: Places,
}

pub(super) fn kinds() -> impl Strategy<Value = Vec<InputKind>> {
    prop_oneof![
        1 => kind(ids()).prop_map(|kind| vec![kind]),
        2 => prop::collection::vec(kind(numbers()), 1..=3),
    ]
}

/// One input of tokens on a grid of any number of axes, beside Fourier features.
pub(super) fn on_grid() -> impl Strategy<Value = InputKind> {
    let layout = || prop_oneof![Just(Layout::ChannelsFirst), Just(Layout::ChannelsLast)];
    let stem = prop_oneof![
        (2..14usize, 1..3usize).prop_map(|(tokens, channels)| StemKind::Tokens { tokens, channels }),
        (1..8usize, 2..20usize, 1..4usize, layout()).prop_map(|(height, width, channels, layout)| {
            StemKind::Image { grid: [height, width], channels, patch: 1, layout }
        }),
        (prop::array::uniform3(2..5usize), 1..3usize, layout()).prop_map(|(grid, channels, layout)| {
            StemKind::Video { grid, channels, patch: Patch { frames: 1, side: 1 }, layout }
        }),
    ];
    let (is_learned, combine, project, places) = (false, Combine::Concat, None, Places::FromStart);
    let position = Some(PositionKind { is_learned, is_wide: true, combine, project, places });
    (stem, any::<bool>(), prop::option::weighted(0.3, 2..5usize))
        .prop_map(move |(stem, has_scale, project)| InputKind { stem, has_scale, project, position: position.clone() })
}

fn kind(stem: impl Strategy<Value = StemKind>) -> impl Strategy<Value = InputKind> {
    let combine = prop_oneof![Just(Combine::Add), Just(Combine::Concat)];
    let places = prop_oneof![Just(Places::FromStart), Just(Places::AfterPadding)];
    let position = (any::<bool>(), combine, prop::option::of(1..8usize), places).prop_map(
        |(is_learned, combine, project, places)| PositionKind { is_learned, is_wide: false, combine, project, places },
    );
    (stem, any::<bool>(), prop::option::of(3..9usize), prop::option::of(position)).prop_map(
        |(stem, has_scale, project, position)| match stem {
            StemKind::Ids { .. } => InputKind { stem, has_scale: false, project: None, position },
            StemKind::Convolution { .. } => {
                InputKind { stem, has_scale, project: Some(project.unwrap_or(4)), position }
            }
            _ => InputKind { stem, has_scale, project, position },
        },
    )
}

fn ids() -> impl Strategy<Value = StemKind> {
    let sizes = (1..12usize, 2..20usize, 4..12usize);
    sizes.prop_map(|(tokens, vocabulary, width)| StemKind::Ids { tokens, vocabulary, width })
}

fn numbers() -> impl Strategy<Value = StemKind> {
    let layout = || prop_oneof![Just(Layout::ChannelsFirst), Just(Layout::ChannelsLast)];
    let grid = prop::array::uniform2(1..4usize);
    prop_oneof![
        (1..9usize, 1..6usize).prop_map(|(tokens, channels)| StemKind::Tokens { tokens, channels }),
        (1..6usize, 1..4usize, 1..4usize).prop_map(|(tokens, channels, patch)| StemKind::Series {
            tokens,
            channels,
            patch
        }),
        (grid, 1..4usize, 1..4usize, layout()).prop_map(|(grid, channels, patch, layout)| StemKind::Image {
            grid,
            channels,
            patch,
            layout
        }),
        (prop::array::uniform3(1..3usize), 1..3usize, (1..3usize, 1..3usize), layout()).prop_map(
            |(grid, channels, (frames, side), layout)| StemKind::Video {
                grid,
                channels,
                patch: Patch { frames, side },
                layout
            }
        ),
        (prop::array::uniform2(5..10usize), 1..4usize, layout(), any::<bool>())
            .prop_map(|(size, channels, layout, pools)| StemKind::Convolution { size, channels, layout, pools }),
    ]
}

/// The inputs, filled up to one width.
pub(super) fn make(kinds: &[InputKind], numbers: &mut Numbers) -> Vec<Input> {
    let input = |(index, kind): (usize, &InputKind)| kind.input(&format!("input{index}"), numbers);
    let mut inputs: Vec<Input> = kinds.iter().enumerate().map(input).collect();
    // At least four: the norm of one or two numbers amplifies every rounding.
    let width = inputs.iter().map(Input::width).max().unwrap_or(0).max(4);
    for input in inputs.iter_mut().filter(|input| input.width() < width) {
        input.padding = Some(numbers.tensor("padding", &[width - input.width()], 1.0));
    }
    inputs
}

/// Fourier features of a grid.
pub(super) fn fourier(shape: &[usize], bands: usize) -> Fourier {
    Fourier {
        shape: shape.to_vec(),
        grid: Grid::Inclusive,
        frequencies: shape.iter().map(|&length| linear_frequencies(length as f64 + 0.5, bands)).collect(),
        layout: if bands.is_multiple_of(3) { FeatureLayout::Axes } else { FeatureLayout::Blocks },
        with_position: bands.is_multiple_of(2),
        sine_only: false,
    }
}

impl InputKind {
    fn input(&self, name: &str, numbers: &mut Numbers) -> Input {
        let stem = self.stem.stem(numbers);
        let project = self.project.map(|width| numbers.linear(&format!("{name}.project"), width, stem.width(), true));
        let scale = self.has_scale.then(|| Scale {
            offset: numbers.around(0.0, 0.5, stem.channels()),
            gain: numbers.around(1.25, 0.75, stem.channels()),
        });
        let tail = self.stem.tail(self.project, numbers);
        let input = Input {
            name: name.to_owned(),
            stem,
            scale,
            project,
            tail,
            position: None,
            padding: None,
            masked: None,
            merged: false,
        };
        let position = self.position.as_ref().map(|position| position.make(&input, numbers));
        Input { position, ..input }
    }
}

impl StemKind {
    fn stem(&self, numbers: &mut Numbers) -> Stem {
        match *self {
            Self::Tokens { tokens, channels } => Stem::Tokens { grid: vec![tokens], channels },
            Self::Series { tokens, channels, patch } => Stem::Series { samples: tokens * patch, channels, patch },
            Self::Image { grid: [rows, columns], channels, patch, layout } => {
                let window = Window::tiles(patch);
                Stem::Image { height: rows * patch, width: columns * patch, channels, layout, window }
            }
            Self::Video { grid: [frames, rows, columns], channels, patch, layout } => Stem::Video {
                frames: frames * patch.frames,
                height: rows * patch.side,
                width: columns * patch.side,
                channels,
                layout,
                patch,
            },
            Self::Convolution { size: [height, width], channels, layout, .. } => Stem::Image {
                height,
                width,
                channels,
                layout,
                window: Window { kernel: 3, stride: 2, pad: Pad::Fixed([1, 2]) },
            },
            Self::Ids { tokens, vocabulary, width } => {
                Stem::Ids { tokens, embedding: numbers.tensor("embedding", &[vocabulary, width], 1.0) }
            }
        }
    }

    fn tail(&self, channels: Option<usize>, numbers: &mut Numbers) -> Option<ConvTail> {
        let (&Self::Convolution { pools, .. }, Some(channels)) = (self, channels) else { return None };
        let mut tensor =
            |name: &str, middle, reach| Tensor::new(name, &[channels], numbers.around(middle, reach, channels));
        let batch_norm = BatchNorm {
            mean: tensor("mean", 0.0, 0.5),
            variance: tensor("variance", 1.0, 0.7),
            gain: tensor("gain", 1.0, 0.3),
            offset: tensor("offset", 0.0, 0.3),
            eps: 1e-5,
        };
        let pool = pools.then_some(Window { kernel: 3, stride: 2, pad: Pad::Same });
        Some(ConvTail { batch_norm: Some(batch_norm), activation: Activation::Relu, pool })
    }
}

impl PositionKind {
    fn make(&self, input: &Input, numbers: &mut Numbers) -> Position {
        let bands = if self.is_wide { 16 } else { 1 } + input.tokens() % 3;
        let features = fourier(&input.grid(), bands);
        let data = input.data_width();
        // What is added is as wide as the data, through a linear layer if need be.
        let wanted = match self.combine {
            Combine::Add => Some(data),
            Combine::Concat => self.project,
        };
        let encoding = if self.is_learned {
            let width = if self.project.is_some() { 5 } else { wanted.unwrap_or(3) };
            Encoding::Learned(numbers.tensor("positions", &[input.tokens(), width], 1.0))
        } else {
            Encoding::Fourier(features)
        };
        let width = match &encoding {
            Encoding::Learned(table) => table.columns(),
            Encoding::Fourier(fourier) => fourier.width(),
        };
        let is_wide_enough = wanted.is_none_or(|wanted| wanted == width);
        let project = (self.project.is_some() || !is_wide_enough)
            .then(|| numbers.linear("position_project", wanted.unwrap_or(width), width, true));
        let can_shift = self.is_learned && self.combine == Combine::Add && matches!(input.stem, Stem::Ids { .. });
        let places = if can_shift { self.places } else { Places::FromStart };
        Position { project, places, ..Position::new(encoding, self.combine) }
    }
}
