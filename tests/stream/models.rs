//! The generated types whose tokens may arrive one at a time, and how a script plays on them.

use super::script::Act;
use crate::generated::models::*;
use crate::support::typed::{Nested, flat, ids};
use percio_hosttools::backend::Outputs;
use percio_hosttools::sample::Value;

/// A generated model whose tokens may arrive one at a time.
pub(crate) trait Streams: Runs {
    /// What its encoder has gathered, and can be resumed from.
    type State: Clone;

    /// The state after these acts.
    fn gather(&mut self, acts: &[Act]) -> Self::State;

    /// All outputs of the latents that follow from `state`.
    fn finish(&mut self, state: &Self::State) -> Outputs;

    /// Row `row` of output `output` of the latents that follow from `state`.
    fn row(&mut self, state: &Self::State, output: usize, row: usize) -> Vec<f32>;

    /// What `decode_each` hands out for these rows of output `output`.
    fn rows(&mut self, state: &Self::State, output: usize, rows: &[usize]) -> Vec<(usize, Vec<f32>)>;
}

/// The tokens in `value`, as the type that is asked for.
fn tokens<T: Nested>(value: &Value, width: usize) -> Vec<T> {
    let Value::Numbers(numbers) = value else { panic!("expected numbers, found {value:?}") };
    let token = |numbers: &[f32]| T::take(&mut numbers.iter().copied());
    numbers.chunks_exact(width).map(token).collect()
}

/// The tokens in a value.
macro_rules! chunk {
    ($value:ident, ids) => {
        ids($value)
    };
    ($value:ident, $token:ty) => {
        tokens::<$token>($value, size_of::<$token>() / 4)
    };
}

/// One token is pushed as such, several as a chunk.
macro_rules! arrive {
    ($encoder:ident, $value:ident, ids, [$push:ident, $chunk:ident]) => {
        match chunk!($value, ids) {
            &[id] => $encoder.$push(id),
            ids => $encoder.$chunk(ids),
        }
    };
    ($encoder:ident, $value:ident, $token:ty, [$push:ident, $chunk:ident]) => {
        match chunk!($value, $token).as_slice() {
            [token] => $encoder.$push(token),
            tokens => $encoder.$chunk(tokens),
        }
    };
}

macro_rules! streams {
    ($net:ident, $encoder:ident, $state:ident:
        $($input:literal => $token:tt [$push:ident, $at:ident, $chunk:ident]),*;
        $($output:literal => [$decode:ident, $each:ident]),*;
        $outputs:ident => [$($numbers:expr),*]) => {
        impl Streams for $net {
            type State = $state;

            fn gather(&mut self, acts: &[Act]) -> $state {
                fn push(encoder: &mut $encoder<'_>, input: usize, value: &Value) {
                    match input {
                        $($input => arrive!(encoder, value, $token, [$push, $chunk]),)*
                        other => panic!("no input {other}"),
                    }
                }
                fn push_at(encoder: &mut $encoder<'_>, input: usize, position: u32, value: &Value) {
                    match input {
                        $($input => encoder.$at(position, &chunk!(value, $token)),)*
                        other => panic!("no input {other}"),
                    }
                }
                let mut encoder = self.encoder();
                for act in acts {
                    match act {
                        Act::Push(input, value) => push(&mut encoder, *input, value),
                        Act::PushAt(input, position, value) => push_at(&mut encoder, *input, *position, value),
                        Act::Store => {
                            let bytes = encoder.state().to_bytes();
                            encoder = self.resume(&$state::from_bytes(&bytes).expect("the state of this model"));
                        }
                        Act::Merge(acts) => {
                            let state = encoder.state();
                            let other = self.gather(acts);
                            encoder = self.resume(&state);
                            encoder.merge(&other);
                        }
                    }
                }
                encoder.state()
            }

            fn finish(&mut self, state: &$state) -> Outputs {
                let mut latents = self.resume(state).finish();
                let $outputs = latents.outputs();
                vec![$(flat($numbers)),*]
            }

            fn row(&mut self, state: &$state, output: usize, row: usize) -> Vec<f32> {
                let mut latents = self.resume(state).finish();
                match output {
                    $($output => latents.$decode(row).to_vec(),)*
                    other => panic!("no output {other}"),
                }
            }

            fn rows(&mut self, state: &$state, output: usize, rows: &[usize]) -> Vec<(usize, Vec<f32>)> {
                let mut latents = self.resume(state).finish();
                let mut seen = Vec::new();
                match output {
                    $($output => latents.$each(rows.iter().copied(), |row, numbers| seen.push((row, numbers.to_vec()))),)*
                    other => panic!("no output {other}"),
                }
                seen
            }
        }
    };
}

/// Models with one input and one output.
macro_rules! streams_one_to_one {
    ($($net:ident, $encoder:ident, $state:ident: $token:tt);*) => { $(
        streams! { $net, $encoder, $state: 0 => $token [push, push_at, push_chunk]; 0 => [decode, decode_each]; output => [output] }
    )* };
}

streams_one_to_one! {
    ImageFourier, ImageFourierEncoder, ImageFourierState: [f32; 3];
    ImageLearned, ImageLearnedEncoder, ImageLearnedState: [f32; 3];
    MaskedLm, MaskedLmEncoder, MaskedLmState: ids;
    SequenceClassification, SequenceClassificationEncoder, SequenceClassificationState: ids;
    TinyMlm, TinyMlmEncoder, TinyMlmState: ids
}

streams! { Ids, IdsEncoder, IdsState:
    0 => ids [push, push_at, push_chunk];
    0 => [decode_logits, decode_each_logits], 1 => [decode_first, decode_each_first];
    output => [output.logits, output.first]
}

streams! { Grid, GridEncoder, GridState:
    0 => [f32; 3] [push_frame, push_frame_at, push_frame_chunk],
    1 => [f32; 1] [push_sound, push_sound_at, push_sound_chunk],
    2 => [f32; 2] [push_points, push_points_at, push_points_chunk];
    0 => [decode, decode_each];
    output => [output]
}

streams! { Multi, MultiEncoder, MultiState:
    0 => [[f32; 3]; 4] [push_motion, push_motion_at, push_motion_chunk],
    1 => [[[f32; 2]; 3]; 3] [push_picture, push_picture_at, push_picture_chunk],
    2 => [f32; 6] [push_extra, push_extra_at, push_extra_chunk];
    0 => [decode_activity, decode_each_activity], 1 => [decode_track, decode_each_track],
    2 => [decode_rows, decode_each_rows];
    output => [output.activity, output.track, output.rows]
}

/// Calls `$check` with the name of each of some fixtures, its program and a model of its type: every kind of input, one and
/// several inputs and outputs.
macro_rules! for_every_stream {
    ($check:path) => {
        for_every_stream! { $check:
            "hf-image-fourier" => ImageFourier, "hf-image-learned" => ImageLearned, "hf-masked-lm" => MaskedLm,
            "hf-sequence-classification" => SequenceClassification, "tiny-mlm" => TinyMlm, "native-grid" => Grid,
            "native-ids" => Ids, "native-multi" => Multi
        }
    };
    ($check:path: $($fixture:literal => $name:ident),*) => {
        $($check(
            $fixture,
            &$crate::support::fixtures::program($fixture),
            &mut *Box::new($crate::generated::models::$name::new()),
        );)*
    };
}
pub(crate) use for_every_stream;
